"""What the makers run by hand: no part of the product."""

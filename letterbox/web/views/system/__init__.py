"""System: what administrators set up. One module per part."""

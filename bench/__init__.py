"""Measurements: what is promised in figures, measured the same way every time."""

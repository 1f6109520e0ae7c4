"""Letterbox: shared mailboxes that a company answers together."""

__version__ = "0.1.0"

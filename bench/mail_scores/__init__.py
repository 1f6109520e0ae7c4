"""Scores on real mail, one module for each thing that is scored."""

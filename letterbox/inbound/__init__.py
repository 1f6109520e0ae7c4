"""The steps that every arrived message passes."""

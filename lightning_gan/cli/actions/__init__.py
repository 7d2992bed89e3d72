"""Functions that run the commands."""

"""Verify, load and resume checkpoints."""

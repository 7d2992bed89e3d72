"""Collectives, strategy and failure handling for training with more than one process."""

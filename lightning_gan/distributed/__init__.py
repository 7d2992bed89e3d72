"""Collectives, strategy and failure handling for training with several processes."""

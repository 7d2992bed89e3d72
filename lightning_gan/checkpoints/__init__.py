"""Read, verify, load and resume checkpoints."""

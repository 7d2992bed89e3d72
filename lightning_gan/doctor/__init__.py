"""Checks of the machine, of paths, of W&B and of SLURM."""

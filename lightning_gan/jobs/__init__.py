"""A job of SLURM, from outside and from inside."""

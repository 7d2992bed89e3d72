"""SLURM jobs: environment, resources, sbatch files."""

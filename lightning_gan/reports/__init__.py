"""HTML report of a run, comparison of runs, W&B workspace."""

"""Files and loggers of a run: metrics, settings, lock, W&B, and the table of metric keys."""

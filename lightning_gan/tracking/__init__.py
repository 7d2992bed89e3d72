"""What a run writes to disk: metrics, settings, lock, loggers, and the table of metric keys."""

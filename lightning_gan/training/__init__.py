"""Parts of a training step: optimizers, average of weights, statistics of updates."""

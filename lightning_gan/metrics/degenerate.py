"""What a score says when it is a number, but hardly the one that was wanted."""

import warnings

from torch import Tensor

from lightning_gan.metrics.sample_metric import rows_at_a_time


class DegenerateWarning(UserWarning):
    """The score is defined, but its samples are too few or too alike for its usual meaning."""


def warn(sentence: str) -> None:
    """Warn of a degenerate score."""
    warnings.warn(sentence, DegenerateWarning, stacklevel=3)


def warn_of_copies(vectors: Tensor, name: str, consequence: str) -> None:
    """Warn if two or more vectors, [n, d], are all the same."""
    parts = vectors.split(rows_at_a_time(vectors))
    if len(vectors) > 1 and all(bool((part == vectors[:1]).all()) for part in parts):
        warn(f"All {len(vectors):,} {name} are the same: {consequence}.")

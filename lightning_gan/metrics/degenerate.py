"""Warnings about scores of too few or too similar samples."""

import warnings

from torch import Tensor

from lightning_gan.metrics.sample_metric import count_block_rows


class DegenerateWarning(UserWarning):
    """Warning that the samples are too few or too similar for the usual meaning of a score."""


def warn(sentence: str) -> None:
    """Warn of a degenerate score."""
    warnings.warn(sentence, DegenerateWarning, stacklevel=3)


def warn_of_copies(vectors: Tensor, name: str, consequence: str) -> None:
    """Warn if there are two or more vectors, [n, d], and all are equal."""
    parts = vectors.split(count_block_rows(vectors))
    if len(vectors) > 1 and all(bool((part == vectors[:1]).all()) for part in parts):
        warn(f"All {len(vectors):,} {name} are equal: {consequence}.")

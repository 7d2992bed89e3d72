"""Inception Score (Salimans et al. 2016): exp E_x KL(p(y|x) || p(y)), from class logits.

It lies between 1 and the number of classes; higher is better. It is the mean over splits of the
samples, which are those of torch-fidelity.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lightning_gan.arguments import Count, Seed, Size, check_arguments
from lightning_gan.metrics.degenerate import warn
from lightning_gan.metrics.sample_metric import SampleSetMetric, check_indices, check_vectors
from lightning_gan.utils.errors import UserError

ALIKE = 1e-6  # a score less than this above 1 means that all samples got the same probabilities


class InceptionScoreValue(NamedTuple):
    """Mean and population standard deviation over the splits; not a standard error."""

    mean: float
    sd: float


@check_arguments
def assign_splits(n: Count, splits: Count = 10, seed: Seed = 2020) -> Tensor:
    """Assign n samples to splits of equal size after a shuffle.

    Args:
        n: Number of samples, at least 1.
        splits: Number of splits, at least 1.
        seed: Seed of numpy's RandomState, which is stable across versions, 0 to 2^32 - 1.

    Returns:
        Split of each sample, 0 to splits - 1, int64, [n].

    Raises:
        UserError: There are more splits than samples.
    """
    if splits > n:
        raise UserError(
            f"An Inception Score of {splits:,} splits needs at least {splits:,} samples, but there are "
            f"{n:,}: give at least one sample for each split, and better hundreds."
        )
    found = np.empty(n, dtype=np.int64)
    order = np.random.RandomState(seed).permutation(n)
    for i in range(splits):
        found[order[i * n // splits : (i + 1) * n // splits]] = i
    return torch.from_numpy(found)


@check_arguments
def inception_score(logits: Tensor, splits: Count = 10, seed: Seed = 2020) -> InceptionScoreValue:
    """Compute the Inception Score of a sample set.

    Args:
        logits: Logits of a classifier, [n, classes].
        splits: Number of splits for the mean and the standard deviation, at least 1.
        seed: Seed of the shuffle before the split, 0 to 2^32 - 1.

    Raises:
        UserError: The shape is wrong, there are fewer samples than splits, or a logit is not finite.

    Warns:
        DegenerateWarning: All samples got the same class probabilities.

    Example:
        >>> inception_score(999 * torch.eye(4), splits=1)  # certain predictions, equally frequent classes
        InceptionScoreValue(mean=4.0, sd=0.0)
    """
    logits = check_vectors(logits, "logits")
    return _value(*_sums(logits, assign_splits(len(logits), splits, seed), splits))


class AccumulatedInceptionScore(SampleSetMetric):
    """Inception Score over the samples of all processes.

    States are sums over each split, 8 splits (classes + 2) bytes; the assignment of samples to
    splits takes 8 n bytes more.

    Args:
        classes: Number of logits, 1 to 2^20.
        n: Number of samples in the sample set, at least 1.
        splits: Number of splits for the mean and the standard deviation, at least 1.
        seed: Seed of the shuffle before the split, 0 to 2^32 - 1.

    Raises:
        UserError: There are fewer samples than splits.
    """

    higher_is_better = True
    count: Tensor
    p: Tensor
    p_log_p: Tensor

    @check_arguments
    def __init__(self, classes: Size, n: Count, splits: Count = 10, seed: Seed = 2020) -> None:
        super().__init__()
        self.classes, self.n, self.splits = classes, n, splits
        self.split = assign_splits(n, splits, seed)  # equal in all processes, so not a state
        zeros = torch.zeros(splits, classes, dtype=torch.float64)
        self.add_state("count", zeros[:, 0].clone(), dist_reduce_fx="sum")
        self.add_state("p", zeros, dist_reduce_fx="sum")
        self.add_state("p_log_p", zeros[:, 0].clone(), dist_reduce_fx="sum")

    def update(self, logits: Tensor, index: Tensor) -> None:
        """Add samples.

        Args:
            logits: Logits, [m, classes]; m may be 0.
            index: Indices of these samples in the sample set, [m].

        Raises:
            UserError: A shape is wrong, a logit is not finite, or an index is not in the sample set.
        """
        logits = check_vectors(logits, "logits", self.classes)
        indices = check_indices(index, len(logits)).cpu()
        if len(indices) and int(indices.max()) >= self.n:
            raise UserError(
                f"A sample has index {int(indices.max()):,} in a sample set of {self.n:,}: give "
                f"indices from 0 to {self.n - 1:,}."
            )
        count, p, p_log_p = _sums(logits, self.split[indices], self.splits)
        self.count = self.count + count
        self.p = self.p + p
        self.p_log_p = self.p_log_p + p_log_p

    def compute(self) -> InceptionScoreValue:
        """Compute the mean and standard deviation over the splits.

        Raises:
            UserError: Not every sample of the sample set was added exactly once.

        Warns:
            DegenerateWarning: All samples got the same class probabilities.
        """
        if not torch.equal(self.count.cpu().long(), self.split.bincount()):
            raise UserError(
                f"The Inception Score of {self.n:,} samples got {int(self.count.sum()):,}: "
                f"add each sample of the sample set once."
            )
        return _value(self.count, self.p, self.p_log_p)


def _sums(logits: Tensor, split: Tensor, splits: int) -> tuple[Tensor, Tensor, Tensor]:
    """Sum over each split, in float64: samples, [splits]; p(y|x), [splits, classes]; p log p, [splits]."""
    member = split == torch.arange(splits)[:, None]  # [splits, m]
    member = member.to(logits.device, torch.float64)
    log_p = logits.double().log_softmax(1)
    p = log_p.exp()
    return member.sum(1), member @ p, member @ (p * log_p).sum(1)


def _value(count: Tensor, p: Tensor, p_log_p: Tensor) -> InceptionScoreValue:
    """Compute the score from sums: E KL(p(y|x) || p(y)) is E sum p log p plus the entropy of p(y), in nats."""
    entropy = torch.special.entr(p / count[:, None]).sum(1)
    scores = (p_log_p / count + entropy).clamp(min=0).exp()
    if float(scores.max()) < 1 + ALIKE:
        warn(
            "All samples got the same class probabilities, so the Inception Score has its minimum, 1, "
            "whatever the samples show."
        )
    return InceptionScoreValue(scores.mean().item(), scores.std(correction=0).item())

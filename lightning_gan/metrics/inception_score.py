"""Inception Score (Salimans et al. 2016): exp E_x KL(p(y|x) || p(y)), from class logits.

It lies between 1 and the number of classes; higher is better. It is the mean over splits of the
samples; the splits are torch-fidelity's.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lightning_gan.arguments import Count, Seed, Size, check_arguments
from lightning_gan.metrics.degenerate import warn
from lightning_gan.metrics.sample_metric import SampleSetMetric, check_indices, check_vectors
from lightning_gan.utils.errors import UserError

ALIKE = 1e-6  # so little above 1 is a score that says only: all samples got the same probabilities


class InceptionScoreValue(NamedTuple):
    """Mean and population standard deviation over the splits, which is no standard error."""

    mean: float
    sd: float


@check_arguments
def assign_splits(n: Count, splits: Count = 10, seed: Seed = 2020) -> Tensor:
    """Which split each of n samples falls in: shuffled, then cut in equal parts.

    Args:
        n: samples in the sample set, at least 1.
        splits: how many parts, at least 1.
        seed: of numpy's RandomState, which draws the same in every version, 0 to 2^32 - 1.

    Returns:
        Numbers 0 to splits - 1, int64, [n].

    Raises:
        ValueError: if some split would be empty.
    """
    if splits > n:
        raise UserError(
            f"{n:,} samples cannot be cut into {splits:,} splits for an Inception Score: give at "
            f"least one sample a split, and better hundreds."
        )
    found = np.empty(n, dtype=np.int64)
    order = np.random.RandomState(seed).permutation(n)
    for i in range(splits):
        found[order[i * n // splits : (i + 1) * n // splits]] = i
    return torch.from_numpy(found)


@check_arguments
def inception_score(logits: Tensor, splits: Count = 10, seed: Seed = 2020) -> InceptionScoreValue:
    """Inception Score of a whole sample set.

    Args:
        logits: of a classifier, before the softmax, [n, classes].
        splits: over which mean and standard deviation are taken, at least 1.
        seed: of the shuffle before the cut, 0 to 2^32 - 1.

    Raises:
        ValueError: if the shape is wrong, n is less than splits, or some logits are not finite.

    Warns:
        DegenerateWarning: if all samples got the same class probabilities.

    Example:
        >>> inception_score(999 * torch.eye(4), splits=1)  # certain, and each class as often
        InceptionScoreValue(mean=4.0, sd=0.0)
    """
    logits = check_vectors(logits, "logits")
    return _value(*_sums(logits, assign_splits(len(logits), splits, seed), splits))


class InceptionScoreMetric(SampleSetMetric):
    """Inception Score over the samples of all processes.

    States are sums over each split, 8 splits (classes + 2) bytes; beside them, 8 n bytes say which
    sample is in which split.

    Args:
        classes: number of logits, 1 to 2^20.
        n: samples in the sample set, at least 1.
        splits: over which mean and standard deviation are taken, at least 1.
        seed: of the shuffle before the cut, 0 to 2^32 - 1.

    Raises:
        ValueError: if n is less than splits.
    """

    higher_is_better = True
    count: Tensor
    p: Tensor
    p_log_p: Tensor

    @check_arguments
    def __init__(self, classes: Size, n: Count, splits: Count = 10, seed: Seed = 2020) -> None:
        super().__init__()
        self.classes, self.n, self.splits = classes, n, splits
        self.split = assign_splits(n, splits, seed)  # the same in every process, so no state
        zeros = torch.zeros(splits, classes, dtype=torch.float64)
        self.add_state("count", zeros[:, 0].clone(), dist_reduce_fx="sum")
        self.add_state("p", zeros, dist_reduce_fx="sum")
        self.add_state("p_log_p", zeros[:, 0].clone(), dist_reduce_fx="sum")

    def update(self, logits: Tensor, index: Tensor) -> None:
        """Add samples.

        Args:
            logits: [m, classes]; m may be 0.
            index: places of these samples in the sample set, [m].

        Raises:
            ValueError: if shapes are wrong, some logits are not finite, or a place is not in the
                sample set.
        """
        logits = check_vectors(logits, "logits", self.classes)
        places = check_indices(index, len(logits)).cpu()
        if len(places) and int(places.max()) >= self.n:
            raise UserError(
                f"A sample came with place {int(places.max()):,} of a sample set of {self.n:,}: give "
                f"places from 0 to {self.n - 1:,}."
            )
        count, p, p_log_p = _sums(logits, self.split[places], self.splits)
        self.count = self.count + count
        self.p = self.p + p
        self.p_log_p = self.p_log_p + p_log_p

    def compute(self) -> InceptionScoreValue:
        """Mean and standard deviation over the splits.

        Raises:
            ValueError: if not all of the sample set came, each sample once.

        Warns:
            DegenerateWarning: if all samples got the same class probabilities.
        """
        if not torch.equal(self.count.cpu().long(), self.split.bincount()):
            raise UserError(
                f"{int(self.count.sum()):,} samples came for an Inception Score of {self.n:,}: "
                f"give each sample of the sample set once."
            )
        return _value(self.count, self.p, self.p_log_p)


def _sums(logits: Tensor, split: Tensor, splits: int) -> tuple[Tensor, Tensor, Tensor]:
    """For each split, float64: number of samples; sum of p(y|x), [splits, classes]; of p log p."""
    member = split == torch.arange(splits)[:, None]  # [splits, m]
    member = member.to(logits.device, torch.float64)
    log_p = logits.double().log_softmax(1)
    p = log_p.exp()
    return member.sum(1), member @ p, member @ (p * log_p).sum(1)


def _value(count: Tensor, p: Tensor, p_log_p: Tensor) -> InceptionScoreValue:
    """From sums: E KL(p(y|x) || p(y)) is E sum p log p, plus the entropy of p(y), in nats."""
    entropy = torch.special.entr(p / count[:, None]).sum(1)
    scores = (p_log_p / count + entropy).clamp(min=0).exp()
    if float(scores.max()) < 1 + ALIKE:
        warn(
            "All samples got the same class probabilities, so the Inception Score is 1, its least, "
            "whatever they look like."
        )
    return InceptionScoreValue(scores.mean().item(), scores.std(correction=0).item())

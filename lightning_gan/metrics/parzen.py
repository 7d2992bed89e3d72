"""Parzen-window log-likelihood in nats: section 5 and Table 1 of Goodfellow et al. (2014).

Samples of a model become the centres of a mixture of equal Gaussians. Their width sigma is chosen
on validation examples; then test examples are scored. The formula is in `kernel_density`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric

from lightning_gan.arguments import Bytes, Count, CountOrZero, Finite, Positive, check_arguments
from lightning_gan.metrics.kernel_density import (
    Centres,
    check_sigmas,
    flat_examples,
    parzen_log_likelihood,
    prepare_centres,
)
from lightning_gan.utils.errors import UserError

SIGMAS_2014 = tuple(10 ** (k / 9 - 1) for k in range(10))
"""The grid of the released parzen_ll.py: ten points from 0.1 to 1, evenly spaced in log sigma."""


class ParzenCurve(NamedTuple):
    """Mean of log p(x) over n examples and its standard error, in nats, at each sigma."""

    sigmas: tuple[float, ...]
    nats: tuple[float, ...]
    se: tuple[float, ...]
    n: int


@dataclass(frozen=True)
class ParzenScore:
    """Mean of log p(x) over test examples and its standard error, in nats, with the protocol.

    The standard error is that of the test examples alone: it holds neither the draw of the centres,
    nor the choice of sigma, nor the seed of training.
    """

    nats: float
    se: float
    sigma: float
    n_centres: int
    n_validation: int
    n_test: int
    sigmas: tuple[float, ...]
    curve: tuple[float, ...]
    """Mean of log p(x) over the validation examples at each of the sigmas, in nats."""

    @property
    def at_edge(self) -> bool:
        """Whether sigma is an end of its grid, so that a better one may lie outside."""
        return len(self.sigmas) > 1 and self.sigma in (min(self.sigmas), max(self.sigmas))

    def protocol(self, scored: str = "test images") -> str:
        """Say what must be equal before two scores may be compared."""
        sigma = f"{self.sigma:.4g}".removeprefix("0")
        edge = " (an end of its grid: a better one may lie outside)" if self.at_edge else ""
        return f"n={self.n_centres:,} centres, sigma={sigma}{edge}, {self.n_test:,} {scored}"

    def __str__(self) -> str:
        return f"{self.nats:.1f} ± {self.se:.1f}"


class ParzenWindow(Metric):
    """Mean of log p(x) and its standard error at each sigma, over the examples of all processes.

    The centres are no state of the metric: no checkpoint holds them, and every process is given the
    same.

    Args:
        sigmas: widths of the window, in the units of the examples, each above 0.
        value_range: where pixels must lie, because nats depend on it, finite; none: anywhere.
        max_bytes: see `parzen_log_likelihood`, at least 1.
        sync_on_compute: whether `compute` adds up all processes.
    """

    full_state_update = False
    higher_is_better = True
    is_differentiable = False
    sums: Tensor
    squares: Tensor
    count: Tensor

    @check_arguments
    def __init__(
        self,
        sigmas: Sequence[Positive] = SIGMAS_2014,
        value_range: tuple[Finite, Finite] | None = (0.0, 1.0),
        max_bytes: Bytes | None = None,
        sync_on_compute: bool = True,
    ) -> None:
        super().__init__(sync_on_compute=sync_on_compute)
        check_sigmas(sigmas)
        self.sigmas, self.value_range, self.max_bytes = tuple(sigmas), value_range, max_bytes
        self.centres: Centres | None = None
        zeros = torch.zeros(len(self.sigmas), dtype=torch.float64)
        self.add_state("sums", zeros, dist_reduce_fx="sum")
        self.add_state("squares", zeros.clone(), dist_reduce_fx="sum")
        self.add_state("count", torch.tensor(0), dist_reduce_fx="sum")

    def set_centres(self, samples: Tensor | Centres) -> None:
        """Score under samples, [n, ...], from now on, on their device; forget what was seen."""
        if not isinstance(samples, Centres):
            samples = prepare_centres(samples, self.value_range)
        self.centres = samples
        self.to(samples.mu.device)
        self.reset()

    def update(self, x: Tensor) -> None:
        """Score examples, [n, ...]; n may be 0, for a process that has no share."""
        if self.centres is None:
            raise UserError("The Parzen window has no centres: call set_centres(samples) first.")
        if not len(x):
            return
        x = flat_examples(x, "examples", self.value_range)
        nats = parzen_log_likelihood(x, self.centres, self.sigmas, self.max_bytes)
        self.sums += nats.sum(0)
        self.squares += nats.square().sum(0)
        self.count += len(x)

    def compute(self) -> ParzenCurve:
        """Mean and standard error: population deviation / sqrt(n), as in parzen_ll.py."""
        n = int(self.count)
        if not n:
            raise UserError("The Parzen window has seen no examples: call update(x) first.")
        mean = self.sums / n
        se = ((self.squares / n - mean.square()).clamp(min=0) / n).sqrt()
        return ParzenCurve(self.sigmas, tuple(mean.tolist()), tuple(se.tolist()), n)


@check_arguments
def compute_parzen_score(
    samples: Tensor,
    validation: Tensor,
    test: Tensor,
    sigmas: Sequence[Positive] = SIGMAS_2014,
    value_range: tuple[Finite, Finite] | None = (0.0, 1.0),
    max_bytes: Bytes | None = None,
    rank: CountOrZero = 0,
    world_size: Count = 1,
) -> ParzenScore:
    """Score samples as in 2014: choose sigma on validation examples, score test examples at it.

    Args:
        samples: of the model, [n, ...]; 10,000 in 2014.
        validation: examples that choose sigma, [n, ...]; in 2014 MNIST's first 1,000.
        test: examples to score, [n, ...].
        sigmas: the grid, each above 0.
        value_range: where all pixels must lie, because nats depend on it, finite; none: anywhere.
        max_bytes: see `parzen_log_likelihood`, at least 1.
        rank: of this process, which scores every world_size-th example and returns the whole score, at least 0.
        world_size: number of processes that make this call, with the same arguments, at least 1.

    Raises:
        ValueError: naming what is empty, not finite, out of range or of another size.
    """
    centres = prepare_centres(samples, value_range)
    validation = flat_examples(validation, "validation examples", value_range)
    test = flat_examples(test, "test examples", value_range)

    def curve(x: Tensor, sigmas: Sequence[float]) -> ParzenCurve:
        window = ParzenWindow(sigmas, None, max_bytes, sync_on_compute=world_size > 1)
        window.set_centres(centres)
        window.update(x[rank::world_size])
        result: ParzenCurve = window.compute()
        return result

    choice = curve(validation, sigmas)
    sigma = choice.sigmas[choice.nats.index(max(choice.nats))]
    scored = curve(test, [sigma])
    sizes = (len(centres.mu), choice.n, scored.n)
    return ParzenScore(scored.nats[0], scored.se[0], sigma, *sizes, choice.sigmas, choice.nats)

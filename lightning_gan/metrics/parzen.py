"""Parzen-window log-likelihood in nats: section 5 and Table 1 of Goodfellow et al. (2014).

Samples of a model are the centres of a mixture of equal Gaussians. Their width sigma is chosen on
validation images; then test images are scored. The formula is in `kernel_density`.
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
    flatten_images,
    parzen_log_likelihood,
    prepare_centres,
)
from lightning_gan.utils.errors import UserError

SIGMAS_2014 = tuple(10 ** (k / 9 - 1) for k in range(10))
"""Grid of the released parzen_ll.py: ten values from 0.1 to 1, evenly spaced in log sigma."""


class ParzenCurve(NamedTuple):
    """Mean of log p(x) over n images and its standard error, in nats, at each sigma."""

    sigmas: tuple[float, ...]
    nats: tuple[float, ...]
    se: tuple[float, ...]
    n: int


@dataclass(frozen=True)
class ParzenScore:
    """Mean of log p(x) over test images and its standard error, in nats, with the protocol.

    The standard error is over test images; it does not include the draw of the centres, the choice
    of sigma, or the seed of training.
    """

    nats: float
    se: float
    sigma: float
    n_centres: int
    n_validation: int
    n_test: int
    sigmas: tuple[float, ...]
    curve: tuple[float, ...]
    """Mean of log p(x) over the validation images at each sigma, in nats."""

    @property
    def at_edge(self) -> bool:
        """Whether sigma is at an end of its grid, so that a better value may lie outside."""
        return len(self.sigmas) > 1 and self.sigma in (min(self.sigmas), max(self.sigmas))

    def protocol(self, scored: str = "test images") -> str:
        """Describe what must be equal for two scores to be comparable."""
        sigma = f"{self.sigma:.4g}".removeprefix("0")
        edge = " (an end of its grid: a better one may lie outside)" if self.at_edge else ""
        return f"n={self.n_centres:,} centres, sigma={sigma}{edge}, {self.n_test:,} {scored}"

    def __str__(self) -> str:
        return f"{self.nats:.1f} ± {self.se:.1f}"


class ParzenWindow(Metric):
    """Mean of log p(x) and its standard error at each sigma, over the images of all processes.

    The centres are not part of the metric's state: no checkpoint holds them, and every process must
    set the same ones.

    Args:
        sigmas: Widths of the window, in the units of the images, each above 0.
        value_range: Range of the pixels, on which nats depend, finite; None: no bounds.
        max_bytes: Bound on memory, see `parzen_log_likelihood`, at least 1.
        sync_on_compute: Whether `compute` sums over all processes.
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
        """Set the centres, [n, ...], move the metric to their device, and reset it."""
        if not isinstance(samples, Centres):
            samples = prepare_centres(samples, self.value_range)
        self.centres = samples
        self.to(samples.mu.device)
        self.reset()

    def update(self, x: Tensor) -> None:
        """Score images, [n, ...]; n may be 0 for a process without a share."""
        if self.centres is None:
            raise UserError("The Parzen window has no centres: call set_centres(samples) first.")
        if not len(x):
            return
        x = flatten_images(x, "images", self.value_range)
        nats = parzen_log_likelihood(x, self.centres, self.sigmas, self.max_bytes)
        self.sums += nats.sum(0)
        self.squares += nats.square().sum(0)
        self.count += len(x)

    def compute(self) -> ParzenCurve:
        """Compute mean and standard error, population deviation / sqrt(n), as in parzen_ll.py."""
        n = int(self.count)
        if not n:
            raise UserError("The Parzen window has seen no images: call update(x) first.")
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
    """Compute the Parzen score of samples as in 2014: choose sigma on validation images, then score test images.

    Args:
        samples: Samples of the model, [n, ...]; 10,000 in 2014.
        validation: Images that choose sigma, [n, ...]; the first 1,000 of MNIST in 2014.
        test: Images to score, [n, ...].
        sigmas: Values of sigma to choose from, each above 0.
        value_range: Range of all pixels, on which nats depend, finite; None: no bounds.
        max_bytes: Bound on memory, see `parzen_log_likelihood`, at least 1.
        rank: Rank of this process, at least 0, which scores every world_size-th image.
        world_size: Number of processes that make this call with the same arguments, at least 1.

    Returns:
        Score over the images of all processes.

    Raises:
        UserError: An input is empty, not finite, out of range, or of another size.
    """
    centres = prepare_centres(samples, value_range)
    validation = flatten_images(validation, "validation images", value_range)
    test = flatten_images(test, "test images", value_range)

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

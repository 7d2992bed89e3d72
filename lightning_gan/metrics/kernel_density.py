"""Log p(x) in nats under equal Gaussians around samples, for many widths at once.

log p(x) = log mean_j exp(-|x - mu_j|^2 / (2 sigma^2)) - d log(sigma sqrt(2 pi)), d pixels a sample.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

from lightning_gan.arguments import Bytes, Finite, Positive, check_arguments
from lightning_gan.utils.errors import UserError

CPU_BYTES = 32 << 20  # fits a large cache, and threads seldom wait for each other (measured)
GPU_BYTES = 256 << 20  # few, large products
FLOAT64_AT_A_TIME = 1 << 18  # numbers whose squares are held
TOLERANCE = 1e-3  # by which pixels may leave their range: rounding, not another range


class Centres(NamedTuple):
    """Samples made ready for `parzen_log_likelihood`; shifted, so that float32 suffices."""

    origin: Tensor  # mean of the samples, [d]
    mu: Tensor  # samples minus origin, float32, [n, d]
    offset: Tensor  # -|mu|^2 / 2, float32, [n]


@check_arguments
def prepare_centres(samples: Tensor, value_range: tuple[Finite, Finite] | None = None) -> Centres:
    """Shift and square samples once, for any number of calls of `parzen_log_likelihood`.

    Args:
        samples: [n, ...], at least one; flattened.
        value_range: where pixels must lie, finite; none: anywhere.

    Raises:
        ValueError: if there are none, or some are not finite or out of range.
    """
    samples = flat_examples(samples, "samples", value_range)
    origin = samples.mean(0, dtype=torch.float32)
    mu = (samples - origin).float()
    return Centres(origin, mu, (-_squared_norms(mu) / 2).float())


@check_arguments
@torch.no_grad()
def parzen_log_likelihood(
    x: Tensor,
    centres: Tensor | Centres,
    sigmas: Sequence[Positive],
    max_bytes: Bytes | None = None,
) -> Tensor:
    """Log p(x) in nats under N(mu_j, sigma^2 I) mixed over centres mu_j, for every sigma at once.

    Distances are float32, at most 0.01 nats from float64 for 784 pixels in [0, 1] and sigma from
    0.1; sums are float64. Autocast and reduced-precision products are switched off inside.

    Args:
        x: examples, [n, ...] of any dtype, flattened; on any device.
        centres: samples in the same units, [n_centres, ...]; the work is done on their device.
        sigmas: widths, in the units of x, each above 0.
        max_bytes: bound on the distances held at a time, at least 1; none: what is fastest on the device. Not in it:
            a float32 copy of the centres, one of the examples of a block, and 25 MB (measured) of what
            matrix products and sums need.

    Returns:
        Float64, [n, n_sigmas].

    Raises:
        ValueError: if x and the centres differ in d, either is empty or not finite, or
            there is no sigma.

    Example:
        >>> parzen_log_likelihood(torch.zeros(1, 2), torch.zeros(1, 2), sigmas=[1.0])  # -log 2 pi
        tensor([[-1.8379]], dtype=torch.float64)
    """
    check_sigmas(sigmas)
    x = flat_examples(x, "examples")
    centres = centres if isinstance(centres, Centres) else prepare_centres(centres)
    (n_centres, d), device = centres.mu.shape, centres.mu.device
    if x.shape[1] != d:
        raise UserError(
            f"Examples of {x.shape[1]:,} values came with centres of {d:,}: give both one size."
        )
    default_bytes = CPU_BYTES if device.type == "cpu" else GPU_BYTES
    rows, columns = _block(len(x), default_bytes if max_bytes is None else max_bytes)
    sigma = torch.tensor(sigmas, dtype=torch.float64, device=device)[:, None]  # [n_sigmas, 1]
    blocks = torch.empty(2, rows, min(columns, n_centres), device=device)
    with float32_products(device):
        log_sums = [
            _log_sum((part.to(device) - centres.origin).float(), centres, sigma**-2, blocks)
            for part in x.split(rows)
        ]
    log_norm = math.log(n_centres) + d * (sigma * math.sqrt(2 * math.pi)).log()
    return (torch.cat(log_sums, dim=1) - log_norm).T


def _log_sum(x: Tensor, centres: Centres, precision: Tensor, blocks: Tensor) -> Tensor:
    """Log sum_j exp(-|x - mu_j|^2 precision / 2), float64 [n_sigmas, n], in blocks of centres.

    The two blocks, [2, >= n, columns], are working memory.
    """
    peak = torch.full_like(x[:, 0], -math.inf)  # of s so far: the nearest centre, for every sigma
    total = precision.new_zeros(len(precision), len(x))
    scales = (precision / math.log(2)).flatten().tolist()
    columns = blocks.shape[2]
    for mu, offset in zip(centres.mu.split(columns), centres.offset.split(columns), strict=True):
        s, scaled = blocks[:, : len(x), : len(mu)]
        torch.addmm(offset, x, mu.T, out=s)  # (|x|^2 - |x - mu|^2) / 2, [n, columns]
        before, peak = peak, torch.maximum(peak, s.amax(1))
        total *= ((before - peak) * precision).exp()
        s -= peak[:, None]
        for sums, scale in zip(total, scales, strict=True):
            # exp is ten times slower than exp2 where it underflows
            sums += torch.mul(s, scale, out=scaled).exp2_().sum(1)
    return total.log() + (peak - _squared_norms(x) / 2) * precision


def _squared_norms(x: Tensor) -> Tensor:
    """Squared norms of [n, d] in float64, [n], a few rows at a time."""
    parts = x.split(max(1, FLOAT64_AT_A_TIME // x.shape[1]))
    return torch.cat([part.double().square().sum(1) for part in parts])


def flat_examples(x: Tensor, name: str, value_range: tuple[float, float] | None = None) -> Tensor:
    """Flatten to floats [n, d].

    Raises:
        ValueError: if there are none, or some are not finite or out of range.
    """
    if x.ndim < 2 or not x.numel():
        raise UserError(f"The {name} have shape {list(x.shape)}: give at least one, as [n, ...].")
    x = x.detach().flatten(1)
    x = x if x.is_floating_point() else x.float()
    bad = int((~x.sum(1, dtype=torch.float32).isfinite()).sum())
    if bad:
        raise UserError(
            f"{bad:,} of {len(x):,} {name} hold NaN or infinity, but a log-likelihood needs finite "
            f"pixels: if a model drew them, its training diverged; go back to an older checkpoint."
        )
    low, high = (float(v) for v in x.aminmax())
    if value_range and not value_range[0] - TOLERANCE <= low <= high <= value_range[1] + TOLERANCE:
        raise UserError(
            f"The {name} lie in [{low:.4g}, {high:.4g}], but nats depend on the range and are "
            f"wanted for pixels in [{value_range[0]:g}, {value_range[1]:g}]: map them there first."
        )
    return x


def check_sigmas(sigmas: Sequence[float]) -> None:
    """Refuse a grid that is empty."""
    if not len(sigmas):
        raise UserError("No sigmas were given: give at least one.")


def _block(n: int, max_bytes: int) -> tuple[int, int]:
    """Rows and columns, 1:4 (measured), of a block; two float32 blocks fit in max_bytes."""
    rows = max(1, min(n, math.isqrt(max(max_bytes, 0) // 32)))
    return rows, max(1, max_bytes // (8 * rows))


@contextmanager
def float32_products(device: torch.device) -> Iterator[None]:
    """No autocast, TF32 or bfloat16: their products are whole nats away."""
    backends = (torch.backends.cuda.matmul, torch.backends.mkldnn.matmul)  # type: ignore[attr-defined]
    before = [backend.fp32_precision for backend in backends]
    try:
        for backend in backends:
            backend.fp32_precision = "ieee"
        with torch.autocast(device.type, enabled=False):
            yield
    finally:
        for backend, precision in zip(backends, before, strict=True):
            backend.fp32_precision = precision

"""Log density in nats of a mixture of equal Gaussians around samples, for several widths at once.

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

CPU_BYTES = 32 << 20  # fits into a large cache, and threads seldom wait for each other (measured)
GPU_BYTES = 256 << 20  # few, large products
FLOAT64_AT_A_TIME = 1 << 18  # number of values in a block of squares
TOLERANCE = 1e-3  # excess over the pixel range that counts as rounding


class Centres(NamedTuple):
    """Samples prepared for `parzen_log_likelihood`, shifted so that float32 suffices."""

    origin: Tensor  # mean of the samples, [d]
    mu: Tensor  # samples minus origin, float32, [n, d]
    offset: Tensor  # -|mu|^2 / 2, float32, [n]


@check_arguments
def prepare_centres(samples: Tensor, value_range: tuple[Finite, Finite] | None = None) -> Centres:
    """Prepare samples for repeated calls of `parzen_log_likelihood`.

    Args:
        samples: Samples, [n, ...], at least one.
        value_range: Range of the pixels, finite; None: no bounds.

    Raises:
        UserError: There are no samples, or a value is not finite or out of range.
    """
    samples = flatten_images(samples, "samples", value_range)
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
    """Compute log p(x) in nats under the mixture of N(mu_j, sigma^2 I) over centres mu_j, for each sigma.

    Distances are float32, at most 0.01 nats from float64 for 784 pixels in [0, 1] and sigma from
    0.1; sums are float64. Autocast and reduced-precision products are disabled.

    Args:
        x: Images, [n, ...] of any dtype, on any device.
        centres: Samples in the same units, [n_centres, ...]; the computation runs on their device.
        sigmas: Widths, in the units of x, each above 0.
        max_bytes: Bound on the memory of a block of distances, at least 1; None: the fastest for the device. A
            float32 copy of the centres, one of a block of images, and 25 MB (measured) for matrix products and sums
            are not included.

    Returns:
        Log densities in nats, float64, [n, n_sigmas].

    Raises:
        UserError: x and the centres differ in size, either is empty or not finite, or there is no sigma.

    Example:
        >>> parzen_log_likelihood(torch.zeros(1, 2), torch.zeros(1, 2), sigmas=[1.0])  # -log 2 pi
        tensor([[-1.8379]], dtype=torch.float64)
    """
    check_sigmas(sigmas)
    x = flatten_images(x, "images")
    centres = centres if isinstance(centres, Centres) else prepare_centres(centres)
    (n_centres, d), device = centres.mu.shape, centres.mu.device
    if x.shape[1] != d:
        raise UserError(
            f"The images have {x.shape[1]:,} values, the centres {d:,}: give both the same size."
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
    """Compute log sum_j exp(-|x - mu_j|^2 precision / 2), float64 [n_sigmas, n], in blocks of centres.

    `blocks`, [2, >= n, columns], is working memory.
    """
    peak = torch.full_like(x[:, 0], -math.inf)  # maximum of s so far: the nearest centre
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
            # exp is ten times slower than exp2 when it underflows
            sums += torch.mul(s, scale, out=scaled).exp2_().sum(1)
    return total.log() + (peak - _squared_norms(x) / 2) * precision


def _squared_norms(x: Tensor) -> Tensor:
    """Compute the squared norms of [n, d] in float64, [n], in blocks of rows."""
    parts = x.split(max(1, FLOAT64_AT_A_TIME // x.shape[1]))
    return torch.cat([part.double().square().sum(1) for part in parts])


def flatten_images(x: Tensor, name: str, value_range: tuple[float, float] | None = None) -> Tensor:
    """Flatten images to floats, [n, d], and check their values.

    Args:
        x: Images, [n, ...].
        name: Name of the images in messages.
        value_range: Range of the pixels; None: no bounds.

    Raises:
        UserError: There are no images, or a value is not finite or out of range.
    """
    if x.ndim < 2 or not x.numel():
        raise UserError(f"The {name} have shape {list(x.shape)}: give at least one, as [n, ...].")
    x = x.detach().flatten(1)
    x = x if x.is_floating_point() else x.float()
    bad = int((~x.sum(1, dtype=torch.float32).isfinite()).sum())
    if bad:
        raise UserError(
            f"{bad:,} of {len(x):,} {name} contain NaN or infinity, but a log-likelihood needs finite "
            f"pixels: if they are samples, training diverged; use an older checkpoint."
        )
    low, high = (float(v) for v in x.aminmax())
    if value_range and not value_range[0] - TOLERANCE <= low <= high <= value_range[1] + TOLERANCE:
        raise UserError(
            f"The {name} lie in [{low:.4g}, {high:.4g}], but nats depend on the range: map the pixels "
            f"to [{value_range[0]:g}, {value_range[1]:g}]."
        )
    return x


def check_sigmas(sigmas: Sequence[float]) -> None:
    """Check that there is at least one sigma."""
    if not len(sigmas):
        raise UserError("No sigmas were given: give at least one.")


def _block(n: int, max_bytes: int) -> tuple[int, int]:
    """Compute rows and columns of a block, about 1:4 (measured), so that two float32 blocks fit into max_bytes."""
    rows = max(1, min(n, math.isqrt(max(max_bytes, 0) // 32)))
    return rows, max(1, max_bytes // (8 * rows))


@contextmanager
def float32_products(device: torch.device) -> Iterator[None]:
    """Disable autocast, TF32 and bfloat16, whose products change results by whole nats."""
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

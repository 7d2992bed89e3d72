"""How good samples are: pure functions, and a `torchmetrics.Metric` around each."""

from lightning_gan.metrics.kernel_density import parzen_log_likelihood
from lightning_gan.metrics.parzen import (
    SIGMAS_2014,
    ParzenScore,
    ParzenWindow,
    parzen_protocol,
)

__all__ = [
    "SIGMAS_2014",
    "ParzenScore",
    "ParzenWindow",
    "parzen_log_likelihood",
    "parzen_protocol",
]

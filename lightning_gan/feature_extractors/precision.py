"""Exact float32 for features, at any precision of a run, so that scores are comparable between machines."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch.backends import cuda, cudnn, mkldnn


@contextmanager
def exact_float32(device: torch.device) -> Iterator[None]:
    """Disable autocast, TF32 and bfloat16 on a device, and restore the settings at the end.

    Without it a GPU computes convolutions in TF32, with 11 bits, by default.
    """
    products = (cuda.matmul, mkldnn.matmul)  # type: ignore[attr-defined]
    convolutions = (cudnn.conv, mkldnn.conv)  # type: ignore[attr-defined]
    with ExitStack() as restored:
        for backend in (*products, *convolutions):
            restored.callback(setattr, backend, "fp32_precision", backend.fp32_precision)
            backend.fp32_precision = "ieee"
        restored.enter_context(torch.autocast(device.type, enabled=False))
        yield

"""Features are those of float32, whatever precision a run trains in: scores are compared between machines."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch.backends import cuda, cudnn, mkldnn


@contextmanager
def exact_float32(device: torch.device) -> Iterator[None]:
    """Products of float32 keep their 24 bits on this device: neither autocast nor TF32 nor bfloat16.

    Without it a GPU convolves in TF32, with 11 bits, unless told otherwise. What was set before is
    set again behind it.
    """
    products = (cuda.matmul, mkldnn.matmul)  # type: ignore[attr-defined]
    convolutions = (cudnn.conv, mkldnn.conv)  # type: ignore[attr-defined]
    with ExitStack() as restored:
        for knob in (*products, *convolutions):
            restored.callback(setattr, knob, "fp32_precision", knob.fp32_precision)
            knob.fp32_precision = "ieee"
        restored.enter_context(torch.autocast(device.type, enabled=False))
        yield

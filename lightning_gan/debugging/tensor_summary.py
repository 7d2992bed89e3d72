"""Summaries of tensor values as text."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


def has_nonfinite(x: Tensor | None) -> bool:
    """Return whether any value is NaN or infinite."""
    return x is not None and x.is_floating_point() and not bool(x.isfinite().all())


def find_floats(values: Iterable[Any]) -> list[Tensor]:
    """Return the floating-point tensors in arguments or outputs of a module."""
    nested = [v if isinstance(v, list | tuple) else [v] for v in values]
    return [x for part in nested for x in part if isinstance(x, Tensor) and x.is_floating_point()]


def summarize(x: Tensor | list[Tensor] | None) -> str:
    """Describe the number, range and nonfinite values of tensors."""
    if x is None or (isinstance(x, list) and not x):
        return "nothing"
    flat = torch.cat([t.detach().flatten().float() for t in (x if isinstance(x, list) else [x])])
    good = flat[flat.isfinite()]
    ends = f"in [{good.min():.3g}, {good.max():.3g}]" if len(good) else "none finite"
    lost = [
        f"{n} {word}"
        for word, n in (("nan", int(flat.isnan().sum())), ("inf", int(flat.isinf().sum())))
        if n
    ]
    return f"{len(flat):,} values {ends}{' except ' + ' and '.join(lost) if lost else ''}"

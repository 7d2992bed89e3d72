"""What tensors hold, in words."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


def has_nonfinite(x: Tensor | None) -> bool:
    """Whether any value is NaN or infinite."""
    return x is not None and x.is_floating_point() and not bool(x.isfinite().all())


def find_floats(values: Iterable[Any]) -> list[Tensor]:
    """Tensors of floating-point numbers, from arguments and what a module returns."""
    nested = [v if isinstance(v, list | tuple) else [v] for v in values]
    return [x for part in nested for x in part if isinstance(x, Tensor) and x.is_floating_point()]


def summarize(x: Tensor | list[Tensor] | None) -> str:
    """In words: how many values, between which ends, how many of them not finite."""
    if x is None or (isinstance(x, list) and not x):
        return "nothing"
    flat = torch.cat([t.detach().flatten().float() for t in (x if isinstance(x, list) else [x])])
    good = flat[flat.isfinite()]
    ends = f"in [{good.min():.3g}, {good.max():.3g}]" if len(good) else "none of them finite"
    lost = [
        f"{n} {word}"
        for word, n in (("nan", int(flat.isnan().sum())), ("inf", int(flat.isinf().sum())))
        if n
    ]
    return f"{len(flat):,} values {ends}{' but for ' + ' and '.join(lost) if lost else ''}"

"""Whether anything but the steps changed a parameter, told at each minibatch without reading all of them.

Two signs. PyTorch counts the changes of a tensor in place: a parameter whose count, or whose memory, is not what the
last step left was changed, and its norm says whether to other values. What goes round that count (`p.data`, an array
that shares the memory) shows in the norm of a part of each parameter, if it reaches that part.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

import torch
from torch import Tensor

LENGTH = 4096  # values of a parameter that are read; the norms of all of them take 2 ms a step in mnist_parzen.yaml
Part = list[int]
"""From where to where, in the order of a flattened parameter."""


def select_model_parts(parameters: Iterable[Tensor], turn: int) -> list[Part]:
    """Which values of each parameter are read: others at each turn, and all in turn."""
    found = []
    for p in parameters:
        start = turn % max(1, -(-p.numel() // LENGTH)) * LENGTH
        found.append([start, min(start + LENGTH, p.numel())])
    return found


@torch.no_grad()
def measure_norms(parameters: Sequence[Tensor], which: Sequence[Part]) -> Sequence[Tensor]:
    """Of a part of each parameter, on the device."""
    read = [p.flatten()[start:stop] for p, (start, stop) in zip(parameters, which, strict=True)]
    return torch._foreach_norm(read) if read else []


def mark_tensors(parameters: Iterable[Tensor]) -> list[tuple[int, int]]:
    """How often each parameter was changed in place, and where it lies."""
    return [(p._version, p.data_ptr()) for p in parameters]


def find_touched(
    names: Sequence[str],
    parameters: Sequence[Tensor],
    before: Sequence[tuple[int, int]],
    now: Sequence[tuple[int, int]],
) -> dict[str, Tensor]:
    """Norms of the parameters whose marks are others now than they were before, by name."""
    changed = [i for i, (old, new) in enumerate(zip(before, now, strict=True)) if old != new]
    whole = [[0, parameters[i].numel()] for i in changed]
    found = measure_norms([parameters[i] for i in changed], whole)
    return dict(zip([names[i] for i in changed], found, strict=True))


def find_changed(
    crash: Mapping[str, Any], i: int, named: Mapping[str, Tensor], exact: bool
) -> Iterator[tuple[str, str]]:
    """Which parameters were not, before minibatch i of a run, what the steps alone make of them; and how that shows.

    Args:
        crash: what `callbacks.FlightRecorder` wrote.
        i: of its minibatches.
        named: the parameters, as the steps alone made them.
        exact: whether every bit has to be the same; else only what is finite here has to be finite there.
    """
    whole, names = crash["touched"][i], crash["parameters"]
    ends = [[0, named[name].numel()] for name in whole]
    seen = [(n, was, "its norm") for n, was in whole.items()]
    seen += [
        (n, was, "the norm of a part")
        for n, was in zip(names, crash["norms"][i].tolist(), strict=True)
    ]
    here = [
        *measure_norms([named[name] for name in whole], ends),
        *measure_norms([named[name] for name in names], crash["parts"]),
    ]
    for (name, was, what), now in zip(seen, map(float, here), strict=True):
        if (isfinite(now) and not isfinite(was)) or (exact and was != now):
            yield name, f"{what} was {was:g} in the run, and is {now:g} without that"


def find_other_losses(
    run: Sequence[Tensor], here: Sequence[Sequence[Tensor]]
) -> Iterator[tuple[str, str]]:
    """Whose latest loss here, D's and G's, is not that of the run, bit for bit; and how that shows."""
    for network, theirs, ours in zip(("discriminator", "generator"), run, here, strict=False):
        if 0 < len(ours) <= len(theirs):
            was, now = float(theirs[len(ours) - 1]), float(ours[-1].float())
            if was != now:
                yield network, f"it was {was:g} in the run, and is {now:g} without that"

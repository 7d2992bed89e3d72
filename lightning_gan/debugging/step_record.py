"""Detect changes of parameters between training steps without reading all parameters at each minibatch.

Two checks: PyTorch's version counter and the address of each parameter show in-place changes and replaced memory; the
norm then tells whether the values differ. Changes that bypass the counter (`p.data`, an array that shares the memory)
show in the norm of a slice of each parameter, if they reach that slice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

import torch
from torch import Tensor

LENGTH = 4096  # values read of each parameter; the norms of all values take 2 ms a step in mnist_parzen.yaml
Part = list[int]
"""Start and end of a slice of a flattened parameter."""


def select_slices(parameters: Iterable[Tensor], turn: int) -> list[Part]:
    """Select the slice of each parameter that is read.

    Args:
        parameters: Parameters of the model.
        turn: Index of the recorded interval; consecutive intervals read consecutive slices.
    """
    found = []
    for p in parameters:
        start = turn % max(1, -(-p.numel() // LENGTH)) * LENGTH
        found.append([start, min(start + LENGTH, p.numel())])
    return found


@torch.no_grad()
def measure_norms(parameters: Sequence[Tensor], which: Sequence[Part]) -> Sequence[Tensor]:
    """Compute the norm of a slice of each parameter, on the device."""
    read = [p.flatten()[start:stop] for p, (start, stop) in zip(parameters, which, strict=True)]
    return torch._foreach_norm(read) if read else []


def read_versions(parameters: Iterable[Tensor]) -> list[tuple[int, int]]:
    """Return the version counter and the address of each parameter."""
    return [(p._version, p.data_ptr()) for p in parameters]


def find_touched(
    names: Sequence[str],
    parameters: Sequence[Tensor],
    before: Sequence[tuple[int, int]],
    now: Sequence[tuple[int, int]],
) -> dict[str, Tensor]:
    """Return the norms, by name, of the parameters whose version or address has changed.

    Args:
        names: Names of the parameters.
        parameters: Parameters in the same order.
        before: Earlier result of `read_versions`.
        now: Present result of `read_versions`.
    """
    changed = [i for i, (old, new) in enumerate(zip(before, now, strict=True)) if old != new]
    whole = [[0, parameters[i].numel()] for i in changed]
    found = measure_norms([parameters[i] for i in changed], whole)
    return dict(zip([names[i] for i in changed], found, strict=True))


def find_changed(
    crash: Mapping[str, Any], i: int, named: Mapping[str, Tensor], exact: bool
) -> Iterator[tuple[str, str]]:
    """Find parameters that something other than the recorded steps changed before a minibatch.

    Args:
        crash: Entry `crash` of a recording.
        i: Index of the recorded minibatch.
        named: Parameters of the replay by name.
        exact: Whether norms must be equal bit for bit; otherwise a norm that is finite here must be finite there.

    Yields:
        Name of the parameter, and the two norms as text.
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
            yield name, f"{what} was {was:g} in the run, and is {now:g} in the replay"


def find_other_losses(
    run: Sequence[Tensor], here: Sequence[Sequence[Tensor]]
) -> Iterator[tuple[str, str]]:
    """Find the networks whose latest loss differs from that of the run.

    Args:
        run: Recorded losses of D and of G.
        here: Losses of D and of G in the replay.

    Yields:
        Name of the network, and the two losses as text.
    """
    for network, theirs, ours in zip(("discriminator", "generator"), run, here, strict=False):
        if 0 < len(ours) <= len(theirs):
            was, now = float(theirs[len(ours) - 1]), float(ours[-1].float())
            if was != now:
                yield network, f"the loss was {was:g} in the run, and is {now:g} in the replay"

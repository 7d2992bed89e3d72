"""Which classes a config or a checkpoint may name, and how large either may be.

Importing a module runs it, and whoever reads `class_path: some.module.Class` imports `some.module` before it can see
what the class is. So a name is looked at first: it must be of this suite, of torch's optimizers and layers, of
Lightning, or of a package that the user at the keyboard trusts. A config cannot trust anything itself.
"""

import os
from collections.abc import Callable, Iterable
from math import inf
from typing import Any

from lightning_gan.utils.errors import UserError

KNOWN = (
    "lightning_gan", "datamodules", "callbacks", "torch.optim", "torch.nn", "torchmetrics",
    "pytorch_lightning", "lightning_fabric",
)  # fmt: skip
VARIABLE = "LIGHTNING_GAN_TRUST"
FLAG = "--trust"
NAMING = ("class_path", "_class_path", "_instantiator")
MOST_VALUES = 20_000
"""In a config or in a checkpoint's hyper-parameters; the largest of ours has 300."""
HOW = (
    "configs and checkpoints may name classes of this suite, of torch.optim and torch.nn, of torchmetrics and of "
    f"Lightning. Nothing was imported. If you know whose it is and want it, add {FLAG} PACKAGE, or set {VARIABLE}"
)


class UntrustedError(UserError):
    """A name that nobody vouched for, or more values than the user writes."""


def trusted_packages() -> list[str]:
    """Packages that this user trusts, from the environment."""
    return [name for name in os.environ.get(VARIABLE, "").replace(",", " ").split() if name]


def restrict_imports() -> None:
    """Let jsonargparse import what is known, and refuse anything else before it does.

    Also what a known module merely holds, such as `pytorch_lightning.cli.os.system`.
    """
    from jsonargparse import set_parsing_settings  # not every command has configs

    set_parsing_settings(
        import_path_denylist=["*"], import_path_allowlist=[*KNOWN, *trusted_packages()]
    )


def add_trusted(packages: Iterable[str]) -> None:
    """Trust packages in this process, and in the other processes of the run, which find them in the environment.

    Args:
        packages: Names that the user gave with --trust.
    """
    known = trusted_packages()
    added = [name for name in packages if name not in known]
    if added:
        os.environ[VARIABLE] = " ".join([*known, *added])


def is_refused(name: str) -> bool:
    """Whether nobody vouched for a dotted name; a bare one is looked up among classes that are there already."""
    return "." in name and not any(
        name == known or name.startswith(f"{known}.") for known in (*KNOWN, *trusted_packages())
    )


def check_names(values: Any, place: str) -> None:
    """Look at plain values before anything is made of them.

    Args:
        values: a section of a config, or hyper-parameters.
        place: the file they come from.

    Raises:
        UntrustedError: naming what was refused, and the file.
    """
    check_size(values, _parts, place)
    for name in _names(values):
        if is_refused(name):
            raise UntrustedError(f"{place} names {name!r}, but {HOW}.")


def check_size(root: Any, parts: Callable[[Any], Iterable[Any]], place: str) -> None:
    """Refuse what aliases blow up: values that stand in several places count in each.

    Raises:
        UntrustedError: naming the file.
    """
    try:
        if _size(root, parts, {}) <= MOST_VALUES:
            return
    except RecursionError:
        pass
    raise UntrustedError(
        f"{place} holds more than {MOST_VALUES:,} values, or values inside themselves: that is no experiment, and "
        f"was not read."
    )


def _size(node: Any, parts: Callable[[Any], Iterable[Any]], known: dict[int, float]) -> float:
    if id(node) not in known:
        known[id(node)] = inf  # until all of it is known: a value inside itself has no end
        known[id(node)] = 1 + sum(_size(part, parts, known) for part in parts(node))
    return known[id(node)]


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def _names(value: Any) -> Iterable[str]:
    for key in NAMING if isinstance(value, dict) else ():
        if key in value:
            yield str(value[key])
    for part in _parts(value):
        yield from _names(part)

"""Restrictions on the classes that configs and checkpoints may name, and on their size.

Importing a module executes it, so a class path is checked before its module is imported: the class must belong to this
suite, to torch's optimizers and layers, to torchmetrics, to Lightning, or to a package that the user trusts. A config
cannot extend this list.
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
MAX_VALUES = 20_000
"""Maximum number of values in a config or in the hyper-parameters of a checkpoint; the largest config has 300."""
HOW = (
    "configs and checkpoints may name classes of this suite, of torch.optim and torch.nn, of torchmetrics and of "
    f"Lightning. Nothing was imported. If you trust the package, add {FLAG} PACKAGE, or set {VARIABLE}"
)


class UntrustedError(UserError):
    """Untrusted class, or too many values."""


def list_trusted_packages() -> list[str]:
    """List the packages that the user trusts, from the environment."""
    return [name for name in os.environ.get(VARIABLE, "").replace(",", " ").split() if name]


def restrict_imports() -> None:
    """Restrict jsonargparse to imports from the known packages.

    It also refuses objects that a known module imported, such as `pytorch_lightning.cli.os.system`.
    """
    from jsonargparse import (
        set_parsing_settings,  # imported here, because not every command has configs
    )

    set_parsing_settings(
        import_path_denylist=["*"], import_path_allowlist=[*KNOWN, *list_trusted_packages()]
    )


def add_trusted(packages: Iterable[str]) -> None:
    """Trust packages in this process and in the other processes of the run, through the environment.

    Args:
        packages: Names given with --trust.
    """
    known = list_trusted_packages()
    added = [name for name in packages if name not in known]
    if added:
        os.environ[VARIABLE] = " ".join([*known, *added])


def is_refused(name: str) -> bool:
    """Return whether a full name is outside the trusted packages. A name without module refers to imported classes."""
    return "." in name and not any(
        name == known or name.startswith(f"{known}.")
        for known in (*KNOWN, *list_trusted_packages())
    )


def check_names(values: Any, source: str) -> None:
    """Check the class paths in plain values before they are imported.

    Args:
        values: Section of a config, or hyper-parameters.
        source: File of the values, for the message.

    Raises:
        UntrustedError: A class is not trusted, or there are too many values.
    """
    check_size(values, _parts, source)
    for name in _names(values):
        if is_refused(name):
            raise UntrustedError(f"{source} names {name!r}, but {HOW}.")


def check_size(root: Any, children: Callable[[Any], Iterable[Any]], source: str) -> None:
    """Check the number of values; a value that aliases repeat counts each time.

    Args:
        root: Root of the values.
        children: Function from a value to the values in it.
        source: File of the values, for the message.

    Raises:
        UntrustedError: There are too many values, or a value contains itself.
    """
    try:
        if _size(root, children, {}) <= MAX_VALUES:
            return
    except RecursionError:
        pass
    raise UntrustedError(
        f"{source} has more than {MAX_VALUES:,} values, or a value that contains itself: it was not read; give a "
        f"smaller file."
    )


def _size(node: Any, children: Callable[[Any], Iterable[Any]], known: dict[int, float]) -> float:
    if id(node) not in known:
        known[id(node)] = inf  # a value that contains itself is infinite
        known[id(node)] = 1 + sum(_size(part, children, known) for part in children(node))
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

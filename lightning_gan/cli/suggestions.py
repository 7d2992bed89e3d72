"""Suggestions for mistyped names of classes, settings and configs."""

import difflib
import re
from collections.abc import Iterable, Sequence

import pytorch_lightning
import torch
from pytorch_lightning.loggers import Logger
from torch.optim import lr_scheduler

from lightning_gan.utils import config_lines
from lightning_gan.utils.config_files import CONFIGS

OF_BOTH_NETWORKS = {"lr", "betas", "weight_decay", "momentum", "optimizer", "scheduler", "clip"}
ALIASES = {
    "wgan": "objectives/wasserstein.yaml", "lsgan": "objectives/least_squares.yaml", "rpgan": "objectives/r3gan.yaml",
    "rsgan": "objectives/relativistic.yaml", "ragan": "objectives/relativistic_average.yaml",
    "vanilla": "objectives/non_saturating.yaml", "bce": "objectives/non_saturating.yaml",
}  # fmt: skip


def find_near(wrong: str, names: Iterable[str], n: int = 1, cutoff: float = 0.6) -> list[str]:
    """Find the nearest names. A name that differs only in case and punctuation is returned alone.

    Args:
        wrong: Name that does not exist.
        names: Known names.
        n: Maximum number of names to return.
        cutoff: Minimum similarity, from 0 to 1.
    """
    known = list(dict.fromkeys(name for name in names if name != wrong))
    same = [name for name in known if normalize_name(name) == normalize_name(wrong)]
    return (same or difflib.get_close_matches(wrong, known, n=n, cutoff=cutoff))[:n]


def find_near_last(wrong: str, names: Iterable[str]) -> list[str]:
    """Find the name whose last part is nearest.

    Returns:
        A list with the name, or an empty list if none is near.
    """
    by_last = {normalize_name(name.rpartition(".")[2]): name for name in reversed(list(names))}
    found = difflib.get_close_matches(
        normalize_name(wrong.rpartition(".")[2]), by_last, n=1, cutoff=0.75
    )
    return [by_last[last] for last in found]


def normalize_name(name: str) -> str:
    """Return a name in lower case without punctuation."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def find_near_setting(flag: str, names: Sequence[str], typed: bool) -> list[str]:
    """Find the settings that a mistyped flag or config key was probably meant to be.

    Args:
        flag: Name as it was given, such as model.lr.
        names: Settings of the same parser.
        typed: Whether the name is from the command line, so that names in the configs are correct.
    """
    last = flag.rpartition(".")[2]
    if flag in (f"model.{last}", last) and last in OF_BOTH_NETWORKS:
        own = last in ("optimizer", "scheduler", "clip")
        return [f"model.{network}_{'' if own else 'optimizer.'}{last}" for network in "dg"]
    paths = {".".join(entry.path) for entry in config_lines.list_entries()} if typed else set()
    same = sorted(path for path in paths if path.rpartition(".")[2] == last)
    return (
        same[:2]
        or find_near(flag, names)
        or find_near(last, names)
        or find_near_last(last, sorted(paths))
    )


def find_near_class(wrong: str, classes: Sequence[str]) -> str:
    """Find the class, or the config, that a mistyped class name was probably meant to be; empty if none is near."""
    name = wrong.rpartition(".")[2]
    own = [known for known in classes if normalize_name(known) == normalize_name(name)]
    configs = {normalize_name(path.stem): path for path in sorted(CONFIGS.glob("*/*.yaml"))}
    alias = ALIASES.get(normalize_name(wrong))
    if not own and (alias or normalize_name(wrong) in configs):
        file = alias or configs[normalize_name(wrong)].relative_to(CONFIGS).as_posix()
        return f"--config {file}"
    others = (find_near(name, classes, cutoff=0.75), find_near_last(name, _list_package_classes()), find_near(name,
    classes))  # fmt: skip
    found = own or next(filter(None, others), [])
    return repr(found[0]) if found else ""


def _list_package_classes() -> list[str]:
    """List the full names of the classes of torch and Lightning that a config may use."""
    kinds = ((torch.nn, torch.nn.Module), (torch.optim, torch.optim.Optimizer),
             (lr_scheduler, lr_scheduler.LRScheduler), (pytorch_lightning.callbacks, pytorch_lightning.Callback),
             (pytorch_lightning.loggers, Logger))  # fmt: skip
    return [
        f"{module.__name__}.{name}"
        for module, base in kinds
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, base) and not name.startswith("_")
    ]

"""Where a run lives, runs/<experiment>/version_N, and what can be resumed from it."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lightning_gan.tracking import WandbMode


class CheckpointError(ValueError):
    """A file that cannot be resumed from."""


@dataclass
class Run:
    """Where a run is written.

    Args:
        name: of the experiment; the config's name if it is not given.
        root: folder of all runs.
        threads: of the CPU; torch decides if it is not given, and then the last digits depend on the machine.
        wandb: online with a key and offline without (auto), or as named; WANDB_MODE goes first.
        patience: minutes that one of several processes waits for the others.
    """

    name: str
    root: str = "runs"
    threads: int | None = None
    wandb: WandbMode = "auto"
    patience: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"run.threads is {self.threads}: give 1 or more, or leave it out.")
        if not self.patience > 0:
            raise ValueError(f"run.patience is {self.patience} minutes: give a positive number.")


def checked(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint of this suite: plain values and tensors only, every byte verified.

    Raises:
        CheckpointError: naming what is wrong with the file.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"No checkpoint at {path}: give the path of a .ckpt file.")
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # torch.load does not look at the checksums
        content = None if damaged else torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:
        raise CheckpointError(
            f"{path} ({path.stat().st_size} bytes) is not a whole checkpoint ({_first_line(error)}): use an older "
            f"file from the same folder, or start again without --ckpt_path."
        ) from error
    if content is None:
        raise CheckpointError(
            f"{path} is damaged (checksum of {damaged}): use an older file from the same folder."
        )
    if not isinstance(content, dict) or not {"counts", "state_dict", "hyper_parameters"} <= set(
        content
    ):
        raise CheckpointError(
            f"{path} is no checkpoint of a run of this suite: it lacks counts or hyper_parameters."
        )
    return content


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]


def last_checkpoint(run: Run) -> Path:
    """last.ckpt of the newest run of this experiment that has one.

    Raises:
        CheckpointError: if there is none.
    """
    found = list(Path(run.root, run.name).glob("version_*/checkpoints/last.ckpt"))
    if not found:
        others = sorted(
            {p.parents[2].name for p in Path(run.root).glob("*/version_*/checkpoints/last.ckpt")}
        )
        there = f" There are checkpoints of {', '.join(others)}." if others else ""
        raise CheckpointError(
            f"Nothing to resume: there is no {run.root}/{run.name}/version_*/checkpoints/last.ckpt. Start a run "
            f"without --ckpt_path, or give a file.{there}"
        )
    return max(found, key=lambda path: path.stat().st_mtime)


def run_folder_of(checkpoint: str | Path) -> Path | None:
    """The run folder that a checkpoint lies in, if it lies in one."""
    folder = Path(checkpoint).resolve().parent.parent
    return folder if (folder / "config.yaml").is_file() else None

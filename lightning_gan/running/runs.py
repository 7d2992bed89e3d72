"""Where a run lives, runs/<experiment>/version_N, and what can be resumed from it."""

import json
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lightning_gan import home
from lightning_gan.domains import Minutes, Threads, check_arguments
from lightning_gan.errors import UserError
from lightning_gan.file_format import check_format
from lightning_gan.running import score_file
from lightning_gan.running.metrics_file import rows_of
from lightning_gan.running.tracking import WandbMode
from lightning_gan.whole_files import clean, whole

CHECKPOINTS = "version_*/checkpoints"  # in an experiment's folder


class CheckpointError(UserError):
    """A file that cannot be resumed from."""


@check_arguments(prefix="run.")
@dataclass
class Run:
    """Where a run is written.

    Args:
        name: of the experiment; the config's name if it is not given.
        root: folder of all runs.
        threads: of the CPU, at most the cores that this process may use; torch decides if it is not given, and then
            the last digits depend on the machine.
        wandb: online with a key and offline without (auto), or as named; WANDB_MODE goes first.
        timeout_minutes: time that one of several processes waits for the others, in minutes, above 0 and at most
            1,000,000.
        accept_changed_data: Whether a checkpoint's run goes on, or is scored, with data that are not the same any more.
            Applies to this command only; run.json and the report then name the change.
    """

    name: str
    root: str = "runs"
    threads: Threads | None = None
    wandb: WandbMode = "auto"
    timeout_minutes: Minutes = 10.0
    accept_changed_data: bool = False

    def __post_init__(self) -> None:
        """Replace `~` in the root by the home folder; refuse names that lead elsewhere."""
        self.root = home.expand(self.root)
        parts = Path(self.name).parts
        if not parts or Path(self.name).is_absolute() or ".." in parts:
            raise UserError(
                f"run.name is {self.name!r}: give a name, or one below another, such as mnist/first."
            )


def checked(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint of this suite: plain values and tensors only, every byte verified.

    Raises:
        CheckpointError: naming what is wrong with the file.
        FormatError: if another version of this suite wrote it.
    """
    path = Path(home.expand(str(path)))
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
        if isinstance(content, dict) and {"counts", "state_dict"} <= set(content):
            raise CheckpointError(
                f"{path} was saved by a Trainer from Python, without the settings of its networks: construct the GAN "
                f"as it was, and load the file's state_dict into it."
            )
        raise CheckpointError(
            f"{path} is no checkpoint of a run of this suite: it lacks counts or hyper_parameters."
        )
    check_format(content, path)
    return content


def check_weights(path: str | None, checkpoint: dict[str, Any], model: nn.Module) -> None:
    """A checkpoint's weights must be those of these networks.

    Args:
        path: of the checkpoint.
        checkpoint: its content; empty if there is none.
        model: the game.

    Raises:
        CheckpointError: naming the file and the first weight that differs.
    """
    there = {name: list(w.shape) for name, w in checkpoint.get("state_dict", {}).items()}
    here = {name: list(w.shape) for name, w in model.state_dict().items()}
    for name in here | there if there else ():
        if there.get(name) != here.get(name):
            raise CheckpointError(
                f"{path} does not fit these networks: {name} is {there.get(name, 'missing')} in the file and "
                f"{here.get(name, 'missing')} here. It comes from another model, or from other code."
            )


def check_data_of(path: str | None, checkpoint: dict[str, Any], name: str) -> None:
    """The data at hand must be those that the checkpoint learned from, if it says which.

    Raises:
        ValueError: naming both.
    """
    learned = checkpoint.get("data") or name
    if learned != name:
        raise UserError(
            f"{path} learned from {learned}, but the data here are {name}: their scores do not compare. Bring "
            f"{learned} back, or start a new run."
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]


def last_checkpoint(run: Run, names: Iterable[str]) -> Path:
    """last.ckpt of the newest run of this experiment that has one.

    Args:
        run: of the experiment.
        names: that it may go by.

    Raises:
        CheckpointError: if there is none.
    """
    found = [p for n in names for p in Path(run.root, n).glob(f"{CHECKPOINTS}/last.ckpt")]
    if not found:
        others = sorted(
            {p.parents[2].name for p in Path(run.root).glob(f"*/{CHECKPOINTS}/last.ckpt")}
        )
        there = f" There are checkpoints of {', '.join(others)}." if others else ""
        raise CheckpointError(
            f"Nothing to resume: there is no {run.root}/{run.name}/{CHECKPOINTS}/last.ckpt. Start a run "
            f"without --ckpt_path, or give a file.{there}"
        )
    return max(found, key=_age)


def newest_whole(run: Run, names: Iterable[str], say: Callable[[str], None]) -> Path | None:
    """The newest checkpoint of this experiment that is whole, if there is one.

    Args:
        run: of the experiment.
        names: that it may go by.
        say: is told which newer ones were passed over, and why.
    """
    roots = [Path(run.root, name) for name in names]
    # last.ckpt is the newest step's second name: the file is looked at once, under its own
    found = {_age(p): p for root in roots for p in sorted(root.glob(f"{CHECKPOINTS}/*.ckpt"))}
    for age in sorted(found, reverse=True):
        try:
            checked(found[age])
        except CheckpointError as error:
            say(f"passed over: {error}")
        else:
            return found[age]
    return None


def _age(path: Path) -> tuple[int, int]:
    """When a file was written, and which it is."""
    known = path.stat()
    return known.st_mtime_ns, known.st_ino


def run_folder_of(checkpoint: str | Path) -> Path | None:
    """The run folder that a checkpoint lies in, if it lies in one."""
    folder = Path(checkpoint).resolve().parent.parent
    return folder if (folder / "config.yaml").is_file() else None


def taken_up(folder: Path, checkpoint: dict[str, Any]) -> int:
    """Make a run's folder as it was when a checkpoint was made: no half-written files, no later scores.

    Args:
        folder: of the run.
        checkpoint: its content.

    Returns:
        How many rows of metrics.csv belong to the checkpoint: its own logger cuts it.
    """
    clean(folder)
    for left in (folder / "checkpoints").glob("*.tmp"):  # of older versions of this suite
        left.unlink()
    rows, scores = rows_of(folder / "metrics.csv"), folder / "scores.json"
    entries = score_file.read(scores)
    step = checkpoint["counts"]["g_updates"]  # older checkpoints do not say how much is theirs
    written = checkpoint.get("written") or {
        "metrics.csv": len(list(takewhile(lambda row: int(row["step"]) <= step, rows))),
        "scores.json": len(list(takewhile(lambda entry: entry["step"] <= step, entries))),
    }
    if entries:
        text = json.dumps(entries[: written["scores.json"]], indent=1, ensure_ascii=False)
        with whole(scores) as beside:
            beside.write_text(text + "\n", encoding="utf-8")
    return int(written["metrics.csv"])


def renamed(run: str, declared: str, actual: str) -> str:
    """A run's name that says what it learned from."""
    return run.replace(declared, actual) if declared in run else f"{run}_{actual}"

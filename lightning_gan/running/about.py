"""run.json in the run folder: which code, which data, which machine, and which W&B run; written once, at the start."""

import json
import platform
import secrets
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning_gan import __version__
from lightning_gan.file_format import FORMAT, KEY, check_format
from lightning_gan.whole_files import whole

if TYPE_CHECKING:
    from lightning_gan.running.run_record import RunRecord

FILE = "run.json"
LIBRARIES = ("torch", "pytorch-lightning", "torchvision", "torchmetrics", "numpy")


def about(
    model: Any, record: "RunRecord", checkpoint: str | None = None, step: int = 0
) -> dict[str, Any]:
    """What a run depends on beside its config, in plain values.

    Args:
        model: the game.
        record: Record of the run's data and overrides.
        checkpoint: that it goes on from.
        step: updates of G in that checkpoint.
    """
    return {
        KEY: FORMAT,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "game": type(model).__name__,
        "objective": type(model.loss).__name__,
        "data": record.data,
        "code": {"lightning-gan": __version__, "commit": commit(Path(__file__).parents[2])},
        "environment": environment(),
        "continues": {"checkpoint": checkpoint, "step": step} if checkpoint else None,
        "overrides": [asdict(one) for one in record.overrides],
    }


def commit(root: Path) -> str:
    """The git commit of a clone, with -dirty where files differ from it; empty in an installed package."""
    if not (root / ".git").exists():
        return ""
    command = (
        "git",
        "-C",
        str(root),
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
        "--exclude=*",
    )
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):  # no git, or not this person's clone
        return ""
    return said.stdout.strip()


def environment() -> dict[str, str]:
    """Python, libraries and hardware of this process."""
    import torch  # pages read what was written, without torch

    gpu = torch.cuda.is_available()
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "system": platform.platform(),
        "CPU": f"{cpu()}, {torch.get_num_threads()} threads",
        "GPU": torch.cuda.get_device_name() if gpu else "none",
    }


def cpu() -> str:
    """Its name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def keep(folder: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Write run.json, with the id that W&B knows this run by.

    A folder that is written to again keeps its id. A run that goes on from the end of another one is the same run on
    W&B, and has its id; the second run that goes on from there is another one.
    """
    before = read(folder)
    facts = facts | {
        "wandb_id": before.get("wandb_id") or _inherited(folder, facts) or secrets.token_hex(4)
    }
    with whole(folder / FILE) as beside:
        beside.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return facts


def read(folder: Path) -> dict[str, Any]:
    """Read run.json of a run folder; return nothing if there is none, or no whole one.

    Raises:
        FormatError: if another version of this suite wrote it.
    """
    facts = _stored(folder)
    if facts:
        check_format(facts, folder / FILE)
    return facts


def _stored(folder: Path) -> dict[str, Any]:
    """Read run.json of any version."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _inherited(folder: Path, facts: dict[str, Any]) -> str | None:
    """The id of the run whose end this one goes on from, if no other run has it already."""
    path = Path((facts["continues"] or {}).get("checkpoint") or "").resolve()
    last = path.with_name("last.ckpt")
    if not (path.is_file() and last.is_file() and path.samefile(last)):
        return None
    own: str | None = read(path.parents[1]).get("wandb_id")
    heirs = [_stored(other) for other in folder.parent.glob("*") if other != folder]
    taken = any(
        heir.get("wandb_id") == own
        and Path((heir.get("continues") or {}).get("checkpoint") or "").resolve().parent
        == path.parent
        for heir in heirs
    )
    return None if taken else own

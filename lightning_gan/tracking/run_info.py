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
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.file_format import FORMAT, KEY, check_format

if TYPE_CHECKING:
    from lightning_gan.tracking.run_record import RunRecord

FILE = "run.json"
LIBRARIES = ("torch", "pytorch-lightning", "torchvision", "torchmetrics", "numpy")


def run_info(
    model: Any, record: "RunRecord", checkpoint: str | None = None, step: int = 0
) -> dict[str, Any]:
    """What a run depends on beside its config, in plain values.

    Args:
        model: the model.
        record: Record of the run's data and overrides.
        checkpoint: that it goes on from.
        step: updates of G in that checkpoint.
    """
    return {
        KEY: FORMAT,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": type(model).__name__,
        "objective": type(model.loss).__name__,
        "data": record.data,
        "code": {"lightning-gan": __version__, "commit": read_commit(Path(__file__).parents[2])},
        "environment": read_environment(),
        "continues": {"checkpoint": checkpoint, "step": step} if checkpoint else None,
        "overrides": [asdict(one) for one in record.overrides],
    }


def read_commit(root: Path) -> str:
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
    except (OSError, subprocess.SubprocessError):  # no git, or not this user's clone
        return ""
    return said.stdout.strip()


def read_environment() -> dict[str, str]:
    """Python, libraries and hardware of this process."""
    import torch  # pages read what was written, without torch

    gpu = torch.cuda.is_available()
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "system": platform.platform(),
        "CPU": f"{read_cpu_model()}, {torch.get_num_threads()} threads",
        "GPU": torch.cuda.get_device_name() if gpu else "none",
    }


def read_cpu_model() -> str:
    """Its name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def write_run_info(folder: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Write run.json, with the id that W&B knows this run by.

    A folder that is written to again keeps its id. A run that goes on from the end of another one is the same run on
    W&B, and has its id; the second run that goes on from there is another one.
    """
    before = read_run_info(folder)
    facts = facts | {
        "wandb_id": before.get("wandb_id") or _inherited(folder, facts) or secrets.token_hex(4)
    }
    with atomic_write(folder / FILE) as beside:
        beside.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return facts


def read_run_info(folder: Path) -> dict[str, Any]:
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
    own: str | None = read_run_info(path.parents[1]).get("wandb_id")
    heirs = [_stored(other) for other in folder.parent.glob("*") if other != folder]
    taken = any(
        heir.get("wandb_id") == own
        and Path((heir.get("continues") or {}).get("checkpoint") or "").resolve().parent
        == path.parent
        for heir in heirs
    )
    return None if taken else own

"""Write and read run.json: code version, data, machine and W&B run of a training run."""

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


def collect_run_info(
    model: Any, record: "RunRecord", checkpoint: str | None = None, step: int = 0
) -> dict[str, Any]:
    """Collect what a run depends on apart from its config, as plain values.

    Args:
        model: Model to be trained.
        record: Record of the run's data and overrides.
        checkpoint: Path of the resumed checkpoint; None for a new run.
        step: Updates of G in that checkpoint.
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
    """Return the git commit of a clone, with the suffix -dirty if files differ from it.

    Args:
        root: Root folder of the clone.

    Returns:
        Empty text if the folder is not a clone or git cannot read it.
    """
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
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):  # no git, or the clone belongs to another user
        return ""
    return answer.stdout.strip()


def read_environment() -> dict[str, str]:
    """Return the versions of Python and libraries, and the hardware of this process."""
    import torch  # reports read run.json without torch

    gpu = torch.cuda.is_available()
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "system": platform.platform(),
        "CPU": f"{read_cpu_model()}, {torch.get_num_threads()} threads",
        "GPU": torch.cuda.get_device_name() if gpu else "none",
    }


def read_cpu_model() -> str:
    """Return the name of the CPU."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def write_run_info(folder: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Write run.json and add the id of the W&B run.

    A run that continues in its folder keeps its id. The first run that continues from the last checkpoint of another
    run takes that run's id; later ones get a new id.

    Args:
        folder: Run folder.
        facts: Content of run.json, from `collect_run_info`.

    Returns:
        The content with the entry `wandb_id`.
    """
    before = read_run_info(folder)
    facts = facts | {
        "wandb_id": before.get("wandb_id") or _inherit_id(folder, facts) or secrets.token_hex(4)
    }
    with atomic_write(folder / FILE) as beside:
        beside.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return facts


def read_run_info(folder: Path) -> dict[str, Any]:
    """Read run.json of a run folder; empty if there is no file or it is incomplete.

    Raises:
        FormatError: Another version of this suite wrote the file.
    """
    facts = _read_any_version(folder)
    if facts:
        check_format(facts, folder / FILE)
    return facts


def _read_any_version(folder: Path) -> dict[str, Any]:
    """Read run.json without a check of its format number."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _inherit_id(folder: Path, facts: dict[str, Any]) -> str | None:
    """Return the id of the run whose last checkpoint this run resumes, unless another run has taken it."""
    path = Path((facts["continues"] or {}).get("checkpoint") or "").resolve()
    last = path.with_name("last.ckpt")
    if not (path.is_file() and last.is_file() and path.samefile(last)):
        return None
    own: str | None = read_run_info(path.parents[1]).get("wandb_id")
    others = [_read_any_version(other) for other in folder.parent.glob("*") if other != folder]
    taken = any(
        other.get("wandb_id") == own
        and Path((other.get("continues") or {}).get("checkpoint") or "").resolve().parent
        == path.parent
        for other in others
    )
    return None if taken else own

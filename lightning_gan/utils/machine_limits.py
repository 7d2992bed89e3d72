"""What this machine has: cores, memory, room on disk; and sentences where more is asked."""

import os
import shutil
from pathlib import Path

from lightning_gan.utils.errors import UserError

CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def count_cpus() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read_memory() -> int:
    """Return the memory of this machine or container in bytes, 0 where the system does not say."""
    if not hasattr(os, "sysconf") or not {"SC_PHYS_PAGES", "SC_PAGE_SIZE"} <= set(os.sysconf_names):
        return 0
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for file in CGROUP_LIMITS:
        text = Path(file).read_text().strip() if os.access(file, os.R_OK) else ""
        found += [int(text)] if text.isdigit() else []
    return min(found)


def check_memory(n_bytes: int, what: str, instead: str) -> None:
    """Refuse to begin what needs more memory than this machine has.

    Args:
        n_bytes: Memory that will be needed.
        what: What needs it, as the subject of a sentence in the plural.
        instead: What to do.

    Raises:
        ValueError: with both amounts in GB.
    """
    there = read_memory()
    if there and n_bytes > there:
        raise UserError(
            f"{what} take {n_bytes / 1e9:,.1f} GB of memory, and this machine has {there / 1e9:,.1f} GB: {instead}."
        )


def check_disk(n_bytes: int, folder: Path, what: str, instead: str) -> None:
    """Refuse to begin what needs more room than its file system has free.

    Args:
        n_bytes: Room that will be needed.
        folder: Where it is written; it need not exist.
        what: What needs it, as the subject of a sentence in the plural.
        instead: What to do.

    Raises:
        ValueError: with both amounts in GB.
    """
    home = next(
        place for place in (folder.absolute(), *folder.absolute().parents) if place.exists()
    )
    free = shutil.disk_usage(home).free
    if n_bytes > free:
        raise UserError(
            f"{what} take {n_bytes / 1e9:,.1f} GB in {folder}, and {free / 1e9:,.1f} GB are free: {instead}."
        )


def describe_excess(n_bytes: int) -> str:
    """Return why so many bytes are refused: they take more than half of the memory; empty if they do not."""
    there = read_memory()
    if not there or n_bytes <= there / 2:
        return ""
    return f"take {n_bytes / 1e9:.1f} GB, more than half of this machine's {there / 1e9:.1f} GB"

"""Limits of this machine: cores, memory and disk space."""

import os
import shutil
from pathlib import Path

from lightning_gan.utils.errors import UserError

CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def count_cpus() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read_memory() -> int:
    """Read the memory of this machine or container in bytes; 0 if it is unknown."""
    if not hasattr(os, "sysconf") or not {"SC_PHYS_PAGES", "SC_PAGE_SIZE"} <= set(os.sysconf_names):
        return 0
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for file in CGROUP_LIMITS:
        text = Path(file).read_text().strip() if os.access(file, os.R_OK) else ""
        found += [int(text)] if text.isdigit() else []
    return min(found)


def check_memory(n_bytes: int, what: str, instead: str) -> None:
    """Check that this machine has enough memory.

    Args:
        n_bytes: Required memory in bytes.
        what: Subject of the error message, in the plural.
        instead: Advice in the error message.

    Raises:
        UserError: The memory does not suffice.
    """
    memory = read_memory()
    if memory and n_bytes > memory:
        raise UserError(
            f"{what} take {n_bytes / 1e9:,.1f} GB of memory, and this machine has {memory / 1e9:,.1f} GB: {instead}."
        )


def check_disk(n_bytes: int, folder: Path, what: str, instead: str) -> None:
    """Check that a file system has enough free space.

    Args:
        n_bytes: Required space in bytes.
        folder: Folder to write to; it need not exist.
        what: Subject of the error message, in the plural.
        instead: Advice in the error message.

    Raises:
        UserError: The free space does not suffice.
    """
    existing = next(
        path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()
    )
    free = shutil.disk_usage(existing).free
    if n_bytes > free:
        raise UserError(
            f"{what} take {n_bytes / 1e9:,.1f} GB in {folder}, and {free / 1e9:,.1f} GB are free: {instead}."
        )


def describe_excess(n_bytes: int) -> str:
    """Describe an amount of memory that exceeds half of the machine's; empty if it does not."""
    memory = read_memory()
    if not memory or n_bytes <= memory / 2:
        return ""
    return f"take {n_bytes / 1e9:.1f} GB, more than half of this machine's {memory / 1e9:.1f} GB"

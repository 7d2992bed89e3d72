"""The memory of this machine, and whether pictures fit into it."""

import os


def memory() -> int:
    """Return the bytes of this machine's memory; 0 where the system does not say."""
    if hasattr(os, "sysconf") and {"SC_PHYS_PAGES", "SC_PAGE_SIZE"} <= os.sysconf_names.keys():
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 0


def too_large(wanted: int) -> str:
    """Return why so many bytes are refused: they take more than half of the memory; empty if they do not."""
    there = memory()
    if not there or wanted <= there / 2:
        return ""
    return f"take {wanted / 1e9:.1f} GB, more than half of this machine's {there / 1e9:.1f} GB"

"""Run a function on two processes that communicate through gloo."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

PROJECT = Path(__file__).parents[1]
Work = Callable[[int], Any]


def one_of_two(rank: int, folder: str, work: Work) -> Any:
    """Return work(rank) on one of two processes that connect through a file."""
    meet, patience = f"file://{folder}/meet", timedelta(minutes=5)
    dist.init_process_group("gloo", init_method=meet, timeout=patience, rank=rank, world_size=2)
    try:
        return work(rank)
    finally:
        dist.destroy_process_group()


def on_two_processes(work: Work, file: str, folder: Path) -> list[Any]:
    """Return work(0) of this process and work(1) of a process that executes a file which calls `there`."""
    environment = os.environ | {"PYTHONPATH": f"{PROJECT}{os.pathsep}{PROJECT / 'tests'}"}
    with subprocess.Popen([sys.executable, file, str(folder)], env=environment) as other:
        here = one_of_two(0, str(folder), work)
        assert other.wait(timeout=60) == 0
    return [here, torch.load(folder / "there.pt", weights_only=True)]


def there(work: Work) -> None:
    """Run the second process and save its result."""
    torch.save(one_of_two(1, sys.argv[1], work), f"{sys.argv[1]}/there.pt")

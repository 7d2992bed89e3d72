"""`python -m lightning_gan doctor`: what a run will see of this machine, and what is wrong with it."""

import os

from lightning_gan.doctor.machine import check_machine
from lightning_gan.doctor.paths import check_paths
from lightning_gan.doctor.slurm import check_jobs
from lightning_gan.doctor.wandb import check_account


def doctor(root: str = "runs") -> None:
    """Print what Lightning, CUDA, SLURM and W&B will see here, and what to do about what is wrong.

    Ends with status 1 if something is wrong.

    Args:
        root: Folder of all runs.
    """
    env = os.environ
    found = [*check_machine(env), *check_jobs(env), *check_account(env), *check_paths(env, root)]
    for finding in found:
        print(finding)
    wrong = sum(bool(finding.advice) for finding in found)
    print(f"{wrong} wrong" if wrong else "nothing is wrong")
    if wrong:
        raise SystemExit(1)

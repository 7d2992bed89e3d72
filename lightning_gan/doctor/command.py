"""`python -m lightning_gan doctor`: what a run will see of this machine, and what is wrong with it."""

import os

from lightning_gan.doctor.account import account
from lightning_gan.doctor.jobs import jobs
from lightning_gan.doctor.machine import machine
from lightning_gan.doctor.places import places


def doctor(root: str = "runs") -> None:
    """Print what Lightning, CUDA, SLURM and W&B will see here, and what to do about what is wrong.

    Ends with status 1 if something is wrong.

    Args:
        root: Folder of all runs.
    """
    env = os.environ
    found = [*machine(env), *jobs(env), *account(env), *places(env, root)]
    for finding in found:
        print(finding)
    wrong = sum(bool(finding.advice) for finding in found)
    print(f"{wrong} wrong" if wrong else "nothing is wrong")
    if wrong:
        raise SystemExit(1)

"""Command `doctor`: check this machine."""

import os

from lightning_gan.doctor.machine import check_machine
from lightning_gan.doctor.paths import check_paths
from lightning_gan.doctor.slurm import check_jobs
from lightning_gan.doctor.wandb import check_account


def doctor(root: str = "runs") -> None:
    """Check packages, devices, SLURM, W&B and folders, and print advice for each failed check.

    Args:
        root: Folder of all runs.

    Raises:
        SystemExit: A check failed; the status is 1.
    """
    env = os.environ
    found = [*check_machine(env), *check_jobs(env), *check_account(env), *check_paths(env, root)]
    for finding in found:
        print(finding)
    wrong = sum(bool(finding.advice) for finding in found)
    print(f"{wrong} wrong" if wrong else "nothing is wrong")
    if wrong:
        raise SystemExit(1)

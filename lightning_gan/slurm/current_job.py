"""What SLURM tells a process of its job, and how a job asks for another turn.

Lightning's own requeueing is not used: its handler saves in the middle of a step, waits for processes that may be
elsewhere, and takes up files of other jobs.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytorch_lightning.plugins.environments import (
    ClusterEnvironment,
    LightningEnvironment,
    SLURMEnvironment,
    TorchElasticEnvironment,
)

from lightning_gan.slurm.environment import is_allocated, is_started_by_srun
from lightning_gan.utils.errors import UserError

PATIENCE = 60  # seconds for an answer of SLURM's controller


@dataclass(frozen=True)
class Job:
    """A job of SLURM, as one of its processes sees it.

    Args:
        id: as scontrol takes it: 42, or 42_3 for a task of an array.
        restarts: how often it was queued again.
    """

    id: str
    restarts: int = 0

    def requeue(self) -> str:
        """Ask SLURM to queue the job again.

        Returns:
            Why it did not; empty if it did.
        """
        if not re.fullmatch(r"[0-9]+(_[0-9]+)?", self.id):
            return f"the job's number is {self.id!r}"
        scontrol = shutil.which("scontrol")
        if scontrol is None:
            return "there is no scontrol on this node"
        try:
            answer = subprocess.run(
                [scontrol, "requeue", self.id], capture_output=True, text=True, timeout=PATIENCE
            )
        except subprocess.TimeoutExpired:
            return f"scontrol gave no answer in {PATIENCE} s"
        said = (answer.stderr.strip() or answer.stdout.strip()).splitlines()
        return "" if answer.returncode == 0 else " ".join(said) or f"status {answer.returncode}"


def find_current_job(environment: Mapping[str, str] = os.environ) -> Job | None:
    """The job that srun started this process in; none on a machine of one's own, and for the user at a terminal."""
    if not is_started_by_srun(environment):
        return None
    array, task = environment.get("SLURM_ARRAY_JOB_ID"), environment.get("SLURM_ARRAY_TASK_ID")
    name = f"{array}_{task}" if array and task else environment.get("SLURM_JOB_ID", "")
    count = environment.get("SLURM_RESTART_COUNT", "0")
    return Job(name, int(count) if count.isdecimal() else 0)


def make_environment(
    num_nodes: int, environment: Mapping[str, str] = os.environ
) -> ClusterEnvironment | None:
    """What the Trainer must be told where SLURM's variables are set; none elsewhere, and under torchrun.

    Without srun there is one process, which starts others as on any machine.

    Raises:
        ValueError: for several nodes without srun.
    """
    if not is_allocated(environment) or TorchElasticEnvironment.detect():
        return None
    if is_started_by_srun(environment):
        return SLURMEnvironment(auto_requeue=False)
    if num_nodes > 1:
        raise UserError(
            f"{num_nodes} nodes were asked in a SLURM allocation, but this process was not started by srun: write "
            f"srun before python, or let `python -m lightning_gan slurm` write the file."
        )
    return LightningEnvironment()


def make_environments(trainer: Any, environment: Mapping[str, str] = os.environ) -> list[Any]:
    """What to add where the settings name no plugins: see `make_environment`.

    Args:
        trainer: settings with `make_environments` and `num_nodes`.
        environment: variables.
    """
    known = make_environment(trainer.num_nodes, environment) if not trainer.plugins else None
    return [known] if known else []

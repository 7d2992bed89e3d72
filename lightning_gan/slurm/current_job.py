"""The SLURM job of this process: its number, its requeueing, and the Trainer's cluster environment.

Lightning's own requeueing is not used: its handler saves in the middle of a step, waits for processes that may not
reach the same point, and resumes from files of other jobs.
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

SCONTROL_TIMEOUT = 60  # seconds to wait for SLURM's controller


@dataclass(frozen=True)
class Job:
    """SLURM job of this process.

    Args:
        id: Job number for scontrol: 42, or 42_3 for a task of an array.
        restarts: Number of times that the job was requeued.
    """

    id: str
    restarts: int = 0

    def requeue(self) -> str:
        """Requeue the job.

        Returns:
            Reason of a failure; empty if the job is queued.
        """
        if not re.fullmatch(r"[0-9]+(_[0-9]+)?", self.id):
            return f"the job's number is {self.id!r}"
        scontrol = shutil.which("scontrol")
        if scontrol is None:
            return "there is no scontrol on this node"
        try:
            answer = subprocess.run(
                [scontrol, "requeue", self.id],
                capture_output=True,
                text=True,
                timeout=SCONTROL_TIMEOUT,
            )
        except subprocess.TimeoutExpired:
            return f"scontrol gave no answer in {SCONTROL_TIMEOUT} s"
        lines = (answer.stderr.strip() or answer.stdout.strip()).splitlines()
        return "" if answer.returncode == 0 else " ".join(lines) or f"status {answer.returncode}"


def find_current_job(environment: Mapping[str, str] = os.environ) -> Job | None:
    """Return the job in which srun started this process; None outside of SLURM and in an interactive terminal."""
    if not is_started_by_srun(environment):
        return None
    array, task = environment.get("SLURM_ARRAY_JOB_ID"), environment.get("SLURM_ARRAY_TASK_ID")
    name = f"{array}_{task}" if array and task else environment.get("SLURM_JOB_ID", "")
    count = environment.get("SLURM_RESTART_COUNT", "0")
    return Job(name, int(count) if count.isdecimal() else 0)


def make_environment(
    num_nodes: int, environment: Mapping[str, str] = os.environ
) -> ClusterEnvironment | None:
    """Construct the cluster environment for the Trainer.

    A process in an allocation that srun did not start launches the others itself, as outside of SLURM.

    Args:
        num_nodes: Number of nodes in the settings.
        environment: Environment variables.

    Returns:
        Cluster environment; None outside of a SLURM allocation and under torchrun.

    Raises:
        UserError: More than one node without srun.
    """
    if not is_allocated(environment) or TorchElasticEnvironment.detect():
        return None
    if is_started_by_srun(environment):
        return SLURMEnvironment(auto_requeue=False)
    if num_nodes > 1:
        raise UserError(
            f"{num_nodes} nodes were requested in a SLURM allocation, but srun did not start this process: write srun "
            f"before python, or let `python -m lightning_gan slurm` write the file."
        )
    return LightningEnvironment()


def make_environments(trainer: Any, environment: Mapping[str, str] = os.environ) -> list[Any]:
    """Return the plugins to add to a Trainer: a cluster environment, if the settings name no plugins.

    Args:
        trainer: Settings with `plugins` and `num_nodes`.
        environment: Environment variables.
    """
    known = make_environment(trainer.num_nodes, environment) if not trainer.plugins else None
    return [known] if known else []

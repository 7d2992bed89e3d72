"""Detection of SLURM from environment variables; imported before torch, and imports nothing large itself."""

import os
import signal
from collections.abc import Mapping, Sequence

from lightning_gan.utils.startup_interrupts import find_command_words

NO_JOBS = ("bash", "interactive")  # job names of an interactive terminal, as in Lightning
SIGNALS = (signal.SIGUSR1, signal.SIGTERM)


def is_allocated(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether this process is in a SLURM allocation that is not an interactive terminal."""
    return "SLURM_NTASKS" in environment and environment.get("SLURM_JOB_NAME") not in NO_JOBS


def is_started_by_srun(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether srun started this process as a task of a job."""
    return is_allocated(environment) and "SLURM_STEP_ID" in environment


def hold_signals(arguments: Sequence[str]) -> None:
    """Block the signals of a SLURM job until the run handles them, because imports take seconds.

    Processes that start in the meantime inherit the blocked signals. This keeps the W&B service alive: SLURM signals
    it as well, and it would end before the run has logged its last metrics.

    Args:
        arguments: Command line of Python; signals are blocked for the command `fit` only.
    """
    if is_started_by_srun() and (find_command_words(arguments) or [""])[0] == "fit":
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

"""What the environment says of SLURM. Imports nothing heavy: it is asked before everything else is there."""

import os
import signal
from collections.abc import Mapping, Sequence

from lightning_gan.utils.startup_interrupts import find_command_words

NO_JOBS = ("bash", "interactive")  # names that Lightning, too, takes for the user at a terminal
SIGNALS = (signal.SIGUSR1, signal.SIGTERM)


def is_allocated(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a SLURM allocation, started by srun or not, that is no user's terminal."""
    return "SLURM_NTASKS" in environment and environment.get("SLURM_JOB_NAME") not in NO_JOBS


def is_started_by_srun(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is one of a job's tasks, and not the script around them."""
    return is_allocated(environment) and "SLURM_STEP_ID" in environment


def hold_signals(arguments: Sequence[str]) -> None:
    """Let signals of a job wait until its run listens: Python's start takes seconds.

    What starts before that is spared by them, too: SLURM tells W&B's service as well that time is up, which would end
    it before its run has said its last.

    Args:
        arguments: Command line of Python; only the command `fit` has a run that will listen.
    """
    if is_started_by_srun() and (find_command_words(arguments) or [""])[0] == "fit":
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

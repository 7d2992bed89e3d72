"""`python -m lightning_gan`."""

import os
import signal

if (
    "SLURM_STEP_ID" in os.environ
):  # it waits until a run listens, and does not kill a W&B service that starts before
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})

from lightning_gan.cli import main

if __name__ == "__main__":
    main()

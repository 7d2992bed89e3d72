"""Run of mnist_parzen.yaml, trained once for all claims that need it."""

from pathlib import Path

from lightning_gan.studies.goodfellow2014.claim import Setting
from lightning_gan.studies.goodfellow2014.experiments import train_or_find

QUICK_STEPS = 300  # of 2,500: enough for readable digits


def train_or_find_mnist(setting: Setting, seed: int = 0) -> Path:
    """Return the folder of the finished run; train the model if there is none.

    Args:
        setting: Folders of data and runs; the short version trains for `QUICK_STEPS` updates of G.
        seed: Random seed for initial weights and training.

    Raises:
        ExperimentError: If the run fails.
    """
    if setting.quick:
        return train_or_find(
            "mnist_parzen.yaml", setting, seed, "--trainer.max_steps", str(QUICK_STEPS)
        )
    return train_or_find("mnist_parzen.yaml", setting, seed)

"""The run of mnist_parzen.yaml that several claims look at, trained once for all of them."""

from pathlib import Path

from lightning_gan.studies.goodfellow2014.claim import Setting
from lightning_gan.studies.goodfellow2014.experiments import train_or_find

QUICK_STEPS = 300  # of 2,500: digits can be read, the score is far from its best


def mnist_run(setting: Setting, seed: int = 0) -> Path:
    """Folder of the finished run; its last checkpoint is checkpoints/last.ckpt.

    Args:
        setting: where data are and runs go; the quick one trains for `QUICK_STEPS` updates of G.
        seed: of everything.

    Raises:
        ExperimentError: if the run did not come to its end.
    """
    if setting.quick:
        return train_or_find(
            "mnist_parzen.yaml", setting, seed, "--trainer.max_steps", str(QUICK_STEPS)
        )
    return train_or_find("mnist_parzen.yaml", setting, seed)

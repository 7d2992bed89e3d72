"""Figure 2 c, d with recipes of our own: layers of the same kinds as in 2014, narrow enough for a CPU to train them.

The released pairs take about a day on a CPU (`cifar10.py` gives them one epoch). These take minutes, and the
question of Figure 2 can be asked of them: are samples that show something copies of training images?
"""

from pathlib import Path

from datamodules import CIFAR10GCN
from lightning_gan.studies.goodfellow2014.cifar10 import PAIRS, describe_drawn_pixels, scored
from lightning_gan.studies.goodfellow2014.claim import Claim, Finding, Setting
from lightning_gan.studies.goodfellow2014.experiments import train_or_find
from lightning_gan.studies.goodfellow2014.figure2 import Run, neighbours
from lightning_gan.studies.goodfellow2014.finished_runs import load_model

NAME = "cifar10_recipes"


def recipe(kind: str) -> Run:
    """How a finished run of our recipe for "fully connected" or "convolutional" is found, or trained."""
    config = f"cifar10_{kind.replace(' ', '_')}.yaml"

    def folder(setting: Setting, seed: int) -> Path:
        return train_or_find(config, setting, seed)

    return folder


def run(setting: Setting) -> list[Finding]:
    """Train both recipes; show samples of the first seed, count all seeds' copies, and score them.

    The paper has no number for CIFAR-10. Only the copies can fail.
    """
    data = CIFAR10GCN(setting.root)
    data.prepare_data()
    data.setup()
    found = []
    for kind, pair in PAIRS.items():
        ours, run_of = f"{kind}, our recipe", recipe(kind)
        folders = [run_of(setting, seed) for seed in setting.seeds]
        path = setting.folder(NAME) / f"samples_{kind.replace(' ', '_')}.png"
        found += [
            describe_drawn_pixels(load_model(folders[0]), ours, pair.panel, data, path),
            neighbours(run_of, f"CIFAR-10 {kind}", setting, NAME),
            scored(ours, folders),
        ]
    return found


CLAIM = Claim(
    name=NAME,
    section="fig. 2c, 2d",
    says="the kinds of layers of both CIFAR-10 pairs draw samples that are no copies; our sizes and optimizer",
    run=run,
    seconds=1200,
)

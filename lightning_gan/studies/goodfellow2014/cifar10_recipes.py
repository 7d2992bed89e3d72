"""Figure 2 c, d with smaller networks of our own, which have the same kinds of layers and train on a CPU in minutes.

The released pairs take about a day on a CPU (`cifar10.py` trains them for one epoch).
"""

from pathlib import Path

from datamodules import CIFAR10GCN
from lightning_gan.studies.goodfellow2014.cifar10 import PAIRS, describe_drawn_pixels, report_fid
from lightning_gan.studies.goodfellow2014.claim import Claim, Finding, Setting
from lightning_gan.studies.goodfellow2014.experiments import train_or_find
from lightning_gan.studies.goodfellow2014.figure2 import RunFinder, judge_copies
from lightning_gan.studies.goodfellow2014.finished_runs import load_model

NAME = "cifar10_recipes"


def make_run_finder(kind: str) -> RunFinder:
    """Return a function that trains our recipe, "fully connected" or "convolutional", or finds its finished run."""
    config = f"cifar10_{kind.replace(' ', '_')}.yaml"

    def folder(setting: Setting, seed: int) -> Path:
        return train_or_find(config, setting, seed)

    return folder


def run(setting: Setting) -> list[Finding]:
    """Train both recipes, draw samples of the first seed, judge copies of training images, and report the FID.

    The paper has no number for CIFAR-10. Only the copies have a criterion.
    """
    data = CIFAR10GCN(setting.root)
    data.prepare_data()
    data.setup()
    found = []
    for kind, pair in PAIRS.items():
        name, find_run = f"{kind}, our recipe", make_run_finder(kind)
        folders = [find_run(setting, seed) for seed in setting.seeds]
        path = setting.make_folder(NAME) / f"samples_{kind.replace(' ', '_')}.png"
        found += [
            describe_drawn_pixels(load_model(folders[0]), name, pair.panel, data, path),
            judge_copies(find_run, f"CIFAR-10 {kind}", setting, NAME),
            report_fid(name, folders),
        ]
    return found


CLAIM = Claim(
    name=NAME,
    section="fig. 2c, 2d",
    statement="samples of both kinds of CIFAR-10 networks are no copies of training images; our sizes and optimizer",
    run=run,
    seconds=1200,
)

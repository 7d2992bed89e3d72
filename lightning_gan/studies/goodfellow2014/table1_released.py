"""Table 1 with the hyper-parameters that the authors released: does 225 nats on MNIST come out?

The criterion: the mean over seeds and 225 ± 2 differ by at most twice the standard error of their difference. The paper
names no length of training and the released run has no end; ours takes the 250 epochs in which momentum rises.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from lightning_gan.plotting import figures
from lightning_gan.studies.goodfellow2014.claim import Claim, Finding, Setting, Verdict
from lightning_gan.studies.goodfellow2014.experiments import train_or_find
from lightning_gan.studies.goodfellow2014.table1_rows import GAN_2014, score_baselines, score_runs
from lightning_gan.utils import images

CONFIG = "mnist_goodfellow2014.yaml"
UPDATES = 500  # in an epoch
CURVE = "val/parzen_nats"


def run(setting: Setting) -> list[Finding]:
    """Train the released settings once for each seed, and score them as in 2014."""
    folders = [train_or_find(CONFIG, setting, seed) for seed in setting.seeds]
    found = score_runs(folders)
    image = draw_released(
        setting.folder("table1_released") / "curve.png",
        folders,
        score_baselines(setting.root)["training images"].value,
    )
    holds = found.nats.agrees(GAN_2014.mnist)
    note = f"{found.protocol} 250 epochs; the paper names no number of epochs."
    if not found.comparable:
        note = f"Not the protocol of Table 1, so nothing is concluded: {note}"
    verdict = Verdict.of(holds) if found.comparable else Verdict.SHOWN
    what = "adversarial nets (released settings), MNIST test nats: equal within 2 s.e.?"
    return [Finding(what, f"{GAN_2014.mnist.published} nats", found.ours, verdict, image, note)]


def curve(folder: Path) -> tuple[list[float], list[float]]:
    """Epochs, and validation nats after them."""
    with (folder / "metrics.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get(CURVE)]
    return [int(float(r["step"])) / UPDATES for r in rows], [float(r[CURVE]) for r in rows]


def draw_released(path: Path, folders: Sequence[Path], real: float) -> Path:
    """Write the image: nats over epochs, one line for each seed."""
    figure = Figure(figsize=(7, 3.6), layout="constrained", dpi=100)
    ax = figure.subplots()
    for i, folder in enumerate(folders):
        ax.plot(*curve(folder), lw=1.2, label=f"run {i}" if len(folders) > 1 else "our run")
    value, error = GAN_2014.mnist
    ends = value - 2 * error, value + 2 * error
    ax.axhspan(*ends, color="tab:gray", alpha=0.4, label="the paper's 225 ± 2 s.e.")
    ax.axhline(real, color="tab:orange", ls="--", lw=1, label="10,000 training images (test)")
    ax.set(
        xlabel="epoch",
        ylabel="Parzen nats, validation",
        title="MNIST with the released hyper-parameters",
    )
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize=8)
    return images.save_image(figures.render_figure(figure), path)


CLAIM = Claim(
    name="table1_released",
    section="sec. 5, table 1",
    says="the hyper-parameters released with the paper give its 225 nats on MNIST",
    run=run,
    seconds=4500,
)

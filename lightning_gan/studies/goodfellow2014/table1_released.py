"""Table 1 with the released hyperparameters: 225 nats on MNIST.

Criterion: the mean over seeds and 225 ± 2 differ by at most twice the standard error of their difference. The paper
states no length of training and the released run has no end; ours has the 250 epochs in which momentum increases.
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
    """Train the released settings with every seed, and judge their score by the paper's protocol."""
    folders = [train_or_find(CONFIG, setting, seed) for seed in setting.seeds]
    found = score_runs(folders)
    image = draw_released(
        setting.make_folder("table1_released") / "curve.png",
        folders,
        score_baselines(setting.root)["training images"].value,
    )
    holds = found.nats.agrees(GAN_2014.mnist)
    note = f"{found.protocol} 250 epochs; the paper states no number of epochs."
    if not found.comparable:
        note = f"No verdict, because the protocol differs from that of Table 1: {note}"
    verdict = Verdict.from_bool(holds) if found.comparable else Verdict.SHOWN
    quantity = (
        "adversarial nets (released settings), MNIST test nats: equal within 2 standard errors?"
    )
    return [
        Finding(quantity, f"{GAN_2014.mnist.published} nats", found.result, verdict, image, note)
    ]


def read_curve(folder: Path) -> tuple[list[float], list[float]]:
    """Read the validation nats of a run; returns epochs and values."""
    with (folder / "metrics.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get(CURVE)]
    return [int(float(r["step"])) / UPDATES for r in rows], [float(r[CURVE]) for r in rows]


def draw_released(path: Path, folders: Sequence[Path], real: float) -> Path:
    """Draw validation nats over epochs, one line for each seed."""
    figure = Figure(figsize=(7, 3.6), layout="constrained", dpi=100)
    ax = figure.subplots()
    for i, folder in enumerate(folders):
        ax.plot(*read_curve(folder), lw=1.2, label=f"run {i}" if len(folders) > 1 else "our run")
    value, error = GAN_2014.mnist
    ends = value - 2 * error, value + 2 * error
    ax.axhspan(*ends, color="tab:gray", alpha=0.4, label="paper: 225 ± 2 standard errors")
    ax.axhline(real, color="tab:orange", ls="--", lw=1, label="10,000 training images (test)")
    ax.set(
        xlabel="epoch",
        ylabel="Parzen nats, validation",
        title="MNIST with the released hyperparameters",
    )
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize=8)
    return images.save_image(figures.render_figure(figure), path)


CLAIM = Claim(
    name="table1_released",
    section="sec. 5, table 1",
    statement="the released hyperparameters give the paper's 225 nats on MNIST",
    run=run,
    seconds=4500,
)

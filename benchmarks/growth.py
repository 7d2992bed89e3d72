"""Measure what grows with a run: bytes and time of a checkpoint, of an entry of scores.json, of the curve plot.

    python benchmarks/growth.py [--points 1000,10000,100000] [--looks 10,100,1000]

Uses small networks, so that weights are a small part of the checkpoint. "in the checkpoint" stores the points of the
curves in the checkpoint; "by parsing" parses scores.json for each entry. One thread; the methods alternate; medians of
five.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Trainer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from model_factory import Pixels, make_model
from run_fixtures import make_entries, make_protocol

import callbacks
from lightning_gan.cli.log_filter import filter_logs
from lightning_gan.evaluation import Score
from lightning_gan.plotting import figures
from lightning_gan.tracking import scores_json
from lightning_gan.tracking.curve_points import read_curves
from lightning_gan.tracking.metrics_csv import MetricsLogger
from lightning_gan.utils.atomic_files import atomic_write


class PointsInTheCheckpoint(callbacks.TrainingCurves):
    """Training curves whose points are stored in the checkpoint."""

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: Any, checkpoint: dict[str, Any]
    ) -> None:
        checkpoint["curves"] = {key: list(curve) for key, curve in self.curves.items() if curve}


def median_ms(call: Callable[[], Any]) -> float:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def saving(points: int, folder: Path) -> None:
    """Save a checkpoint of a run with this number of rows in metrics.csv."""
    values = {key: [(i, i / points) for i in range(1, points + 1)] for key in figures.KEYS}
    rows = [
        ",".join(("step", *figures.KEYS)),
        *(f"{i}" + f",{i / points}" * len(figures.KEYS) for i in range(1, points + 1)),
    ]
    line = f"{points:7,} points:"
    for name, kind in (
        ("in the checkpoint", PointsInTheCheckpoint),
        ("in metrics.csv", callbacks.TrainingCurves),
    ):
        root = folder / f"{name} {points}"
        run_folder = root / "run" / "version_0"
        run_folder.mkdir(parents=True)
        (run_folder / "metrics.csv").write_text("\n".join(rows) + "\n")
        curves = kind()
        run = Trainer(
            max_steps=1, max_epochs=-1, accelerator="cpu", devices=1, callbacks=[curves], limit_val_batches=0,
            logger=MetricsLogger(str(root), "run", "version_0", keep=points), enable_progress_bar=False,
            enable_checkpointing=False, enable_model_summary=False, log_every_n_steps=50,
        )  # fmt: skip
        run.fit(make_model(), datamodule=Pixels())
        if kind is PointsInTheCheckpoint:
            curves.curves.update(values)
        path = root / "a.ckpt"
        spent = median_ms(lambda run=run, path=path: run.save_checkpoint(path))
        line += f"  {name} {path.stat().st_size:10,} bytes {spent:7.1f} ms"
    reading = median_ms(lambda: read_curves(run_folder, figures.KEYS))
    print(f"{line}; read at the end, once {reading:.0f} ms", flush=True)


def adding(looks: int, folder: Path) -> None:
    """Add ten scores to a file that already holds ten for each of these evaluations."""
    new = make_entries(
        "stage", "val", *(Score(f"score_{i}", 1.0, None, make_protocol()) for i in range(10))
    )
    path = folder / f"{looks}.json"
    scores_json.append_score(path, new * looks)

    def parsed() -> None:
        before = json.loads(path.read_text(encoding="utf-8"))
        with atomic_write(path) as beside:
            beside.write_text(json.dumps([*before, *new], indent=1, ensure_ascii=False) + "\n")

    size = path.stat().st_size
    times = [median_ms(parsed), median_ms(lambda: scores_json.append_score(path, new))]
    counts = [
        median_ms(lambda: len(json.loads(path.read_text()))),
        median_ms(lambda: scores_json.count_scores(path)),
    ]
    print(
        f"{looks:5,} evaluations of ten scores, {size:9,} bytes: added by parsing {times[0]:6.1f} ms, at the "
        f"end {times[1]:5.1f} ms; counted by parsing {counts[0]:5.1f} ms, in the text {counts[1]:5.1f} ms",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", default="1000,10000,100000")
    parser.add_argument("--looks", default="10,100,1000")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    filter_logs()
    with tempfile.TemporaryDirectory() as folder:
        for points in asked.points.split(","):
            saving(int(points), Path(folder))
        for looks in asked.looks.split(","):
            adding(int(looks), Path(folder))


if __name__ == "__main__":
    main()

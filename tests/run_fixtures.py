"""Run folders without training, for tests of the pages: config, curves, scores with protocols, images."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from lightning_gan.evaluation import EvaluationProtocol, Score
from lightning_gan.utils import images
from lightning_gan.utils.file_format import FORMAT, KEY

CONFIG = {
    "seed_everything": 0,
    "run": {"name": "made", "root": "runs", "threads": None, "wandb": "auto"},
    "model": {"class_path": "lightning_gan.GAN", "init_args": {"k": 1, "loss": "NonSaturating"}},
    "data": {"class_path": "datamodules.MNIST", "init_args": {"root": "data", "seed": None, "batch_size": 10}},
    "trainer": {"max_steps": 100},
}  # fmt: skip
INFO = {
    KEY: FORMAT,
    "started": "2026-01-02T03:04:05+00:00", "model": "GAN", "objective": "NonSaturating", "wandb_id": "abc",
    "data": {"name": "mnist", "provenance": "made digits", "sha256": "d" * 64},
    "code": {"lightning-gan": "0.1.0", "commit": "c" * 40},
    "environment": {"python": "3.11", "torch": "2.14", "CPU": "one, 1 threads", "GPU": "none"}, "continues": None,
}  # fmt: skip


def make_protocol(**changes: Any) -> EvaluationProtocol:
    """Make the protocol of a Fréchet distance, with some fields changed."""
    fields = {
        "metric": "Fréchet distance", "features": "tiny", "weights": "f" * 64, "resize": "none", "real": "mnist",
        "split": "test", "real_hash": "e" * 64, "n_real": 20, "n_generated": 500, "value_range": "bytes",
        "settings": {}, "error": "unknown for one sample set", "generated": "average of G", "seed": 0,
    }  # fmt: skip
    return EvaluationProtocol(**(fields | changes))


def make_entries(key: str, source: str, *scores: Score, step: int = 100) -> list[dict[str, Any]]:
    """Make entries of scores.json (key "stage") or baselines.json (key "baseline")."""
    return [{KEY: FORMAT, key: source, "step": step, **score.as_dict()} for score in scores]


def make_grid(step: int) -> Tensor:
    """Make an image of doubled grey pixels, which depends on the step."""
    x = torch.full([4, 1, 6, 6], min(255, 20 + step % 200), dtype=torch.uint8)
    return images.make_image_grid(x, 2, scale=2)


def make_run(
    folder: Path,
    *,
    name: str = "made",
    seed: int = 0,
    k: int = 1,
    step: int = 100,
    scores: tuple[Score, ...] = (),
    baselines: tuple[Score, ...] = (),
    kind: str = "samples",
    num_images: int = 4,
    shift: float = 0.0,
    info: dict[str, Any] | None = None,
) -> Path:
    """Write a run folder whose curves are straight lines in steps of 10, starting at `shift`."""
    folder.mkdir(parents=True)
    config = json.loads(json.dumps(CONFIG)) | {"seed_everything": seed}
    config["run"]["name"] = name
    config["model"]["init_args"]["k"] = k
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "run.json").write_text(json.dumps(INFO | (info or {})))
    lines = ["step,train/value,train/d_x,train/d_gz,val/parzen_nats,val/parzen_se,epoch"]
    for at in range(10, step + 1, 10):
        held_out = f"{200 + at / 10},2.0" if at % 50 == 0 else ","
        lines.append(f"{at},{shift - at / 100},{0.9 - at / 500},{0.1 + at / 500},{held_out},0")
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    stored = make_entries("stage", "test", *scores, step=step)
    (folder / "scores.json").write_text(json.dumps(stored))
    stored = make_entries("baseline", "training images", *baselines)
    (folder / "baselines.json").write_text(json.dumps(stored))
    for i in range(num_images):
        at = i * step // max(num_images - 1, 1)
        images.save_image(make_grid(at), folder / "images" / kind / f"step_{at:07d}.png")
    last = folder / "images" / "nearest_neighbours" / f"step_{step:07d}.png"
    images.save_image(make_grid(step), last)
    return folder


def add_checkpoint(folder: Path) -> Path:
    """Write an empty last.ckpt."""
    path = folder / "checkpoints" / "last.ckpt"
    path.parent.mkdir()
    path.touch()
    return path


def add_evaluation(folder: Path, *scores: Score, name: str = "evaluate.json") -> None:
    """Write a file as `evaluate --json` writes it."""
    content = {KEY: FORMAT, "scores": [score.as_dict() for score in scores], "baselines": {}}
    (folder / name).write_text(json.dumps(content))


def set_times(folder: Path, seconds: dict[str, float]) -> None:
    """Set the modification times of files.

    Args:
        folder: Run folder.
        seconds: Seconds after the start in run.json, by path in the folder.
    """
    start = datetime.fromisoformat(INFO["started"]).timestamp()
    for path, after in seconds.items():
        os.utime(folder / path, (start + after, start + after))

"""Run folders without training: config, metrics, scores with protocols and images, for tests of the reports."""

import json
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
ABOUT = {
    KEY: FORMAT,
    "started": "2026-01-02T03:04:05+00:00", "model": "GAN", "objective": "NonSaturating", "wandb_id": "abc",
    "data": {"name": "mnist", "provenance": "made digits", "sha256": "d" * 64},
    "code": {"lightning-gan": "0.1.0", "commit": "c" * 40},
    "environment": {"python": "3.11", "torch": "2.14", "CPU": "one, 1 threads", "GPU": "none"}, "continues": None,
}  # fmt: skip


def score_protocol(**changes: Any) -> EvaluationProtocol:
    """Return the protocol of a Fréchet distance."""
    fields = {
        "metric": "Fréchet distance", "features": "tiny", "weights": "f" * 64, "resize": "none", "real": "mnist",
        "split": "test", "real_hash": "e" * 64, "n_real": 20, "n_generated": 500, "value_range": "bytes",
        "settings": {}, "error": "unknown for one sample set", "generated": "average of G", "seed": 0,
    }  # fmt: skip
    return EvaluationProtocol(**(fields | changes))


def entries(whose: str, name: str, *scores: Score, step: int = 100) -> list[dict[str, Any]]:
    """Return entries of scores.json or baselines.json."""
    return [{KEY: FORMAT, whose: name, "step": step, **score.as_dict()} for score in scores]


def grid_of(step: int) -> Tensor:
    """Return a grid of grey images whose brightness depends on the step."""
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
    image_bytes: int = 4,
    shift: float = 0.0,
    about: dict[str, Any] | None = None,
) -> Path:
    """Write a run folder whose curves are straight lines in steps of 10, starting at `shift`."""
    folder.mkdir(parents=True)
    config = json.loads(json.dumps(CONFIG)) | {"seed_everything": seed}
    config["run"]["name"] = name
    config["model"]["init_args"]["k"] = k
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "run.json").write_text(json.dumps(ABOUT | (about or {})))
    lines = ["step,train/value,train/d_x,train/d_gz,val/parzen_nats,val/parzen_se,epoch"]
    for at in range(10, step + 1, 10):
        held_out = f"{200 + at / 10},2.0" if at % 50 == 0 else ","
        lines.append(f"{at},{shift - at / 100},{0.9 - at / 500},{0.1 + at / 500},{held_out},0")
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    (folder / "scores.json").write_text(json.dumps(entries("stage", "test", *scores, step=step)))
    (folder / "baselines.json").write_text(
        json.dumps(entries("baseline", "training images", *baselines))
    )
    for i in range(image_bytes):
        at = i * step // max(image_bytes - 1, 1)
        images.save_image(grid_of(at), folder / "images" / kind / f"step_{at:07d}.png")
    images.save_image(
        grid_of(step), folder / "images" / "nearest_neighbours" / f"step_{step:07d}.png"
    )
    return folder

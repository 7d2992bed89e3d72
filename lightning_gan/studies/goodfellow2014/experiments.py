"""Experiments of the suite's own configs, run as the user would type them, once: finished runs are found again."""

import json
import os
import subprocess
import sys
from pathlib import Path

from lightning_gan.studies.goodfellow2014.claim import Setting
from lightning_gan.tracking import scores_json
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import FORMAT, KEY, check_format

DONE = "finished.json"  # the command of a run that came to its end


class ExperimentError(UserError, RuntimeError):
    """An experiment that ended before its end."""


def train_or_find(config: str, setting: Setting, seed: int, *more: str) -> Path:
    """Folder of the run of `fit --config CONFIG --seed_everything SEED MORE`, trained now if it is not there yet.

    Its last checkpoint is checkpoints/last.ckpt, its scores are in scores.json, its output in <name>.log beside it.

    Args:
        config: Bare file name of the config, such as mnist_parzen.yaml.
        setting: of the claim: where data are and runs go.
        seed: of everything.
        more: further words of the command line, such as "--trainer.max_steps", "300".

    Raises:
        ExperimentError: with the run's own last words.
    """
    name = f"{Path(config).stem}_seed{seed}"
    root = setting.out / "runs"
    words = ["--config", config, "--seed_everything", str(seed), *more]
    if setting.root != "data":
        words += ["--data.root", setting.root]
    for done in sorted(_runs(root, seed, DONE)):
        stored = json.loads(done.read_text(encoding="utf-8"))
        check_format(stored if isinstance(stored, dict) else {}, done)
        if stored["words"] == words:
            return done.parent
    root.mkdir(parents=True, exist_ok=True)
    before = _runs(root, seed, "run.json")
    _fit([*words, "--run.root", str(root), "--run.name", name], root / f"{name}.log")
    new = _runs(root, seed, "run.json") - before
    folder = max(new, key=lambda path: path.stat().st_mtime_ns).parent
    with atomic_write(folder / DONE) as beside:
        beside.write_text(json.dumps({KEY: FORMAT, "words": words}), encoding="utf-8")
    return folder


def _runs(root: Path, seed: int, file: str) -> set[Path]:
    """Find a file in the folders of all runs of a seed, whichever data each run is named after."""
    names = (f"*_seed{seed}", f"*_seed{seed}_*")
    return {path for name in names for path in root.glob(f"{name}/version_*/{file}")}


def _fit(words: list[str], log: Path) -> None:
    """Run the command; its output goes to the log."""
    print(f"  training: fit {' '.join(words[:4])} ... (its output: {log})", flush=True)
    environment = os.environ | {"WANDB_MODE": "disabled"}
    with log.open("w", encoding="utf-8") as output:
        ended = subprocess.run(
            [sys.executable, "-m", "lightning_gan", "fit", *words],
            stdout=output, stderr=subprocess.STDOUT, env=environment, check=False,
        )  # fmt: skip
    if ended.returncode:
        lines = log.read_text(encoding="utf-8").strip().splitlines() or ["it said nothing"]
        raise ExperimentError(
            f"`fit {' '.join(words)}` ended with status {ended.returncode}: {lines[-1]} (all of it: {log})"
        )


def evaluate_checkpoint(folder: Path, name: str) -> tuple[float, float]:
    """A test score of a finished run with its own ±, from scores.json.

    Raises:
        ExperimentError: if the run has no such score.
    """
    path = folder / "scores.json"
    for entry in reversed(scores_json.read(path)):
        if entry["stage"] == "test" and entry["name"] == name:
            return float(entry["value"]), float(entry["sd"] or 0)
    raise ExperimentError(
        f"{path} holds no test score {name!r}: delete the run folder, and run it again."
    )

"""Run `fit` with a config once, and find the folder of the finished run again."""

import json
import os
import subprocess
import sys
from itertools import count
from pathlib import Path

from lightning_gan.studies.goodfellow2014.claim import Setting
from lightning_gan.tracking import scores_json
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import FORMAT, KEY, check_format

RUN_FOLDER = "*/version_*"  # below --run.root; the first part is the run's name, which can depend on the data
DONE = "finished.json"  # arguments of `fit`, written when it succeeds


class ExperimentError(UserError, RuntimeError):
    """Error of a run that failed, or whose results are incomplete."""


def train_or_find(config: str, setting: Setting, seed: int, *more: str) -> Path:
    """Return the run folder of `fit --config CONFIG --seed_everything SEED MORE`; train the model if there is none.

    Each attempt writes into a new folder of its own, `<out>/runs/<config>_seed<seed>_<n>`, which holds one run folder
    and the output of `fit` in fit.log.

    Args:
        config: File name of the config, such as mnist_parzen.yaml.
        setting: Folders of data and runs.
        seed: Random seed for initial weights and training.
        more: Further arguments of `fit`, such as "--trainer.max_steps", "300".

    Raises:
        ExperimentError: If `fit` fails; the message has the last line of its output.
    """
    name = f"{Path(config).stem}_seed{seed}"
    runs = setting.out / "runs"
    words = ["--config", config, "--seed_everything", str(seed), *more]
    if setting.root != "data":
        words += ["--data.root", setting.root]
    for done in sorted(runs.glob(f"{name}_*/{RUN_FOLDER}/{DONE}")):
        stored = json.loads(done.read_text(encoding="utf-8"))
        check_format(stored if isinstance(stored, dict) else {}, done)
        if stored["words"] == words:
            return done.parent
    root = _make_numbered_folder(runs, name)
    _fit([*words, "--run.root", str(root), "--run.name", name], root / "fit.log")
    (folder,) = (path.parent for path in root.glob(f"{RUN_FOLDER}/run.json"))
    with atomic_write(folder / DONE) as temporary:
        temporary.write_text(json.dumps({KEY: FORMAT, "words": words}), encoding="utf-8")
    return folder


def _make_numbered_folder(parent: Path, name: str) -> Path:
    """Create `<parent>/<name>_<n>` with the first free n; no other process can get the same folder."""
    for n in count():
        folder = parent / f"{name}_{n}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise AssertionError


def _fit(words: list[str], log: Path) -> None:
    """Run `fit` in a subprocess, and write its output to a file."""
    print(f"  training: fit {' '.join(words[:4])} ... (output: {log})", flush=True)
    environment = os.environ | {"WANDB_MODE": "disabled"}
    with log.open("w", encoding="utf-8") as output:
        ended = subprocess.run(
            [sys.executable, "-m", "lightning_gan", "fit", *words],
            stdout=output, stderr=subprocess.STDOUT, env=environment, check=False,
        )  # fmt: skip
    if ended.returncode:
        lines = log.read_text(encoding="utf-8").strip().splitlines() or ["no output"]
        raise ExperimentError(
            f"`fit {' '.join(words)}` failed with status {ended.returncode}: {lines[-1]} (output: {log})"
        )


def read_test_score(folder: Path, name: str) -> tuple[float, float]:
    """Read a test score of a finished run from scores.json.

    Returns:
        The value and its standard deviation; 0 if it has none.

    Raises:
        ExperimentError: If the run has no such score.
    """
    path = folder / "scores.json"
    for entry in reversed(scores_json.read(path)):
        if entry["stage"] == "test" and entry["name"] == name:
            return float(entry["value"]), float(entry["sd"] or 0)
    raise ExperimentError(
        f"{path} has no test score {name!r}: delete the run folder, and run the claim again."
    )

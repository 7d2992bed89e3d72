"""What a run folder holds, read back: config, curves, scores with their protocols, images."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from lightning_gan.evaluation import Score, protocol_from_dict
from lightning_gan.tracking import run_info
from lightning_gan.tracking.curve_points import Curve, read_curves
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import check_format

# the same values and the same refusals as yaml.SafeLoader, parsed in C where the library has it
SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class StoredScore:
    """A score as a file holds it.

    Attributes:
        whose: the stage, or the baseline.
        step: updates of G.
        score: with its protocol.
    """

    whose: str
    step: int
    score: Score


@dataclass(frozen=True)
class RunFiles:
    """One run.

    Attributes:
        folder: of the run.
        config: that it was started with.
        about: run.json; empty in older runs.
        curves: (step, value) pairs of each key of metrics.csv.
        scores: of all evaluations, in order.
        baselines: what baselines scored at test.
        unread: scores without a protocol that can be read.
    """

    folder: Path
    config: dict[str, Any]
    about: dict[str, Any]
    curves: dict[str, Curve]
    scores: list[StoredScore]
    baselines: list[StoredScore]
    unread: int

    @property
    def experiment(self) -> str:
        """Its name."""
        return str((self.config.get("run") or {}).get("name") or self.folder.resolve().parent.name)

    @property
    def seed(self) -> Any:
        """Of everything that is drawn."""
        return self.config.get("seed_everything")

    @cached_property
    def step(self) -> int:
        """The last one that a curve or a score knows."""
        steps = [curve[-1][0] for curve in self.curves.values()] + [k.step for k in self.scores]
        return max(steps, default=0)

    def latest(self, stage: str) -> dict[str, Score]:
        """The last score of each name at a stage."""
        return {kept.score.name: kept.score for kept in self.scores if kept.whose == stage}

    @property
    def stage(self) -> str:
        """That is judged by: test where it was scored there."""
        return "test" if self.latest("test") else "val"

    def baseline_scores(self, name: str) -> dict[str, Score]:
        """What each baseline got for a score."""
        return {kept.whose: kept.score for kept in self.baselines if kept.score.name == name}

    def image_bytes(self) -> dict[str, list[tuple[int, Path]]]:
        """(step, file) of the images of each kind, in order of steps."""
        found: dict[str, list[tuple[int, Path]]] = {}
        for folder in sorted(p for p in (self.folder / "images").glob("*") if p.is_dir()):
            files = [(_step(path), path) for path in folder.glob("step_*.png")]
            if named := sorted((step, path) for step, path in files if step is not None):
                found[folder.name] = named
        return found


def read_plain(text: str) -> Any:
    """Read YAML as plain values, as `yaml.safe_load` does, by libyaml where PyYAML has it."""
    loader = SAFE(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def read_run(folder: Path) -> RunFiles:
    """Everything that the pages need of a run.

    Raises:
        ValueError: if it is no run folder.
    """
    config = folder / "config.yaml"
    if not config.is_file():
        raise UserError(
            f"{folder} is no run: give a run's folder, such as runs/mnist/version_0, which has a config.yaml."
        )
    try:
        settings = read_plain(config.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{config} is not YAML: {' '.join(str(error).split())}.") from error
    scores, unread = _read_stored_scores(folder / "scores.json", "stage")
    baseline_rows, unread_baselines = _read_stored_scores(folder / "baselines.json", "baseline")
    facts = run_info.read_run_info(folder)
    curves = read_curves(folder)
    settings = settings if isinstance(settings, dict) else {}
    return RunFiles(
        folder, settings, facts, curves, scores, baseline_rows, unread + unread_baselines
    )


def run_folders(path: str) -> list[Path]:
    """The runs at a path: itself, or those of an experiment, by its folder or its name under runs/.

    Raises:
        ValueError: if there is none.
    """
    for place in (Path(path), Path("runs", path)):
        if (place / "config.yaml").is_file():
            return [place]
        found = [p.parent for p in place.glob("version_*/config.yaml")]
        if found:
            return sorted(found, key=_version)
    raise UserError(
        f"There is no run at {path}: give the folder of a run or of an experiment, such as runs/mnist/version_0 or "
        f"runs/mnist."
    )


def _version(folder: Path) -> tuple[int, str]:
    number = folder.name.removeprefix("version_")
    return (int(number) if number.isdigit() else -1, folder.name)


def _step(path: Path) -> int | None:
    number = path.stem.removeprefix("step_")
    return int(number) if number.isdigit() else None


def _read_stored_scores(path: Path, whose: str) -> tuple[list[StoredScore], int]:
    """Scores of a file, and how many of them have no protocol that can be read."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return [], 0
    found = []
    for entry in entries:
        check_format(entry, path)
        try:
            score_protocol = protocol_from_dict(entry["protocol"])
            score = Score(
                entry["name"], entry["value"], entry["sd"], score_protocol, tuple(entry["notes"])
            )
            found.append(StoredScore(entry[whose], entry["step"], score))
        except (ValueError, KeyError, TypeError):
            continue
    return found, len(entries) - len(found)

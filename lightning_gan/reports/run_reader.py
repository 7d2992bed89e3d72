"""Reader of run folders: config, curves, scores with their protocols, images."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from lightning_gan.evaluation import Score
from lightning_gan.reports.stored_scores import (
    StoredScore,
    read_evaluated,
    read_stored_scores,
    read_tested,
)
from lightning_gan.tracking import run_info
from lightning_gan.tracking.curve_points import Curve, read_curves
from lightning_gan.utils.errors import UserError

# libyaml parses the same values as yaml.SafeLoader, several times faster
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class RunFiles:
    """Content of a run folder.

    Attributes:
        folder: Run folder.
        config: Content of config.yaml.
        info: Content of run.json; empty if there is none.
        curves: (step, value) pairs of each key of metrics.csv.
        scores: Scores of all evaluations of `fit`, in order.
        baselines: Scores of the baselines at test.
        unreadable: Number of scores whose protocol this version cannot read.
        evaluated: Scores by name that the commands `test` and `evaluate --json` wrote into the run folder later.
    """

    folder: Path
    config: dict[str, Any]
    info: dict[str, Any]
    curves: dict[str, Curve]
    scores: list[StoredScore]
    baselines: list[StoredScore]
    unreadable: int
    evaluated: dict[str, Score] = field(default_factory=dict)

    @property
    def experiment(self) -> str:
        """Name of the experiment."""
        return str((self.config.get("run") or {}).get("name") or self.folder.resolve().parent.name)

    @property
    def name(self) -> str:
        """Name of the run folder, such as version_0."""
        return self.folder.resolve().name

    @property
    def seed(self) -> Any:
        """Value of `seed_everything`."""
        return self.config.get("seed_everything")

    @property
    def objective(self) -> str:
        """Class name of the loss; empty if neither run.json nor config.yaml names it."""
        loss = ((self.config.get("model") or {}).get("init_args") or {}).get("loss") or ""
        path = loss.get("class_path", "") if isinstance(loss, dict) else loss
        return str(self.info.get("objective") or str(path).rpartition(".")[2])

    @property
    def data_name(self) -> str:
        """Name of the data set; empty if run.json does not hold it."""
        return str((self.info.get("data") or {}).get("name") or "")

    @cached_property
    def step(self) -> int:
        """Last step of all curves and scores."""
        steps = [curve[-1][0] for curve in self.curves.values()] + [s.step for s in self.scores]
        return max(steps, default=0)

    @property
    def stage(self) -> str:
        """Stage of the reported scores: test if the run has test scores, otherwise val."""
        return "test" if any(stored.source == "test" for stored in self.scores) else "val"

    @cached_property
    def reported_scores(self) -> dict[str, Score]:
        """Score of each name: from the test of `fit`, else from `test` or `evaluate`, else from validation."""
        stage = {s.score.name: s.score for s in self.scores if s.source == self.stage}
        return {**self.evaluated, **stage} if self.stage == "test" else {**stage, **self.evaluated}

    def get_baselines(self, name: str) -> dict[str, Score]:
        """Return the score `name` of each baseline."""
        return {s.source: s.score for s in self.baselines if s.score.name == name}

    @cached_property
    def image_files(self) -> dict[str, list[tuple[int, Path]]]:
        """(step, PNG file) pairs of each kind of image, in order of steps."""
        found: dict[str, list[tuple[int, Path]]] = {}
        for folder in sorted(p for p in (self.folder / "images").glob("*") if p.is_dir()):
            numbered = [(_read_step(path), path) for path in folder.glob("step_*.png")]
            if files := sorted((step, path) for step, path in numbered if step is not None):
                found[folder.name] = files
        return found

    @property
    def real_images(self) -> Path | None:
        """Grid of real images; None if the run has not saved one."""
        path = self.folder / "images" / "real.png"
        return path if path.is_file() else None


def read_run(folder: Path) -> RunFiles:
    """Read a run folder.

    Raises:
        UserError: The folder has no config.yaml, or it is not YAML.
        FormatError: Another version of this suite wrote a file.
    """
    config = folder / "config.yaml"
    if not config.is_file():
        raise UserError(
            f"{folder} is no run folder because it has no config.yaml: give one, such as runs/mnist/version_0."
        )
    try:
        settings = _load_yaml(config.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{config} is not YAML: {' '.join(str(error).split())}.") from error
    curves = read_curves(folder)
    last = max((curve[-1][0] for curve in curves.values()), default=0)
    scores, unreadable = read_stored_scores(folder / "scores.json", "stage")
    baselines, unreadable_baselines = read_stored_scores(folder / "baselines.json", "baseline")
    tested, unreadable_tested = read_tested(folder, last)
    evaluated, unreadable_evaluated = read_evaluated(folder)
    return RunFiles(
        folder,
        settings if isinstance(settings, dict) else {},
        run_info.read_run_info(folder),
        curves,
        scores,
        baselines,
        unreadable + unreadable_baselines + unreadable_tested + unreadable_evaluated,
        {**tested, **evaluated},
    )


def find_run_folders(path: str) -> list[Path]:
    """Find the run folders at a path, in order of their versions.

    Args:
        path: Run folder, experiment folder, or the name of either below runs/.

    Raises:
        UserError: There is no run.
    """
    for folder in (Path(path), Path("runs", path)):
        if (folder / "config.yaml").is_file():
            return [folder]
        found = [p.parent for p in folder.glob("version_*/config.yaml")]
        if found:
            return sorted(found, key=_read_version)
    raise UserError(
        f"There is no run at {path}: give the folder of a run or of an experiment, such as runs/mnist/version_0 or "
        f"runs/mnist."
    )


def _load_yaml(text: str) -> Any:
    loader = SAFE_LOADER(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _read_version(folder: Path) -> tuple[int, str]:
    number = folder.name.removeprefix("version_")
    return (int(number) if number.isdigit() else -1, folder.name)


def _read_step(path: Path) -> int | None:
    number = path.stem.removeprefix("step_")
    return int(number) if number.isdigit() else None

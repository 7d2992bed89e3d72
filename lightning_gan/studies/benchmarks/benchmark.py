"""Definition of a benchmark: models trained on one data set with many seeds, and published results."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

from pytorch_lightning import Callback, LightningDataModule, LightningModule, Trainer

from lightning_gan.models.base import AdversarialModel
from lightning_gan.studies.in_memory import train_in_memory
from lightning_gan.studies.results_cache import CachedRow, cached_result
from lightning_gan.training.statistics import NonFiniteLossError
from lightning_gan.utils.errors import UserError

Measure = Callable[[AdversarialModel, LightningDataModule], dict[str, float]]


class PublishedNumber(NamedTuple):
    """Mean over runs."""

    mean: float
    error: float | None = None
    """Standard error of the mean; None if it was not published."""


@dataclass(frozen=True)
class PublishedRow:
    """Row of a table in a paper.

    Args:
        name: Name of the model in the paper.
        source: Paper and table.
        numbers: Numbers by the keys of the benchmark's columns, in the paper's unit.
    """

    name: str
    source: str
    numbers: Mapping[str, PublishedNumber]


@dataclass(frozen=True)
class BenchmarkColumn:
    """Column of a benchmark's table.

    Args:
        key: Key of the quantity among the measured values.
        title: Title with the unit.
        digits: Number of decimals.
        factor: Factor from the measured value to the unit of the title.
        better: Function that returns the best of its values, `max` or `min`.
    """

    key: str
    title: str
    digits: int
    factor: float = 1.0
    better: Callable[[Iterable[float]], float] = max


@dataclass(frozen=True)
class BenchmarkModel:
    """Model of a benchmark.

    Args:
        name: Name for `--models`.
        description: Objective, regularisers and all else that differs between models; part of the key of its rows.
        make: Function that builds model and data from a seed, the number of updates of G and the folder of the data
            sets; the seed determines the initial weights.
        milliseconds: Upper bound of the CPU time of one update of G with its updates of D.
        published: Published row of the same model, if there is one.
    """

    name: str
    description: str
    make: Callable[[int, int, str], tuple[AdversarialModel, LightningDataModule]] = field(
        repr=False
    )
    milliseconds: float
    published: PublishedRow | None = None


@dataclass(frozen=True)
class Benchmark:
    """Models that are trained on the same data with the same networks and number of updates.

    Args:
        name: Name for `benchmark`.
        question: Question that the benchmark answers, in one sentence.
        setup: Networks, optimizers, minibatch size and all else that is the same for every model; part of the key of
            its rows.
        published_setup: Setup of the published rows.
        differences: Differences between both setups other than the length; empty if there are none.
        steps: Default number of updates of G.
        published_steps: Number of updates of G of the published rows; None if it was not published.
        models: Models of the benchmark.
        columns: Columns of the table; the first one defines the best measurement of a run.
        measure: Function that computes the columns' values from a model and its data.
        measurements: Number of measurements during training, evenly spaced.
        baselines: Function that computes the columns' values of methods without training, by name; None if there are
            none.
    """

    name: str
    question: str
    setup: str
    published_setup: str
    differences: str
    steps: int
    published_steps: int | None
    models: Sequence[BenchmarkModel]
    columns: Sequence[BenchmarkColumn]
    measure: Measure = field(repr=False)
    measurements: int = 10
    baselines: Callable[[], Mapping[str, dict[str, float]]] | None = field(default=None, repr=False)

    def describe_length(self, steps: int) -> str:
        """Describe a number of updates of G as a share of the published length."""
        if self.published_steps is None:
            return "length not published"
        return f"{100 * steps / self.published_steps:.3g} % of the published length"

    def make_key(self, model: BenchmarkModel, steps: int, seed: int) -> str:
        """Return the cache key of a run: a description of everything that its row depends on."""
        return (
            f"{model.name}: {model.description} | {self.setup} | {steps} updates of G | seed {seed}"
        )

    def run_or_read(
        self, path: Path, model: BenchmarkModel, steps: int, seed: int, root: str
    ) -> CachedRow:
        """Read the row of a run from a file; train the model if the row is missing.

        Raises:
            UserError: If the file is damaged.
        """
        row = cached_result(
            path,
            self.make_key(model, steps, seed),
            partial(self.run_model, model, steps, seed, root),
        )
        wanted = {c.key for c in self.columns} | {"best", "diverged", "seconds"}
        if not isinstance(row, dict) or not wanted <= set(row):
            raise UserError(
                f"{path} has a damaged row for {model.name}, seed {seed}: delete the row to run it again."
            )
        return row

    def run_or_read_baselines(self, path: Path) -> CachedRow:
        """Read the values of the baselines from a file, by name; compute them if they are missing."""
        made = self.baselines
        if made is None:
            return {}
        return cached_result(path, f"baselines | {self.setup}", lambda: dict(made()))

    def run_model(self, model: BenchmarkModel, steps: int, seed: int, root: str) -> CachedRow:
        """Train one model; return the last values, the best value of the first column, and the CPU seconds."""
        started = time.process_time()
        networks, data = model.make(seed, steps, root)
        during = PeriodicMeasurement(self.measure, max(1, steps // self.measurements))
        diverged = None
        try:
            train_in_memory(networks, data, steps, [during])
        except NonFiniteLossError:
            diverged = networks.g_updates
        last = self.measure(networks, data)
        first = self.columns[0].key
        best = self.columns[0].better(
            [last[first], *(values[first] for _, values in during.results)]
        )
        return {
            **last, "best": best, "diverged": diverged,
            # a string, because indented JSON would put every number on a line of its own
            "measurements": " ".join(f"{step}:{values[first]:g}" for step, values in during.results),
            "seconds": time.process_time() - started,
        }  # fmt: skip


class PeriodicMeasurement(Callback):
    """Callback that measures the model at regular intervals before the last update.

    Args:
        measure: Function that computes the values from a model and its data.
        every: Updates of G between two measurements.
    """

    def __init__(self, measure: Measure, every: int) -> None:
        self.measure, self.every = measure, every
        self.results: list[tuple[int, dict[str, float]]] = []

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Measure if G was updated and a measurement is due; `Benchmark.run_model` measures after the last update."""
        model = cast(AdversarialModel, pl_module)
        updated = model.g_updates > model.g_updates_before
        if updated and model.g_updates % self.every == 0 and model.g_updates < trainer.max_steps:
            data = cast(LightningDataModule, trainer.datamodule)  # type: ignore[attr-defined]
            self.results.append((model.g_updates, self.measure(model, data)))

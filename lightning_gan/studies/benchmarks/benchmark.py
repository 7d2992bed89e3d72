"""What a benchmark is: models on one data set, played with several seeds, beside what was published of them."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

from pytorch_lightning import Callback, LightningDataModule, LightningModule, Trainer

from lightning_gan.models.base import AdversarialModel
from lightning_gan.studies.in_memory import train_in_memory
from lightning_gan.studies.results_cache import Row, cached_result
from lightning_gan.training.statistics import NonFiniteLossError
from lightning_gan.utils.errors import UserError

Measure = Callable[[AdversarialModel, LightningDataModule], dict[str, float]]


class PublishedNumber(NamedTuple):
    """A mean over runs."""

    mean: float
    error: float | None = None
    """Standard error of the mean; none where it was not published."""


@dataclass(frozen=True)
class PublishedRow:
    """A row of a paper's table.

    Args:
        name: as the paper calls the model.
        source: paper and table.
        numbers: by the keys of the benchmark's columns, in the paper's unit.
    """

    name: str
    source: str
    numbers: Mapping[str, PublishedNumber]


@dataclass(frozen=True)
class BenchmarkColumn:
    """A quantity of the table.

    Args:
        key: in what is measured.
        title: with its unit.
        digits: behind the point.
        factor: from what is measured to the unit of the title.
        better: the best of several values.
    """

    key: str
    title: str
    digits: int
    factor: float = 1.0
    better: Callable[[Iterable[float]], float] = max


@dataclass(frozen=True)
class BenchmarkModel:
    """A way to train.

    Args:
        name: what the user types behind `--models`.
        says: objective, regularisers, what else is its own; a part of the key of its rows.
        new: networks and data of (seed, steps, root), initialised from the seed; root: folder of the data sets' files.
        milliseconds: CPU time of an update of G with its updates of D, measured on a busy machine: an upper bound.
        published: the row beside it, if there is one.
    """

    name: str
    says: str
    new: Callable[[int, int, str], tuple[AdversarialModel, LightningDataModule]] = field(repr=False)
    milliseconds: float
    published: PublishedRow | None = None


@dataclass(frozen=True)
class Benchmark:
    """Models whose rows compare: one data set, one pair of networks, one length.

    Args:
        name: what the user types behind `benchmark`.
        says: what it tests, in one sentence.
        ours: networks, optimizers, minibatch: all that is the same for every model; a part of the key of its rows.
        theirs: the protocol of the published rows.
        differs: in what ours is another protocol; empty: in nothing but the length.
        steps: updates of G, unless the user says otherwise.
        published_steps: of the published protocol; none: its length was not published.
        models: that can be played.
        columns: of the table; runs are compared by the first one where "best" is meant.
        measure: the columns' values of a model as it stands.
        looks: at G, evenly spread over training.
    """

    name: str
    says: str
    ours: str
    theirs: str
    differs: str
    steps: int
    published_steps: int | None
    models: Sequence[BenchmarkModel]
    columns: Sequence[BenchmarkColumn]
    measure: Measure = field(repr=False)
    looks: int = 10

    def share(self, steps: int) -> str:
        """How much of the published length so many updates of G are."""
        if self.published_steps is None:
            return "length not published"
        return f"{100 * steps / self.published_steps:.3g} % of the published length"

    def key(self, model: BenchmarkModel, steps: int, seed: int) -> str:
        """Everything that a row depends on."""
        return f"{model.name}: {model.says} | {self.ours} | {steps} updates of G | seed {seed}"

    def row(self, path: Path, model: BenchmarkModel, steps: int, seed: int, root: str) -> Row:
        """A run's row: from disk, or played now.

        Raises:
            ValueError: if the file holds something else under this key.
        """
        row = cached_result(
            path, self.key(model, steps, seed), partial(self.played, model, steps, seed, root)
        )
        wanted = {c.key for c in self.columns} | {"best", "diverged", "seconds"}
        if not isinstance(row, dict) or not wanted <= set(row):
            raise UserError(
                f"{path} holds a damaged row of {model.name}, seed {seed}: delete it, and it is measured again."
            )
        return row

    def played(self, model: BenchmarkModel, steps: int, seed: int, root: str) -> Row:
        """One run: what G covers at its end, and at its best look."""
        started = time.process_time()
        networks, data = model.new(seed, steps, root)
        looks = PeriodicMeasurement(self.measure, max(1, steps // self.looks))
        diverged = None
        try:
            train_in_memory(networks, data, steps, [looks])
        except NonFiniteLossError:
            diverged = networks.g_updates
        last = self.measure(networks, data)
        first = self.columns[0].key
        best = self.columns[0].better([last[first], *(seen[first] for _, seen in looks.seen)])
        return {
            **last, "best": best, "diverged": diverged,
            # one line: JSON would put every number on a line of its own
            "looks": " ".join(f"{step}:{seen[first]:g}" for step, seen in looks.seen),
            "seconds": time.process_time() - started,
        }  # fmt: skip


class PeriodicMeasurement(Callback):
    """Measures G every so many of its updates.

    Args:
        measure: what.
        every: updates.
    """

    def __init__(self, measure: Measure, every: int) -> None:
        self.measure, self.every = measure, every
        self.seen: list[tuple[int, dict[str, float]]] = []

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """When G has moved and it is due; the end is measured by who plays."""
        model = cast(AdversarialModel, pl_module)
        moved = model.g_updates > model.g_updates_before
        if moved and model.g_updates % self.every == 0 and model.g_updates < trainer.max_steps:
            data = cast(LightningDataModule, trainer.datamodule)  # type: ignore[attr-defined]
            self.seen.append((model.g_updates, self.measure(model, data)))

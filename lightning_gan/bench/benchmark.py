"""What a benchmark is: games on one data set, played with several seeds, beside what was published of them."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

from pytorch_lightning import Callback, LightningDataModule, LightningModule, Trainer

from lightning_gan.errors import UserError
from lightning_gan.play import play
from lightning_gan.players import TwoPlayers
from lightning_gan.record import NonFiniteLossError
from lightning_gan.rows import Row, kept

Measure = Callable[[TwoPlayers, LightningDataModule], dict[str, float]]


class Number(NamedTuple):
    """A mean over runs."""

    mean: float
    error: float | None = None
    """Standard error of the mean; none where it was not published."""


@dataclass(frozen=True)
class Published:
    """A row of a paper's table.

    Args:
        name: as the paper calls the game.
        source: paper and table.
        numbers: by the keys of the benchmark's columns, in the paper's unit.
    """

    name: str
    source: str
    numbers: Mapping[str, Number]


@dataclass(frozen=True)
class Column:
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
class Game:
    """A way to train.

    Args:
        name: what a person types behind `--games`.
        says: objective, regularisers, what else is its own; a part of the key of its rows.
        new: players and data of (seed, steps, root), initialised from the seed; root: folder of the data sets' files.
        milliseconds: CPU time of an update of G with its updates of D, measured on a busy machine: an upper bound.
        published: the row beside it, if there is one.
    """

    name: str
    says: str
    new: Callable[[int, int, str], tuple[TwoPlayers, LightningDataModule]] = field(repr=False)
    milliseconds: float
    published: Published | None = None


@dataclass(frozen=True)
class Benchmark:
    """Games whose rows compare: one data set, one pair of networks, one length.

    Args:
        name: what a person types behind `benchmark`.
        says: what it tests, in one sentence.
        ours: networks, optimizers, minibatch: all that is the same for every game; a part of the key of its rows.
        theirs: the protocol of the published rows.
        differs: in what ours is another protocol; empty: in nothing but the length.
        steps: updates of G, unless the person says otherwise.
        published_steps: of the published protocol; none: its length was not published.
        games: that can be played.
        columns: of the table; runs are compared by the first one where "best" is meant.
        measure: the columns' values of a game as it stands.
        looks: at G, evenly spread over training.
    """

    name: str
    says: str
    ours: str
    theirs: str
    differs: str
    steps: int
    published_steps: int | None
    games: Sequence[Game]
    columns: Sequence[Column]
    measure: Measure = field(repr=False)
    looks: int = 10

    def share(self, steps: int) -> str:
        """How much of the published length so many updates of G are."""
        if self.published_steps is None:
            return "length not published"
        return f"{100 * steps / self.published_steps:.3g} % of the published length"

    def key(self, game: Game, steps: int, seed: int) -> str:
        """Everything that a row depends on."""
        return f"{game.name}: {game.says} | {self.ours} | {steps} updates of G | seed {seed}"

    def row(self, path: Path, game: Game, steps: int, seed: int, root: str) -> Row:
        """A run's row: from disk, or played now.

        Raises:
            ValueError: if the file holds something else under this key.
        """
        row = kept(path, self.key(game, steps, seed), partial(self.played, game, steps, seed, root))
        wanted = {c.key for c in self.columns} | {"best", "diverged", "seconds"}
        if not isinstance(row, dict) or not wanted <= set(row):
            raise UserError(
                f"{path} holds a damaged row of {game.name}, seed {seed}: delete it, and it is measured again."
            )
        return row

    def played(self, game: Game, steps: int, seed: int, root: str) -> Row:
        """One run: what G covers at its end, and at its best look."""
        started = time.process_time()
        players, data = game.new(seed, steps, root)
        looks = Looks(self.measure, max(1, steps // self.looks))
        diverged = None
        try:
            play(players, data, steps, [looks])
        except NonFiniteLossError:
            diverged = players.g_updates
        last = self.measure(players, data)
        first = self.columns[0].key
        best = self.columns[0].better([last[first], *(seen[first] for _, seen in looks.seen)])
        return {
            **last, "best": best, "diverged": diverged,
            # one line: JSON would put every number on a line of its own
            "looks": " ".join(f"{step}:{seen[first]:g}" for step, seen in looks.seen),
            "seconds": time.process_time() - started,
        }  # fmt: skip


class Looks(Callback):
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
        game = cast(TwoPlayers, pl_module)
        moved = game.g_updates > game.g_updates_before
        if moved and game.g_updates % self.every == 0 and game.g_updates < trainer.max_steps:
            data = cast(LightningDataModule, trainer.datamodule)  # type: ignore[attr-defined]
            self.seen.append((game.g_updates, self.measure(game, data)))

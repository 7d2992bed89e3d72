"""What all scores of samples share: when to look, one bank of samples for all of them, and where values are written."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import WandbLogger

from callbacks.pictures import run_folder, shown_range, spared
from lightning_gan.domains import SampleCount, Seed, check_arguments
from lightning_gan.errors import UserError
from lightning_gan.evaluation import Samples, Score, described
from lightning_gan.running.score_file import append

Stage = Literal["val", "test"]


class SampleScore(Callback, ABC):
    """A callback that scores a bank of samples after each validation and at test.

    All of them that ask for the same number of samples and seed look at one bank, which lives until the evaluation
    ends.

    Args:
        num_samples: of the bank, 1 to 10,000,000.
        seed: of its noise, the same at every look, 0 to 2^32 - 1.
    """

    whole_bank = False
    """Whether it needs all samples at once, rather than part by part."""

    @check_arguments
    def __init__(self, num_samples: SampleCount, seed: Seed) -> None:
        self.num_samples, self.seed = num_samples, seed
        self.results: dict[str, list[Score]] = {}
        self.banks: dict[tuple[int, int], Samples] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Share the samples of an evaluation, by their number and seed, with the other scores of this run."""
        self.banks = partners(trainer)[0].banks

    @abstractmethod
    def look(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        """Score, log, remember and write."""

    def rows(self, stage: str) -> list[tuple[str, str, str]]:
        """(name, value with its ±, protocol) of the latest scores of a stage."""
        return [score.row(f"{stage}/") for score in self.results.get(stage, [])]

    def notes(self, stage: str) -> list[str]:
        """What to know before believing the values with a star."""
        scores = self.results.get(stage, [])
        return [f"* {stage}/{s.name}: {note}" for s in scores for note in s.notes]

    def bank(self, trainer: Trainer, pl_module: LightningModule) -> Samples:
        """The samples of this evaluation, shared by all callbacks that ask for as many under the same seed."""
        if self._wanted not in self.banks:
            shown = shown_range(datamodule(trainer, self))
            bank = Samples(pl_module, *self._wanted, shown, described(pl_module))
            if any(c.whole_bank for c in partners(trainer) if c._wanted == self._wanted):
                bank.all()
            self.banks[self._wanted] = bank
        return self.banks[self._wanted]

    @property
    def _wanted(self) -> tuple[int, int]:
        return self.num_samples, self.seed

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Score the model on validation images."""
        if not trainer.sanity_checking:
            self.look(trainer, pl_module, "val")

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Score the model on test images."""
        self.look(trainer, pl_module, "test")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget the samples."""
        self.banks.clear()

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget the samples."""
        self.banks.clear()


def partners(trainer: Trainer) -> list[SampleScore]:
    """Every score of samples in this run, in order."""
    return [c for c in trainer.callbacks if isinstance(c, SampleScore)]  # type: ignore[attr-defined]


def datamodule(trainer: Trainer, asker: Callback) -> Any:
    """The data that samples are compared with.

    Raises:
        ValueError: if the Trainer has none.
    """
    data = getattr(trainer, "datamodule", None)
    if data is None:
        raise UserError(
            f"{type(asker).__name__} needs validation and test images, but the Trainer has no data "
            "module: give it one (datamodule=), or take the callback out."
        )
    return data


def updates(trainer: Trainer, pl_module: LightningModule) -> int:
    """Updates of G; a test restores no trainer.global_step, and a model that counts its own knows better."""
    return int(getattr(pl_module, "g_updates", trainer.global_step))


def keep_cards(
    trainer: Trainer, pl_module: LightningModule, stage: Stage, scores: Sequence[Score]
) -> None:
    """Put each value with its card beside metrics.csv, in scores.json, and the cards into W&B's config."""
    if not trainer.is_global_zero:
        return
    step = updates(trainer, pl_module)
    entries = [{"stage": stage, "step": step, **score.as_dict()} for score in scores]
    path = run_folder(trainer) / "scores.json"
    with spared(path):
        append(path, entries)
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger):
            cards = {f"cards/{e['stage']}/{e['name']}": e["card"] for e in entries}
            logger.log_hyperparams(cards)


def keep_ruler(
    trainer: Trainer, pl_module: LightningModule, baseline: str, scores: Sequence[Score]
) -> None:
    """Put what a model that needs no training scored by the same protocol at test into ruler.json, with its cards."""
    if trainer.is_global_zero and scores:
        step = updates(trainer, pl_module)
        entries = [{"baseline": baseline, "step": step, **score.as_dict()} for score in scores]
        path = run_folder(trainer) / "ruler.json"
        with spared(path):
            append(path, entries)

"""What all scores of samples share: when to look, one sample set for all of them, and where values are written."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import WandbLogger

from callbacks.image_logging import (
    find_display_range_of_data,
    find_run_folder_of_trainer,
    warn_on_oserror,
)
from lightning_gan.arguments import SampleCount, Seed, check_arguments
from lightning_gan.evaluation import ModelSamples, Score, describe_generator
from lightning_gan.tracking.scores_json import append_score
from lightning_gan.utils.errors import UserError

Stage = Literal["val", "test"]


class SampleMetric(Callback, ABC):
    """A callback that scores a sample set after each validation and at test.

    All of them that ask for the same number of samples and seed look at one sample set, which
    lives until the evaluation
    ends.

    Args:
        num_samples: of the sample set, 1 to 10,000,000.
        seed: of its noise, the same at every look, 0 to 2^32 - 1.
    """

    whole_sample_set = False
    """Whether it needs all samples at once, rather than part by part."""

    @check_arguments
    def __init__(self, num_samples: SampleCount, seed: Seed) -> None:
        self.num_samples, self.seed = num_samples, seed
        self.results: dict[str, list[Score]] = {}
        self.sample_sets: dict[tuple[int, int], ModelSamples] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Share the samples of an evaluation, by their number and seed, with the other scores of this run."""
        self.sample_sets = find_partners(trainer)[0].sample_sets

    @abstractmethod
    def evaluate(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        """Score, log, remember and write."""

    def rows(self, stage: str) -> list[tuple[str, str, str]]:
        """(name, value with its ±, protocol) of the latest scores of a stage."""
        return [score.row(f"{stage}/") for score in self.results.get(stage, [])]

    def notes(self, stage: str) -> list[str]:
        """What to know before believing the values with a star."""
        scores = self.results.get(stage, [])
        return [f"* {stage}/{s.name}: {note}" for s in scores for note in s.notes]

    def sample_set(self, trainer: Trainer, pl_module: LightningModule) -> ModelSamples:
        """The samples of this evaluation, shared by all callbacks that ask for as many under the same seed."""
        if self._wanted not in self.sample_sets:
            shown = find_display_range_of_data(find_datamodule(trainer, self))
            model_samples = ModelSamples(
                pl_module, *self._wanted, shown, describe_generator(pl_module)
            )
            if any(c.whole_sample_set for c in find_partners(trainer) if c._wanted == self._wanted):
                model_samples.all()
            self.sample_sets[self._wanted] = model_samples
        return self.sample_sets[self._wanted]

    @property
    def _wanted(self) -> tuple[int, int]:
        return self.num_samples, self.seed

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Score the model on validation images."""
        if not trainer.sanity_checking:
            self.evaluate(trainer, pl_module, "val")

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Score the model on test images."""
        self.evaluate(trainer, pl_module, "test")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget the samples."""
        self.sample_sets.clear()

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget the samples."""
        self.sample_sets.clear()


def find_partners(trainer: Trainer) -> list[SampleMetric]:
    """Every score of samples in this run, in order."""
    return [c for c in trainer.callbacks if isinstance(c, SampleMetric)]  # type: ignore[attr-defined]


def find_datamodule(trainer: Trainer, asker: Callback) -> Any:
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


def count_updates(trainer: Trainer, pl_module: LightningModule) -> int:
    """Updates of G; a test restores no trainer.global_step, and a model that counts its own knows better."""
    return int(getattr(pl_module, "g_updates", trainer.global_step))


def write_protocols(
    trainer: Trainer, pl_module: LightningModule, stage: Stage, scores: Sequence[Score]
) -> None:
    """Put each value with its protocol beside metrics.csv, in scores.json, and the protocols into W&B's config."""
    if not trainer.is_global_zero:
        return
    step = count_updates(trainer, pl_module)
    entries = [{"stage": stage, "step": step, **score.as_dict()} for score in scores]
    path = find_run_folder_of_trainer(trainer) / "scores.json"
    with warn_on_oserror(path):
        append_score(path, entries)
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger):
            protocols = {f"protocols/{e['stage']}/{e['name']}": e["protocol"] for e in entries}
            logger.log_hyperparams(protocols)


def write_baselines(
    trainer: Trainer, pl_module: LightningModule, baseline: str, scores: Sequence[Score]
) -> None:
    """Put what a model that needs no training scored by the same protocol at test into baselines.json.

    With its protocols.
    """
    if trainer.is_global_zero and scores:
        step = count_updates(trainer, pl_module)
        entries = [{"baseline": baseline, "step": step, **score.as_dict()} for score in scores]
        path = find_run_folder_of_trainer(trainer) / "baselines.json"
        with warn_on_oserror(path):
            append_score(path, entries)

"""Base class of callbacks that score samples: schedule, shared sample sets, and files of the scores."""

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
    """Callback that scores a sample set after each validation and at test.

    Callbacks with the same number of samples and the same seed share one sample set, which is
    freed at the end of the evaluation.

    Args:
        num_samples: Number of samples, 1 to 10,000,000.
        seed: Seed of the noise, the same at every evaluation, 0 to 2^32 - 1.
    """

    whole_sample_set = False
    """Whether it needs all samples at once, not batch by batch."""

    @check_arguments
    def __init__(self, num_samples: SampleCount, seed: Seed) -> None:
        self.num_samples, self.seed = num_samples, seed
        self.results: dict[str, list[Score]] = {}
        self.sample_sets: dict[tuple[int, int], ModelSamples] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Share the sample sets of an evaluation with the other callbacks of this run."""
        self.sample_sets = find_sample_metrics(trainer)[0].sample_sets

    @abstractmethod
    def evaluate(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        """Compute the scores, log them, store them in `results` and write their protocols."""

    def rows(self, stage: str) -> list[tuple[str, str, str]]:
        """Return (name, value with its ±, protocol) of the latest scores of a stage."""
        return [score.row(f"{stage}/") for score in self.results.get(stage, [])]

    def notes(self, stage: str) -> list[str]:
        """Return the notes on the values that have a star in the table."""
        scores = self.results.get(stage, [])
        return [f"* {stage}/{s.name}: {note}" for s in scores for note in s.notes]

    def sample_set(self, trainer: Trainer, pl_module: LightningModule) -> ModelSamples:
        """Return the samples of this evaluation, shared by callbacks with the same number and seed."""
        if self._sample_set_key not in self.sample_sets:
            display_range = find_display_range_of_data(find_datamodule(trainer, self))
            model_samples = ModelSamples(
                pl_module, *self._sample_set_key, display_range, describe_generator(pl_module)
            )
            if any(
                c.whole_sample_set
                for c in find_sample_metrics(trainer)
                if c._sample_set_key == self._sample_set_key
            ):
                model_samples.all()
            self.sample_sets[self._sample_set_key] = model_samples
        return self.sample_sets[self._sample_set_key]

    @property
    def _sample_set_key(self) -> tuple[int, int]:
        return self.num_samples, self.seed

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Score the model on validation images."""
        if not trainer.sanity_checking:
            self.evaluate(trainer, pl_module, "val")

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Score the model on test images."""
        self.evaluate(trainer, pl_module, "test")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Free the samples."""
        self.sample_sets.clear()

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Free the samples."""
        self.sample_sets.clear()


def find_sample_metrics(trainer: Trainer) -> list[SampleMetric]:
    """Return the callbacks of this run that score samples, in order."""
    return [c for c in trainer.callbacks if isinstance(c, SampleMetric)]  # type: ignore[attr-defined]


def find_datamodule(trainer: Trainer, asker: Callback) -> Any:
    """Return the data module of a Trainer.

    Args:
        trainer: Trainer.
        asker: Callback that needs the data, for the message.

    Raises:
        UserError: The Trainer has no data module.
    """
    data = getattr(trainer, "datamodule", None)
    if data is None:
        raise UserError(
            f"{type(asker).__name__} needs validation and test images, but the Trainer has no data "
            "module: give it one (datamodule=), or take the callback out."
        )
    return data


def count_updates(trainer: Trainer, pl_module: LightningModule) -> int:
    """Return the number of updates of G: the model's own count, because a test does not restore `global_step`."""
    return int(getattr(pl_module, "g_updates", trainer.global_step))


def write_protocols(
    trainer: Trainer, pl_module: LightningModule, stage: Stage, scores: Sequence[Score]
) -> None:
    """Append scores with their protocols to scores.json in the run folder, and the protocols to W&B's config."""
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
    """Append the scores of a baseline at test, with their protocols, to baselines.json in the run folder."""
    if trainer.is_global_zero and scores:
        step = count_updates(trainer, pl_module)
        entries = [{"baseline": baseline, "step": step, **score.as_dict()} for score in scores]
        path = find_run_folder_of_trainer(trainer) / "baselines.json"
        with warn_on_oserror(path):
            append_score(path, entries)

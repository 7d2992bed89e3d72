"""How often a D that says classes is wrong on held-out examples: when to ask, where to write it."""

import math
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from callbacks.sample_metric import Stage, find_datamodule, write_protocols
from lightning_gan.evaluation import EvaluationProtocol, ReferenceImages, Score
from lightning_gan.utils.errors import UserError


class ClassificationError(Callback):
    """Share of held-out examples whose class the model names wrongly, after each validation and at test.

    The model has `classify(x)`, examples [n, *data_shape] to classes [n]: SemiSupervisedGAN, FeatureMatchingGAN, ACGAN.
    It is asked about the whole split, in evaluation mode. Published tables count errors on the 10,000 test digits:
    0.0093 are 93 of them.

    Logs <stage>/error; scores.json holds its protocol. The ± is sqrt(p (1 - p) / n), over test examples: that over
    draws of the labels and over seeds is far larger where labels are few, and takes several runs.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[str, str, str]]] = {}

    def rows(self, stage: str) -> list[tuple[str, str, str]]:
        """(name, share with its standard error, protocol) of the latest errors of a stage."""
        return self._rows.get(stage, [])

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """The model must say classes.

        Raises:
            ValueError: naming the model.
        """
        if not hasattr(pl_module, "classify"):
            raise UserError(
                f"ClassificationError asks for classes, but {type(pl_module).__name__} says none: train a "
                f"SemiSupervisedGAN or an ACGAN, or take the callback out."
            )

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Ask about validation examples."""
        if not trainer.sanity_checking:
            self.evaluate(trainer, pl_module, "val")

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Ask about test examples."""
        self.evaluate(trainer, pl_module, "test")

    def evaluate(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        """Count, log, remember and write."""
        data = find_datamodule(trainer, self)
        x, y = data.images(stage), data.labels(stage)
        share = slice(trainer.global_rank, None, trainer.world_size)
        mine = (self.predict_classes_of_model(pl_module, x[share]) != y[share]).sum()
        wrong = int(trainer.strategy.reduce(mine.to(pl_module.device), reduce_op="sum"))
        error = wrong / len(y)
        se = math.sqrt(error * (1 - error) / len(y))
        known, whose = str(pl_module.labels_used), str(pl_module.classifier_name)
        protocol = f"{wrong:,} of {len(y):,} {stage} examples wrong; {known}; {whose}"
        self._rows[stage] = [(f"{stage}/classification_error", f"{error:.4f} ± {se:.4f}", protocol)]
        pl_module.log(f"{stage}/classification_error", error, sync_dist=True)
        real = ReferenceImages(getattr(data, "name", None) or type(data).__name__, stage, x)
        write_protocols(
            trainer,
            pl_module,
            stage,
            [Score("classification_error", error, se, make_error_protocol(real, known, whose))],
        )

    def predict_classes_of_model(self, pl_module: Any, x: torch.Tensor) -> torch.Tensor:
        """The model's classes, on the CPU."""
        return pl_module.classify(x).cpu() if len(x) else torch.zeros(0, dtype=torch.long)


def make_error_protocol(real: ReferenceImages, known: str, whose: str) -> EvaluationProtocol:
    """What an error depends on."""
    return EvaluationProtocol(
        metric="share of examples classified wrongly", features="none", weights="", resize="none",
        real=real.name, split=real.split, real_hash=real.digest, n_real=len(real.uint8_images), n_generated=0,
        value_range="as the data give it", settings={"labels": known},
        error="binomial standard error over examples", generated=whose, precision="float32",
    )  # fmt: skip

"""Classification error of a model with a classifier, at validation and test."""

import math
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from callbacks.sample_metric import Stage, find_datamodule, write_protocols
from lightning_gan.evaluation import EvaluationProtocol, ReferenceImages, Score
from lightning_gan.utils.errors import UserError


class ClassificationError(Callback):
    """Callback that logs <stage>/classification_error, the share of misclassified images in [0, 1].

    The model must have a method `classify(x)` from images [n, *data_shape] to classes [n], as SemiSupervisedGAN,
    FeatureMatchingGAN and ACGAN have. All images of the validation or test split are classified in evaluation mode.
    Published tables count errors on the 10,000 test digits of MNIST: 93 errors are 0.0093.

    The protocol is written to scores.json. The standard error, sqrt(p (1 - p) / n), is over the images of the split.
    The spread over choices of labels and over seeds is much larger when labels are few; measure it with several runs.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[str, str, str]]] = {}

    def rows(self, stage: str) -> list[tuple[str, str, str]]:
        """Return (name, error with standard error, protocol) of a stage's latest evaluation."""
        return self._rows.get(stage, [])

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Check that the model has a classifier.

        Raises:
            UserError: If it has none.
        """
        if not hasattr(pl_module, "classify"):
            raise UserError(
                f"ClassificationError needs a model with classify(), which {type(pl_module).__name__} does not have: "
                f"train a SemiSupervisedGAN or an ACGAN, or remove the callback."
            )

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Evaluate on the validation split."""
        if not trainer.sanity_checking:
            self.evaluate(trainer, pl_module, "val")

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Evaluate on the test split."""
        self.evaluate(trainer, pl_module, "test")

    def evaluate(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        """Classify a split on all processes, log the error, and write it with its protocol."""
        data = find_datamodule(trainer, self)
        x, y = data.images(stage), data.labels(stage)
        share = slice(trainer.global_rank, None, trainer.world_size)
        own = (self.predict_classes(pl_module, x[share]) != y[share]).sum()
        wrong = int(trainer.strategy.reduce(own.to(pl_module.device), reduce_op="sum"))
        error = wrong / len(y)
        se = math.sqrt(error * (1 - error) / len(y))
        known, network = str(pl_module.labels_used), str(pl_module.classifier_name)
        protocol = f"{wrong:,} of {len(y):,} {stage} images misclassified; {known}; {network}"
        self._rows[stage] = [(f"{stage}/classification_error", f"{error:.4f} ± {se:.4f}", protocol)]
        pl_module.log(f"{stage}/classification_error", error, sync_dist=True)
        real = ReferenceImages(getattr(data, "name", None) or type(data).__name__, stage, x)
        score = Score("classification_error", error, se, make_error_protocol(real, known, network))
        write_protocols(trainer, pl_module, stage, [score])

    def predict_classes(self, pl_module: Any, x: torch.Tensor) -> torch.Tensor:
        """Return the model's classes of images [n, *data_shape], int64 [n], on the CPU."""
        return pl_module.classify(x).cpu() if len(x) else torch.zeros(0, dtype=torch.long)


def make_error_protocol(real: ReferenceImages, known: str, network: str) -> EvaluationProtocol:
    """Return the protocol of a classification error.

    Args:
        real: Images that were classified.
        known: Labels that the model was trained with, in words.
        network: Network that predicts the classes, in words.
    """
    return EvaluationProtocol(
        metric="share of examples classified wrongly", features="none", weights="", resize="none",
        real=real.name, split=real.split, real_hash=real.digest, n_real=len(real.uint8_images), n_generated=0,
        value_range="as the data give it", settings={"labels": known},
        error="binomial standard error over examples", generated=network, precision="float32",
    )  # fmt: skip

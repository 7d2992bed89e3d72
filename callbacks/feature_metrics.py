"""Callbacks that compute FID, Inception Score, KID, precision and recall during training and at test."""

from pytorch_lightning import LightningModule, Trainer

from callbacks.image_logging import read_uint8_images
from callbacks.metric_cost import CostReportingMetric, make_reference_images
from callbacks.sample_metric import Stage, find_datamodule, write_baselines, write_protocols
from lightning_gan.arguments import Count, CountFromTwo, SampleCount, Seed, check_arguments
from lightning_gan.evaluation import (
    EvaluationContext,
    FeatureMetric,
    FIDMetric,
    InceptionScoreMetric,
    KIDMetric,
    PrecisionRecallMetric,
    Score,
    default_extractor,
    holds_on_all_ranks,
    score_samples,
)
from lightning_gan.evaluation.baseline_scores import make_training_images
from lightning_gan.feature_extractors import FeatureExtractorConfig, WeightsError


class FeatureScore(CostReportingMetric):
    """Any metric in a feature space, computed after each validation and at test.

    Real images come from the validation split at validation and from the test split at test.
    Callbacks with the same arguments share one sample set and one pass through the feature
    extractor, which is loaded for the evaluation only and is in no checkpoint. If its weights are
    missing, one line says so and training continues.

    A test also scores as many training images, for comparison. Logs <stage>/<score> and
    <stage>/<score>_sd; scores.json holds the protocol of each value.

    Args:
        metric: Metric to compute.
        num_samples: Number of samples of the model, 1 to 10,000,000.
        num_real: Number of real images, always the same ones, at least 1; the whole split if it is None.
        features: Feature extractor; if it is None, Inception for colour images, the digit classifier for grey ones.
        seed: Seed of the noise, the same at every evaluation, 0 to 2^32 - 1.
    """

    @check_arguments
    def __init__(
        self,
        metric: FeatureMetric,
        num_samples: SampleCount = 10_000,
        num_real: Count | None = None,
        features: FeatureExtractorConfig | None = None,
        seed: Seed = 0,
    ) -> None:
        super().__init__(metric, num_samples, num_real, features, seed)
        self.reference: list[Score] = []

    def rows(self, stage: str) -> list[tuple[str, str, str]]:
        """Return (name, value with its ±, protocol) of the latest scores; at test, also those of real images."""
        rows = super().rows(stage)
        if stage != "test":
            return rows
        return rows + [s.row("  real images: ") for s in self.reference]

    def evaluate(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        """Log the scores; the first callback of a shared pass computes those of all."""
        sharing = [c for c in trainer.callbacks if self.shares_pass(c)]  # type: ignore[attr-defined]
        if sharing[0] is self:
            self.score_all(sharing, trainer, pl_module, stage)
        if mine := self.results.get(stage):
            values = {f"{stage}/{s.name}": s.value for s in mine}
            values |= {f"{stage}/{s.name}_sd": s.sd for s in mine if s.sd is not None}
            pl_module.log_dict(values, sync_dist=True)
            write_protocols(trainer, pl_module, stage, mine)
            if stage == "test":
                write_baselines(trainer, pl_module, "training images", self.reference)

    def score_all(
        self,
        sharing: "list[FeatureScore]",
        trainer: Trainer,
        pl_module: LightningModule,
        stage: Stage,
    ) -> None:
        """Compute the scores of callbacks that share a pass, and store them in each callback."""
        for callback in sharing:
            callback.results.pop(stage, None)
        context = self.make_context(trainer, pl_module, stage)
        if context is None:
            return
        metrics = [c.metric for c in sharing]
        found = score_samples(self.sample_set(trainer, pl_module), context, metrics)
        for name, reason in found.refused.items():
            self.log_line(f"{stage}/{name} was refused: {reason}.")
        reference: list[Score] = []
        if stage == "test":
            train = read_uint8_images(find_datamodule(trainer, self), "train")
            real = make_training_images(train, self.num_samples, self.seed)
            reference = score_samples(real, context, metrics).scores
        for callback in sharing:
            names = {context.score_name(name) for name in callback.metric.names}
            callback.results[stage] = [s for s in found.scores if s.name in names]
            callback.reference = [s for s in reference if s.name in names]

    def make_context(
        self, trainer: Trainer, pl_module: LightningModule, stage: Stage
    ) -> EvaluationContext | None:
        """Load the real images and the feature extractor; None if a process has no weights."""
        data = find_datamodule(trainer, self)
        real = make_reference_images(data, stage)
        space = self.features or default_extractor(real.uint8_images.shape[1:], real.name)
        network, reason = None, ""
        try:
            network = space.load().to(pl_module.device)
        except WeightsError as error:
            reason = str(error)
        if not holds_on_all_ranks(network is not None, trainer.world_size) or network is None:
            reason = reason or "Another process has no weights."
            self.log_line(f"No scores with features of {space.name}: {reason} Training continues.")
            return None
        n = None if self.num_real is None else min(self.num_real, len(real.uint8_images))
        processes = trainer.global_rank, trainer.world_size
        return EvaluationContext(real.select(n), network, space.suffix, *processes)


class FID(FeatureScore):
    """Fréchet distance of samples and real images (Heusel et al. 2017).

    See `FeatureScore` for the arguments.
    """

    @check_arguments
    def __init__(
        self,
        num_samples: SampleCount = 10_000,
        num_real: Count | None = None,
        features: FeatureExtractorConfig | None = None,
        seed: Seed = 0,
    ) -> None:
        super().__init__(FIDMetric(), num_samples, num_real, features, seed)


class InceptionScore(FeatureScore):
    """Inception Score (Salimans et al. 2016).

    Args:
        num_samples: Number of samples of the model, 1 to 10,000,000.
        num_real: Number of real images, at least 1. The score does not use them; give the value of the other
            callbacks, so that all share one pass.
        features: Feature extractor.
        seed: Seed of the noise, 0 to 2^32 - 1.
        splits: Number of splits for the mean and the standard deviation, at least 1.
    """

    @check_arguments
    def __init__(
        self,
        num_samples: SampleCount = 10_000,
        num_real: Count | None = None,
        features: FeatureExtractorConfig | None = None,
        seed: Seed = 0,
        splits: Count = 10,
    ) -> None:
        super().__init__(InceptionScoreMetric(splits), num_samples, num_real, features, seed)


class KID(FeatureScore):
    """Kernel distance (Bińkowski et al. 2018).

    Args:
        num_samples: Number of samples of the model, 1 to 10,000,000.
        num_real: Number of real images, at least 1; the whole split if it is None.
        features: Feature extractor.
        seed: Seed of the noise, 0 to 2^32 - 1.
        subsets: Number of subsets for the mean and the standard deviation, at least 1.
        subset_size: Number of vectors of each side in a subset, at least 2.
    """

    @check_arguments
    def __init__(
        self,
        num_samples: SampleCount = 10_000,
        num_real: Count | None = None,
        features: FeatureExtractorConfig | None = None,
        seed: Seed = 0,
        subsets: Count = 100,
        subset_size: CountFromTwo = 1000,
    ) -> None:
        super().__init__(KIDMetric(subsets, subset_size), num_samples, num_real, features, seed)


class PrecisionRecall(FeatureScore):
    """Precision, recall, density and coverage (Kynkäänniemi et al. 2019, Naeem et al. 2020).

    Args:
        num_samples: Number of samples of the model, 1 to 10,000,000.
        num_real: Number of real images, at least 1; the whole split if it is None.
        features: Feature extractor.
        seed: Seed of the noise, 0 to 2^32 - 1.
        k: Number of neighbours that span a ball, for precision and recall, at least 1.
        k_density: Number of neighbours that span a ball, for density and coverage, at least 1.
    """

    @check_arguments
    def __init__(
        self,
        num_samples: SampleCount = 10_000,
        num_real: Count | None = None,
        features: FeatureExtractorConfig | None = None,
        seed: Seed = 0,
        k: Count = 3,
        k_density: Count = 5,
    ) -> None:
        super().__init__(PrecisionRecallMetric(k, k_density), num_samples, num_real, features, seed)

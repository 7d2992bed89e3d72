"""FID, Inception Score, KID, precision and recall: when to look. What is computed: `lightning_gan.evaluation`."""

from pytorch_lightning import LightningModule, Trainer

from callbacks.image_logging import read_uint8_images
from callbacks.metric_cost import StatesCost, make_reference_images
from callbacks.sample_metric import Stage, find_datamodule, write_baselines, write_protocols
from lightning_gan.arguments import Count, CountFromTwo, SampleCount, Seed, check_arguments
from lightning_gan.evaluation import (
    EvaluationContext,
    FeatureMetric,
    FIDMetric,
    InceptionScoreFeatureMetric,
    KIDMetric,
    PrecisionRecallFeatureMetric,
    Score,
    default_extractor,
    holds_on_all_ranks,
    score_samples,
)
from lightning_gan.evaluation.baseline_scores import make_training_images
from lightning_gan.feature_extractors import FeatureExtractorConfig, WeightsError


class FeatureMetricCallback(StatesCost):
    """A score of samples in a feature space, against real images that the model was not trained on.

    Real images are those of the validation split at validation, and of the test split at test. All scores with the
    same arguments share one sample set and one pass through the feature network, which lives only
    while it is used: no checkpoint holds it. Where its weights are not to be had, one line says so and the run goes on.

    A test also scores as many training images, for comparison. Logs <stage>/<score> and <stage>/<score>_sd; scores.json
    holds each value's protocol.

    Args:
        measure: what is asked.
        num_samples: number of samples of the model, 1 to 10,000,000.
        num_real: number of real images, always the same ones, at least 1; all of the split if it is not given.
        features: the space; Inception's for colour images and the classifier's for grey ones if it is not given.
        seed: seed of the noise, the same at every evaluation, 0 to 2^32 - 1.
    """

    @check_arguments
    def __init__(
        self,
        measure: FeatureMetric,
        num_samples: SampleCount,
        num_real: Count | None,
        features: FeatureExtractorConfig | None,
        seed: Seed,
    ) -> None:
        super().__init__(measure, num_samples, num_real, features, seed)
        self.reference: list[Score] = []

    def rows(self, stage: str) -> list[tuple[str, str, str]]:
        """(name, value with its ±, protocol) of the latest scores of a stage; at test, those of real images below."""
        rows = super().rows(stage)
        if stage != "test":
            return rows
        return rows + [s.row("  real images: ") for s in self.reference]

    def evaluate(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        """The first of those that share a pass makes it for all; each logs its own."""
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
        sharing: "list[FeatureMetricCallback]",
        trainer: Trainer,
        pl_module: LightningModule,
        stage: Stage,
    ) -> None:
        """One sample set, one pass, every score."""
        for callback in sharing:
            callback.results.pop(stage, None)
        against = self.make_context(trainer, pl_module, stage)
        if against is None:
            return
        measures = [c.measure for c in sharing]
        found = score_samples(self.sample_set(trainer, pl_module), against, measures)
        for name, reason in found.refused.items():
            self.say(f"{stage}/{name} was refused: {reason}.")
        reference: list[Score] = []
        if stage == "test":
            train = read_uint8_images(find_datamodule(trainer, self), "train")
            real = make_training_images(train, self.num_samples, self.seed)
            reference = score_samples(real, against, measures).scores
        for callback in sharing:
            names = {against.name(name) for name in callback.measure.names}
            callback.results[stage] = [s for s in found.scores if s.name in names]
            callback.reference = [s for s in reference if s.name in names]

    def make_context(
        self, trainer: Trainer, pl_module: LightningModule, stage: Stage
    ) -> EvaluationContext | None:
        """Real images and feature network; none where some process has no weights."""
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
            self.say(f"No scores in the space of {space.name}: {reason} The run goes on.")
            return None
        n = None if self.num_real is None else min(self.num_real, len(real.uint8_images))
        processes = trainer.global_rank, trainer.world_size
        return EvaluationContext(real.select(n), network, space.suffix, *processes)


class FID(FeatureMetricCallback):
    """Fréchet distance of samples and real images (Heusel et al. 2017).

    See `FeatureMetricCallback` for the arguments.
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


class InceptionScore(FeatureMetricCallback):
    """Inception Score (Salimans et al. 2016). See `FeatureMetricCallback` for the other arguments.

    Args:
        num_samples: number of samples of the model, 1 to 10,000,000.
        num_real: at least 1; no part of this score: give what the others have, so that all share one pass.
        features: the space.
        seed: of the noise, 0 to 2^32 - 1.
        splits: over which mean and sd are taken, at least 1.
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
        super().__init__(InceptionScoreFeatureMetric(splits), num_samples, num_real, features, seed)


class KID(FeatureMetricCallback):
    """Kernel distance (Bińkowski et al. 2018). See `FeatureMetricCallback` for the other arguments.

    Args:
        num_samples: number of samples of the model, 1 to 10,000,000.
        num_real: real images, at least 1.
        features: the space.
        seed: of the noise, 0 to 2^32 - 1.
        subsets: over which mean and sd are taken, at least 1.
        subset_size: of each, at least 2.
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


class PrecisionRecall(FeatureMetricCallback):
    """Precision, recall, density and coverage. See `FeatureMetricCallback` for the other arguments.

    Args:
        num_samples: number of samples of the model, 1 to 10,000,000.
        num_real: real images, at least 1.
        features: the space.
        seed: of the noise, 0 to 2^32 - 1.
        k: neighbours that span a ball, for precision and recall, at least 1.
        k_density: the same, for density and coverage, at least 1.
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
        super().__init__(
            PrecisionRecallFeatureMetric(k, k_density), num_samples, num_real, features, seed
        )

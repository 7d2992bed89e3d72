"""FID, Inception Score, KID, precision and recall: when to look. What is computed: `lightning_gan.evaluation`."""

from pytorch_lightning import LightningModule, Trainer

from callbacks.pictures import pictures_of
from callbacks.score_cost import StatesCost, real_set
from callbacks.scoring import Stage, datamodule, keep_cards, keep_ruler
from lightning_gan.domains import Count, CountFromTwo, SampleCount, Seed, check_arguments
from lightning_gan.evaluation import (
    Against,
    Frechet,
    Inception,
    Kernel,
    Measure,
    Neighbours,
    Score,
    everywhere,
    natural_space,
    score,
)
from lightning_gan.evaluation.ruler import training_images
from lightning_gan.features import FeatureSpace, WeightsError


class FeatureScore(StatesCost):
    """A score of samples in a feature space, against real images that the model was not trained on.

    Real images are those of the validation split at validation, and of the test split at test. All scores with the
    same arguments share one bank of samples and one pass through the feature network, which lives only
    while it is used: no checkpoint holds it. Where its weights are not to be had, one line says so and the run goes on.

    A test also scores as many training images, for comparison. Logs <stage>/<score> and <stage>/<score>_sd; scores.json
    holds each value's protocol card.

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
        measure: Measure,
        num_samples: SampleCount,
        num_real: Count | None,
        features: FeatureSpace | None,
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

    def look(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        """The first of those that share a pass makes it for all; each logs its own."""
        sharing = [c for c in trainer.callbacks if self.shares_pass(c)]  # type: ignore[attr-defined]
        if sharing[0] is self:
            self.score_all(sharing, trainer, pl_module, stage)
        if mine := self.results.get(stage):
            values = {f"{stage}/{s.name}": s.value for s in mine}
            values |= {f"{stage}/{s.name}_sd": s.sd for s in mine if s.sd is not None}
            pl_module.log_dict(values, sync_dist=True)
            keep_cards(trainer, pl_module, stage, mine)
            if stage == "test":
                keep_ruler(trainer, pl_module, "training images", self.reference)

    def score_all(
        self,
        sharing: "list[FeatureScore]",
        trainer: Trainer,
        pl_module: LightningModule,
        stage: Stage,
    ) -> None:
        """One bank, one pass, every score."""
        for callback in sharing:
            callback.results.pop(stage, None)
        against = self.against(trainer, pl_module, stage)
        if against is None:
            return
        measures = [c.measure for c in sharing]
        found = score(self.bank(trainer, pl_module), against, measures)
        for name, reason in found.refused.items():
            self.say(f"{stage}/{name} was refused: {reason}.")
        reference: list[Score] = []
        if stage == "test":
            train = pictures_of(datamodule(trainer, self), "train")
            real = training_images(train, self.num_samples, self.seed)
            reference = score(real, against, measures).scores
        for callback in sharing:
            names = {against.name(name) for name in callback.measure.names}
            callback.results[stage] = [s for s in found.scores if s.name in names]
            callback.reference = [s for s in reference if s.name in names]

    def against(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> Against | None:
        """Real images and feature network; none where some process has no weights."""
        data = datamodule(trainer, self)
        real = real_set(data, stage)
        space = self.features or natural_space(real.pictures.shape[1:], real.name)
        network, reason = None, ""
        try:
            network = space.load().to(pl_module.device)
        except WeightsError as error:
            reason = str(error)
        if not everywhere(network is not None, trainer.world_size) or network is None:
            reason = reason or "Another process has no weights."
            self.say(f"No scores in the space of {space.name}: {reason} The run goes on.")
            return None
        n = None if self.num_real is None else min(self.num_real, len(real.pictures))
        processes = trainer.global_rank, trainer.world_size
        return Against(real.drawn(n), network, space.suffix, *processes)


class FID(FeatureScore):
    """Fréchet distance of samples and real images (Heusel et al. 2017). See `FeatureScore` for the arguments."""

    @check_arguments
    def __init__(
        self,
        num_samples: SampleCount = 10_000,
        num_real: Count | None = None,
        features: FeatureSpace | None = None,
        seed: Seed = 0,
    ) -> None:
        super().__init__(Frechet(), num_samples, num_real, features, seed)


class InceptionScore(FeatureScore):
    """Inception Score (Salimans et al. 2016). See `FeatureScore` for the other arguments.

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
        features: FeatureSpace | None = None,
        seed: Seed = 0,
        splits: Count = 10,
    ) -> None:
        super().__init__(Inception(splits), num_samples, num_real, features, seed)


class KID(FeatureScore):
    """Kernel distance (Bińkowski et al. 2018). See `FeatureScore` for the other arguments.

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
        features: FeatureSpace | None = None,
        seed: Seed = 0,
        subsets: Count = 100,
        subset_size: CountFromTwo = 1000,
    ) -> None:
        super().__init__(Kernel(subsets, subset_size), num_samples, num_real, features, seed)


class PrecisionRecall(FeatureScore):
    """Precision, recall, density and coverage. See `FeatureScore` for the other arguments.

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
        features: FeatureSpace | None = None,
        seed: Seed = 0,
        k: Count = 3,
        k_density: Count = 5,
    ) -> None:
        super().__init__(Neighbours(k, k_density), num_samples, num_real, features, seed)

"""Callback for the Parzen-window log-likelihood of Goodfellow et al. (2014)."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from torch import Tensor

from callbacks.image_logging import find_run_folder_of_trainer, warn_on_oserror
from callbacks.sample_metric import (
    SampleMetric,
    Stage,
    count_updates,
    find_datamodule,
    write_baselines,
    write_protocols,
)
from lightning_gan.arguments import Count, Positive, SampleCount, Seed, check_arguments
from lightning_gan.evaluation.baselines import OneImage, TrainingSet
from lightning_gan.evaluation.parzen import draw_centres, make_parzen_score, make_parzen_split
from lightning_gan.metrics import SIGMAS_2014, ParzenScore, compute_parzen_score
from lightning_gan.metrics.kernel_density import check_sigmas
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.images import to_unit


class ParzenLogLikelihood(SampleMetric):
    """Parzen-window log-likelihood in nats, for pixels in [0, 1], after each validation and at test.

    The first validation images choose sigma. At test the whole test set is scored, as in 2014; at
    validation the other validation images, or all if there are no others.

    Logs <stage>/parzen_nats, _se, _sigma and _n (number of scored images), and writes the protocol
    with the curve over sigma to parzen/<stage>_step<N>.json in the run folder.

    Args:
        num_samples: Number of samples, which are the centres of the window, 1 to 10,000,000.
        num_validation: Number of validation images that choose sigma, at least 1.
        sigmas: Values of sigma to choose from, in pixel units, each above 0.
        seed: Seed of the noise, the same at every evaluation, 0 to 2^32 - 1.
        baselines: Whether a test also scores real images and one repeated image.
    """

    whole_sample_set = True

    @check_arguments
    def __init__(
        self,
        num_samples: SampleCount = 10_000,
        num_validation: Count = 1_000,
        sigmas: Sequence[Positive] = SIGMAS_2014,
        seed: Seed = 0,
        baselines: bool = True,
    ) -> None:
        check_sigmas(sigmas)
        super().__init__(num_samples, seed)
        self.num_validation, self.sigmas, self.baseline_rows = (
            num_validation,
            tuple(sigmas),
            baselines,
        )
        self.scores: dict[str, ParzenScore] = {}
        self._rows: dict[str, list[tuple[str, str, str]]] = {}

    def rows(self, stage: str) -> list[tuple[str, str, str]]:
        """Return (name, nats with their standard error, protocol) of the latest scores of a stage."""
        return self._rows.get(stage, [])

    def evaluate(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        """Compute the score and, at test, those of the baselines; log and write them."""
        data = find_datamodule(trainer, self)
        images = make_parzen_split(data, stage, self.num_validation)
        score_of = partial(
            compute_parzen_score,
            validation=images.choosing,
            test=images.scored,
            sigmas=self.sigmas,
            rank=trainer.global_rank,
            world_size=trainer.world_size,
        )
        sample_set = self.sample_set(trainer, pl_module)
        score = self.scores[stage] = score_of(draw_centres(sample_set))
        averaged = "EMA" if getattr(pl_module, "ema", None) is not None else "no EMA"
        scores = {f"{stage}/parzen_nats": (score, f"{averaged}, seed {self.seed}")}
        if stage == "test" and self.baseline_rows:
            baseline_rows = self._baselines(data, score_of)
            scores |= baseline_rows
            for name, (found, _) in baseline_rows.items():
                one = make_parzen_score(found, sample_set, images)
                of = replace(one, protocol=replace(one.protocol, generated=name.strip()))
                write_baselines(trainer, pl_module, name.strip(), [of])
        self._rows[stage] = [
            (name, str(s), f"{s.protocol(images.wording)}, {how}, pixels in [0,1]")
            for name, (s, how) in scores.items()
        ]
        self.results[stage] = [make_parzen_score(score, sample_set, images)]
        write_protocols(trainer, pl_module, stage, self.results[stage])
        n = float(score.n_test)
        values = {"nats": score.nats, "se": score.se, "sigma": score.sigma, "n": n}
        pl_module.log_dict({f"{stage}/parzen_{k}": v for k, v in values.items()}, sync_dist=True)
        if trainer.is_global_zero:
            self._write(trainer, stage, count_updates(trainer, pl_module))

    def _baselines(
        self, data: Any, score_of: Callable[[Tensor], ParzenScore]
    ) -> dict[str, tuple[ParzenScore, str]]:
        """Score real images and one image under the same protocol."""
        train = to_unit(data.images("train"), data.value_range)
        real = TrainingSet(train).sample(min(self.num_samples, len(train)), seed=self.seed)
        return {
            "  random training images": (score_of(real), f"seed {self.seed}"),
            "  one training image": (score_of(OneImage(train[0]).sample(1)), "the first"),
        }

    def _write(self, trainer: Trainer, stage: Stage, step: int) -> None:
        path = find_run_folder_of_trainer(trainer) / "parzen" / f"{stage}_step{step}.json"
        rows = [
            dict(zip(("name", "value", "protocol"), row, strict=True)) for row in self.rows(stage)
        ]
        score = self.scores[stage]
        report = {
            "stage": stage,
            "step": step,
            "at_edge": score.at_edge,
            **asdict(score),
            "rows": rows,
        }
        with warn_on_oserror(path), atomic_write(path, durable=False) as partial:
            text = json.dumps(report, indent=2, ensure_ascii=False)
            partial.write_text(text + "\n", encoding="utf-8")

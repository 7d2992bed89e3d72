"""The Parzen-window log-likelihood of Goodfellow et al. (2014): when to ask, where to write it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from callbacks.pictures import run_folder
from lightning_gan.baselines import OneImage, TrainingSet
from lightning_gan.images import to_unit
from lightning_gan.metrics import SIGMAS_2014, ParzenScore, parzen_protocol
from lightning_gan.metrics.kernel_density import check_sigmas

Stage = Literal["val", "test"]


class ParzenLogLikelihood(Callback):
    """Score samples in nats, pixels in [0, 1], after each validation and at test.

    Sigma is chosen on the first validation images. At test the whole test set is scored, as in
    2014; at validation the other validation images are, or all where there are no others.

    Logs <stage>/parzen_nats, _se, _sigma and _n (images scored), and writes the whole
    protocol with the curve over sigma to parzen/<stage>_step<N>.json in the run folder.

    Args:
        num_samples: centres of the window.
        num_validation: validation images that choose sigma.
        sigmas: the grid it is chosen from, in pixel units.
        seed: of the noise, the same at every look.
        ruler: whether a test also scores real images and one image repeated, for comparison.
    """

    def __init__(
        self,
        num_samples: int = 10_000,
        num_validation: int = 1_000,
        sigmas: Sequence[float] = SIGMAS_2014,
        seed: int = 0,
        ruler: bool = True,
    ) -> None:
        if num_samples < 1 or num_validation < 1:
            raise ValueError(
                f"ParzenLogLikelihood with num_samples={num_samples} and num_validation="
                f"{num_validation}: both must be at least 1."
            )
        check_sigmas(sigmas)
        self.num_samples, self.num_validation = num_samples, num_validation
        self.sigmas, self.seed, self.ruler = tuple(sigmas), seed, ruler
        self.scores: dict[str, ParzenScore] = {}
        self._rows: dict[str, list[tuple[str, str, str]]] = {}

    def rows(self, stage: str) -> list[tuple[str, str, str]]:
        """(name, nats with their standard error, protocol) of the latest scores of a stage."""
        return self._rows.get(stage, [])

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Score the model on validation images."""
        if not trainer.sanity_checking:
            self.look(trainer, pl_module, "val")

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Score the model, and the ruler, on test images."""
        self.look(trainer, pl_module, "test")

    def look(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        """Score, log, remember and write."""
        data = _datamodule(trainer)
        choosing, scored, scored_name = self._images(data, stage)
        score_of = partial(
            parzen_protocol,
            validation=choosing,
            test=scored,
            sigmas=self.sigmas,
            rank=trainer.global_rank,
            world_size=trainer.world_size,
        )
        samples = pl_module.sample(self.num_samples, seed=self.seed)  # type: ignore[operator]
        score = self.scores[stage] = score_of(to_unit(samples, data.value_range))
        averaged = "EMA" if getattr(pl_module, "ema", None) is not None else "no EMA"
        scores = {f"{stage}/parzen_nats": (score, f"{averaged}, seed {self.seed}")}
        if stage == "test" and self.ruler:
            scores |= self._ruler(data, score_of)
        self._rows[stage] = [
            (name, str(s), f"{s.protocol(scored_name)}, {how}, pixels in [0,1]")
            for name, (s, how) in scores.items()
        ]
        pl_module.log_dict(
            {
                f"{stage}/parzen_nats": score.nats,
                f"{stage}/parzen_se": score.se,
                f"{stage}/parzen_sigma": score.sigma,
                f"{stage}/parzen_n": float(score.n_test),
            },
            sync_dist=True,
        )
        # a test restores no trainer.global_step: a model that counts its own updates knows better
        step = getattr(pl_module, "g_updates", trainer.global_step)
        path = run_folder(trainer) / "parzen" / f"{stage}_step{step}.json"
        if trainer.is_global_zero:
            self._write(path, stage, step)

    def _images(self, data: Any, stage: Stage) -> tuple[Tensor, Tensor, str]:
        """Images that choose sigma, images that are scored, and the name of these."""
        validation = to_unit(data.images("val"), data.value_range)
        choosing, held_out = validation[: self.num_validation], validation[self.num_validation :]
        if stage == "test":
            test = to_unit(data.images("test"), data.value_range)
            return choosing, test, f"{data.name} test images"
        if len(held_out):
            return choosing, held_out, f"{data.name} validation images that did not choose sigma"
        return choosing, validation, f"{data.name} validation images that also chose sigma"

    def _ruler(
        self, data: Any, score_of: Callable[[Tensor], ParzenScore]
    ) -> dict[str, tuple[ParzenScore, str]]:
        """What real images and one image score by the same protocol."""
        train = to_unit(data.images("train"), data.value_range)
        real = TrainingSet(train).sample(min(self.num_samples, len(train)), seed=self.seed)
        return {
            "  random training images": (score_of(real), f"seed {self.seed}"),
            "  one training image": (score_of(OneImage(train[0]).sample(1)), "the first"),
        }

    def _write(self, path: Path, stage: Stage, step: int) -> None:
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
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _datamodule(trainer: Trainer) -> Any:
    data = getattr(trainer, "datamodule", None)
    if data is None:
        raise ValueError(
            "ParzenLogLikelihood needs validation and test images, but the Trainer has no data "
            "module: give it one (datamodule=), or take the callback out."
        )
    return data

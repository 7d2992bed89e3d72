"""Samples that are points in the plane, drawn over the data."""

from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from callbacks.pictures import animate, earlier_frames, show
from lightning_gan.domains import Count, Seed, Size, check_arguments
from lightning_gan.plots_points import cloud


class PointCloud(Callback):
    """The same noise, again and again: samples over held-out data during training, and an animation at the end.

    For data of two numbers. Draws what is scored: the average of G where one is kept.

    Args:
        num: samples, and as many points of the data, 1 to 2^20.
        every_n_steps: updates of G between two pictures, at least 1.
        seed: of the noise, 0 to 2^32 - 1.
    """

    @check_arguments
    def __init__(self, num: Size = 1000, every_n_steps: Count = 500, seed: Seed = 0) -> None:
        self.num, self.every_n_steps, self.seed = num, every_n_steps, seed
        self.frames: dict[int, Tensor] = {}

    def draw(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add the picture of this step."""
        step = trainer.global_step
        if step in self.frames or not trainer.is_global_zero:
            return
        samples: Tensor = pl_module.sample(self.num, seed=self.seed)  # type: ignore[operator]
        data: Tensor = trainer.datamodule.images("val")[: self.num]  # type: ignore[attr-defined]
        samples = samples.float().cpu().nan_to_num(torch.inf, torch.inf, -torch.inf)  # outside
        self.frames[step] = cloud(samples, data.cpu(), f"step {step}")
        show(trainer, "points", self.frames[step], step)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Before the first update; what an earlier life of this run has drawn is taken up.

        Raises:
            ValueError: if the data are not points in the plane.
        """
        data: Any = getattr(trainer, "datamodule", None)
        if getattr(data, "data_shape", None) != (2,):
            name = getattr(data, "name", type(data).__name__)
            raise ValueError(
                f"PointCloud draws data of shape [2], such as Ring and Grid; {name} are of another: take it out of "
                f"trainer.callbacks."
            )
        self.frames |= earlier_frames(trainer, "points", self.every_n_steps)
        if not self.frames or trainer.global_step % self.every_n_steps == 0:
            self.draw(trainer, pl_module)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Every so many updates of G."""
        if trainer.global_step % self.every_n_steps == 0:
            self.draw(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """After the last update."""
        self.draw(trainer, pl_module)
        animate(trainer, "points", self.frames)

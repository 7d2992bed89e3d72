"""Samples that are points in the plane, drawn over the data."""

from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor

from callbacks.animated_images import AnimatedImages
from lightning_gan.arguments import Count, Seed, Size, check_arguments
from lightning_gan.plotting.points import draw_points
from lightning_gan.utils.errors import UserError


class SampleScatter(AnimatedImages):
    """The same noise, again and again: samples over held-out data during training, and an animation of them.

    For data of two numbers. Draws what is scored: the average of G where one is kept.

    Args:
        num: samples, and as many points of the data, 1 to 2^20.
        every_n_steps: updates of G between two images, at least 1.
        seed: of the noise, 0 to 2^32 - 1.
    """

    key = animation_name = "points"

    @check_arguments
    def __init__(self, num: Size = 1000, every_n_steps: Count = 500, seed: Seed = 0) -> None:
        super().__init__(every_n_steps)
        self.num, self.seed = num, seed

    def image(self, trainer: Trainer, pl_module: LightningModule) -> Tensor:
        """Draw samples of the same noise over held-out data, bytes [3, H, W]."""
        samples: Tensor = pl_module.sample(self.num, seed=self.seed)  # type: ignore[operator]
        data: Tensor = trainer.datamodule.images("val")[: self.num]  # type: ignore[attr-defined]
        samples = samples.float().cpu().nan_to_num(torch.inf, torch.inf, -torch.inf)  # outside
        return draw_points(samples, data.cpu(), f"step {trainer.global_step}")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Check the data, and begin.

        Raises:
            ValueError: if the data are not points in the plane.
        """
        data: Any = getattr(trainer, "datamodule", None)
        if getattr(data, "data_shape", None) != (2,):
            name = getattr(data, "name", type(data).__name__)
            raise UserError(
                f"SampleScatter draws data of shape [2], such as Ring and Grid; {name} are of another: take it out of "
                f"trainer.callbacks."
            )
        super().on_train_start(trainer, pl_module)

"""Scatter plots of two-dimensional samples and data during training."""

from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor

from callbacks.animated_images import AnimatedImages
from lightning_gan.arguments import Count, Seed, Size, check_arguments
from lightning_gan.plotting.points import draw_points
from lightning_gan.utils.errors import UserError


class SampleScatter(AnimatedImages):
    """Callback that draws two-dimensional samples of fixed noise over validation data, and an animation of the plots.

    The samples come from the evaluated generator: the average of G if the model has one.

    Args:
        num: Number of samples and of data points, 1 to 2^20.
        every_n_steps: Updates of G between two images, at least 1.
        seed: Random seed for the noise, 0 to 2^32 - 1.
    """

    key = animation_name = "points"

    @check_arguments
    def __init__(self, num: Size = 1000, every_n_steps: Count = 500, seed: Seed = 0) -> None:
        super().__init__(every_n_steps)
        self.num, self.seed = num, seed

    def draw_image(self, trainer: Trainer, pl_module: LightningModule) -> Tensor:
        """Draw samples of the fixed noise over validation data, uint8 [3, H, W]."""
        samples: Tensor = pl_module.sample(self.num, seed=self.seed)  # type: ignore[operator]
        data: Tensor = trainer.datamodule.images("val")[: self.num]  # type: ignore[attr-defined]
        samples = samples.float().cpu().nan_to_num(torch.inf, torch.inf, -torch.inf)  # outside
        return draw_points(samples, data.cpu(), f"step {trainer.global_step}")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Check the data and draw the initial state.

        Raises:
            ValueError: If the data are not two-dimensional.
        """
        data: Any = getattr(trainer, "datamodule", None)
        if getattr(data, "data_shape", None) != (2,):
            name = getattr(data, "name", type(data).__name__)
            raise UserError(
                f"SampleScatter needs data of shape [2], such as Ring or Grid, but the data are {name}: remove it from "
                f"trainer.callbacks."
            )
        super().on_train_start(trainer, pl_module)

"""Grids of samples during training, and samples with their nearest training images after it."""

from pathlib import Path

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from callbacks.animated_images import AnimatedImages
from callbacks.image_logging import (
    find_display_range_of_data,
    find_run_folder_of_trainer,
    log_image,
    read_uint8_images,
    warn_on_oserror,
)
from lightning_gan.arguments import Count, Seed, Size, check_arguments
from lightning_gan.metrics.nearest import find_nearest
from lightning_gan.utils import images


class SampleGrid(AnimatedImages):
    """Callback that draws a grid of samples of fixed noise during training, and an animation of the grids.

    Args:
        num: Number of samples, 1 to 2^20.
        columns: Number of columns of the grid, 1 to 2^20.
        every_n_steps: Updates of G between two grids, at least 1.
        seed: Random seed for the noise, 0 to 2^32 - 1.
    """

    key, animation_name = "samples", "training"

    @check_arguments
    def __init__(
        self, num: Size = 64, columns: Size = 8, every_n_steps: Count = 500, seed: Seed = 0
    ) -> None:
        super().__init__(every_n_steps)
        self.num, self.columns, self.seed = num, columns, seed

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Also save a grid of real images for comparison, once in a run."""
        super().on_train_start(trainer, pl_module)
        path = find_run_folder_of_trainer(trainer) / "images" / "real.png"
        data = getattr(trainer, "datamodule", None)
        if trainer.is_global_zero and hasattr(data, "uint8_images") and not path.exists():
            self._save_real_images(read_uint8_images(data, "val"), path)

    def _save_real_images(self, real: Tensor, path: Path) -> None:
        """Save a grid of at most `num` images at even intervals of `real`, uint8 [n, C, H, W]."""
        n = min(self.num, len(real))
        index = torch.arange(n) * len(real) // max(1, n)
        with warn_on_oserror(path):
            images.save_image(images.make_image_grid(real[index], self.columns, scale=2), path)

    def draw_image(self, trainer: Trainer, pl_module: LightningModule) -> Tensor:
        """Draw a grid of samples of the fixed noise, uint8 [3, H, W]."""
        samples = pl_module.sample(self.num, seed=self.seed)  # type: ignore[operator]
        # without a data module, G's own value_range is used
        data = getattr(trainer, "datamodule", None) or pl_module.generator
        display_range = find_display_range_of_data(data)
        uint8_samples = images.to_uint8(samples, display_range)
        return images.make_image_grid(uint8_samples, self.columns, scale=2)


class NearestNeighbours(Callback):
    """Callback that draws samples beside their nearest training images (Goodfellow et al. 2014, figure 2).

    "The rightmost column shows the nearest training example of the neighboring sample, in order to demonstrate that
    the model has not memorized the training set." The samples are not selected: they are the first ones of the seed.

    Args:
        rows: Number of rows, 1 to 2^20.
        columns: Number of columns of samples, 1 to 2^20; a column with the neighbours of the last one is added.
        seed: Random seed for the noise, 0 to 2^32 - 1.
    """

    @check_arguments
    def __init__(self, rows: Size = 6, columns: Size = 7, seed: Seed = 0) -> None:
        self.num_rows, self.columns, self.seed = rows, columns, seed

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the image after the last update, on rank 0."""
        data = trainer.datamodule  # type: ignore[attr-defined]
        if data is None or not trainer.is_global_zero:
            return
        real = read_uint8_images(data, "train")
        samples = pl_module.sample(self.num_rows * self.columns, seed=self.seed)  # type: ignore[operator]
        generated = images.to_uint8(samples.cpu(), find_display_range_of_data(data))
        generated = generated.view(self.num_rows, self.columns, *real.shape[1:])
        neighbours = real[find_nearest(generated[:, -1].float(), real)][:, None]
        gap = torch.full_like(neighbours, 128)  # grey, like the lines of the grid
        rows = torch.cat([generated, gap, neighbours], dim=1).flatten(0, 1)
        image = images.make_image_grid(rows, self.columns + 2, scale=2)
        log_image(trainer, "nearest_neighbours", image, trainer.global_step)

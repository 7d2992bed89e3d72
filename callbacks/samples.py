"""Pictures of samples, during and after training."""

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from callbacks.pictures import animate, earlier_frames, pictures_of, show, shown_range
from lightning_gan import images
from lightning_gan.domains import Count, Seed, Size, check_arguments
from lightning_gan.metrics.nearest import nearest


class SampleGrid(Callback):
    """The same noise, again and again: a grid of samples over training, and an animation of them at the end.

    Args:
        num: samples, 1 to 2^20.
        columns: of the grid, 1 to 2^20.
        every_n_steps: updates of G between two grids, at least 1.
        seed: of the noise, 0 to 2^32 - 1.
    """

    @check_arguments
    def __init__(
        self, num: Size = 64, columns: Size = 8, every_n_steps: Count = 500, seed: Seed = 0
    ) -> None:
        self.num, self.columns, self.every_n_steps, self.seed = num, columns, every_n_steps, seed
        self.frames: dict[int, Tensor] = {}

    def draw(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add the grid of this step."""
        step = trainer.global_step
        if step in self.frames or not trainer.is_global_zero:
            return
        samples = pl_module.sample(self.num, seed=self.seed)  # type: ignore[operator]
        # without a data module G says what its values are
        shown = shown_range(getattr(trainer, "datamodule", None) or pl_module.generator)
        self.frames[step] = images.grid(images.to_uint8(samples, shown), self.columns, scale=2)
        show(trainer, "samples", self.frames[step], step)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Before the first update; what an earlier life of this run has drawn is taken up."""
        self.frames |= earlier_frames(trainer, "samples", self.every_n_steps)
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
        if len(self.frames) > 1:
            animate(trainer, "training", self.frames)


class NearestNeighbours(Callback):
    """Figure 2 of Goodfellow et al. (2014): samples, and in the last column the nearest training example.

    "The rightmost column shows the nearest training example of the neighboring sample, in order to demonstrate that
    the model has not memorized the training set." Samples are the seed's first ones, not picked.

    Args:
        rows: of the picture, 1 to 2^20.
        columns: of samples, 1 to 2^20; the neighbours of the last one are added.
        seed: of the noise, 0 to 2^32 - 1.
    """

    @check_arguments
    def __init__(self, rows: Size = 6, columns: Size = 7, seed: Seed = 0) -> None:
        self.num_rows, self.columns, self.seed = rows, columns, seed

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """After the last update."""
        data = trainer.datamodule  # type: ignore[attr-defined]
        if data is None or not trainer.is_global_zero:
            return
        bank = pictures_of(data, "train")
        samples = pl_module.sample(self.num_rows * self.columns, seed=self.seed)  # type: ignore[operator]
        shown = images.to_uint8(samples.cpu(), shown_range(data))
        shown = shown.view(self.num_rows, self.columns, *bank.shape[1:])
        neighbours = bank[nearest(shown[:, -1].float(), bank)][:, None]
        gap = torch.full_like(neighbours, 128)  # grey, as the grid's own
        rows = torch.cat([shown, gap, neighbours], dim=1).flatten(0, 1)
        picture = images.grid(rows, self.columns + 2, scale=2)
        show(trainer, "nearest_neighbours", picture, trainer.global_step)

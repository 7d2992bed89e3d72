"""Base class of callbacks that draw an image at regular intervals and write an animation of them."""

from abc import ABC, abstractmethod
from typing import ClassVar

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from callbacks.image_logging import (
    find_earlier_images,
    find_run_folder_of_trainer,
    log_image,
    warn_on_oserror,
)
from lightning_gan.plotting.animation import Animation


class AnimatedImages(Callback, ABC):
    """Callback that draws an image every few steps, saves it as PNG and adds it to images/<animation_name>.gif.

    Each image is encoded when it is drawn and is not held in memory. A resumed run keeps the frames of its earlier
    processes.

    Args:
        every_n_steps: Updates of G between two images.
    """

    key: ClassVar[str]
    """Folder of the PNG files below images/."""
    animation_name: ClassVar[str]
    """File name of the animation, without its suffix."""

    def __init__(self, every_n_steps: int) -> None:
        self.every_n_steps = every_n_steps
        self.animation: Animation | None = None

    @abstractmethod
    def draw_image(self, trainer: Trainer, pl_module: LightningModule) -> Tensor:
        """Draw the current state; called on rank 0 only.

        Returns:
            Image, uint8 [3, H, W].
        """

    def add_image(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw, save and log the image of this step, once per step and on rank 0."""
        step = trainer.global_step
        if not trainer.is_global_zero:
            return
        animation = self.animation or self._begin(trainer)
        if step in animation.steps:
            return
        frame = self.draw_image(trainer, pl_module)
        log_image(trainer, self.key, frame, step)
        with warn_on_oserror(animation.path):
            animation.add(step, frame)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the frames of an earlier process and draw the state before the first update."""
        if not trainer.is_global_zero:
            return
        animation = self._begin(trainer)
        with warn_on_oserror(animation.path):
            animation.keep(find_earlier_images(trainer, self.key, self.every_n_steps))
        if not animation.frames or trainer.global_step % self.every_n_steps == 0:
            self.add_image(trainer, pl_module)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Draw every `every_n_steps` updates of G."""
        if trainer.global_step % self.every_n_steps == 0:
            self.add_image(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the last state and send the animation to the loggers that accept videos."""
        self.add_image(trainer, pl_module)
        if not trainer.is_global_zero or self.animation is None or len(self.animation.frames) < 2:
            return
        with warn_on_oserror(self.animation.path):
            for logger in trainer.loggers:
                if hasattr(logger, "log_video"):
                    name, files = f"animations/{self.animation_name}", [str(self.animation.path)]
                    logger.log_video(name, files, step=trainer.global_step)

    def _begin(self, trainer: Trainer) -> Animation:
        path = find_run_folder_of_trainer(trainer) / "images" / f"{self.animation_name}.gif"
        self.animation = Animation(path)
        return self.animation

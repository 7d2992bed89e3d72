"""Helpers that convert data and samples to images and write images to the run folder and the loggers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytorch_lightning import Trainer
from pytorch_lightning.loggers import Logger, MLFlowLogger, TensorBoardLogger
from pytorch_lightning.utilities.rank_zero import rank_zero_warn
from torch import Tensor

from lightning_gan.utils import images


def find_run_folder_of_trainer(trainer: Trainer) -> Path:
    """Return the folder of this run: config, metrics, checkpoints and images.

    On the command line each run has its own folder, which is the folder of the first logger whatever `trainer.logger`
    is. A Trainer made in Python uses the folder of its first logger, or default_root_dir if that logger has none.

    Only rank 0 writes to the folder. Trainer.log_dir is not used: it waits for all processes, so a call on a single
    process hangs the run.
    """
    folder = getattr(trainer.logger, "log_dir", None)
    return Path(folder or trainer.default_root_dir)


def log_image(trainer: Trainer, key: str, image: Tensor, step: int) -> None:
    """Write an image, uint8 [C, H, W], to images/<key>/step_<step>.png and to the loggers, on rank 0."""
    if not trainer.is_global_zero:
        return
    path = find_run_folder_of_trainer(trainer) / "images" / key / f"step_{step:07d}.png"
    with warn_on_oserror(path):
        images.save_image(image, path)
    for logger in trainer.loggers:
        _log_image(logger, f"images/{key}", image, step)


def _log_image(logger: Logger, key: str, image: Tensor, step: int) -> None:
    """Send an image, uint8 [C, H, W], to a logger that accepts images."""
    if isinstance(logger, TensorBoardLogger):
        logger.experiment.add_image(key, image.cpu(), step)
    elif isinstance(logger, MLFlowLogger):
        file = f"{key}/step_{step:07d}.png"
        logger.experiment.log_image(logger.run_id, images.to_pil(image), artifact_file=file)
    elif hasattr(logger, "log_image"):  # a PIL image: wandb shows a tensor of floats as black
        logger.log_image(key=key, images=[images.to_pil(image)], step=step)


def find_earlier_images(trainer: Trainer, key: str, every_n_steps: int) -> dict[int, Path]:
    """Find the images of earlier processes of this run at steps that are multiples of an interval.

    Args:
        trainer: Trainer of the resumed run; images from its current step on are left out.
        key: Folder below images/.
        every_n_steps: Updates of G between two images.

    Returns:
        PNG files by step.
    """
    found = {}
    for path in (find_run_folder_of_trainer(trainer) / "images" / key).glob("step_*.png"):
        step = int(path.stem.removeprefix("step_"))
        if step < trainer.global_step and step % every_n_steps == 0:
            found[step] = path
    return found


@contextmanager
def warn_on_oserror(path: Path) -> Iterator[None]:
    """Turn an OSError, such as a full disk, into a warning, so that training continues."""
    try:
        yield
    except OSError as error:
        rank_zero_warn(f"{path} was not saved ({error.strerror}): training continues.")


def find_display_range_of_data(data: Any) -> tuple[float, float]:
    """Return the values that an image shows as black and white: `display_range`, or else `value_range`."""
    low, high = getattr(data, "display_range", data.value_range)
    return low, high


def read_uint8_images(data: Any, split: str) -> Tensor:
    """Return the images of a split, uint8 [n, C, H, W]: `uint8_images`, or else `images` converted to bytes."""
    if hasattr(data, "uint8_images"):
        uint8_images: Tensor = data.uint8_images(split)
        return uint8_images
    return images.to_uint8(data.images(split), find_display_range_of_data(data))

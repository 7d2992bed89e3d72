"""What images show of data and samples, and where they go: the run folder, and every logger that takes them."""

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
    """The folder of this run: config, curves, checkpoints, images.

    The command line always gives a run a folder of its own, whatever `trainer.logger` is, and its logger comes first. A
    Trainer made in Python has the folder of its first logger, or default_root_dir where that logger has none.

    Only the first process writes there. Trainer.log_dir would wait for all processes, so that asking for it on one of
    them alone would hang the run.
    """
    folder = getattr(trainer.logger, "log_dir", None)
    return Path(folder or trainer.default_root_dir)


def log_image(trainer: Trainer, key: str, image: Tensor, step: int) -> None:
    """Write bytes [C, H, W] to images/<key>/step_<step>.png and to the loggers, on the first process."""
    if not trainer.is_global_zero:
        return
    path = find_run_folder_of_trainer(trainer) / "images" / key / f"step_{step:07d}.png"
    with warn_on_oserror(path):
        images.save_image(image, path)
    for logger in trainer.loggers:
        _log_image(logger, f"images/{key}", image, step)


def _log_image(logger: Logger, key: str, image: Tensor, step: int) -> None:
    """Send bytes [C, H, W] to a logger, if it takes images."""
    if isinstance(logger, TensorBoardLogger):
        logger.experiment.add_image(key, image.cpu(), step)
    elif isinstance(logger, MLFlowLogger):
        place = f"{key}/step_{step:07d}.png"
        logger.experiment.log_image(logger.run_id, images.to_pil(image), artifact_file=place)
    elif hasattr(logger, "log_image"):  # a PIL image: wandb would turn a float tensor black
        logger.log_image(key=key, images=[images.to_pil(image)], step=step)


def find_earlier_images(trainer: Trainer, key: str, every_n_steps: int) -> dict[int, Path]:
    """Find the images that an earlier process of this run has drawn and that it would have drawn unstopped.

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
    """Let the run go on where there is no room for a file."""
    try:
        yield
    except OSError as error:
        rank_zero_warn(f"{path} was not saved ({error.strerror}): training goes on.")


def find_display_range_of_data(data: Any) -> tuple[float, float]:
    """The values of a data module that an image shows as black and white: all of them, unless it says otherwise."""
    low, high = getattr(data, "display_range", data.value_range)
    return low, high


def read_uint8_images(data: Any, split: str) -> Tensor:
    """Bytes of a split of a data module, uint8 [n, C, H, W]: its own, or made of its images."""
    if hasattr(data, "uint8_images"):
        own: Tensor = data.uint8_images(split)
        return own
    return images.to_uint8(data.images(split), find_display_range_of_data(data))

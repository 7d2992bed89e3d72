"""What pictures show of data and samples, and where they go: the run folder, and every logger that takes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytorch_lightning import Trainer
from pytorch_lightning.loggers import Logger, MLFlowLogger, TensorBoardLogger
from pytorch_lightning.utilities.rank_zero import rank_zero_warn
from torch import Tensor

from lightning_gan import images


def run_folder(trainer: Trainer) -> Path:
    """The folder of this run: config, curves, checkpoints, images.

    The command line always gives a run a folder of its own, whatever `trainer.logger` is, and its logger comes first. A
    Trainer made in Python has the folder of its first logger, or default_root_dir where that logger has none.

    Only the first process writes there. Trainer.log_dir would wait for all processes, so that asking for it on one of
    them alone would hang the run.
    """
    folder = getattr(trainer.logger, "log_dir", None)
    return Path(folder or trainer.default_root_dir)


def show(trainer: Trainer, key: str, picture: Tensor, step: int) -> None:
    """Write bytes [C, H, W] to images/<key>/step_<step>.png and to the loggers, on the first process."""
    if not trainer.is_global_zero:
        return
    path = run_folder(trainer) / "images" / key / f"step_{step:07d}.png"
    with spared(path):
        images.save(picture, path)
    for logger in trainer.loggers:
        _log_picture(logger, f"images/{key}", picture, step)


def _log_picture(logger: Logger, key: str, picture: Tensor, step: int) -> None:
    """Send bytes [C, H, W] to a logger, if it takes pictures."""
    if isinstance(logger, TensorBoardLogger):
        logger.experiment.add_image(key, picture.cpu(), step)
    elif isinstance(logger, MLFlowLogger):
        place = f"{key}/step_{step:07d}.png"
        logger.experiment.log_image(logger.run_id, images.to_pil(picture), artifact_file=place)
    elif hasattr(logger, "log_image"):  # a PIL picture: wandb would turn a float tensor black
        logger.log_image(key=key, images=[images.to_pil(picture)], step=step)


def earlier_pictures(trainer: Trainer, key: str, every_n_steps: int) -> dict[int, Path]:
    """Find the pictures that an earlier process of this run has drawn and that it would have drawn unstopped.

    Returns:
        PNG files by step.
    """
    found = {}
    for path in (run_folder(trainer) / "images" / key).glob("step_*.png"):
        step = int(path.stem.removeprefix("step_"))
        if step < trainer.global_step and step % every_n_steps == 0:
            found[step] = path
    return found


@contextmanager
def spared(path: Path) -> Iterator[None]:
    """Let the run go on where there is no room for a file."""
    try:
        yield
    except OSError as error:
        rank_zero_warn(f"{path} was not saved ({error.strerror}): training goes on.")


def shown_range(data: Any) -> tuple[float, float]:
    """The values of a data module that a picture shows as black and white: all of them, unless it says otherwise."""
    low, high = getattr(data, "shown_range", data.value_range)
    return low, high


def pictures_of(data: Any, split: str) -> Tensor:
    """Bytes of a split of a data module, uint8 [n, C, H, W]: its own, or made of its images."""
    if hasattr(data, "pictures"):
        own: Tensor = data.pictures(split)
        return own
    return images.to_uint8(data.images(split), shown_range(data))

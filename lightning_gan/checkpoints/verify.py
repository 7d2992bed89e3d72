"""Read a checkpoint, verify its checksums, and compare it with the present model and data."""

import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lightning_gan.utils import home_folder
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import check_format


class CheckpointError(UserError):
    """Error for a file that is not a usable checkpoint."""


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint of this suite: plain values and tensors only, all checksums verified.

    Raises:
        CheckpointError: The file is missing, incomplete or damaged, or is not a checkpoint of this suite.
        FormatError: Another version of this suite wrote the file.
    """
    path = Path(home_folder.expand_home(str(path)))
    if not path.is_file():
        raise CheckpointError(f"No checkpoint at {path}: give the path of a .ckpt file.")
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # torch.load does not verify the checksums
        content = None if damaged else torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:
        raise CheckpointError(
            f"{path} ({path.stat().st_size} bytes) is not a complete checkpoint ({_first_line(error)}): use an older "
            f"file from the same folder, or start again without --ckpt_path."
        ) from error
    if content is None:
        raise CheckpointError(
            f"{path} is damaged (checksum of {damaged}): use an older file from the same folder."
        )
    if not isinstance(content, dict) or not {"counts", "state_dict", "hyper_parameters"} <= set(
        content
    ):
        if isinstance(content, dict) and {"counts", "state_dict"} <= set(content):
            raise CheckpointError(
                f"{path} was saved by a Trainer in Python, without the settings of its networks: construct the same "
                f"GAN in Python, and load the file's state_dict into it."
            )
        raise CheckpointError(
            f"{path} is not a checkpoint of this suite: it has no counts or hyper_parameters."
        )
    check_format(content, path)
    return content


def check_weights(path: str | None, checkpoint: dict[str, Any], model: nn.Module) -> None:
    """Check that a checkpoint's weights have the names and shapes of a model's.

    Args:
        path: Checkpoint path, for the message.
        checkpoint: Content of the checkpoint; empty if there is none.
        model: Model to be restored.

    Raises:
        CheckpointError: A weight differs; the message names the file and the first such weight.
    """
    stored = {name: list(w.shape) for name, w in checkpoint.get("state_dict", {}).items()}
    expected = {name: list(w.shape) for name, w in model.state_dict().items()}
    for name in expected | stored if stored else ():
        if stored.get(name) != expected.get(name):
            raise CheckpointError(
                f"{path} does not fit these networks: {name} is {stored.get(name, 'missing')} in the file and "
                f"{expected.get(name, 'missing')} in the model. It belongs to another model or another version of the "
                f"code."
            )


def check_data_name(path: str | None, checkpoint: dict[str, Any], name: str) -> None:
    """Check that the present data are those that a checkpoint was trained on, if it names them.

    Raises:
        UserError: The data sets differ; the message names both.
    """
    trained_on = checkpoint.get("data") or name
    if trained_on != name:
        raise UserError(
            f"{path} was trained on {trained_on}, but the present data are {name}: scores are not comparable. Use "
            f"{trained_on}, or start a new run."
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]

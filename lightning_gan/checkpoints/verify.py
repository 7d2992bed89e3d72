"""Read a checkpoint, every byte verified, and compare it with the model and the data at hand."""

import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lightning_gan.utils import home_folder
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import check_format


class CheckpointError(UserError):
    """A file that cannot be resumed from."""


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint of this suite: plain values and tensors only, every byte verified.

    Raises:
        CheckpointError: naming what is wrong with the file.
        FormatError: if another version of this suite wrote it.
    """
    path = Path(home_folder.expand_home(str(path)))
    if not path.is_file():
        raise CheckpointError(f"No checkpoint at {path}: give the path of a .ckpt file.")
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # torch.load does not look at the checksums
        content = None if damaged else torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:
        raise CheckpointError(
            f"{path} ({path.stat().st_size} bytes) is not a whole checkpoint ({_first_line(error)}): use an older "
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
                f"{path} was saved by a Trainer from Python, without the settings of its networks: construct the GAN "
                f"as it was, and load the file's state_dict into it."
            )
        raise CheckpointError(
            f"{path} is no checkpoint of a run of this suite: it lacks counts or hyper_parameters."
        )
    check_format(content, path)
    return content


def check_weights(path: str | None, checkpoint: dict[str, Any], model: nn.Module) -> None:
    """A checkpoint's weights must be those of these networks.

    Args:
        path: of the checkpoint.
        checkpoint: its content; empty if there is none.
        model: the model.

    Raises:
        CheckpointError: naming the file and the first weight that differs.
    """
    there = {name: list(w.shape) for name, w in checkpoint.get("state_dict", {}).items()}
    here = {name: list(w.shape) for name, w in model.state_dict().items()}
    for name in here | there if there else ():
        if there.get(name) != here.get(name):
            raise CheckpointError(
                f"{path} does not fit these networks: {name} is {there.get(name, 'missing')} in the file and "
                f"{here.get(name, 'missing')} here. It comes from another model, or from other code."
            )


def check_data_name(path: str | None, checkpoint: dict[str, Any], name: str) -> None:
    """The data at hand must be those that the checkpoint learned from, if it says which.

    Raises:
        ValueError: naming both.
    """
    learned = checkpoint.get("data") or name
    if learned != name:
        raise UserError(
            f"{path} learned from {learned}, but the data here are {name}: their scores do not compare. Bring "
            f"{learned} back, or start a new run."
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]

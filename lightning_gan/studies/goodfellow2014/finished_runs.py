"""What a finished run holds: its networks, and the data that it was trained on."""

from importlib import import_module
from pathlib import Path
from typing import cast

import yaml

from datamodules import ImageData
from lightning_gan.checkpoints.load import load
from lightning_gan.models.base import AdversarialModel
from lightning_gan.utils import trusted_classes


def load_model(run: Path) -> AdversarialModel:
    """D and G of the last checkpoint, in evaluation mode.

    Raises:
        CheckpointError: if the run has no whole one.
    """
    return load(str(run / "checkpoints" / "last.ckpt"))


def load_data(run: Path) -> ImageData:
    """The data module of the run's config, loaded.

    Raises:
        FileNotFoundError: if the files are gone since.
        UntrustedError: if it names a class that nobody vouched for.
    """
    section = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))["data"]
    trusted_classes.check_names(section, str(run / "config.yaml"))
    module, _, name = section["class_path"].rpartition(".")
    data = cast(ImageData, getattr(import_module(module), name)(**section["init_args"]))
    data.prepare_data()
    data.setup()
    return data

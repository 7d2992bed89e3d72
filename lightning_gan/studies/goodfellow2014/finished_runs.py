"""Load the model and the data of a finished run."""

from importlib import import_module
from pathlib import Path
from typing import cast

import yaml

from datamodules import ImageData
from lightning_gan.checkpoints.load import load
from lightning_gan.models.base import AdversarialModel
from lightning_gan.utils import trusted_classes


def load_model(run: Path) -> AdversarialModel:
    """Load the model of a run's last checkpoint in evaluation mode.

    Raises:
        CheckpointError: If there is no valid checkpoint.
    """
    return load(str(run / "checkpoints" / "last.ckpt"))


def load_data(run: Path) -> ImageData:
    """Build the data module of a run's config, and load its data.

    Raises:
        FileNotFoundError: If the data files are missing.
        UntrustedError: If the config names a class that is not trusted.
    """
    section = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))["data"]
    trusted_classes.check_names(section, str(run / "config.yaml"))
    module, _, name = section["class_path"].rpartition(".")
    data = cast(ImageData, getattr(import_module(module), name)(**section["init_args"]))
    data.prepare_data()
    data.setup()
    return data

"""Construction of model and data from a config, without a Trainer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml
from pytorch_lightning import LightningDataModule
from pytorch_lightning.cli import LightningArgumentParser

import datamodules  # noqa: F401  (configs name its classes)
from lightning_gan.models.base import AdversarialModel
from lightning_gan.studies.in_memory import seed_single_thread
from lightning_gan.utils import trusted_classes
from lightning_gan.utils.config_files import find_config


def build_from_config(
    config: str, kind: str | None, model: Mapping[str, Any], data: Mapping[str, Any], seed: int
) -> tuple[AdversarialModel, LightningDataModule]:
    """Build model and data of a config.

    Args:
        config: Config name, as for `--config`.
        kind: Class of the model; the config's class if None.
        model: Arguments of the model that replace the config's.
        data: Arguments of the data module that replace the config's.
        seed: Random seed for the initial weights and for training.
    """
    content = yaml.safe_load(Path(find_config(config)).read_text(encoding="utf-8"))
    sections = {key: content[key] for key in ("model", "data")}
    sections["model"]["class_path"] = kind or sections["model"]["class_path"]
    sections["model"]["init_args"] |= model
    sections["data"]["init_args"] |= data
    trusted_classes.restrict_imports()
    parser = LightningArgumentParser()
    parser.add_lightning_class_args(AdversarialModel, "model", subclass_mode=True)
    parser.add_lightning_class_args(LightningDataModule, "data", subclass_mode=True)
    seed_single_thread(seed)
    made = parser.instantiate_classes(parser.parse_object(sections))
    return cast(AdversarialModel, made.model), cast(LightningDataModule, made.data)

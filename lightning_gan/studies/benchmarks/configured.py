"""Models of an experiment's config, built without its Trainer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml
from pytorch_lightning import LightningDataModule
from pytorch_lightning.cli import LightningArgumentParser

import datamodules  # noqa: F401  (a config names classes of these)
from lightning_gan.models.base import AdversarialModel
from lightning_gan.studies.in_memory import seed_single_thread
from lightning_gan.utils import trusted_classes
from lightning_gan.utils.config_files import find_config


def build_from_config(
    config: str, kind: str | None, model: Mapping[str, Any], data: Mapping[str, Any], seed: int
) -> tuple[AdversarialModel, LightningDataModule]:
    """Networks and data of a config, initialised from the seed.

    Args:
        config: as `--config` names it.
        kind: class of the model, if it is not the config's.
        model: arguments of the model, in place of the config's.
        data: arguments of the data module, in place of the config's.
        seed: of the weights, and of all that is drawn.
    """
    content = yaml.safe_load(Path(find_config(config)).read_text(encoding="utf-8"))
    asked = {key: content[key] for key in ("model", "data")}
    asked["model"]["class_path"] = kind or asked["model"]["class_path"]
    asked["model"]["init_args"] |= model
    asked["data"]["init_args"] |= data
    trusted_classes.restrict_imports()
    parser = LightningArgumentParser()
    parser.add_lightning_class_args(AdversarialModel, "model", subclass_mode=True)
    parser.add_lightning_class_args(LightningDataModule, "data", subclass_mode=True)
    seed_single_thread(seed)
    made = parser.instantiate_classes(parser.parse_object(asked))
    return cast(AdversarialModel, made.model), cast(LightningDataModule, made.data)

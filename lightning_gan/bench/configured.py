"""Games of an experiment's config, built without its Trainer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml
from pytorch_lightning import LightningDataModule
from pytorch_lightning.cli import LightningArgumentParser

import datamodules  # noqa: F401  (a config names classes of these)
from lightning_gan import (  # noqa: F401
    losses,
    masks,
    networks,
    optimizers,
    priors,
    regularizers,
    trust,
    variants,
)
from lightning_gan.cli.config_files import find
from lightning_gan.play import seeded
from lightning_gan.players import TwoPlayers


def configured(
    config: str, kind: str | None, model: Mapping[str, Any], data: Mapping[str, Any], seed: int
) -> tuple[TwoPlayers, LightningDataModule]:
    """Players and data of a config, initialised from the seed.

    Args:
        config: as `--config` names it.
        kind: class of the game, if it is not the config's.
        model: arguments of the game, in place of the config's.
        data: arguments of the data module, in place of the config's.
        seed: of the weights, and of all that is drawn.
    """
    content = yaml.safe_load(Path(find(config)).read_text(encoding="utf-8"))
    asked = {key: content[key] for key in ("model", "data")}
    asked["model"]["class_path"] = kind or asked["model"]["class_path"]
    asked["model"]["init_args"] |= model
    asked["data"]["init_args"] |= data
    trust.settle()
    parser = LightningArgumentParser()
    parser.add_lightning_class_args(TwoPlayers, "model", subclass_mode=True)
    parser.add_lightning_class_args(LightningDataModule, "data", subclass_mode=True)
    seeded(seed)
    made = parser.instantiate_classes(parser.parse_object(asked))
    return cast(TwoPlayers, made.model), cast(LightningDataModule, made.data)

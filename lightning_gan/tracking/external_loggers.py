"""Loggers that the user names in `trainer.logger`: they come after the run's own, and get scalars and images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonargparse import Namespace
from pytorch_lightning.cli import instantiate_class
from pytorch_lightning.loggers import Logger

from lightning_gan.utils.errors import UserError

DEFAULT_PLACES = {"WandbLogger": (".", ""), "MLFlowLogger": ("./mlruns", "mlruns")}
"""Class name: the default of save_dir, which lies in the working folder, and its place in the run folder."""


def read_logger_settings(asked: Any) -> list[Mapping[str, Any]] | None:
    """Read the setting `trainer.logger`.

    Args:
        asked: None, a bool, one logger's class_path and init_args, or a list of them.

    Returns:
        Class path and arguments of each logger; an empty list for false, None where the default is wanted.
    """
    if asked is None or asked is True:
        return None
    loggers = asked if isinstance(asked, list) else [asked] if asked else []
    return [one.as_dict() if isinstance(one, Namespace) else one for one in loggers]


def make_external_loggers(settings: Mapping[str, Any], folder: Path) -> Logger:
    """Construct a logger; where its save_dir is the default, it writes into the run folder.

    Args:
        settings: class path and arguments.
        folder: the run folder.

    Raises:
        ValueError: with the logger's own error, if it cannot be constructed.
    """
    arguments = {**(settings.get("init_args") or {}), **(settings.get("dict_kwargs") or {})}
    default, within = DEFAULT_PLACES.get(settings["class_path"].split(".")[-1], (None, ""))
    if default is not None and arguments.get("save_dir", default) == default:
        arguments["save_dir"] = str(folder.resolve() / within)
    path = settings["class_path"]
    try:
        logger: Logger = instantiate_class((), {"class_path": path, "init_args": arguments})
    except Exception as error:
        why = " ".join(str(error).split())
        raise UserError(f"trainer.logger is {path.split('.')[-1]}, which refused: {why}") from error
    return logger

"""Loggers from the setting `trainer.logger`, in addition to metrics.csv and W&B."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonargparse import Namespace
from pytorch_lightning.cli import instantiate_class
from pytorch_lightning.loggers import Logger

from lightning_gan.utils.errors import UserError

DEFAULT_FOLDERS = {"WandbLogger": (".", ""), "MLFlowLogger": ("./mlruns", "mlruns")}
"""Class name: the default of save_dir, relative to the working folder, and the path used instead in the run folder."""


def read_logger_settings(asked: Any) -> list[Mapping[str, Any]] | None:
    """Read the setting `trainer.logger`.

    Args:
        asked: None, a bool, class_path and init_args of one logger, or a list of these.

    Returns:
        Class path and arguments of each logger; an empty list for false, None for the default loggers.
    """
    if asked is None or asked is True:
        return None
    loggers = asked if isinstance(asked, list) else [asked] if asked else []
    return [one.as_dict() if isinstance(one, Namespace) else one for one in loggers]


def make_external_logger(settings: Mapping[str, Any], folder: Path) -> Logger:
    """Construct a logger; a default save_dir is replaced by the run folder.

    Args:
        settings: Class path and arguments.
        folder: Run folder.

    Raises:
        UserError: The logger cannot be constructed; the message holds the logger's own error.
    """
    arguments = {**(settings.get("init_args") or {}), **(settings.get("dict_kwargs") or {})}
    default, within = DEFAULT_FOLDERS.get(settings["class_path"].split(".")[-1], (None, ""))
    if default is not None and arguments.get("save_dir", default) == default:
        arguments["save_dir"] = str(folder.resolve() / within)
    path = settings["class_path"]
    try:
        logger: Logger = instantiate_class((), {"class_path": path, "init_args": arguments})
    except Exception as error:
        why = " ".join(str(error).split())
        raise UserError(
            f"trainer.logger: {path.split('.')[-1]} cannot be constructed: {why}"
        ) from error
    return logger

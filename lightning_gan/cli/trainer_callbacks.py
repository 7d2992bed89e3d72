"""Which callbacks of the suite a Trainer gets beside the user's own."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import Namespace
from pytorch_lightning import Callback
from pytorch_lightning.callbacks import ModelCheckpoint, ProgressBar
from pytorch_lightning.loggers import CSVLogger

from callbacks import Checkpoints, FlightRecorder, MonitoredKeys, Progress
from lightning_gan.distributed.strategy import ANY, AdversarialDDPStrategy, is_single_device
from lightning_gan.slurm import current_job
from lightning_gan.utils.errors import UserError

LONG_INTERVAL = re.compile(
    r"`val_check_interval` \((\d+)\) must be less than or equal to the number of the training batches \((\d+)\)"
)


def choose_callbacks(config: dict[str, Any], defaults: list[Callback]) -> list[Callback]:
    """Choose the default callbacks that go with the Trainer's settings.

    Args:
        config: the Trainer's arguments, with its callbacks.
        defaults: the callbacks that every run has.

    Returns:
        The defaults without Progress, where the user has another progress bar or wants none, and without
        FlightRecorder, where no file is to be written.
    """
    bars = [c for c in config["callbacks"] or [] if isinstance(c, ProgressBar)]
    out: list[type[Callback]] = []
    if config["enable_progress_bar"] is False or bars:
        out.append(Progress)
    if config["fast_dev_run"]:
        out.append(FlightRecorder)
    return [c for c in defaults if not isinstance(c, tuple(out))]


def prepare_callbacks(config: dict[str, Any]) -> None:
    """Check monitored keys before the user's callbacks read them; give ModelCheckpoint a folder of its own.

    In the folder of the run's checkpoints both would write last.ckpt, and each removes its older files.

    Args:
        config: the Trainer's arguments; its callbacks are changed in place.
    """
    asked = config["callbacks"] or []
    config["callbacks"] = [MonitoredKeys(), *asked]
    loggers = config["logger"] if isinstance(config["logger"], list) else []
    for callback in asked:
        if isinstance(callback, ModelCheckpoint) and callback.dirpath is None:
            for own in loggers[:1]:
                assert isinstance(own, CSVLogger)
                callback.dirpath = str(Path(own.log_dir, "model_checkpoints"))


def find_kept_checkpoints(config: dict[str, Any], added: list[Callback]) -> list[Callback]:
    """Leave Checkpoints out where the settings have enable_checkpointing false."""
    if config["enable_checkpointing"] is False:
        return [callback for callback in added if not isinstance(callback, Checkpoints)]
    return added


def make_device_arguments(trainer: Namespace, patience: float) -> dict[str, Any]:
    """Return what the Trainer is told of several devices and of a cluster.

    Args:
        trainer: the parsed settings of `--trainer.*`.
        patience: minutes that one process waits for the others.
    """
    made: dict[str, Any] = {}
    if trainer.strategy in ANY and not is_single_device(trainer):
        made["strategy"] = AdversarialDDPStrategy(patience)
    if plugins := current_job.make_environments(trainer):
        made["plugins"] = plugins
    return made


@contextmanager
def describe_interval() -> Iterator[None]:
    """Say in the settings' names that an epoch is shorter than the interval between two validations.

    Raises:
        ValueError: naming both lengths.
    """
    try:
        yield
    except ValueError as error:
        if found := LONG_INTERVAL.search(str(error)):
            every, length = found.groups()
            raise UserError(
                f"trainer.val_check_interval is {every}, but an epoch has {length} minibatches: give {length} or "
                f"fewer, or --trainer.check_val_every_n_epoch null, which counts minibatches over all epochs."
            ) from error
        raise


def _represent_enum(dumper: yaml.SafeDumper, value: Enum) -> yaml.Node:
    return dumper.represent_data(value.value)


# a default of Lightning's Timer is an Enum, which config.yaml holds as its value
yaml.SafeDumper.add_multi_representer(Enum, _represent_enum)

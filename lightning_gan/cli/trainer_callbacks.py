"""Arguments of the Trainer that this suite sets: callbacks, strategy and plugins."""

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
    """Choose the default callbacks that fit the Trainer's settings.

    Args:
        config: Arguments of the Trainer.
        defaults: Default callbacks.

    Returns:
        The defaults without Progress, if another or no progress bar was set, and without FlightRecorder under
        fast_dev_run, which writes no files.
    """
    bars = [c for c in config["callbacks"] or [] if isinstance(c, ProgressBar)]
    out: list[type[Callback]] = []
    if config["enable_progress_bar"] is False or bars:
        out.append(Progress)
    if config["fast_dev_run"]:
        out.append(FlightRecorder)
    return [c for c in defaults if not isinstance(c, tuple(out))]


def prepare_callbacks(config: dict[str, Any]) -> None:
    """Add a check of monitored keys, and give each ModelCheckpoint a separate folder.

    In the run's checkpoint folder, Checkpoints and ModelCheckpoint would overwrite each other's last.ckpt.

    Args:
        config: Arguments of the Trainer, changed in place.
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
    """Return the added callbacks, without Checkpoints if enable_checkpointing is false."""
    if config["enable_checkpointing"] is False:
        return [callback for callback in added if not isinstance(callback, Checkpoints)]
    return added


def make_device_arguments(trainer: Namespace, timeout_minutes: float) -> dict[str, Any]:
    """Make the Trainer's arguments for multiple devices and for a cluster.

    Args:
        trainer: Settings `trainer.*`.
        timeout_minutes: Time that one process waits for the others, in minutes.
    """
    made: dict[str, Any] = {}
    if trainer.strategy in ANY and not is_single_device(trainer):
        made["strategy"] = AdversarialDDPStrategy(timeout_minutes)
    if plugins := current_job.make_environments(trainer):
        made["plugins"] = plugins
    return made


@contextmanager
def describe_interval() -> Iterator[None]:
    """Replace Lightning's error about an epoch that is shorter than val_check_interval.

    Raises:
        UserError: The interval is longer than an epoch.
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


# the default of an argument of Lightning's Timer is an Enum; config.yaml contains its value
yaml.SafeDumper.add_multi_representer(Enum, _represent_enum)

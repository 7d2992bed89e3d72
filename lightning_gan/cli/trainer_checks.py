"""Checks for settings of Lightning's Trainer that a GAN cannot use. docs/lightning.md lists all settings."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from jsonargparse import Namespace
from pytorch_lightning.accelerators import (
    Accelerator,
    CPUAccelerator,
    CUDAAccelerator,
    MPSAccelerator,
)
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from lightning_gan.utils.errors import UserError

STRATEGIES = ("auto", "ddp", "ddp_find_unused_parameters_true")
PRECISIONS = (
    "32-true", "16-mixed", "bf16-mixed", "64-true", "32", "16", "bf16", "64", 32, 16, 64, None,
)  # fmt: skip
ACCELERATORS: Mapping[str, type[Accelerator]] = {
    "cpu": CPUAccelerator,
    "gpu": CUDAAccelerator,
    "cuda": CUDAAccelerator,
    "mps": MPSAccelerator,
}
AVERAGES = (
    "averages the weights of one optimizer's model, and a GAN has two optimizers: set "
    "--model.ema_half_life, which averages G"
)
CALLBACKS = {
    "StochasticWeightAveraging": AVERAGES,
    "WeightAveraging": AVERAGES,
    "EMAWeightAveraging": AVERAGES,
    "GradientAccumulationScheduler": "needs automatic optimization, and a GAN has two optimizers: set "
    "--trainer.accumulate_grad_batches",
    "LearningRateFinder": "needs one optimizer, and a GAN has two: set lr in --model.d_optimizer and "
    "--model.g_optimizer",
    "BatchSizeFinder": "changes the batch size for which the learning rates were chosen: set --data.batch_size, "
    "and measure time and memory with `python -m lightning_gan estimate`",
    "BackboneFinetuning": "needs a network with a `backbone`, which G and D do not have: leave it out",
    "ModelPruning": "uses masks that checkpoints do not contain, so that a resumed run would differ: leave it out",
    "OnExceptionCheckpoint": "saves in the middle of a step: use --checkpoint.every_n_steps; the state before an "
    "error is saved in the run's crash/ folder",
    "SpikeDetection": "reads the loss that training_step returns, and a GAN has two losses: a non-finite loss "
    "stops the run, and --config callbacks/recovery.yaml returns to the last checkpoint and continues",
}  # fmt: skip
DURATION = re.compile(r"\s*\d+:\d\d:\d\d:\d\d\s*")


def check_settings(trainer: Namespace) -> None:
    """Check the settings of the Trainer against two manually optimized networks.

    Args:
        trainer: Settings `trainer.*`.

    Raises:
        UserError: A setting cannot work; the message names it, its value and an alternative.
    """
    for check in CHECKS:
        check(trainer)


def check_flags(trainer: Namespace) -> None:
    """Check flags that would have no effect, or leave a run without its files.

    Raises:
        UserError: Such a flag is set.
    """
    if trainer.barebones:
        raise UserError(
            "trainer.barebones is true, but a run writes curves and checkpoints: leave it out, and measure speed "
            "with `python -m lightning_gan estimate`."
        )
    if trainer.gradient_clip_algorithm:
        raise UserError(
            f"trainer.gradient_clip_algorithm is {trainer.gradient_clip_algorithm}, but each network's gradient is "
            f"clipped by its norm: set --model.d_clip and --model.g_clip."
        )
    if trainer.default_root_dir:
        raise UserError(
            f"trainer.default_root_dir is {trainer.default_root_dir}, but runs are written under run.root: give "
            f"--run.root {trainer.default_root_dir}."
        )
    if trainer.profiler == "xla":
        raise UserError(
            "trainer.profiler is xla, which needs a TPU: give simple, advanced or pytorch."
        )


def check_val_check_interval(trainer: Namespace) -> None:
    """Check that val_check_interval is a number or a time.

    Raises:
        UserError: It is neither.
    """
    every = trainer.val_check_interval
    if isinstance(every, str) and not DURATION.fullmatch(every):
        raise UserError(
            f"trainer.val_check_interval is {every!r}: give a number of minibatches, or a time as DD:HH:MM:SS, such "
            f"as 00:00:10:00 for ten minutes."
        )


def check_precision(trainer: Namespace) -> None:
    """Check that the precision keeps weights in float32 or float64.

    Raises:
        UserError: The precision is another one.
    """
    if trainer.precision not in PRECISIONS:
        raise UserError(
            f"trainer.precision is {trainer.precision}, but noise, penalties and scores are computed in float32: give "
            f"32-true, bf16-mixed, 16-mixed or 64-true."
        )


def check_strategy(trainer: Namespace) -> None:
    """Check that the strategy neither shards the model nor pickles it to start processes.

    Raises:
        UserError: The strategy is not supported.
    """
    asked = trainer.strategy
    path = getattr(asked, "class_path", asked)
    if asked not in STRATEGIES and (asked == path or ".strategies." in path):
        raise UserError(
            f"trainer.strategy is {path}, but G and D are copied to every device, and each device has a process that "
            f"this command starts: give auto or ddp."
        )


def check_device_setting(trainer: Namespace) -> None:
    """Check that the accelerator and the devices exist.

    Raises:
        UserError: One of them does not exist.
    """
    asked, devices = trainer.accelerator, trainer.devices
    if not isinstance(asked, str):
        return
    if asked not in ("auto", *ACCELERATORS):
        raise UserError(
            f"trainer.accelerator is {asked!r}, which this suite does not support: give auto, cpu, gpu, cuda or mps."
        )
    name = _resolve_accelerator(asked)
    kind = ACCELERATORS[name]
    if not kind.is_available():
        raise UserError(
            f"trainer.accelerator is {asked}, but torch finds none on this machine: give cpu or auto; "
            f"`python -m lightning_gan doctor` lists the devices."
        )
    try:
        if devices != "auto" and (devices in (0, "0") or not kind.parse_devices(devices)):
            raise MisconfigurationException("no device")
    except (TypeError, ValueError, MisconfigurationException) as error:
        some = (
            "give auto, or the number of processes that share the CPU, 1 or more"
            if kind is CPUAccelerator
            else f"give auto, -1 for all, a number from 1 to {kind.auto_device_count()}, or a list of their indices"
        )
        raise UserError(f"trainer.devices is {devices} on {name}: {some}.") from error


def _resolve_accelerator(accelerator: str) -> str:
    """Return the accelerator that Lightning chooses for `auto` or `gpu`."""
    if accelerator == "auto":
        found = [name for name in ("mps", "cuda") if ACCELERATORS[name].is_available()]
        return found[0] if found else "cpu"
    return "mps" if accelerator == "gpu" and torch.backends.mps.is_available() else accelerator


def check_nodes(trainer: Namespace) -> None:
    """Check the number of nodes, and that the environment names the first node if there is more than one.

    Raises:
        UserError: The number is below 1, or the first node is unknown.
    """
    if trainer.num_nodes < 1:
        raise UserError(f"trainer.num_nodes is {trainer.num_nodes}: give 1 or more.")
    variables = ("MASTER_ADDR", "SLURM_JOB_ID", "TORCHELASTIC_RUN_ID")
    if trainer.num_nodes > 1 and not any(name in os.environ for name in variables):
        raise UserError(
            f"trainer.num_nodes is {trainer.num_nodes}, but the address of the first node is unknown: start the "
            f"command with srun or torchrun, or set MASTER_ADDR, MASTER_PORT and NODE_RANK on each node."
        )


def check_callbacks(trainer: Namespace) -> None:
    """Check for callbacks that need one optimizer, automatic optimization or a returned loss.

    Raises:
        UserError: There is such a callback; the message names an alternative.
    """
    for name, arguments in _list_classes(trainer.callbacks):
        if name in CALLBACKS:
            raise UserError(f"trainer.callbacks has {name}, which {CALLBACKS[name]}.")
        if name == "ModelCheckpoint" and arguments.get("train_time_interval"):
            raise UserError(
                "trainer.callbacks has ModelCheckpoint with train_time_interval, which Lightning ignores under manual "
                "optimization: set its every_n_train_steps, or --checkpoint.every_n_steps."
            )


def _list_classes(asked: Any) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Yield the class name and the arguments of each callback in the settings."""
    for callback in asked if isinstance(asked, list) else [asked]:
        if hasattr(callback, "class_path"):
            arguments = callback.get("init_args") or Namespace()
            yield callback.class_path.split(".")[-1], arguments.as_dict()


CHECKS: tuple[Callable[[Namespace], None], ...] = (
    check_flags,
    check_val_check_interval,
    check_precision,
    check_strategy,
    check_device_setting,
    check_nodes,
    check_callbacks,
)

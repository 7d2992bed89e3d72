"""Settings of Lightning's Trainer that cannot work here: each is refused with what to use instead.

docs/lightning.md shows all settings that were tried, those that work among them.
"""

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
    "LearningRateFinder": "needs one optimizer, and a GAN has two: set the lr of --model.d_optimizer and "
    "--model.g_optimizer",
    "BatchSizeFinder": "would change the batch size that the learning rates were chosen for: set --data.batch_size, "
    "and measure time and memory with `python -m lightning_gan estimate`",
    "BackboneFinetuning": "needs a network with a `backbone`, and G and D have none: leave it out",
    "ModelPruning": "keeps masks that no checkpoint holds, so that a resumed run would differ: leave it out",
    "OnExceptionCheckpoint": "saves in the middle of a step: use --checkpoint.every_n_steps; what led to an error is "
    "kept in the run's crash/ folder",
    "SpikeDetection": "reads a loss that training_step returns, and each network has its own: a loss that is "
    "not finite "
    "stops the run anyway, and --config callbacks/recovery.yaml goes back and continues",
}  # fmt: skip
DURATION = re.compile(r"\s*\d+:\d\d:\d\d:\d\d\s*")


def check_settings(trainer: Namespace) -> None:
    """Refuse settings of the Trainer that cannot work with two manually optimized networks.

    Args:
        trainer: the parsed settings of `--trainer.*`.

    Raises:
        ValueError: naming the setting, its value, and what to give instead.
    """
    for check in CHECKS:
        check(trainer)


def check_flags(trainer: Namespace) -> None:
    """Refuse flags that would have no effect or leave a run without its files.

    Raises:
        ValueError: naming the flag.
    """
    if trainer.barebones:
        raise UserError(
            "trainer.barebones is true, but a run needs its curves and checkpoints: leave it out, and measure speed "
            "with `python -m lightning_gan estimate`."
        )
    if trainer.gradient_clip_algorithm:
        raise UserError(
            f"trainer.gradient_clip_algorithm is {trainer.gradient_clip_algorithm}, but each network's gradient is "
            f"clipped by its norm: set --model.d_clip and --model.g_clip."
        )
    if trainer.default_root_dir:
        raise UserError(
            f"trainer.default_root_dir is {trainer.default_root_dir}, but runs lie below another setting: give "
            f"--run.root {trainer.default_root_dir}."
        )
    if trainer.profiler == "xla":
        raise UserError(
            "trainer.profiler is xla, which needs a TPU: give simple, advanced or pytorch."
        )


def check_val_check_interval(trainer: Namespace) -> None:
    """Refuse a time that Lightning cannot read.

    Raises:
        ValueError: naming the format.
    """
    every = trainer.val_check_interval
    if isinstance(every, str) and not DURATION.fullmatch(every):
        raise UserError(
            f"trainer.val_check_interval is {every!r}: give a number of minibatches, or a time as DD:HH:MM:SS, such "
            f"as 00:00:10:00 for ten minutes."
        )


def check_precision(trainer: Namespace) -> None:
    """Refuse precisions in which weights are not float32 or float64.

    Raises:
        ValueError: naming those that work.
    """
    if trainer.precision not in PRECISIONS:
        raise UserError(
            f"trainer.precision is {trainer.precision}, but noise, penalties and scores are computed in float32: give "
            f"32-true, bf16-mixed, 16-mixed or 64-true."
        )


def check_strategy(trainer: Namespace) -> None:
    """Refuse strategies that shard a model, or that start processes by pickling it.

    Raises:
        ValueError: naming those that work.
    """
    asked = trainer.strategy
    path = getattr(asked, "class_path", asked)
    if asked not in STRATEGIES and (asked == path or ".strategies." in path):
        raise UserError(
            f"trainer.strategy is {path}, but G and D are copied to every device, and each device has a process that "
            f"this command starts: give auto or ddp."
        )


def check_devices(trainer: Namespace) -> None:
    """Refuse an accelerator that is not there, and numbers of devices that it does not have.

    Raises:
        ValueError: naming the accelerator or the devices.
    """
    asked, devices = trainer.accelerator, trainer.devices
    if not isinstance(asked, str):
        return
    if asked not in ("auto", *ACCELERATORS):
        raise UserError(
            f"trainer.accelerator is {asked!r}, which this suite does not support: give auto, cpu, gpu, cuda or mps."
        )
    name = _chosen(asked)
    kind = ACCELERATORS[name]
    if not kind.is_available():
        raise UserError(
            f"trainer.accelerator is {asked}, but torch finds none on this machine: give cpu or auto; "
            f"`python -m lightning_gan doctor` shows what is here."
        )
    try:
        if devices != "auto" and (devices in (0, "0") or not kind.parse_devices(devices)):
            raise MisconfigurationException("no device")
    except (TypeError, ValueError, MisconfigurationException) as error:
        some = (
            "give auto, or how many processes share the CPU, 1 or more"
            if kind is CPUAccelerator
            else f"give auto, -1 for all, a number from 1 to {kind.auto_device_count()}, or a list of their indices"
        )
        raise UserError(f"trainer.devices is {devices} on {name}: {some}.") from error


def _chosen(accelerator: str) -> str:
    """The accelerator that Lightning chooses for `auto` or `gpu`."""
    if accelerator == "auto":
        found = [name for name in ("mps", "cuda") if ACCELERATORS[name].is_available()]
        return found[0] if found else "cpu"
    return "mps" if accelerator == "gpu" and torch.backends.mps.is_available() else accelerator


def check_nodes(trainer: Namespace) -> None:
    """Refuse fewer nodes than one, and several that nothing brings together.

    Raises:
        ValueError: naming what starts processes on several nodes.
    """
    if trainer.num_nodes < 1:
        raise UserError(f"trainer.num_nodes is {trainer.num_nodes}: give 1 or more.")
    message = ("MASTER_ADDR", "SLURM_JOB_ID", "TORCHELASTIC_RUN_ID")
    if trainer.num_nodes > 1 and not any(name in os.environ for name in message):
        raise UserError(
            f"trainer.num_nodes is {trainer.num_nodes}, but nothing says where the first node is: start the command "
            f"with srun or torchrun, or set MASTER_ADDR, MASTER_PORT and NODE_RANK on each node."
        )


def check_callbacks(trainer: Namespace) -> None:
    """Refuse callbacks of Lightning that need one optimizer, automatic optimization or a returned loss.

    Raises:
        ValueError: naming the callback and what to use instead.
    """
    for name, arguments in _classes(trainer.callbacks):
        if name in CALLBACKS:
            raise UserError(f"trainer.callbacks has {name}, which {CALLBACKS[name]}.")
        if name == "ModelCheckpoint" and arguments.get("train_time_interval"):
            raise UserError(
                "trainer.callbacks has ModelCheckpoint with train_time_interval, which Lightning ignores under manual "
                "optimization: set its every_n_train_steps, or --checkpoint.every_n_steps."
            )


def _classes(asked: Any) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """The class name and the arguments of each callback in the settings."""
    for callback in asked if isinstance(asked, list) else [asked]:
        if hasattr(callback, "class_path"):
            arguments = callback.get("init_args") or Namespace()
            yield callback.class_path.split(".")[-1], arguments.as_dict()


CHECKS: tuple[Callable[[Namespace], None], ...] = (
    check_flags,
    check_val_check_interval,
    check_precision,
    check_strategy,
    check_devices,
    check_nodes,
    check_callbacks,
)

"""Do the data and the Trainer fit the networks? Asked once, before the first step."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from traceback import walk_tb
from typing import Annotated, Any

import torch
from jsonargparse import Namespace
from pytorch_lightning.utilities.rank_zero import rank_zero_warn
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from lightning_gan.arguments import (
    Count,
    CountOrZero,
    Domain,
    PositiveShare,
    Seed,
    Share,
    check_value,
)
from lightning_gan.networks import Discriminator, Generator
from lightning_gan.regularizers import Penalty
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.machine_limits import count_cpus

Steps = Annotated[int, Domain(-1, 2**53, whole=True)]  # -1: no limit
Processes = Annotated[int, Domain(1, max(8, count_cpus()), whole=True)]  # of a CPU
Batches = Share | CountOrZero  # a share of them, or a number
TRAINER: dict[str, Any] = {
    "accumulate_grad_batches": Count,
    "check_val_every_n_epoch": Count,
    "fast_dev_run": bool | CountOrZero,
    "limit_predict_batches": Batches,
    "limit_test_batches": Batches,
    "limit_train_batches": Batches,
    "limit_val_batches": Batches,
    "log_every_n_steps": Count,
    "max_epochs": Steps,
    "max_steps": Steps,
    "min_epochs": CountOrZero,
    "min_steps": Annotated[int, Domain(0, 2**53, whole=True)],
    "num_nodes": Annotated[int, Domain(1, 10_000, whole=True)],
    "num_sanity_val_steps": Annotated[int, Domain(-1, 2**31 - 1, whole=True)],
    "overfit_batches": Batches,
    "reload_dataloaders_every_n_epochs": CountOrZero,
    "val_check_interval": PositiveShare | Count | str | dict | timedelta,
}


WITHOUT_BATCH_NORM = (
    "set --model.discriminator.norm none (or layer, instance) for a DCGANDiscriminator, "
    "or choose a D that has no BatchNorm."
)


class MismatchError(UserError):
    """Two parts of an experiment do not fit each other."""


def check_networks(generator: Generator, discriminator: Discriminator) -> None:
    """G must make what D reads.

    Raises:
        MismatchError: naming both shapes.
    """
    if generator.data_shape != discriminator.data_shape:
        made, read = list(generator.data_shape), list(discriminator.data_shape)
        raise MismatchError(f"G makes {made} but D reads {read}: give both the same data_shape.")


def check_penalties(discriminator: nn.Module, penalties: Sequence[Penalty]) -> None:
    """A penalty on D's gradient at each example needs scores that depend on one example each.

    Gulrajani et al. (2017), section 4, exclude BatchNorm from D for WGAN-GP.

    Args:
        discriminator: D, with all its parts, wrappers' inner discriminators among them.
        penalties: terms that are added to D's loss.

    Raises:
        MismatchError: if a penalty excludes BatchNorm and D has it.
    """
    for sentence in _find_batch_norm_conflicts(
        discriminator, [p for p in penalties if p.forbids_batch_norm]
    ):
        raise MismatchError(
            f"{sentence}, which Gulrajani et al. (2017), section 4, exclude: {WITHOUT_BATCH_NORM}"
        )


def warn_of_penalties(discriminator: nn.Module, penalties: Sequence[Penalty]) -> None:
    """Warn of BatchNorm in D where a penalty takes gradients at each example and its source does not exclude it.

    Mescheder et al. (2018) state no rule for R1 and R2, though their D has no BatchNorm.

    Args:
        discriminator: D, with all its parts.
        penalties: terms that are added to D's loss.
    """
    allowed = [p for p in penalties if p.per_example and not p.forbids_batch_norm]
    for sentence in _find_batch_norm_conflicts(discriminator, allowed):
        rank_zero_warn(f"{sentence}: {WITHOUT_BATCH_NORM}")


def _find_batch_norm_conflicts(
    discriminator: nn.Module, penalties: Sequence[Penalty]
) -> Iterator[str]:
    """Yield a sentence for each penalty, if D has BatchNorm."""
    found = [layer for layer in discriminator.modules() if isinstance(layer, _BatchNorm)]
    for penalty in penalties if found else ():
        yield (
            f"{type(penalty).__name__} takes D's gradient at each example, but {type(found[0]).__name__} in "
            f"{type(discriminator).__name__} makes a score depend on the whole minibatch"
        )


@contextmanager
def check_batch_norm(m: int, *networks: nn.Module) -> Iterator[None]:
    """Name the network whose normalisation has one value per channel to take its statistics of.

    Args:
        m: examples in the minibatch, or in the part of it that is taken at once.
        networks: those that the block runs.

    Raises:
        MismatchError: in place of torch's own error.
    """
    try:
        yield
    except ValueError as error:
        if "Expected more than 1" not in str(error):
            raise
        named = _failed(error, networks)
        if "spatial" in str(error):
            raise MismatchError(
                f"InstanceNorm in {named} needs maps of 2 pixels or more: choose larger maps or another normalisation."
            ) from None
        raise MismatchError(
            f"BatchNorm needs 2 examples or more, but {named} got {m}: give a batch size of at least 2 for each device "
            f"and each accumulated part, and drop_last=True to a DataLoader whose last batch is smaller."
        ) from None


def _failed(error: ValueError, networks: Sequence[nn.Module]) -> str:
    """Return the name of the network in whose forward pass torch raised the error; all names if none was found."""
    running = [frame.f_locals.get("self") for frame, _ in walk_tb(error.__traceback__)]
    failed = [n for n in networks if any(n is module for module in running)]
    return " and ".join(type(network).__name__ for network in failed or networks)


def check_data(data: object, generator: Generator) -> None:
    """G must make what the data module holds: same shape, same value range.

    A data module that does not state `data_shape` or `value_range` is taken at its word.

    Raises:
        MismatchError: naming what came and what was wanted.
    """
    shape = tuple(getattr(data, "data_shape", generator.data_shape))
    if shape != generator.data_shape:
        raise MismatchError(
            f"The data are {list(shape)} but G makes {list(generator.data_shape)}: set data_shape of both "
            f"networks to {list(shape)}."
        )
    low, high = getattr(data, "value_range", generator.value_range)
    if (low, high) != tuple(generator.value_range):
        raise MismatchError(
            f"The data lie in [{low:g}, {high:g}] but {type(generator).__name__} makes values in "
            f"[{generator.value_range[0]:g}, {generator.value_range[1]:g}]: choose a data module and a generator "
            f"with the same value_range."
        )


def check_trainer(trainer: Namespace) -> None:
    """The Trainer's settings must leave the updates to the networks.

    Raises:
        ValueError: naming the setting, and what does here what it does elsewhere.
    """
    for name, domain in TRAINER.items():
        value = trainer.get(name)
        if domain is Batches and isinstance(value, float) and value > 1 and value.is_integer():
            # the parser may read 2 as 2.0, which Lightning takes for a share
            trainer[name] = value = int(value)
        if value is not None:
            check_value("trainer.", name, value, domain)
    check_devices(trainer.get("devices"), trainer.get("accelerator"))
    if trainer.gradient_clip_val:
        raise UserError(
            f"trainer.gradient_clip_val is {trainer.gradient_clip_val}, but the networks are clipped apart: set "
            f"--model.d_clip and --model.g_clip."
        )


def check_devices(devices: Any, accelerator: Any) -> None:
    """Refuse a number of devices that starts nothing, or more processes of a CPU than it can run.

    Raises:
        ValueError: naming the number, and how many there may be.
    """
    try:
        number = int(devices)
    except (TypeError, ValueError):
        return  # auto, or a list of places
    on_cpu = accelerator == "cpu" or (accelerator == "auto" and not torch.cuda.is_available())
    if on_cpu or number != -1:  # -1: all GPUs
        check_value("trainer.", "devices", number, Processes if on_cpu else Count)


def check_seed(seed: int | bool | None) -> None:
    """It must be one that all libraries take.

    Raises:
        ValueError: naming it.
    """
    if not isinstance(seed, bool):  # true and false: whether to draw one
        check_value("", "seed_everything", seed, Seed | None, default=None)


def check_batch(x: torch.Tensor, generator: Generator) -> None:
    """The first minibatch must be what the data module announced.

    Raises:
        MismatchError: naming the shape or the range that came.
    """
    if tuple(x.shape[1:]) != generator.data_shape:
        raise MismatchError(
            f"A minibatch of shape {list(x.shape)} came, but the networks are made for "
            f"[m, {', '.join(map(str, generator.data_shape))}]: set their data_shape to {list(x.shape[1:])}."
        )
    low, high = generator.value_range
    if not (x.isfinite().all() and x.min() >= low - 1e-3 and x.max() <= high + 1e-3):
        raise MismatchError(
            f"A minibatch with values from {x.min().item():g} to {x.max().item():g} came, but G makes values in "
            f"[{low:g}, {high:g}]: scale the data to that range, or choose another generator."
        )

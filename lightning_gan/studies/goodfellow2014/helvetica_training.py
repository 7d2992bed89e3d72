"""Scenarios of mode collapse: training with changed learning rates, and measurement of modes and indicators."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from statistics import mean

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Adam
from torch.optim.lr_scheduler import MultiStepLR

from callbacks import CollapseResponse, ModeCollapseMonitor, RollbackOnCollapse, WarnOnCollapse
from datamodules import MNIST
from datamodules.in_memory import InMemory
from lightning_gan.feature_extractors import Classifier
from lightning_gan.losses import NonSaturating
from lightning_gan.models.gan import GAN
from lightning_gan.networks import MaxoutDiscriminator, MLPGenerator
from lightning_gan.priors import Gaussian
from lightning_gan.studies.goodfellow2014.ring import count_covered, make_ring_gan
from lightning_gan.studies.in_memory import seed_single_thread, train_in_memory
from lightning_gan.studies.results_cache import CachedRow, cached_result
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.images import to_uint8

EVERY = 50  # updates of G between two measurements
CLASSIFIED = 500  # samples of digits that are classified at each measurement
LAST = 4  # measurements at the end over which the number of modes is averaged
RARE = 0.01  # least share of a class that is counted
SHOWN = 25  # samples of each measurement for the image
SHOWN_POINTS = 250

CountModes = Callable[[GAN], int]


@dataclass(frozen=True)
class CollapseScenario:
    """Model, and the change of learning rates that trains G too much.

    Args:
        name: Name of the data.
        make_model: Function that builds the model and its data from a seed.
        make_counter: Function that returns, for the data, a function that counts the modes of a model's samples. The
            monitor does not use this count.
        modes: Number of modes of the data; G has collapsed if it covers half of them or fewer.
        shown: Samples of each measurement for the image.
        start: Step before which the monitor ignores measurements, because G does not cover the data yet.
        provoked: Step after which the rates change.
        steps: Number of updates of G.
        g_factor: Factor of G's learning rate after the change.
        d_factor: Factor of D's learning rate after the change.
    """

    name: str
    make_model: Callable[[int], tuple[GAN, InMemory]] = field(repr=False)
    make_counter: Callable[[InMemory], CountModes] = field(repr=False)
    modes: int
    shown: int
    start: int
    provoked: int
    steps: int
    g_factor: float
    d_factor: float

    def collapsed(self, modes: float) -> bool:
        """Return whether a number of modes is a collapse."""
        return modes <= self.modes / 2


@dataclass(frozen=True)
class CollapseArm:
    """Treatment of a run.

    Args:
        name: Name in images and cache keys.
        provoked: Whether the learning rates change.
        response: Function that returns the response of the monitor to a collapse.
    """

    name: str
    provoked: bool
    response: Callable[[], CollapseResponse]


HEALTHY = CollapseArm("healthy", False, WarnOnCollapse)
PROVOKED = CollapseArm("provoked", True, WarnOnCollapse)
ROLLED_BACK = CollapseArm("provoked, roll back", True, partial(RollbackOnCollapse, slower=0.03))


def make_ring_scenario(steps: int = 1300, provoked: int = 1000) -> CollapseScenario:
    """Create the scenario of the ring, with modes counted by `mode_coverage`."""
    return CollapseScenario(
        "ring", make_ring_gan, lambda data: lambda gan: count_covered(gan, data).covered,  # type: ignore[arg-type]
        modes=8, shown=SHOWN_POINTS, start=provoked - 100, provoked=provoked, steps=steps,
        g_factor=10.0, d_factor=0.01,
    )  # fmt: skip


def make_digits_scenario(root: str) -> CollapseScenario:
    """Create the scenario of MNIST, with classes counted by the digit classifier."""
    network = Classifier("mnist").load()

    def count_classes(gan: GAN) -> int:
        image_bytes = to_uint8(gan.sample(CLASSIFIED, seed=1), gan.generator.value_range)
        classes = network(image_bytes).logits.argmax(1)
        return int((torch.bincount(classes, minlength=10) >= RARE * CLASSIFIED).sum())

    return CollapseScenario(
        "MNIST", partial(make_digits_gan, root=root), lambda data: count_classes,
        modes=10, shown=SHOWN, start=300, provoked=400, steps=650, g_factor=10.0, d_factor=0.1,
    )  # fmt: skip


def make_digits_gan(seed: int, root: str) -> tuple[GAN, InMemory]:
    """Build small networks that generate all ten digits after 400 updates of G, and the data."""
    seed_single_thread(seed)
    generator = MLPGenerator([1, 28, 28], z_dim=16, widths=[256, 256], batch_norm=True, irange=None)
    discriminator = MaxoutDiscriminator(
        [1, 28, 28],
        widths=[64, 64],
        pieces=3,
        input_dropout=0.0,
        dropout=0.0,
        noise=0.3,
        irange=None,
    )
    adam = partial(Adam, lr=1e-3, betas=(0.5, 0.99))
    gan = GAN(
        generator, discriminator, NonSaturating(), Gaussian(), d_optimizer=adam, g_optimizer=adam
    )
    return gan, MNIST(root=root, batch_size=64)


class ModeCounter(Callback):
    """Callback that counts modes and stores samples; it has to run before the monitor, which can roll back."""

    def __init__(self, count_modes: CountModes, shown: int) -> None:
        self.count_modes, self.shown = count_modes, shown
        self.modes: list[int] = []
        self.samples: list[Tensor] = []

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Measure every `EVERY` updates of G; with k = 1 each minibatch is one."""
        if trainer.global_step % EVERY == 0 and isinstance(pl_module, GAN):
            self.modes.append(self.count_modes(pl_module))
            self.samples.append(pl_module.sample(self.shown, seed=2))


def make_monitor(scenario: CollapseScenario, arm: CollapseArm) -> ModeCollapseMonitor:
    """Create the monitor with its default limits and without the Jacobian, which it would only log."""
    return ModeCollapseMonitor(
        every_n_steps=EVERY, start=scenario.start, jacobian_points=0, response=arm.response()
    )


def measure_collapse_run(
    scenario: CollapseScenario, arm: CollapseArm, seed: int, snapshots: Path
) -> CachedRow:
    """Train one run; return modes and indicators of each measurement, and store samples."""
    started = time.process_time()
    gan, data = scenario.make_model(seed)
    if arm.provoked:
        gan.make_schedulers = (
            partial(MultiStepLR, milestones=[scenario.provoked], gamma=scenario.d_factor),
            partial(MultiStepLR, milestones=[scenario.provoked], gamma=scenario.g_factor),
        )
    counter = ModeCounter(scenario.make_counter(data), scenario.shown)
    monitor = make_monitor(scenario, arm)
    train_in_memory(gan, data, scenario.steps, [counter, monitor])
    with atomic_write(snapshots) as temporary:
        torch.save(torch.stack(counter.samples), temporary)
    return {
        "steps": [step for step, _ in monitor.history], "modes": counter.modes,
        "duplicates": [found.duplicate_ratio for _, found in monitor.history],
        "spread": [found.distance_ratio for _, found in monitor.history],
        "rank": [found.rank_ratio for _, found in monitor.history],
        "alarms": monitor.alarms, "ended": gan.trainer.global_step,
        "end": mean(counter.modes[-LAST:]), "seconds": time.process_time() - started,
    }  # fmt: skip


def make_row_key(scenario: CollapseScenario, arm: CollapseArm, seed: int) -> str:
    """Return the cache key of a run: a description of everything that its row depends on."""
    values = {f.name: getattr(scenario, f.name) for f in fields(scenario) if f.repr}
    monitor = make_monitor(scenario, arm)
    limits = (
        monitor.num,
        monitor.patience,
        monitor.most_duplicates,
        monitor.least_spread,
        monitor.least_rank,
    )
    settings = [f"{name}={value}" for name, value in values.items()]
    return " | ".join(
        [
            arm.name,
            *settings,
            f"limits={limits}",
            f"response={vars(monitor.response)}",
            f"seed={seed}",
        ]
    )


def make_snapshot_path(
    folder: Path, scenario: CollapseScenario, arm: CollapseArm, seed: int
) -> Path:
    """Return the path of the samples of all measurements, [measurements, shown, *data_shape]."""
    digest = hashlib.sha256(make_row_key(scenario, arm, seed).encode()).hexdigest()[:12]
    return folder / "samples" / f"{digest}.pt"


def run_or_read(folder: Path, scenario: CollapseScenario, arm: CollapseArm, seed: int) -> CachedRow:
    """Read the row of a run from disk; train the model if the row is missing."""
    path = make_snapshot_path(folder, scenario, arm, seed)
    return cached_result(
        folder / "rows.json",
        make_row_key(scenario, arm, seed),
        partial(measure_collapse_run, scenario, arm, seed, path),
    )

"""Models that collapse when G is trained much more than D: how one of them is played, watched and judged."""

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
from lightning_gan.studies.results_cache import Row, cached_result
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.images import to_uint8

EVERY = 50  # updates of G between two looks
SEEN = 500  # digits that the classifier sort at each look
LAST = 4  # looks at the end, over which the number of modes is averaged
RARE = 0.01  # a class with a smaller share of them is not counted
SHOWN = 25  # samples of each look that are kept for the image
SHOWN_POINTS = 250

Covers = Callable[[GAN], int]


@dataclass(frozen=True)
class Scenario:
    """A model, and what "G is trained too much" means in it.

    Args:
        name: of the data.
        model: networks and data of a seed.
        covers: modes that G's samples cover: the truth, which the watcher never sees.
        modes: that there are; G has truly collapsed when it covers half of them or fewer.
        shown: samples of a look that are kept for the image.
        start: step before which no look is bad: G has not covered the data yet.
        provoked: step after which the rates change.
        steps: updates of G in all.
        g_factor: of G's learning rate from there on.
        d_factor: of D's.
    """

    name: str
    model: Callable[[int], tuple[GAN, InMemory]] = field(repr=False)
    covers: Callable[[InMemory], Covers] = field(repr=False)
    modes: int
    shown: int
    start: int
    provoked: int
    steps: int
    g_factor: float
    d_factor: float

    def collapsed(self, modes: float) -> bool:
        """Whether this few modes are a true collapse."""
        return modes <= self.modes / 2


@dataclass(frozen=True)
class CollapseArm:
    """What happens to a run, and what the watcher does."""

    name: str
    provoked: bool
    response: Callable[[], CollapseResponse]


HEALTHY = CollapseArm("healthy", False, WarnOnCollapse)
PROVOKED = CollapseArm("provoked", True, WarnOnCollapse)
ROLLED_BACK = CollapseArm("provoked, roll back", True, partial(RollbackOnCollapse, slower=0.03))


def ring(steps: int = 1300, provoked: int = 1000) -> Scenario:
    """Eight Gaussians; truth: `mode_coverage`."""
    return Scenario(
        "ring", make_ring_gan, lambda data: lambda gan: count_covered(gan, data).covered,  # type: ignore[arg-type]
        modes=8, shown=SHOWN_POINTS, start=provoked - 100, provoked=provoked, steps=steps,
        g_factor=10.0, d_factor=0.01,
    )  # fmt: skip


def digits(root: str) -> Scenario:
    """MNIST; truth: classes by the classifier."""
    network = Classifier("mnist").load()

    def covers(gan: GAN) -> int:
        image_bytes = to_uint8(gan.sample(SEEN, seed=1), gan.generator.value_range)
        classes = network(image_bytes).logits.argmax(1)
        return int((torch.bincount(classes, minlength=10) >= RARE * SEEN).sum())

    return Scenario(
        "MNIST", partial(make_digits_gan, root=root), lambda data: covers,
        modes=10, shown=SHOWN, start=300, provoked=400, steps=650, g_factor=10.0, d_factor=0.1,
    )  # fmt: skip


def make_digits_gan(seed: int, root: str) -> tuple[GAN, InMemory]:
    """A small pair that draws all ten digits after 400 updates of G."""
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


class Judge(Callback):
    """Counts the modes at each look, before the watcher may roll back; keeps some samples."""

    def __init__(self, covers: Covers, shown: int) -> None:
        self.covers, self.shown = covers, shown
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
        """Every so many updates of G; k is 1, so that each minibatch is one."""
        if trainer.global_step % EVERY == 0 and isinstance(pl_module, GAN):
            self.modes.append(self.covers(pl_module))
            self.samples.append(pl_module.sample(self.shown, seed=2))


def make_monitor(scenario: Scenario, arm: CollapseArm) -> ModeCollapseMonitor:
    """The callback with its own limits; the Jacobian, which it only logs, is left out."""
    return ModeCollapseMonitor(
        every_n_steps=EVERY, start=scenario.start, jacobian_points=0, response=arm.response()
    )


def measure_collapse_run(scenario: Scenario, arm: CollapseArm, seed: int, snapshots: Path) -> Row:
    """One run: what the judge and the watcher saw at each look, in the order of looks."""
    started = time.process_time()
    gan, data = scenario.model(seed)
    if arm.provoked:
        gan.make_schedulers = (
            partial(MultiStepLR, milestones=[scenario.provoked], gamma=scenario.d_factor),
            partial(MultiStepLR, milestones=[scenario.provoked], gamma=scenario.g_factor),
        )
    judge, watching = Judge(scenario.covers(data), scenario.shown), make_monitor(scenario, arm)
    train_in_memory(gan, data, scenario.steps, [judge, watching])
    with atomic_write(snapshots) as beside:
        torch.save(torch.stack(judge.samples), beside)
    return {
        "steps": [step for step, _ in watching.history], "modes": judge.modes,
        "duplicates": [seen.duplicate_ratio for _, seen in watching.history],
        "spread": [seen.distance_ratio for _, seen in watching.history],
        "rank": [seen.rank_ratio for _, seen in watching.history],
        "alarms": watching.alarms, "ended": gan.trainer.global_step,
        "end": mean(judge.modes[-LAST:]), "seconds": time.process_time() - started,
    }  # fmt: skip


def make_row_key(scenario: Scenario, arm: CollapseArm, seed: int) -> str:
    """Everything that a run depends on."""
    message = {f.name: getattr(scenario, f.name) for f in fields(scenario) if f.repr}
    watching = make_monitor(scenario, arm)
    limits = (
        watching.num,
        watching.patience,
        watching.most_duplicates,
        watching.least_spread,
        watching.least_rank,
    )
    settings = [f"{name}={value}" for name, value in message.items()]
    return " | ".join(
        [
            arm.name,
            *settings,
            f"limits={limits}",
            f"response={vars(watching.response)}",
            f"seed={seed}",
        ]
    )


def snapshots_of(folder: Path, scenario: Scenario, arm: CollapseArm, seed: int) -> Path:
    """Where the samples of all looks are: [looks, shown, *data_shape]."""
    digest = hashlib.sha256(make_row_key(scenario, arm, seed).encode()).hexdigest()[:12]
    return folder / "samples" / f"{digest}.pt"


def read_row(folder: Path, scenario: Scenario, arm: CollapseArm, seed: int) -> Row:
    """A run's row: from disk, or played now."""
    path = snapshots_of(folder, scenario, arm, seed)
    return cached_result(
        folder / "rows.json",
        make_row_key(scenario, arm, seed),
        partial(measure_collapse_run, scenario, arm, seed, path),
    )

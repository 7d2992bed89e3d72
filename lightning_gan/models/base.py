"""What Lightning needs around Algorithm 1: optimizers, turns, curves, checkpoints."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from pytorch_lightning.core.mixins.hparams_mixin import _given_hyperparameters
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import Tensor, nn
from torch.optim import Optimizer

from lightning_gan.arguments import Positive, check_arguments
from lightning_gan.distributed import collectives
from lightning_gan.losses import AdversarialLoss
from lightning_gan.models import optimizer_checks
from lightning_gan.models.checks import (
    check_batch,
    check_batch_norm,
    check_data,
    check_networks,
    check_penalties,
    warn_of_penalties,
)
from lightning_gan.models.loadable import LoadableMixin
from lightning_gan.models.logged_metrics import MetricLoggingMixin
from lightning_gan.networks import Discriminator, Generator
from lightning_gan.priors import Prior
from lightning_gan.regularizers import Critic, Penalty, Projection, Regularizer
from lightning_gan.training import manual_optimization
from lightning_gan.training.ema import EMA
from lightning_gan.training.optimizers import Constant, dcgan_adam
from lightning_gan.training.statistics import TrainingStatistics
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import FORMAT, KEY

D, G = 0, 1  # places of the two networks in every pair
Objective = Callable[[list[Tensor]], Tensor]  # of a minibatch: what a network descends


class AdversarialModel(MetricLoggingMixin, LoadableMixin):
    """Two networks with an optimizer each; a step is one update of G. See `GAN` for the other arguments.

    Args:
        ema_half_life: the half-life of the average of G that is shown and scored, in images, above 0; None: no
            average.
        d_clip: the largest norm of D's gradient, above 0; None: no clipping.
        g_clip: the largest norm of G's gradient, above 0; None: no clipping.
    """

    updates = "undefined"
    """How the networks move, for the run's own description."""
    microbatches = 1
    """A minibatch is taken in so many equal parts, whose gradients are added up: the memory of one part, and one
    update. What is taken over a minibatch (BatchNorm, minibatch discrimination, relativistic averages, how an unrolled
    D answers) is then taken over a part."""

    @check_arguments
    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        loss: AdversarialLoss,
        prior: Prior,
        d_optimizer: OptimizerCallable = dcgan_adam,
        g_optimizer: OptimizerCallable = dcgan_adam,
        d_scheduler: LRSchedulerCallable = Constant,
        g_scheduler: LRSchedulerCallable = Constant,
        ema_half_life: Positive | None = None,
        d_clip: Positive | None = None,
        g_clip: Positive | None = None,
        regularizers: Sequence[Regularizer] = (),
    ) -> None:
        super().__init__()
        if _given_hyperparameters.get() is not None:  # the command line's plain values, not modules
            self.save_hyperparameters()
        check_networks(generator, discriminator)
        self.automatic_optimization = False  # two networks, two optimizers
        self.generator, self.discriminator = generator, discriminator
        self.loss, self.prior = loss, prior
        self.make_optimizers = (d_optimizer, g_optimizer)
        self.make_schedulers = (d_scheduler, g_scheduler)
        self.clips = (d_clip, g_clip)
        self.penalties = [r for r in regularizers if isinstance(r, Penalty)]
        check_penalties(discriminator, self.penalties)
        self.projections = [r for r in regularizers if isinstance(r, Projection)]
        self.needs_double_backward = bool(self.penalties)  # each takes a gradient of D
        self.ema = EMA(generator, ema_half_life) if ema_half_life is not None else None
        self.statistics = TrainingStatistics()
        self.d_updates = self.g_updates = self.images_seen = 0
        self.m = 0  # examples in the latest minibatch, of all devices
        self.display_range = generator.value_range  # what an image shows as black and white

    def setup(self, stage: str) -> None:
        """Before the first step: do the data fit, and what does G's start need of them?"""
        data: Any = getattr(self.trainer, "datamodule", None)
        check_data(data, self.generator)
        if stage == "fit":
            warn_of_penalties(self.discriminator, self.penalties)
        if stage == "fit" and hasattr(data, "images"):
            self.generator.init_from_data(lambda: data.images("train").mean(0))
            if self.ema:
                self.ema.restart(self.generator)

    def configure_optimizers(self) -> tuple[list[Optimizer], list[Any]]:
        """D's and G's, in this order, each with its schedule."""
        networks = (self.discriminator, self.generator)
        pairs = zip(self.make_optimizers, networks, strict=True)
        optimizers = [new(p.parameters()) for new, p in pairs]
        optimizer_checks.check_optimizers(self)
        schedulers = [new(o) for new, o in zip(self.make_schedulers, optimizers, strict=True)]
        return optimizers, schedulers

    # one network moves

    @contextmanager
    def update_phase(self, network: int, waiting: nn.Module) -> Iterator[None]:
        """Let one network move while the other's parameters and statistics hold still."""
        with (
            self.toggled_optimizer(self.optimizer_of(network)),
            manual_optimization.frozen_norm_statistics(waiting),
        ):
            yield

    def optimizer_of(self, network: int) -> LightningOptimizer:
        """The network's optimizer, as Lightning wraps it."""
        return self.optimizers()[network]  # type: ignore[index]

    def minimize(self, network: int, objective: Objective, batch: list[Tensor]) -> None:
        """Move one network down the gradient of its objective, the mean over the minibatch's parts."""
        self.optimizer_of(network).zero_grad()
        with manual_optimization.no_gradient_sync(self.trainer.strategy):
            for part in self.split_microbatches(batch):
                with check_batch_norm(len(part[0]), self.generator, self.discriminator):
                    value = objective(part)
                self.manual_backward(value / self.microbatches)
        self.statistics.merge_microbatches(network, self.microbatches)
        self.step_optimizer(network)

    def split_microbatches(self, batch: list[Tensor]) -> list[list[Tensor]]:
        """A minibatch in `parts` equal parts.

        Raises:
            ValueError: if it cannot be cut so.
        """
        if self.microbatches == 1:
            return [batch]
        m = len(batch[0])
        if m % self.microbatches:
            raise UserError(
                f"A minibatch of {m} cannot be taken in {self.microbatches} equal parts: choose a multiple of "
                f"{self.microbatches}."
            )
        cut = [x.split(m // self.microbatches) for x in batch]
        return [list(part) for part in zip(*cut, strict=True)]

    def penalty(self, score: Critic, x: Tensor, x_fake: Tensor) -> Tensor | float:
        """What D's regularisers add to its loss at this update.

        Args:
            score: D, or D told what it is told of these examples.
            x: examples, [m, *data_shape].
            x_fake: samples, [m, *data_shape].
        """
        added: Tensor | float = 0.0
        for penalty in self.penalties:
            if self.d_updates % penalty.every == 0:
                term = penalty(score, x, x_fake)
                self.statistics.term(penalty.key, term)
                added = added + penalty.every * term
        return added

    def step_optimizer(self, network: int) -> None:
        """Update one network from the gradients that it holds, all devices' mean, and step its schedule."""
        optimizer = self.optimizer_of(network)
        collectives.average_gradients(
            p for group in optimizer.param_groups for p in group["params"]
        )
        if network == D:
            manual_optimization.exclude_from_global_step(optimizer)
        optimizer.step()
        for projection in self.projections if network == D else ():
            projection.project(self.discriminator)
        self.lr_schedulers()[network].step()  # type: ignore[index]
        self.d_updates += network == D
        self.g_updates += network == G
        if network == G and self.ema:
            self.ema.step(self.generator, images=self.m, update=self.g_updates)

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip one network's gradient; here, because under float16 it has its true length here."""
        for own, largest in zip(self.trainer.optimizers, self.clips, strict=True):
            if own is optimizer and largest is not None:
                manual_optimization.clip_gradients(own, largest, self.trainer)

    # what is written down

    def on_train_batch_start(self, batch: list[Tensor], batch_idx: int) -> None:
        """Count the minibatch; look at the very first one."""
        if not self.d_updates:
            check_batch(batch[0], self.generator)
        self.m = len(batch[0]) * self.trainer.world_size
        self.images_seen += self.m
        self.g_updates_before = self.g_updates
        manual_optimization.hold_grad_scaler(self.trainer)
        manual_optimization.set_logged_steps(self.trainer, self.trainer.global_step)

    def on_train_batch_end(self, outputs: Any, batch: list[Tensor], batch_idx: int) -> None:
        """Write the curves, if G moved and they are due."""
        manual_optimization.update_grad_scaler(self.trainer)
        manual_optimization.set_logged_steps(self.trainer, self.trainer.global_step - 1)
        self.write_due_curves()

    # checkpoints

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the format, the counts (for k's phase), the curves' row in hand, and the data's name and range."""
        names = ("d_updates", "g_updates", "images_seen")
        checkpoint[KEY] = FORMAT
        checkpoint["counts"] = {name: getattr(self, name) for name in names}
        checkpoint["batch"] = self.m
        gather, processes = self.trainer.strategy.all_gather, self.trainer.world_size
        checkpoint["record"] = self.statistics.state(gather, processes)
        data = getattr(self.trainer, "datamodule", None)
        checkpoint["data"] = getattr(data, "name", None)
        checkpoint["display_range"] = getattr(data, "display_range", self.display_range)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take them up again; older files have no row, and do not say what an image shows."""
        self.display_range = checkpoint.get("display_range", self.display_range)
        self.m = checkpoint.get("batch", self.m)
        for name, count in checkpoint["counts"].items():
            setattr(self, name, count)
        self.statistics.load_state_dict(checkpoint.get("record", {}), self.global_rank)

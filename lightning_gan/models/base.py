"""Base LightningModule of all models with two networks: optimizers, updates, metrics, checkpoint state."""

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
    warn_about_batch_norm,
)
from lightning_gan.models.loadable import LoadableMixin
from lightning_gan.models.logged_metrics import MetricLoggingMixin
from lightning_gan.models.objectives import CriticInputs, DiscriminatorObjective
from lightning_gan.networks import Discriminator, Generator
from lightning_gan.regularizers import Penalty, Projection, Regularizer
from lightning_gan.training import manual_optimization
from lightning_gan.training.ema import EMA
from lightning_gan.training.optimizers import Constant, dcgan_adam
from lightning_gan.training.statistics import TrainingStatistics
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import FORMAT, KEY

D, G = 0, 1  # index of each network in pairs of optimizers, schedulers and clipping norms
Objective = Callable[[list[Tensor]], Tensor]
"""Function from a minibatch to the scalar that a network minimises."""


class AdversarialModel(MetricLoggingMixin, LoadableMixin):
    """LightningModule with a generator, a discriminator and an optimizer for each; a step is one update of G.

    A subclass implements `training_step`. See `GAN` for the other arguments.

    Args:
        ema_half_life: Half-life of the weight average of G that is sampled and evaluated, in images, above 0; None:
            no average.
        d_clip: Largest norm of D's gradient, above 0; None: no clipping.
        g_clip: Largest norm of G's gradient, above 0; None: no clipping.
    """

    updates = "undefined"
    """Order of the updates, in words, for the description of a run."""
    microbatches = 1
    """Number of equal parts of a minibatch whose gradients are summed for one update, to save memory. Whatever depends
    on the whole minibatch (BatchNorm, minibatch discrimination, relativistic averages, the updates of an unrolled D)
    then depends on one part."""

    @check_arguments
    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        loss: AdversarialLoss,
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
        if _given_hyperparameters.get() is not None:  # plain values from the command line
            self.save_hyperparameters()
        check_networks(generator, discriminator)
        self.automatic_optimization = False  # two networks, two optimizers
        self.generator, self.discriminator = generator, discriminator
        self.loss = loss
        self.make_optimizers = (d_optimizer, g_optimizer)
        self.make_schedulers = (d_scheduler, g_scheduler)
        self.clips = (d_clip, g_clip)
        self.penalties = [r for r in regularizers if isinstance(r, Penalty)]
        check_penalties(discriminator, self.penalties)
        self.projections = [r for r in regularizers if isinstance(r, Projection)]
        self.needs_double_backward = bool(self.penalties)  # each differentiates D
        self.ema = EMA(generator, ema_half_life) if ema_half_life is not None else None
        self.statistics = TrainingStatistics()
        self.d_updates = self.g_updates = self.images_seen = 0
        self.m = 0  # real examples in the latest minibatch, on all devices together
        self.display_range = generator.value_range  # values of black and white

    def setup(self, stage: str) -> None:
        """Check that the data fit the networks, and initialise what depends on the data."""
        data: Any = getattr(self.trainer, "datamodule", None)
        check_data(data, self.generator)
        if stage == "fit":
            warn_about_batch_norm(self.discriminator, self.penalties)
        if stage == "fit" and hasattr(data, "images"):
            self.generator.init_from_data(lambda: data.images("train").mean(0))
            if self.ema:
                self.ema.restart(self.generator)

    def configure_optimizers(self) -> tuple[list[Optimizer], list[Any]]:
        """Return the optimizers and the schedulers of D and G, in this order."""
        networks = (self.discriminator, self.generator)
        pairs = zip(self.make_optimizers, networks, strict=True)
        optimizers = [new(p.parameters()) for new, p in pairs]
        optimizer_checks.check_optimizers(self)
        schedulers = [new(o) for new, o in zip(self.make_schedulers, optimizers, strict=True)]
        return optimizers, schedulers

    # updates

    @contextmanager
    def update_phase(self, network: int, frozen: nn.Module) -> Iterator[None]:
        """Freeze the parameters and the normalisation statistics of one network while the other is updated.

        Args:
            network: Network that is updated, `D` or `G`.
            frozen: The other network.
        """
        with (
            self.toggled_optimizer(self.get_optimizer(network)),
            manual_optimization.frozen_norm_statistics(frozen),
        ):
            yield

    def get_optimizer(self, network: int) -> LightningOptimizer:
        """Return a network's optimizer in Lightning's wrapper."""
        return self.optimizers()[network]  # type: ignore[index]

    def minimize(self, network: int, objective: Objective, batch: list[Tensor]) -> None:
        """Update one network with the gradient of its objective, averaged over the microbatches."""
        self.get_optimizer(network).zero_grad()
        with manual_optimization.no_gradient_sync(self.trainer.strategy):
            for part in self.split_microbatches(batch):
                with check_batch_norm(len(part[0]), self.generator, self.discriminator):
                    value = objective(part)
                self.manual_backward(value / self.microbatches)
        self.statistics.merge_microbatches(network, self.microbatches)
        self.step_optimizer(network)

    def split_microbatches(self, batch: list[Tensor]) -> list[list[Tensor]]:
        """Split a minibatch into `microbatches` equal parts.

        Raises:
            UserError: Number of examples is no multiple of `microbatches`.
        """
        if self.microbatches == 1:
            return [batch]
        m = len(batch[0])
        if m % self.microbatches:
            raise UserError(
                f"A minibatch of {m} cannot be split into {self.microbatches} equal parts: choose a multiple of "
                f"{self.microbatches}."
            )
        parts = [x.split(m // self.microbatches) for x in batch]
        return [list(part) for part in zip(*parts, strict=True)]

    def regularize(self, objective: DiscriminatorObjective) -> Tensor:
        """Add to L_D the penalties that are due at this update, for each discriminator."""
        loss, all_inputs = objective
        for inputs in all_inputs:
            loss = loss + self.penalty(inputs)
        return loss

    def penalty(self, inputs: CriticInputs) -> Tensor | float:
        """Sum the penalties of one discriminator that are due at this update of D."""
        total: Tensor | float = 0.0
        for penalty in self.penalties:
            if self.d_updates % penalty.every == 0:
                term = penalty(*inputs)
                self.statistics.add_term(penalty.key, term)
                total = total + penalty.every * term
        return total

    def step_optimizer(self, network: int) -> None:
        """Average a network's gradients over the devices, then step its optimizer and its scheduler."""
        optimizer = self.get_optimizer(network)
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
        """Clip a network's gradient; before this hook, float16 gradients are still scaled."""
        for candidate, max_norm in zip(self.trainer.optimizers, self.clips, strict=True):
            if candidate is optimizer and max_norm is not None:
                manual_optimization.clip_gradients(optimizer, max_norm, self.trainer)

    def check_first_batch(self, batch: list[Tensor]) -> None:
        """Check shapes and value ranges of the first minibatch."""
        check_batch(batch[0], self.generator)

    def on_train_batch_start(self, batch: list[Tensor], batch_idx: int) -> None:
        """Count the examples; check the first minibatch."""
        if not self.d_updates:
            self.check_first_batch(batch)
        self.m = len(batch[0]) * self.trainer.world_size
        self.images_seen += self.m
        self.g_updates_before = self.g_updates
        manual_optimization.hold_grad_scaler(self.trainer)
        manual_optimization.set_logged_steps(self.trainer, self.trainer.global_step)

    def on_train_batch_end(self, outputs: Any, batch: list[Tensor], batch_idx: int) -> None:
        """Log the training metrics if G was updated and a row is due."""
        manual_optimization.update_grad_scaler(self.trainer)
        manual_optimization.set_logged_steps(self.trainer, self.trainer.global_step - 1)
        self.write_due_curves()

    # checkpoints

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the format number, the counts of updates, the metrics not yet logged, and the data's name and range."""
        checkpoint[KEY] = FORMAT
        names = ("d_updates", "g_updates", "images_seen")
        checkpoint["counts"] = {name: getattr(self, name) for name in names}
        checkpoint["batch"] = self.m
        gather, processes = self.trainer.strategy.all_gather, self.trainer.world_size
        checkpoint["record"] = self.statistics.state_dict(gather, processes)
        data = getattr(self.trainer, "datamodule", None)
        checkpoint["data"] = getattr(data, "name", None)
        checkpoint["display_range"] = getattr(data, "display_range", self.display_range)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the counts, the metrics not yet logged, and the data's range."""
        self.display_range = checkpoint.get("display_range", self.display_range)
        self.m = checkpoint.get("batch", self.m)
        for name, count in checkpoint["counts"].items():
            setattr(self, name, count)
        self.statistics.load_state_dict(checkpoint.get("record", {}), self.global_rank)

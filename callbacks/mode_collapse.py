"""Monitor for mode collapse during training."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn

from callbacks.collapse_responses import CollapseResponse, WarnOnCollapse
from lightning_gan.arguments import (
    Count,
    CountOrZero,
    Domain,
    NonNegative,
    Positive,
    Seed,
    check_arguments,
)
from lightning_gan.metrics.collapse import CollapseIndicators, CollapseReference, jacobian_ranks
from lightning_gan.utils.errors import UserError


class ModeCollapseMonitor(Callback):
    """Callback that compares samples with training images, without labels, and responds to mode collapse.

    "G must not be trained too much without updating D, in order to avoid 'the Helvetica scenario' in which G
    collapses too many values of z to the same value of x" (Goodfellow et al. 2014, section 6).

    The callback evaluates G itself, because the average of G shows a collapse later. Each evaluation uses the same z
    from a separate random generator, so training does not depend on the callback. It logs collapse/duplicate_ratio,
    collapse/distance_ratio and collapse/rank_ratio (see `lightning_gan.metrics.collapse.CollapseIndicators`),
    collapse/jacobian_rank (mean effective rank of dG/dz, in [0, z_dim]) and collapse/alarms. G has collapsed when at
    least one of the first three is beyond its limit in `patience` consecutive evaluations.

    The limits were chosen on a ring of eight Gaussians and on MNIST, and tested there on other seeds:
    docs/paper/helvetica.md.

    Args:
        every_n_steps: Updates of G between two evaluations, at least 1.
        num: Number of samples and of training images, 2 to 10,000; at most the size of the training split is used.
        start: First step at which a limit counts, at least 0; before it an untrained G would raise false alarms.
        patience: Number of consecutive evaluations beyond a limit, at least 1.
        most_duplicates: Upper limit of collapse/duplicate_ratio, above 0.
        least_spread: Lower limit of collapse/distance_ratio, at least 0.
        least_rank: Lower limit of collapse/rank_ratio, at least 0.
        jacobian_points: Number of z at which dG/dz is computed, at least 0; each costs a pass of z_dim samples
            through G, and 0 turns it off.
        seed: Random seed for z and for the choice of training images, 0 to 2^32 - 1.
        response: Response to a collapse; None is `WarnOnCollapse()`.

    Raises:
        ValueError: If `jacobian_points` is larger than `num`.
    """

    @check_arguments
    def __init__(
        self,
        every_n_steps: Count = 50,
        num: Annotated[int, Domain(2, 10_000, whole=True)] = 256,
        start: CountOrZero = 500,
        patience: Count = 2,
        most_duplicates: Positive = 100.0,
        least_spread: NonNegative = 0.5,
        least_rank: NonNegative = 0.15,
        jacobian_points: CountOrZero = 4,
        seed: Seed = 0,
        response: CollapseResponse | None = None,
    ) -> None:
        if jacobian_points > num:
            raise UserError(f"jacobian_points is {jacobian_points}: give 0 to num, which is {num}.")
        self.every_n_steps, self.num = every_n_steps, num
        self.start, self.patience = start, patience
        self.most_duplicates = most_duplicates
        self.least_spread, self.least_rank = least_spread, least_rank
        self.jacobian_points, self.seed = jacobian_points, seed
        self.response = response or WarnOnCollapse()
        self.reference: CollapseReference | None = None
        self.history: list[tuple[int, CollapseIndicators]] = []  # of all evaluations, by step
        self.alarms: list[int] = []  # steps
        self.last_step = self.consecutive = 0
        self.sample_size = num

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compute the reference statistics of training images.

        Raises:
            ValueError: If the Trainer has no data module with `images`.
        """
        data: Any = getattr(trainer, "datamodule", None)
        if not hasattr(data, "images"):
            raise UserError(
                "ModeCollapseMonitor needs training images, but the Trainer has no data module with images('train'): "
                "pass datamodule=, or remove the callback."
            )
        x = data.images("train")
        chosen = torch.randperm(len(x), generator=self._rng())[: self.num]
        self.sample_size = len(chosen)  # nearest distances depend on the size of a set
        self.reference = CollapseReference(x[chosen].float().cpu())
        self.response.on_start(trainer, pl_module)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Evaluate every `every_n_steps` updates of G."""
        step = trainer.global_step
        if step % self.every_n_steps == 0 and step != self.last_step:
            self.last_step = step
            self.evaluate(trainer, pl_module)

    def evaluate(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compute and log the indicators, and call the response."""
        step = trainer.global_step
        indicators, values = self.compute_indicators(trainer, pl_module)
        self.history.append((step, indicators))
        exceeded = self.find_exceeded_limits(indicators)
        self.consecutive = self.consecutive + 1 if exceeded and step >= self.start else 0
        collapsed = self.consecutive == self.patience  # one alarm for each collapse
        if collapsed:
            self.alarms.append(step)
        self._log(trainer, values | {"collapse/alarms": float(len(self.alarms))}, step)
        if not exceeded:
            self.response.on_healthy(trainer, pl_module)
        if collapsed:
            why = f"{'; '.join(exceeded)}, in {self.patience} consecutive evaluations"
            self.response.on_collapse(trainer, pl_module, f"G has collapsed at step {step}: {why}.")
            if trainer.global_step < step:  # the response rolled back
                self.last_step, self.consecutive = trainer.global_step, 0

    def compute_indicators(
        self, trainer: Trainer, pl_module: LightningModule
    ) -> tuple[CollapseIndicators, dict[str, float]]:
        """Compute the indicators of the current G.

        Returns:
            The indicators, and all values by their metric keys; equal on all processes.

        Raises:
            ValueError: If training has not started.
        """
        if self.reference is None:
            raise UserError(
                "ModeCollapseMonitor has no reference statistics: it computes them when training starts."
            )
        generator: Any = pl_module.generator
        with evaluation_mode(generator), torch.no_grad():
            z: Tensor = pl_module.sample_inputs(self.sample_size, self._rng())  # type: ignore[operator]
            indicators = self.reference.indicators(generator(z).float().cpu())
            values = {f"collapse/{name}": value for name, value in indicators._asdict().items()}
            if self.jacobian_points:
                ranks = jacobian_ranks(generator, z[: self.jacobian_points], generator.z_dim)
                values["collapse/jacobian_rank"] = float(ranks.mean())
        # weights are equal on all ranks, but BatchNorm statistics may differ: rank 0 decides
        indicators, values = trainer.strategy.broadcast((indicators, values))
        return indicators, values

    def find_exceeded_limits(self, indicators: CollapseIndicators) -> list[str]:
        """Return a description of each limit that the indicators exceed; NaN exceeds every limit."""
        duplicates, distance, rank = indicators
        exceeded = []
        if not duplicates <= self.most_duplicates:
            exceeded.append(
                f"near-duplicate pairs are {duplicates:.3g} times as frequent among samples as among real images "
                f"(limit {self.most_duplicates:g})"
            )
        if not distance >= self.least_spread:
            exceeded.append(
                f"the mean distance of samples is {distance:.3g} times that of real images (limit "
                f"{self.least_spread:g})"
            )
        if not rank >= self.least_rank:
            exceeded.append(
                f"the effective rank of the samples' covariance is {rank:.3g} times that of real images (limit "
                f"{self.least_rank:g})"
            )
        return exceeded

    def rows(self, stage: str) -> list[tuple[str, str, str]]:
        """Return (name, value, protocol) for the table of scores."""
        steps = ", ".join(map(str, self.alarms))
        protocol = f"{self.patience} consecutive evaluations of {self.num} samples, every {self.every_n_steps} steps"
        value = f"{len(self.alarms)} (step {steps})" if steps else "0"
        return [("collapse alarms", value, protocol)]

    def state_dict(self) -> dict[str, Any]:
        """Return the history of evaluations and the state of the response."""
        return {
            "looked": self.last_step, "bad": self.consecutive, "alarms": list(self.alarms),
            "looks": [(step, *values) for step, values in self.history], "response": self.response.state_dict(),
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the history of evaluations and the state of the response."""
        self.last_step, self.consecutive = state_dict["looked"], state_dict["bad"]
        self.alarms = list(state_dict["alarms"])
        self.history = [(step, CollapseIndicators(*row)) for step, *row in state_dict["looks"]]
        self.response.load_state_dict(state_dict["response"])

    def _rng(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.seed)

    def _log(self, trainer: Trainer, values: dict[str, float], step: int) -> None:
        for logger in trainer.loggers:
            logger.log_metrics(values, step=step)
            logger.save()


@contextmanager
def evaluation_mode(network: nn.Module) -> Iterator[None]:
    """Set a network to evaluation mode within the context, and restore its mode afterwards."""
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)

"""The Helvetica scenario, watched for while training: G maps too many z to the same x."""

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
    """Compares samples with data, without labels, and responds when G has collapsed.

    "G must not be trained too much without updating D, in order to avoid 'the Helvetica scenario' in which G
    collapses too many values of z to the same value of x" (Goodfellow et al. 2014, section 6).

    Every so many updates of G it draws samples of G itself, not of its average, which would hide a collapse for a
    while; always of the same z, from a generator of its own, so that training is the same with and without it. It
    logs collapse/duplicate_ratio, collapse/distance_ratio and collapse/rank_ratio (see
    `lightning_gan.metrics.collapse.CollapseIndicators`),
    collapse/jacobian_rank (mean effective rank of dG/dz, in [0, z_dim]) and collapse/alarms. A look in which one of
    the first three is beyond its limit is a bad one; `patience` bad looks in a row are a collapse.

    The limits were chosen on a ring of eight Gaussians and on MNIST, and tested there on other seeds:
    docs/paper/helvetica.md.

    Args:
        every_n_steps: updates of G between two looks, at least 1.
        num: number of samples, and of training examples, 2 to 10,000. If there are fewer examples, as many as there
            are.
        start: first step whose look may be bad, at least 0: an untrained G looks collapsed.
        patience: bad looks in a row, at least 1.
        most_duplicates: times as often as pairs of data, pairs of samples may be the same, above 0.
        least_spread: mean distance of a pair of samples, in units of the data's, at least 0.
        least_rank: effective rank of the samples' covariance, in units of the data's, at least 0.
        jacobian_points: z at which dG/dz is computed, with a pass of z_dim samples through G for each, at least 0;
            0 leaves it out.
        seed: of z, and of the choice of training examples, 0 to 2^32 - 1.
        response: what is done about a collapse; `WarnOnCollapse()` if it is not given.
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
            raise UserError(f"jacobian_points is {jacobian_points}: want 0 to num, which is {num}.")
        self.every_n_steps, self.num = every_n_steps, num
        self.start, self.patience = start, patience
        self.most_duplicates = most_duplicates
        self.least_spread, self.least_rank = least_spread, least_rank
        self.jacobian_points, self.seed = jacobian_points, seed
        self.response = response or WarnOnCollapse()
        self.reference: CollapseReference | None = None
        self.looks: list[tuple[int, CollapseIndicators]] = []  # of this process
        self.alarms: list[int] = []
        self.looked = self.bad = 0
        self.drawn = num

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look at the data, once."""
        data: Any = getattr(trainer, "datamodule", None)
        if not hasattr(data, "images"):
            raise UserError(
                "Helvetica compares samples with training examples, but the Trainer has no data module that gives "
                "images('train'): give it one (datamodule=), or take the callback out."
            )
        x = data.images("train")
        some = torch.randperm(len(x), generator=self._rng())[: self.num]
        self.drawn = len(some)  # nearest distances compare between sets of one size
        self.reference = CollapseReference(x[some].float().cpu())
        self.response.begin(trainer, pl_module)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Every so many updates of G."""
        step = trainer.global_step
        if step % self.every_n_steps == 0 and step != self.looked:
            self.looked = step
            self.evaluate(trainer, pl_module)

    def evaluate(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compare, log, judge, respond."""
        step = trainer.global_step
        seen, values = self.indicators(trainer, pl_module)
        self.looks.append((step, seen))
        good = not self.beyond(seen)
        self.bad = 0 if good or step < self.start else self.bad + 1
        collapsed = self.bad == self.patience  # one alarm for each collapse, however long it lasts
        if collapsed:
            self.alarms.append(step)
        self._log(trainer, values | {"collapse/alarms": float(len(self.alarms))}, step)
        if good:
            self.response.healthy(trainer, pl_module)
        if collapsed:
            self.response.alarm(trainer, pl_module, self._sentence(step, seen))
            if trainer.global_step < step:  # the response went back
                self.looked, self.bad = trainer.global_step, 0

    def indicators(
        self, trainer: Trainer, pl_module: LightningModule
    ) -> tuple[CollapseIndicators, dict[str, float]]:
        """Of G as it is now; and all values by their keys. The same on every process."""
        if self.reference is None:
            raise UserError(
                "Helvetica has not seen the data yet: it looks at them when training starts."
            )
        generator: Any = pl_module.generator
        with evaluation_mode(generator), torch.no_grad():
            z: Tensor = pl_module.sample_inputs(self.drawn, self._rng())  # type: ignore[operator]
            seen = self.reference.indicators(generator(z).float().cpu())
            values = {f"collapse/{name}": value for name, value in seen._asdict().items()}
            if self.jacobian_points:
                ranks = jacobian_ranks(generator, z[: self.jacobian_points], generator.z_dim)
                values["collapse/jacobian_rank"] = float(ranks.mean())
        # processes have the same weights, but BatchNorm's statistics may differ: the first one decides for all
        seen, values = trainer.strategy.broadcast((seen, values))
        return seen, values

    def beyond(self, seen: CollapseIndicators) -> list[str]:
        """Which limits a look is beyond; NaN is beyond each."""
        limits = [
            (
                seen.duplicate_ratio <= self.most_duplicates,
                f"pairs of samples coincide {seen.duplicate_ratio:.3g} times as often as pairs of data "
                f"(at most {self.most_duplicates:g})",
            ),
            (
                seen.distance_ratio >= self.least_spread,
                f"their mean distance is {seen.distance_ratio:.3g} of the data's (at least {self.least_spread:g})",
            ),
            (
                seen.rank_ratio >= self.least_rank,
                f"the effective rank of their covariance is {seen.rank_ratio:.3g} of the data's (at least "
                f"{self.least_rank:g})",
            ),
        ]
        return [sentence for within, sentence in limits if not within]

    def rows(self, stage: str) -> list[tuple[str, str, str]]:
        """(name, value, protocol) for the table of scores."""
        steps = ", ".join(map(str, self.alarms))
        protocol = f"{self.patience} looks in a row at {self.num} samples, every {self.every_n_steps} steps"
        return [
            ("collapse alarms", f"{len(self.alarms)} (step {steps})" if steps else "0", protocol)
        ]

    def state_dict(self) -> dict[str, Any]:
        """What was seen so far, and what the response keeps."""
        return {
            "looked": self.looked, "bad": self.bad, "alarms": list(self.alarms),
            "looks": [(step, *seen) for step, seen in self.looks], "response": self.response.state_dict(),
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there."""
        self.looked, self.bad = state_dict["looked"], state_dict["bad"]
        self.alarms = list(state_dict["alarms"])
        self.looks = [(step, CollapseIndicators(*seen)) for step, *seen in state_dict["looks"]]
        self.response.load_state_dict(state_dict["response"])

    def _rng(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.seed)

    def _log(self, trainer: Trainer, values: dict[str, float], step: int) -> None:
        for logger in trainer.loggers:
            logger.log_metrics(values, step=step)
            logger.save()

    def _sentence(self, step: int, seen: CollapseIndicators) -> str:
        return f"At step {step} G has collapsed: {'; '.join(self.beyond(seen))}, {self.patience} looks in a row."


@contextmanager
def evaluation_mode(network: nn.Module) -> Iterator[None]:
    """A network in evaluation mode, and back."""
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)

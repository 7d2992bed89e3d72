"""Which tensor went bad first, in steps that are executed again."""

from typing import Any, NamedTuple

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.optim import Optimizer

from lightning_gan.debugging import step_record
from lightning_gan.debugging.tensor_summary import find_floats, has_nonfinite, summarize


class NonFinite(NamedTuple):
    """The first tensor that was not finite."""

    step: int
    """The update of G that was made, or that D's update was before."""
    kind: str
    """minibatch, outside, input, forward, loss, gradient, update or buffer"""
    name: str
    """The network and the path to a module or parameter in it; what else it is."""
    said: str
    """What it holds, and what it was made of."""


class FoundError(Exception):
    """Ends a replay: there it is."""

    def __init__(self, suspect: NonFinite) -> None:
        self.suspect = suspect
        super().__init__(suspect.said)


class NonFiniteHooks(Callback):
    """Looks at every tensor of every step: what enters and leaves each module, losses, gradients, parameters, buffers.

    A module may pass on what is not finite on its way to a loss that is: it is a suspect only if the loss, or a
    gradient, is bad. Everything waits for the device, so this is for replays.

    Args:
        crash: what `callbacks.FlightRecorder` wrote of the steps.
        exact: whether this device is of the kind that took them, so that equal means equal.

    Raises:
        FoundError: from the Trainer.
    """

    def __init__(self, crash: dict[str, Any], exact: bool) -> None:
        self.crash, self.exact = crash, exact
        self.done = 0
        self.first: NonFinite | None = None
        self.handles: list[Any] = []

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Hang on every module, parameter and optimizer."""
        for name, module in pl_module.named_modules():
            if name and not name.startswith("ema."):
                self.handles += [
                    module.register_forward_pre_hook(self.entering(name), with_kwargs=True),
                    module.register_forward_hook(self.leaving(name), with_kwargs=True),
                ]
        for name, parameter in pl_module.named_parameters():
            if parameter.requires_grad:
                self.handles.append(parameter.register_hook(self.gradient(name)))
        names = {p: name for name, p in pl_module.named_parameters()}
        for optimizer in trainer.optimizers:
            self.handles.append(optimizer.register_step_post_hook(self.updated(names)))
        self.module: Any = pl_module
        self.bad_buffers = {n for n, b in pl_module.named_buffers() if has_nonfinite(b)}

    # one step

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Random numbers as they were; the minibatch; what other than the steps moved a parameter."""
        put(self.crash["random_states"][batch_idx], pl_module.device.type)
        for i, x in enumerate(batch):
            if isinstance(x, Tensor) and has_nonfinite(x):
                self.found("minibatch", f"tensor {i} of the minibatch", f"holds {summarize(x)}")
        self.compare_norms(batch_idx, dict(pl_module.named_parameters()))

    def compare_norms(self, batch_idx: int, named: dict[str, nn.Parameter]) -> None:
        """Bit for bit where that can be asked, else only whether they were finite."""
        names = self.crash["parameters"]
        for name in names:
            if has_nonfinite(named[name]):
                held = f"held {summarize(named[name])} when the recorded interval began"
                self.found("outside", name, held)
        for name, said in step_record.find_changed(self.crash, batch_idx, named, self.exact):
            self.found("outside", name, f"was changed between two steps: {said}")

    def entering(self, name: str) -> Any:
        """A network must not be given what is not finite."""

        def look(module: nn.Module, args: Any, kwargs: Any) -> None:
            given = find_floats([*args, *kwargs.values()])
            if "." not in name and any(map(has_nonfinite, given)):
                self.suspect("input", name, f"was given {summarize(given)}")

        return look

    def leaving(self, name: str) -> Any:
        """A module that makes of finite numbers what is not finite."""

        def look(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            given, made = find_floats([*args, *kwargs.values()]), find_floats([output])
            if any(map(has_nonfinite, made)) and not any(map(has_nonfinite, given)):
                own = [f"its {n} {summarize(p)}" for n, p in module.named_parameters(recurse=False)]
                ways = ", ".join([f"of {summarize(given)}", *own])
                self.suspect(
                    "forward", f"{name} ({type(module).__name__})", f"made {summarize(made)} {ways}"
                )

        return look

    def on_before_backward(
        self, trainer: Trainer, pl_module: LightningModule, loss: Tensor
    ) -> None:
        """A loss that is finite acquits the modules before it."""
        if not has_nonfinite(loss):
            self.first = None
            if self.module.microbatches == 1:
                self.compare_losses()
            return
        if self.first is None:
            self.suspect("loss", *self.parts(loss))
        self.accuse()

    def compare_losses(self) -> None:
        """A loss of the run that the steps alone do not make: what changed was none of what is watched."""
        record = self.module.statistics
        here = (record.d_losses, record.g_losses) if self.exact else ()
        for network, said in step_record.find_other_losses(self.crash["losses"], here):
            said = f"was changed by no step: {said}"
            self.found("outside", f"what makes the loss of the {network}", said)

    def parts(self, loss: Tensor) -> tuple[str, str]:
        """Which part of a loss is bad: a term beside it, or the objective itself."""
        record = self.module.statistics
        for key, terms in record.terms.items():
            if has_nonfinite(terms[-1]):
                return f"term {key} of the discriminator's loss", f"is {terms[-1].item()}"
        kind = type(self.module.loss).__name__
        real, fake = record.logits[-1]
        of = f"of scores of examples {summarize(real)} and of samples {summarize(fake)}"
        if record.d_losses and has_nonfinite(record.d_losses[-1]):
            return f"{kind}.d_loss", f"is {record.d_losses[-1].item()} {of}"
        return f"{kind}.g_loss", f"is {loss.item()}; D's latest scores: {of.removeprefix('of ')}"

    def gradient(self, name: str) -> Any:
        """The first parameter whose gradient is bad, in the order of the backward pass."""

        def look(gradient: Tensor) -> None:
            if has_nonfinite(gradient):
                self.suspect(
                    "gradient", name, f"got the gradient {summarize(gradient)} from a finite loss"
                )

        return look

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        """The gradients are there: none may be bad, and the losses of a minibatch's parts are one."""
        if self.module.microbatches > 1:
            self.compare_losses()
        self.accuse()

    def updated(self, names: dict[nn.Parameter, str]) -> Any:
        """An update that makes of finite gradients what is not finite."""

        def look(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
            for group in optimizer.param_groups:
                for p in group["params"]:
                    if has_nonfinite(p):
                        rate = float(group["lr"])
                        said = (
                            f"holds {summarize(p)} after an update with a learning rate of {rate:g}"
                        )
                        self.found(
                            "update", names[p], f"{said} and the gradient {summarize(p.grad)}"
                        )

        return look

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """What no optimizer moves: projections, averages, statistics."""
        for name, x in [*pl_module.named_parameters(), *pl_module.named_buffers()]:
            if name not in self.bad_buffers and has_nonfinite(x):
                self.found("buffer", name, f"holds {summarize(x)} at the end of the step")
        self.done += 1

    # verdicts

    def suspect(self, kind: str, name: str, said: str) -> None:
        """Remember the first."""
        self.first = self.first or NonFinite(self.step, kind, name, said)

    def accuse(self) -> None:
        """End with it, if there is one."""
        if self.first:
            raise FoundError(self.first)

    def found(self, kind: str, name: str, said: str) -> None:
        """Beyond doubt."""
        self.suspect(kind, name, said)
        self.accuse()

    @property
    def step(self) -> int:
        """As `NonFiniteLossError` counts."""
        return self.module.g_updates + 1


def put(states: dict[str, Tensor], device: str) -> None:
    """Set the generators of random numbers."""
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and device == "cuda":
        torch.cuda.set_rng_state(states["cuda"])

"""Hooks that find the first tensor with a NaN or infinite value while recorded steps are replayed."""

from typing import Any, NamedTuple

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.optim import Optimizer

from lightning_gan.debugging import step_record
from lightning_gan.debugging.tensor_summary import find_floats, has_nonfinite, summarize


class NonFinite(NamedTuple):
    """First tensor with a NaN or infinite value."""

    step: int
    """Update of G at which it appeared; for an update of D, the next update of G."""
    kind: str
    """Origin: minibatch, outside, input, forward, loss, gradient, update or buffer."""
    name: str
    """Path of the module or parameter, or a description of the tensor."""
    description: str
    """Its values, and the values that it was computed from."""


class FoundError(Exception):
    """Exception that ends a replay when a nonfinite tensor is found."""

    def __init__(self, suspect: NonFinite) -> None:
        self.suspect = suspect
        super().__init__(suspect.description)


class NonFiniteHooks(Callback):
    """Callback that checks the inputs and outputs of modules, losses, gradients, parameters and buffers of every step.

    A module may output a nonfinite value although the loss is finite; it is reported only if the loss or a gradient is
    not finite. Every check synchronizes with the device, so this is for replays only.

    Args:
        crash: Entry `crash` of a file that `callbacks.FlightRecorder` wrote.
        exact: Whether values must equal the recorded ones bit for bit; only on the kind of device that recorded them.

    Raises:
        FoundError: A nonfinite tensor was found; raised through the Trainer.
    """

    def __init__(self, crash: dict[str, Any], exact: bool) -> None:
        self.crash, self.exact = crash, exact
        self.done = 0
        self.first: NonFinite | None = None
        self.handles: list[Any] = []

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Register hooks on every module, parameter and optimizer."""
        for name, module in pl_module.named_modules():
            if name and not name.startswith("ema."):
                self.handles += [
                    module.register_forward_pre_hook(self.make_input_hook(name), with_kwargs=True),
                    module.register_forward_hook(self.make_output_hook(name), with_kwargs=True),
                ]
        for name, parameter in pl_module.named_parameters():
            if parameter.requires_grad:
                self.handles.append(parameter.register_hook(self.make_gradient_hook(name)))
        names = {p: name for name, p in pl_module.named_parameters()}
        for optimizer in trainer.optimizers:
            self.handles.append(optimizer.register_step_post_hook(self.make_update_hook(names)))
        self.module: Any = pl_module
        self.bad_buffers = {n for n, b in pl_module.named_buffers() if has_nonfinite(b)}

    # one step

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Restore the random state; check the minibatch and the parameters."""
        set_random_states(self.crash["random_states"][batch_idx], pl_module.device.type)
        for i, x in enumerate(batch):
            if isinstance(x, Tensor) and has_nonfinite(x):
                self.report("minibatch", f"tensor {i} of the minibatch", f"holds {summarize(x)}")
        self.compare_norms(batch_idx, dict(pl_module.named_parameters()))

    def compare_norms(self, batch_idx: int, named: dict[str, nn.Parameter]) -> None:
        """Compare parameters with the recorded norms: bit for bit if `exact`, else whether both are finite.

        Args:
            batch_idx: Index of the recorded minibatch.
            named: Parameters of the model by name.
        """
        names = self.crash["parameters"]
        for name in names:
            if has_nonfinite(named[name]):
                held = f"held {summarize(named[name])} when the recorded interval began"
                self.report("outside", name, held)
        for name, description in step_record.find_changed(self.crash, batch_idx, named, self.exact):
            self.report("outside", name, f"was changed between two steps: {description}")

    def make_input_hook(self, name: str) -> Any:
        """Return a forward pre-hook that notes a nonfinite input of a network."""

        def check(module: nn.Module, args: Any, kwargs: Any) -> None:
            inputs = find_floats([*args, *kwargs.values()])
            if "." not in name and any(map(has_nonfinite, inputs)):
                self.note("input", name, f"received {summarize(inputs)}")

        return check

    def make_output_hook(self, name: str) -> Any:
        """Return a forward hook that notes a nonfinite output of finite inputs."""

        def check(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            inputs, outputs = find_floats([*args, *kwargs.values()]), find_floats([output])
            if any(map(has_nonfinite, outputs)) and not any(map(has_nonfinite, inputs)):
                own = [f"its {n} {summarize(p)}" for n, p in module.named_parameters(recurse=False)]
                origin = ", ".join([f"from {summarize(inputs)}", *own])
                self.note(
                    "forward",
                    f"{name} ({type(module).__name__})",
                    f"computed {summarize(outputs)} {origin}",
                )

        return check

    def on_before_backward(
        self, trainer: Trainer, pl_module: LightningModule, loss: Tensor
    ) -> None:
        """Discard what was noted if the loss is finite; otherwise report it."""
        if not has_nonfinite(loss):
            self.first = None
            if self.module.microbatches == 1:
                self.compare_losses()
            return
        if self.first is None:
            self.note("loss", *self.describe_loss(loss))
        self.raise_if_found()

    def compare_losses(self) -> None:
        """Compare the latest losses with the recorded ones; a difference comes from a change outside of the steps."""
        record = self.module.statistics
        here = (record.d_losses, record.g_losses) if self.exact else ()
        for network, description in step_record.find_other_losses(self.crash["losses"], here):
            description = f"was changed outside of the steps: {description}"
            self.report("outside", f"an input of the {network}'s loss", description)

    def describe_loss(self, loss: Tensor) -> tuple[str, str]:
        """Return which part of a loss is not finite, a regularization term or the objective, and its values."""
        record = self.module.statistics
        for key, terms in record.terms.items():
            if has_nonfinite(terms[-1]):
                return f"term {key} of the discriminator's loss", f"is {terms[-1].item()}"
        kind = type(self.module.loss).__name__
        real, fake = record.logits[-1]
        logits = f"logits of real examples {summarize(real)}, of generated ones {summarize(fake)}"
        if record.d_losses and has_nonfinite(record.d_losses[-1]):
            return f"{kind}.d_loss", f"is {record.d_losses[-1].item()}; {logits}"
        return f"{kind}.g_loss", f"is {loss.item()}; D's latest {logits}"

    def make_gradient_hook(self, name: str) -> Any:
        """Return a gradient hook that notes a nonfinite gradient."""

        def check(gradient: Tensor) -> None:
            if has_nonfinite(gradient):
                self.note(
                    "gradient", name, f"got the gradient {summarize(gradient)} from a finite loss"
                )

        return check

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        """Report a nonfinite gradient; compare the losses of accumulated microbatches."""
        if self.module.microbatches > 1:
            self.compare_losses()
        self.raise_if_found()

    def make_update_hook(self, names: dict[nn.Parameter, str]) -> Any:
        """Return an optimizer hook that reports a nonfinite parameter after an update."""

        def check(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
            for group in optimizer.param_groups:
                for p in group["params"]:
                    if has_nonfinite(p):
                        rate = float(group["lr"])
                        description = (
                            f"holds {summarize(p)} after an update with a learning rate of {rate:g}"
                        )
                        self.report(
                            "update",
                            names[p],
                            f"{description} and the gradient {summarize(p.grad)}",
                        )

        return check

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Check what no optimizer changes: projected weights, averages, statistics."""
        for name, x in [*pl_module.named_parameters(), *pl_module.named_buffers()]:
            if name not in self.bad_buffers and has_nonfinite(x):
                self.report("buffer", name, f"holds {summarize(x)} at the end of the step")
        self.done += 1

    # results

    def note(self, kind: str, name: str, description: str) -> None:
        """Store a nonfinite tensor, if it is the first one."""
        self.first = self.first or NonFinite(self.step, kind, name, description)

    def raise_if_found(self) -> None:
        """Raise FoundError if a nonfinite tensor is stored."""
        if self.first:
            raise FoundError(self.first)

    def report(self, kind: str, name: str, description: str) -> None:
        """Store a nonfinite tensor and raise FoundError."""
        self.note(kind, name, description)
        self.raise_if_found()

    @property
    def step(self) -> int:
        """Step, counted as in `NonFiniteLossError`."""
        return self.module.g_updates + 1


def set_random_states(states: dict[str, Tensor], device: str) -> None:
    """Set the random states of the CPU and, if the model is there, of the CUDA device."""
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and device == "cuda":
        torch.cuda.set_rng_state(states["cuda"])

"""Statistics of updates, collected on the device and averaged once for each logging interval."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import softplus

from lightning_gan.utils.errors import UserError


class NonFiniteLossError(UserError, RuntimeError):
    """Error that a network's loss is NaN or infinite.

    Args:
        network: Name of the network, discriminator or generator.
        step: Number of the update of G; for D's loss, that of the next update of G.
        loss: Value of the loss.
    """

    def __init__(self, network: str, step: int, loss: float) -> None:
        self.step = step
        self.message = f"The {network}'s loss became {loss} at step {step}"
        super().__init__(
            f"{self.message}: training stopped, and checkpoints were not changed. The learning rate of one of the "
            f"networks may be too large: lower it, or clip gradients with --model.d_clip 1.0 --model.g_clip 1.0."
        )


class TrainingStatistics:
    """Losses and logits of the updates since the last reset.

    Adding values neither computes anything nor waits for the device. `compute` averages over all updates of the
    interval, so that the logged metrics include each of them.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start a new interval."""
        self.d_losses: list[Tensor] = []
        self.g_before: list[int] = []  # for each loss of D: number of G's losses added before it
        self.g_losses: list[Tensor] = []
        self.logits: list[tuple[Tensor, Tensor]] = []
        self.terms: dict[str, list[Tensor]] = {}

    def add_d(self, loss: Tensor, real: Tensor, fake: Tensor) -> None:
        """Add the loss of an update of D, and D's logits of real and of generated examples, [m] each."""
        self.d_losses.append(loss.detach())
        self.g_before.append(len(self.g_losses))
        self.logits.append((real.detach(), fake.detach()))

    def add_g(self, loss: Tensor) -> None:
        """Add the loss of an update of G."""
        self.g_losses.append(loss.detach())

    def add_term(self, key: str, term: Tensor) -> None:
        """Add a term of an objective other than the adversarial loss; its mean is logged as train/<key>."""
        self.terms.setdefault(key, []).append(term.detach())

    def merge_microbatches(self, network: int, microbatches: int) -> None:
        """Replace the last losses of a network, one for each microbatch, by their mean.

        Args:
            network: 0 for D, 1 for G.
            microbatches: Number of losses.
        """
        losses = (self.d_losses, self.g_losses)[network]
        if microbatches > 1:
            losses[-microbatches:] = [torch.stack(losses[-microbatches:]).mean(0)]
            if network == 0:
                self.g_before[-microbatches:] = self.g_before[-microbatches:][:1]

    def state_dict(self, gather: Callable[[Tensor], Tensor], processes: int) -> dict[str, Tensor]:
        """Return the losses, logits and terms of all processes for a checkpoint.

        Args:
            gather: Function that gathers a tensor from all processes.
            processes: Number of processes.

        Returns:
            Tensors on the CPU, [processes, ...] each.
        """
        real, fake = zip(*self.logits, strict=True) if self.logits else ((), ())
        lists = {"d_losses": self.d_losses, "g_losses": self.g_losses}
        lists |= {f"terms/{key}": term for key, term in self.terms.items()}
        own = {name: torch.stack(values) for name, values in lists.items() if values}
        own |= {n: torch.cat(part) for n, part in (("real", real), ("fake", fake)) if part}
        if self.d_losses:
            own["g_before"] = torch.tensor(self.g_before, device=self.d_losses[-1].device)
        return {name: gather(values).view(processes, -1).cpu() for name, values in own.items()}

    def load_state_dict(self, state: dict[str, Tensor], process: int) -> None:
        """Restore the values of one process from a checkpoint; they stay on the CPU until `compute` moves them."""
        self.reset()
        own = {name: values[process % len(values)] for name, values in state.items()}
        self.d_losses, self.g_losses = (list(own.get(n, ())) for n in ("d_losses", "g_losses"))
        self.g_before = [int(n) for n in own.get("g_before", ())]
        if "real" in own:
            self.logits = [(own["real"], own["fake"])]
        terms = {name.removeprefix("terms/"): v for name, v in own.items() if "terms/" in name}
        self.terms = {key: list(values) for key, values in terms.items()}

    def check(self, step: int) -> None:
        """Check that all losses of the interval are finite; waits for the device.

        Args:
            step: Number of the last update of G.

        Raises:
            NonFiniteLossError: A loss is NaN or infinite.
        """
        if self.g_losses:
            _check(*self._stacked(), self.g_before, step)

    def compute_and_reset(self, step: int) -> dict[str, Tensor]:
        """Compute the means over the interval, start a new one, and check that all losses are finite.

        Args:
            step: Number of the last update of G.

        Returns:
            train/d_loss and train/g_loss; train/value, V(D, G) in nats (equation 1; -log 4 at the
            equilibrium); train/d_x and train/d_gz, the means of D(x) and D(G(z)) (1/2 at the equilibrium);
            train/<key>, the mean of each term that was added.

        Raises:
            NonFiniteLossError: A loss is NaN or infinite.
        """
        values, losses, g_before = self.compute(), self._stacked(), self.g_before
        self.reset()
        _check(*losses, g_before, step)
        return values

    def compute(self) -> dict[str, Tensor]:
        """Compute the means over the interval, as `compute_and_reset` returns them."""
        d_losses, g_losses = self._stacked()
        real, fake = (
            torch.cat(_on_one_device(values)).float() for values in zip(*self.logits, strict=True)
        )
        terms = {
            f"train/{key}": torch.stack(_on_one_device(values)).float().mean()
            for key, values in self.terms.items()
        }
        return {
            "train/d_loss": d_losses.mean(),
            "train/g_loss": g_losses.mean(),
            "train/value": -softplus(-real).mean() - softplus(fake).mean(),
            "train/d_x": real.sigmoid().mean(),
            "train/d_gz": fake.sigmoid().mean(),
        } | terms

    def _stacked(self) -> tuple[Tensor, Tensor]:
        d_losses, g_losses = map(_on_one_device, (self.d_losses, self.g_losses))
        return torch.stack(d_losses).float(), torch.stack(g_losses).float()


def _check(d_losses: Tensor, g_losses: Tensor, g_before: Sequence[int], step: int) -> None:
    """Raise an error for the first loss that is not finite; within a step, D is updated before G."""
    bad = [(g_before[i], "discriminator", d_losses[i]) for i in _find_nonfinite(d_losses)]
    bad += [(i, "generator", g_losses[i]) for i in _find_nonfinite(g_losses)]
    if bad:
        index, network, loss = min(bad, key=lambda item: item[:2])
        raise NonFiniteLossError(network, step - len(g_losses) + index + 1, loss.item())


def _on_one_device(values: Sequence[Tensor]) -> list[Tensor]:
    """Move all tensors to the device of the last one."""
    return [value.to(values[-1].device) for value in values]


def _find_nonfinite(losses: Tensor) -> list[int]:
    return (~losses.isfinite()).nonzero().flatten().tolist()

"""What each update did, kept on the device and read once per logging interval."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import softplus

from lightning_gan.utils.errors import UserError


class NonFiniteLossError(UserError, RuntimeError):
    """A network's loss is NaN or infinite.

    Args:
        network: discriminator or generator.
        step: the update of G that was made, or that D's update was before.
        loss: its value.
    """

    def __init__(self, network: str, step: int, loss: float) -> None:
        self.step = step
        self.message = f"The {network}'s loss became {loss} at step {step}"
        super().__init__(
            f"{self.message}: training stopped, and checkpoints were left as they are. A learning rate may be too "
            f"large, this network's or the other's, whose move it answers: lower it, or clip gradients with "
            f"--model.d_clip 1.0 --model.g_clip 1.0."
        )


class TrainingStatistics:
    """Losses and scores of the updates since the last reading.

    Appending costs no arithmetic and no wait for the device; `read` averages over the interval, so that no
    step is left out of the curves.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin a new interval."""
        self.d_losses: list[Tensor] = []
        self.g_before: list[int] = []  # of each of D's losses: updates of G noted before it
        self.g_losses: list[Tensor] = []
        self.scores: list[tuple[Tensor, Tensor]] = []
        self.terms: dict[str, list[Tensor]] = {}

    def d(self, loss: Tensor, real: Tensor, fake: Tensor) -> None:
        """Note an update of D: its loss, and its scores of examples and of samples, [m] each."""
        self.d_losses.append(loss.detach())
        self.g_before.append(len(self.g_losses))
        self.scores.append((real.detach(), fake.detach()))

    def g(self, loss: Tensor) -> None:
        """Note an update of G: its loss."""
        self.g_losses.append(loss.detach())

    def term(self, key: str, term: Tensor) -> None:
        """Note a term beside a network's adversarial loss."""
        self.terms.setdefault(key, []).append(term.detach())

    def merge_microbatches(self, network: int, parts: int) -> None:
        """Take the last losses of a network, of so many parts of one minibatch, as the one of the update."""
        losses = (self.d_losses, self.g_losses)[network]
        if parts > 1:
            losses[-parts:] = [torch.stack(losses[-parts:]).mean(0)]
            if network == 0:
                self.g_before[-parts:] = self.g_before[-parts:][:1]

    def state(self, gather: Callable[[Tensor], Tensor], processes: int) -> dict[str, Tensor]:
        """What was noted since the last reading, for a checkpoint, [processes, ...]: losses, all scores, terms."""
        real, fake = zip(*self.scores, strict=True) if self.scores else ((), ())
        noted = {"d_losses": self.d_losses, "g_losses": self.g_losses}
        noted |= {f"terms/{key}": term for key, term in self.terms.items()}
        mine = {name: torch.stack(values) for name, values in noted.items() if values}
        mine |= {n: torch.cat(part) for n, part in (("real", real), ("fake", fake)) if part}
        if self.d_losses:
            mine["g_before"] = torch.tensor(self.g_before, device=self.d_losses[-1].device)
        return {name: gather(values).view(processes, -1).cpu() for name, values in mine.items()}

    def load_state_dict(self, state: dict[str, Tensor], process: int) -> None:
        """Take up what a checkpoint held of this process; on the CPU, where it waits for the next reading."""
        self.reset()
        mine = {name: values[process % len(values)] for name, values in state.items()}
        self.d_losses, self.g_losses = (list(mine.get(n, ())) for n in ("d_losses", "g_losses"))
        self.g_before = [int(n) for n in mine.get("g_before", ())]
        if "real" in mine:
            self.scores = [(mine["real"], mine["fake"])]
        named = {name.removeprefix("terms/"): v for name, v in mine.items() if "terms/" in name}
        self.terms = {key: list(values) for key, values in named.items()}

    def check(self, step: int) -> None:
        """Look for a bad loss before the interval ends, at G's update number `step`; waits for the device.

        Raises:
            NonFiniteLossError: naming the network and the update.
        """
        if self.g_losses:
            _check(*self._stacked(), self.g_before, step)

    def read(self, step: int) -> dict[str, Tensor]:
        """Means over the interval that ends at G's update number `step`, and forget them.

        Returns:
            train/d_loss and train/g_loss; train/value, V(D, G) in nats (equation 1; -log 4 at the
            equilibrium); train/d_x and train/d_gz, the means of D(x) and D(G(z)) (1/2 at the equilibrium);
            train/<key>, the mean of each term beside the adversarial losses.

        Raises:
            NonFiniteLossError: naming the network and the update.
        """
        values, losses, g_before = self.means(), self._stacked(), self.g_before
        self.reset()
        _check(*losses, g_before, step)
        return values

    def means(self) -> dict[str, Tensor]:
        """Compute what `read` returns, and keep it: the interval goes on.

        Returns:
            The mean of each key since the last reading.
        """
        d_losses, g_losses = self._stacked()
        real, fake = (torch.cat(_together(s)).float() for s in zip(*self.scores, strict=True))
        terms = {
            f"train/{k}": torch.stack(_together(v)).float().mean() for k, v in self.terms.items()
        }
        return {
            "train/d_loss": d_losses.mean(),
            "train/g_loss": g_losses.mean(),
            "train/value": -softplus(-real).mean() - softplus(fake).mean(),
            "train/d_x": real.sigmoid().mean(),
            "train/d_gz": fake.sigmoid().mean(),
        } | terms

    def _stacked(self) -> tuple[Tensor, Tensor]:
        d_losses, g_losses = map(_together, (self.d_losses, self.g_losses))
        return torch.stack(d_losses).float(), torch.stack(g_losses).float()


def _check(d_losses: Tensor, g_losses: Tensor, g_before: Sequence[int], step: int) -> None:
    """Name the first bad loss: within a step, D's updates come before G's."""
    bad = [(g_before[i], "discriminator", d_losses[i]) for i in _bad(d_losses)]
    bad += [(i, "generator", g_losses[i]) for i in _bad(g_losses)]
    if bad:
        index, network, loss = min(bad, key=lambda item: item[:2])
        raise NonFiniteLossError(network, step - len(g_losses) + index + 1, loss.item())


def _together(values: Sequence[Tensor]) -> list[Tensor]:
    """On the device of the latest."""
    return [value.to(values[-1].device) for value in values]


def _bad(losses: Tensor) -> list[int]:
    return (~losses.isfinite()).nonzero().flatten().tolist()

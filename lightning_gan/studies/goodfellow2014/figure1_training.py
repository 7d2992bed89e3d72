"""Model of Figure 1 on the line: data, noise, networks, and measurements from computed densities."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.distributions import Normal
from torch.distributions import Uniform as UniformDensity
from torch.nn import Parameter
from torch.optim import Optimizer

from callbacks.density_plot import compute_view
from datamodules import Gaussian1D
from lightning_gan.analysis import theory
from lightning_gan.analysis.generator_density import GeneratorDensity, compute_generator_density
from lightning_gan.losses import NonSaturating
from lightning_gan.models.gan import GAN
from lightning_gan.networks import Discriminator, Generator, LinearMLPGenerator, MLPDiscriminator
from lightning_gan.plotting.densities import View, draw_frame
from lightning_gan.priors import Uniform
from lightning_gan.studies.in_memory import seed_single_thread
from lightning_gan.training.optimizers import LinearDecay

MEAN, STD = 0.0, 1.0
LOW, HIGH = -1.0, 1.0
P_DATA, P_Z = Normal(MEAN, STD), UniformDensity(LOW, HIGH)
BATCH = 1000
G_WIDTHS, D_WIDTHS = (32, 32, 32), (32, 32)
NETWORKS = (
    f"tanh {G_WIDTHS} {D_WIDTHS} batch {BATCH} z in [{LOW}, {HIGH}] p_data N({MEAN}, {STD}^2)"
)
NetworkPair = tuple[Generator, Discriminator]
NewOptimizer = Callable[[Iterable[Parameter]], Optimizer]


def make_networks(seed: int) -> NetworkPair:
    """Build smooth networks, for which G'(z) exists everywhere."""
    seed_single_thread(seed)
    generator = LinearMLPGenerator([1], z_dim=1, widths=G_WIDTHS, activation=nn.Tanh)
    return generator, MLPDiscriminator([1], widths=D_WIDTHS, activation=nn.Tanh)


def make_gan(
    pair: NetworkPair, k: int, d_optimizer: NewOptimizer, g_optimizer: NewOptimizer, total: int
) -> GAN:
    """Build the model; its learning rates fall to 0 over `total` updates of G."""
    return GAN(
        *pair, NonSaturating(), Uniform(LOW, HIGH), k, d_optimizer, g_optimizer,
        partial(LinearDecay, total=total * k, start=0.0), partial(LinearDecay, total=total, start=0.0),
    )  # fmt: skip


def make_data() -> Gaussian1D:
    """Build the data module of p_data."""
    return Gaussian1D((MEAN,), (STD,), batch_size=BATCH)


# measurements


def compute_p_g(pair: NetworkPair) -> GeneratorDensity:
    """Compute the density of G's samples."""
    return compute_generator_density(pair[0], P_Z)


def compute_outputs(pair: NetworkPair, x: Tensor) -> Tensor:
    """Compute D(x), [n], in float64."""
    with torch.no_grad():
        return pair[1](x[:, None].float()).double().sigmoid()


def measure_total_variation(g: GeneratorDensity) -> float:
    """Compute the total variation between p_g and p_data: the integral of the positive part of p_g - p_data."""
    return (g.weights * (g.p - P_DATA.log_prob(g.x).exp()).clamp(min=0)).sum().item()


def measure_jensen_shannon(g: GeneratorDensity) -> float:
    """Compute JSD(p_data || p_g) in nats, on the points of p_g and on intervals of p_data beyond them."""
    ends = (min(MEAN - 8 * STD, g.x[0].item() - 1), max(MEAN + 8 * STD, g.x[-1].item() + 1))
    wings = [
        theory.make_interval(ends[0], g.x[0].item()),
        theory.make_interval(g.x[-1].item(), ends[1]),
    ]
    coarse = torch.zeros_like(g.weights)
    coarse[::2] = 2 * g.weights[::2]
    grid = theory.QuadratureGrid(
        torch.cat([wings[0].points, g.x[:, None], wings[1].points]),
        torch.cat([wings[0].weights, g.weights, wings[1].weights]),
        torch.cat([wings[0].coarse, coarse, wings[1].coarse]),
    )
    empty = torch.full_like(wings[0].weights, -torch.inf)
    log_g = torch.cat([empty, g.p.log(), empty])
    return theory.compute_jensen_shannon(grid.compute_log_density(P_DATA), log_g, grid).value.item()


def compute_distances(g: GeneratorDensity) -> dict[str, Any]:
    """Compute the distances between p_g and p_data, and name the method that computed p_g."""
    return {
        "total_variation": measure_total_variation(g),
        "jensen_shannon": measure_jensen_shannon(g),
        "how": g.how,
    }


def compute_mean_output(pair: NetworkPair) -> float:
    """Compute the mean of D(G(z)) over p_z, at 10,000 evenly spaced z."""
    with torch.no_grad():
        return (
            compute_outputs(pair, pair[0](torch.linspace(LOW, HIGH, 10_000)[:, None])[:, 0])
            .mean()
            .item()
        )


def find_region(share: float) -> tuple[float, float]:
    """Return the interval around the mean that holds a share of p_data."""
    half = P_DATA.icdf(torch.tensor(0.5 + share / 2)).item() - MEAN
    return MEAN - half, MEAN + half


def measure_off_half(pair: NetworkPair, share: float) -> float:
    """Compute the largest |D(x) - 1/2| in the interval that holds a share of p_data."""
    low, high = find_region(share)
    return (compute_outputs(pair, torch.linspace(low, high, 1001)) - 0.5).abs().max().item()


def measure_off_optimal(pair: NetworkPair, g: GeneratorDensity, tail: float) -> float:
    """Compute the largest |D(x) - D*(x)| where 99 % of p_data lies and all of p_g except `tail` at either end."""
    below = (g.weights * g.p).cumsum(0)
    inside = g.x[(below >= tail) & (below <= 1 - tail)]
    low, high = (
        max(find_region(0.99)[0], inside[0].item()),
        min(find_region(0.99)[1], inside[-1].item()),
    )
    x = torch.linspace(low, high, 1001, dtype=torch.float64)
    optimal = theory.compute_optimal_discriminator(P_DATA.log_prob(x), g.at(x).log())
    return (compute_outputs(pair, x) - optimal).abs().max().item()


# images


def make_view(gan: Any) -> View:
    """Compute the curves of the model for an image."""
    return compute_view(gan, make_data().density, compute_p_g((gan.generator, gan.discriminator)))


class StopNearData(Callback):
    """Callback that stops training when the total variation between p_g and p_data is below `near`."""

    def __init__(self, near: float) -> None:
        self.near = near

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Check every 10 updates of G."""
        pair: Any = (pl_module.generator, pl_module.discriminator)
        if trainer.global_step % 10 == 0 and measure_total_variation(compute_p_g(pair)) < self.near:
            trainer.should_stop = True


class FrameRecorder(Callback):
    """Callback that draws frames of an animation at regular intervals.

    Args:
        every: Updates of G between two frames.
        title: Title of the frames.
    """

    def __init__(self, every: int, title: str) -> None:
        self.every, self.title = every, title
        self.frames: dict[int, Tensor] = {}

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Draw a frame if one is due."""
        step = trainer.global_step
        if step % self.every == 0 and step not in self.frames:
            self.frames[step] = draw_frame(
                make_view(pl_module), f"{self.title}, {step} updates of G"
            )

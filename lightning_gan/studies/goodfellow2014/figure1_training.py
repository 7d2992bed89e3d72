"""The model of Figure 1: data and noise on the line, the networks, and every density computed."""

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
Pair = tuple[Generator, Discriminator]
NewOptimizer = Callable[[Iterable[Parameter]], Optimizer]


def make_networks(seed: int) -> Pair:
    """Smooth ones, so that G'(z) exists everywhere."""
    seed_single_thread(seed)
    generator = LinearMLPGenerator([1], z_dim=1, widths=G_WIDTHS, activation=nn.Tanh)
    return generator, MLPDiscriminator([1], widths=D_WIDTHS, activation=nn.Tanh)


def make_gan(
    pair: Pair, k: int, d_optimizer: NewOptimizer, g_optimizer: NewOptimizer, total: int
) -> GAN:
    """The two at play; their rates fall to 0 over `total` updates of G."""
    return GAN(
        *pair, NonSaturating(), Uniform(LOW, HIGH), k, d_optimizer, g_optimizer,
        partial(LinearDecay, total=total * k, start=0.0), partial(LinearDecay, total=total, start=0.0),
    )  # fmt: skip


def data() -> Gaussian1D:
    """Samples of p_data."""
    return Gaussian1D((MEAN,), (STD,), batch_size=BATCH)


# what is measured


def p_g(pair: Pair) -> GeneratorDensity:
    """Density of G's samples."""
    return compute_generator_density(pair[0], P_Z)


def compute_answers(pair: Pair, x: Tensor) -> Tensor:
    """D(x), [n], in float64."""
    with torch.no_grad():
        return pair[1](x[:, None].float()).double().sigmoid()


def total_variation(g: GeneratorDensity) -> float:
    """Half the integral of |p_g - p_data|: that of p_g - p_data where it is positive, so p_g's points are enough."""
    return (g.weights * (g.p - P_DATA.log_prob(g.x).exp()).clamp(min=0)).sum().item()


def jensen_shannon(g: GeneratorDensity) -> float:
    """JSD(p_data || p_g), nats: on p_g's points, and on either side of them as far as p_data goes."""
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
    nothing = torch.full_like(wings[0].weights, -torch.inf)
    log_g = torch.cat([nothing, g.p.log(), nothing])
    return theory.compute_jensen_shannon(grid.compute_log_density(P_DATA), log_g, grid).value.item()


def compute_distances(g: GeneratorDensity) -> dict[str, Any]:
    """How far p_g is from p_data, and how p_g was computed."""
    return {
        "total_variation": total_variation(g),
        "jensen_shannon": jensen_shannon(g),
        "how": g.how,
    }


def mean_answer(pair: Pair) -> float:
    """Mean of D(G(z)) over p_z, at 10,000 evenly spaced z."""
    with torch.no_grad():
        return (
            compute_answers(pair, pair[0](torch.linspace(LOW, HIGH, 10_000)[:, None])[:, 0])
            .mean()
            .item()
        )


def region(share: float) -> tuple[float, float]:
    """The interval around the mean that holds a share of p_data."""
    half = P_DATA.icdf(torch.tensor(0.5 + share / 2)).item() - MEAN
    return MEAN - half, MEAN + half


def off_half(pair: Pair, share: float) -> float:
    """Largest |D(x) - 1/2| in the region that holds a share of p_data."""
    low, high = region(share)
    return (compute_answers(pair, torch.linspace(low, high, 1001)) - 0.5).abs().max().item()


def off_best(pair: Pair, g: GeneratorDensity, tail: float) -> float:
    """Largest |D(x) - D*(x)| in the region that holds 99 % of p_data, and all of p_g but `tail` at either end."""
    below = (g.weights * g.p).cumsum(0)
    inside = g.x[(below >= tail) & (below <= 1 - tail)]
    low, high = max(region(0.99)[0], inside[0].item()), min(region(0.99)[1], inside[-1].item())
    x = torch.linspace(low, high, 1001, dtype=torch.float64)
    best = theory.compute_optimal_discriminator(P_DATA.log_prob(x), g.at(x).log())
    return (compute_answers(pair, x) - best).abs().max().item()


# what is seen


def make_view(gan: Any) -> View:
    """The model as it stands."""
    return compute_view(gan, data().density, p_g((gan.generator, gan.discriminator)))


class UntilNear(Callback):
    """Stops as soon as the total variation between p_g and p_data is below a number."""

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
        """Every 10 updates of G."""
        pair: Any = (pl_module.generator, pl_module.discriminator)
        if trainer.global_step % 10 == 0 and total_variation(p_g(pair)) < self.near:
            trainer.should_stop = True


class Film(Callback):
    """Images of the model, every so many updates of G.

    Args:
        every: updates of G.
        title: stands over them.
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
        """One more image, if it is due."""
        step = trainer.global_step
        if step % self.every == 0 and step not in self.frames:
            self.frames[step] = draw_frame(
                make_view(pl_module), f"{self.title}, {step} updates of G"
            )

"""Figure 1 of Goodfellow et al. (2014) for a run on one-dimensional data: p_data, p_g, D and the map from z to x."""

from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor
from torch.distributions import Distribution

from callbacks.animated_images import AnimatedImages
from lightning_gan.analysis.generator_density import SAMPLES, GeneratorDensity, estimate_by_samples
from lightning_gan.arguments import Count, check_arguments
from lightning_gan.plotting.densities import View, draw_frame
from lightning_gan.utils.errors import UserError

ARROWS = 16
HALF_WIDTH = 3.5  # of the plot, in standard deviations of the data around their mean


def estimate_density(gan: Any) -> GeneratorDensity:
    """Estimate p_g of the evaluated generator from its samples.

    Raises:
        ValueError: If all samples of G are equal.
    """
    return estimate_by_samples(gan.sample(SAMPLES).flatten().cpu())


def compute_view(gan: Any, p_data: Distribution, p_g: GeneratorDensity) -> View:
    """Evaluate the densities, D and the evaluated generator at the points of the plot.

    Args:
        gan: GAN of one-dimensional data, with one noise variable or more.
        p_data: Density of the data, with events of shape [1].
        p_g: Density of the generator.
    """
    centre, width = p_data.mean.item(), HALF_WIDTH * p_data.stddev.item()
    x = torch.linspace(centre - width, centre + width, 401)
    with torch.no_grad():
        d = gan.discriminator(x[:, None].to(gan.device)).sigmoid().cpu()
    z = _make_even_noise(gan)
    return View(
        x, p_data.log_prob(x[:, None]).exp(), p_g.at(x.double()).float(), d, z[:, 0], gan.generate(z).cpu()[:, 0]
    )  # fmt: skip


def _make_even_noise(gan: Any) -> Tensor:
    """Return noise, [ARROWS, z_dim]: the first variable evenly spaced over the range of 1,000 draws, the others 0."""
    drawn = gan.sample_inputs(1000, torch.Generator().manual_seed(0)).cpu()
    z = torch.zeros(ARROWS, drawn.shape[1])
    z[:, 0] = torch.linspace(drawn[:, 0].min().item(), drawn[:, 0].max().item(), ARROWS)
    return z


class DensityPlot(AnimatedImages):
    """Callback that draws p_data, p_g and D during training, for one-dimensional data of known density.

    Args:
        every_n_steps: Updates of G between two images, at least 1.
    """

    key = animation_name = "densities"

    @check_arguments
    def __init__(self, every_n_steps: Count = 100) -> None:
        super().__init__(every_n_steps)
        self.how = ""

    def draw_image(self, trainer: Trainer, pl_module: LightningModule) -> Tensor:
        """Draw p_data, p_g, D and the map from z to x, uint8 [3, H, W]."""
        p_g = estimate_density(pl_module)
        self.how = p_g.how
        data = trainer.datamodule  # type: ignore[attr-defined]
        return draw_frame(compute_view(pl_module, data.density, p_g), f"step {trainer.global_step}")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Check the data and draw the initial state.

        Raises:
            ValueError: If the data are not one-dimensional or their density is unknown.
        """
        data: Any = getattr(trainer, "datamodule", None)
        shape = getattr(data, "data_shape", None)
        if shape != (1,) or not hasattr(data, "density"):
            name = getattr(data, "name", type(data).__name__)
            raise UserError(
                f"DensityPlot needs data of shape [1] with a known density, such as Gaussian1D, but the data are "
                f"{name}: remove it from trainer.callbacks."
            )
        super().on_train_start(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the last state and print the method that computed p_g."""
        super().on_train_end(trainer, pl_module)
        if trainer.is_global_zero:
            print(f"p_g      from {self.how}")

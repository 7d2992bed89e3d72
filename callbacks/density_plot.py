"""Figure 1 of Goodfellow et al. (2014), drawn of a run on the line: p_data, p_g, D, and where G sends z."""

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
WIDE = 3.5  # standard deviations of the data, to either side of their mean


def find_density(gan: Any) -> GeneratorDensity:
    """Estimate p_g of the generator that is shown from its samples.

    Raises:
        ValueError: if all samples of G are equal.
    """
    return estimate_by_samples(gan.sample(SAMPLES).flatten().cpu())


def choose_view(gan: Any, p_data: Distribution, p_g: GeneratorDensity) -> View:
    """The model on the line, as it stands; G is the one that is shown.

    Args:
        gan: of one noise variable or more, and data of one number.
        p_data: events of shape [1].
        p_g: of this G.
    """
    centre, width = p_data.mean.item(), WIDE * p_data.stddev.item()
    x = torch.linspace(centre - width, centre + width, 401)
    with torch.no_grad():
        d = gan.discriminator(x[:, None].to(gan.device)).sigmoid().cpu()
    z = _even(gan)
    return View(
        x, p_data.log_prob(x[:, None]).exp(), p_g.at(x.double()).float(), d, z[:, 0], gan.generate(z).cpu()[:, 0]
    )  # fmt: skip


def _even(gan: Any) -> Tensor:
    """Noise spread evenly from the first to the last of many draws, [arrows, z_dim]; its other variables are 0."""
    drawn = gan.sample_inputs(1000, torch.Generator().manual_seed(0)).cpu()
    z = torch.zeros(ARROWS, drawn.shape[1])
    z[:, 0] = torch.linspace(drawn[:, 0].min().item(), drawn[:, 0].max().item(), ARROWS)
    return z


class DensityPlot(AnimatedImages):
    """p_data, p_g and D over training, and an animation of them. For data of one number and known density.

    Args:
        every_n_steps: updates of G between two images, at least 1.
    """

    key = animation_name = "densities"

    @check_arguments
    def __init__(self, every_n_steps: Count = 100) -> None:
        super().__init__(every_n_steps)
        self.how = ""

    def image(self, trainer: Trainer, pl_module: LightningModule) -> Tensor:
        """Draw p_data, p_g, D and where G sends z, bytes [3, H, W]."""
        p_g = find_density(pl_module)
        self.how = p_g.how
        data = trainer.datamodule  # type: ignore[attr-defined]
        return draw_frame(choose_view(pl_module, data.density, p_g), f"step {trainer.global_step}")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Check the data, and begin.

        Raises:
            ValueError: if the data are not numbers of known density.
        """
        data: Any = getattr(trainer, "datamodule", None)
        shape = getattr(data, "data_shape", None)
        if shape != (1,) or not hasattr(data, "density"):
            name = getattr(data, "name", type(data).__name__)
            raise UserError(
                f"DensityPlot draws data of shape [1] whose density is known, such as Gaussian1D; {name} are not: "
                f"take it out of trainer.callbacks."
            )
        super().on_train_start(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the last state, and print how p_g was computed."""
        super().on_train_end(trainer, pl_module)
        if trainer.is_global_zero:
            print(f"p_g      by {self.how}")

"""Wrappers around discriminators: base class, spectral normalisation, packing."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils.parametrizations import spectral_norm

from lightning_gan.arguments import Count, Size, check_arguments
from lightning_gan.networks.base import Discriminator, FeatureDiscriminator
from lightning_gan.utils.errors import UserError


class DiscriminatorWrapper(FeatureDiscriminator):
    """Discriminator that calls a discriminator inside, which may be a wrapper too.

    The features f(x) and the last layer are those of the discriminator inside; if it is no `FeatureDiscriminator`,
    accessing them is an error. A condition c is passed to the discriminator inside.

    Args:
        discriminator: Discriminator inside the wrapper.
        data_shape: Shape of x, each 1 to 2^20; None: that of the discriminator inside.
    """

    @check_arguments
    def __init__(
        self, discriminator: Discriminator, data_shape: Sequence[Size] | None = None
    ) -> None:
        super().__init__(discriminator.data_shape if data_shape is None else data_shape)
        self.inner = discriminator

    @property
    def condition_dim(self) -> int:
        """Size of the condition that D reads; 0: D reads none."""
        return cast(int, getattr(self.inner, "condition_dim", 0))

    def require_unconditional(self) -> None:
        """Check that the discriminator inside reads no condition, for wrappers that cannot pass it on.

        Raises:
            UserError: The discriminator inside reads a condition.
        """
        if self.condition_dim:
            inner, outer = type(self.inner).__name__, type(self).__name__
            raise UserError(
                f"{inner} reads a condition, which {outer} cannot pass on: put {outer} inside {inner}, not around it."
            )

    @property
    def featured(self) -> FeatureDiscriminator:
        """The discriminator inside, typed as a `FeatureDiscriminator`.

        Raises:
            UserError: It has no features.
        """
        if not isinstance(self.inner, FeatureDiscriminator):
            raise UserError(
                f"{type(self.inner).__name__} has no features f(x): put a FeatureDiscriminator inside, such as "
                f"DCGANDiscriminator."
            )
        return self.inner

    @property
    def last_layer(self) -> nn.Linear:
        """Last layer of the discriminator inside."""
        return self.featured.last_layer

    def replace_last_layer(self, layer: nn.Linear) -> None:
        """Replace the last layer of the discriminator inside by another one that reads f(x)."""
        self.featured.replace_last_layer(layer)

    def preprocess(self, x: Tensor) -> Tensor:
        """Transform examples, [m, *data_shape], to the input of the discriminator inside; by default unchanged."""
        return x

    def features(self, x: Tensor) -> Tensor:
        """Compute the features f(x), [m, feature_dim], of examples, [m, *data_shape]."""
        return self.featured.features(self.preprocess(x))

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Compute the logits, [m], of examples, [m, *data_shape], with conditions c, [m, condition_dim], or None."""
        return self.inner(self.preprocess(x)) if c is None else self.inner(self.preprocess(x), c)


class SpectralNormDiscriminator(DiscriminatorWrapper):
    r"""Discriminator whose linear and convolutional weights have spectral norm 1: Miyato et al. (2018), equation 8.

    .. math:: W_{SN} = W / \sigma(W)

    A fully connected D with 1-Lipschitz activations is then 1-Lipschitz. A convolution kernel is reshaped to a matrix
    with a row for each output channel, as in the paper; this bounds the norm of the convolution up to a factor. sigma
    is estimated by power iteration in each forward pass in training mode, except in updates of G
    (`manual_optimization.frozen_norm_statistics`). A layer given to `replace_last_layer` is normalised too; layers of
    outer wrappers are not.

    =========================  ==========================
    of D inside                output
    =========================  ==========================
    logits                     [m]
    features f(x)              [m, feature_dim]
    =========================  ==========================

    Args:
        discriminator: Discriminator inside the wrapper. Its layers are changed.
        iterations: Number of power iterations in each forward pass, at least 1; 1 in the paper.
    """

    @check_arguments
    def __init__(self, discriminator: Discriminator, iterations: Count = 1) -> None:
        super().__init__(discriminator)
        self.iterations = iterations
        for layer in list(discriminator.modules()):
            if isinstance(layer, nn.Linear | _ConvNd):
                spectral_norm(layer, n_power_iterations=iterations)

    def replace_last_layer(self, layer: nn.Linear) -> None:
        """Replace the last layer by another one that reads f(x), and normalise its weights."""
        spectral_norm(layer, n_power_iterations=self.iterations)  # in place
        super().replace_last_layer(layer)


class PackedDiscriminator(DiscriminatorWrapper):
    """Discriminator that reads packs of examples: PacGAN, Lin et al. (2018), section 3.

    ================================  ===========================================  ================
    layer                             pack 2, 28 x 28                              output
    ================================  ===========================================  ================
    examples x                        [m, 1, 28, 28]
    concatenation of neighbours       [m/2, 2, 28, 28]
    D inside                          for data_shape [2, 28, 28]                   logits, [m/2]
    ================================  ===========================================  ================

    The examples of a minibatch, all real or all generated, are packed in their order; each pack has one logit and one
    f(x). Objectives are means over m/pack logits. In evaluation mode the last pack is filled with the first examples
    if pack does not divide m.

    Args:
        discriminator: Discriminator inside the wrapper, whose first data dimension (channels of images, coordinates of
            points) is pack times that of x.
        pack: Number of examples in a pack, 1 to 2^20.

    Raises:
        UserError: pack does not divide the first data dimension of the discriminator inside.
    """

    @check_arguments
    def __init__(self, discriminator: Discriminator, pack: Size) -> None:
        first, *rest = discriminator.data_shape
        if first % pack:
            raise UserError(
                f"pack is {pack}, but the discriminator inside has data_shape {list(discriminator.data_shape)}: give "
                f"it {pack} times the first size of the data's shape."
            )
        super().__init__(discriminator, [first // pack, *rest])
        self.require_unconditional()
        self.pack = pack

    def preprocess(self, x: Tensor) -> Tensor:
        """Pack examples, [m, *data_shape], to [m/pack, *data_shape of D inside].

        Raises:
            UserError: pack does not divide m in training mode.
        """
        left = len(x) % self.pack
        if left and self.training:
            raise UserError(
                f"The minibatch has {len(x)} examples, but D reads packs of {self.pack}: make the batch size a "
                f"multiple of {self.pack}."
            )
        if left:
            filled = torch.arange(len(x) + self.pack - left, device=x.device)
            x = x[filled % len(x)]
        return x.reshape(-1, *self.inner.data_shape)

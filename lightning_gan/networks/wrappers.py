"""A D that is made of a D: what all such wrappers share, spectral normalisation, and packs of examples."""

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
    """D that asks a discriminator inside. Wrappers can be put around one another.

    Features f(x) and the last unit are those of the discriminator inside, if it is a `FeatureDiscriminator`; to ask
    another for them is an error. A condition c goes through to what reads it.

    Args:
        discriminator: the one inside.
        data_shape: of x, where it is not that of the discriminator inside, each 1 to 2^20.
    """

    @check_arguments
    def __init__(
        self, discriminator: Discriminator, data_shape: Sequence[Size] | None = None
    ) -> None:
        super().__init__(discriminator.data_shape if data_shape is None else data_shape)
        self.inner = discriminator

    @property
    def condition_dim(self) -> int:
        """Numbers in the condition that D reads; 0: none."""
        return cast(int, getattr(self.inner, "condition_dim", 0))

    def require_unconditional(self) -> None:
        """For wrappers that have none to hand on.

        Raises:
            ValueError: if the discriminator inside reads a condition.
        """
        if self.condition_dim:
            inner, outer = type(self.inner).__name__, type(self).__name__
            raise UserError(
                f"{inner} reads a condition, which {outer} has not: put {outer} inside {inner}, not around it."
            )

    @property
    def featured(self) -> FeatureDiscriminator:
        """The discriminator inside.

        Raises:
            ValueError: if it has no features.
        """
        if not isinstance(self.inner, FeatureDiscriminator):
            raise UserError(
                f"{type(self.inner).__name__} has no features f(x): put a FeatureDiscriminator inside, such as "
                f"DCGANDiscriminator."
            )
        return self.inner

    @property
    def last_layer(self) -> nn.Linear:
        """The last layer of the discriminator inside."""
        return self.featured.last_layer

    def replace_head(self, unit: nn.Linear) -> None:
        """Let another layer read f(x) in the last one's place."""
        self.featured.replace_head(unit)

    def preprocess(self, x: Tensor) -> Tensor:
        """What the discriminator inside is shown of examples, [m, *data_shape]."""
        return x

    def features(self, x: Tensor) -> Tensor:
        """f(x), [m, feature_dim], of examples, [m, *data_shape]."""
        return self.featured.features(self.preprocess(x))

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Examples, [m, *data_shape], and where D reads one a condition, [m, condition_dim], to scores, [m]."""
        return self.inner(self.preprocess(x)) if c is None else self.inner(self.preprocess(x), c)


class SpectralNormDiscriminator(DiscriminatorWrapper):
    r"""D whose linear and convolutional layers have weights of spectral norm 1: Miyato et al. (2018), equation 8.

    .. math:: W_{SN} = W / \sigma(W)

    With 1-Lipschitz activations a fully connected D is 1-Lipschitz then. A kernel is read as a matrix with a row for
    each output channel, as in the paper, which bounds its convolution up to a factor. sigma is estimated by power
    iteration, whose vectors go on at every pass in training mode but in G's turn
    (`turns.frozen_norm_statistics`). Another
    last unit, put in by `replace_head`, is normalised too; a layer that a wrapper around this one adds is not.

    =========================  ==========================
    of D inside                output
    =========================  ==========================
    scores                     [m]
    features f(x)              [m, feature_dim]
    =========================  ==========================

    Args:
        discriminator: the one inside. Its layers are changed.
        iterations: of the power method at each pass, at least 1; 1 in the paper.
    """

    @check_arguments
    def __init__(self, discriminator: Discriminator, iterations: Count = 1) -> None:
        super().__init__(discriminator)
        self.iterations = iterations
        for layer in list(discriminator.modules()):
            if isinstance(layer, nn.Linear | _ConvNd):
                spectral_norm(layer, n_power_iterations=iterations)

    def replace_head(self, unit: nn.Linear) -> None:
        """Let another layer, normalised too, read f(x) in the last one's place."""
        spectral_norm(unit, n_power_iterations=self.iterations)  # in place
        super().replace_head(unit)


class PackedDiscriminator(DiscriminatorWrapper):
    """D that judges several examples at once: PacGAN, Lin et al. (2018), section 3.

    ================================  ===========================================  ================
    layer                             pack 2, 28 x 28                              output
    ================================  ===========================================  ================
    examples x                        [m, 1, 28, 28]
    neighbours behind one another     [m/2, 2, 28, 28]
    D inside                          for data_shape [2, 28, 28]                   scores, [m/2]
    ================================  ===========================================  ================

    Examples of a minibatch are packed in their order, all true or all made; each pack has one score and one f(x). The
    objectives are means, so they take m/pack scores as they are. In evaluation mode the last pack is filled, if need
    be, with the first examples again.

    Args:
        discriminator: the one inside, for data whose first dimension (channels of images, numbers of points) is pack
            times as large as that of x.
        pack: examples in a pack, 1 to 2^20.
    """

    @check_arguments
    def __init__(self, discriminator: Discriminator, pack: Size) -> None:
        first, *rest = discriminator.data_shape
        if first % pack:
            raise UserError(
                f"Packs of {pack} for a discriminator of data_shape {list(discriminator.data_shape)}: its first number "
                f"must be pack times that of the data, so that {pack} divides it."
            )
        super().__init__(discriminator, [first // pack, *rest])
        self.require_unconditional()
        self.pack = pack

    def preprocess(self, x: Tensor) -> Tensor:
        """[m, *data_shape] to packs, [m/pack, *data_shape of D inside].

        Raises:
            ValueError: in training mode, if pack does not divide m.
        """
        left = len(x) % self.pack
        if left and self.training:
            raise UserError(
                f"A minibatch of {len(x)} examples came to a D that judges packs of {self.pack}: make the batch size a "
                f"multiple of {self.pack}."
            )
        if left:
            filled = torch.arange(len(x) + self.pack - left, device=x.device)
            x = x[filled % len(x)]
        return x.reshape(-1, *self.inner.data_shape)

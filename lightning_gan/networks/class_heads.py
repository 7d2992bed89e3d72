"""Discriminators that also say which class an example is of: further units on the features f(x) of any D."""

from torch import Tensor, nn

from lightning_gan.arguments import Size, check_arguments
from lightning_gan.networks.base import FeatureDiscriminator
from lightning_gan.networks.wrappers import DiscriminatorWrapper


class AuxiliaryClassifierDiscriminator(DiscriminatorWrapper):
    """D with a second output, the class: the auxiliary classifier of Odena et al. (2017), "ACGAN", section 3.

    ======================  ===================  ==================
    layer                   size                 output
    ======================  ===================  ==================
    features of D inside    feature_dim          [m, feature_dim]
    its last unit           1                    scores, [m]
    linear, beside it       K                    logits, [m, K]
    ======================  ===================  ==================

    Args:
        discriminator: the one inside.
        classes: K, 1 to 2^20.
    """

    @check_arguments
    def __init__(self, discriminator: FeatureDiscriminator, classes: Size) -> None:
        super().__init__(discriminator)
        self.require_unconditional()
        self.classes = classes
        self.head = nn.Linear(self.feature_dim, classes)

    def logits_and_classes(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Examples, [m, *data_shape], to scores, [m], and logits of the classes, [m, K], by one pass over f(x)."""
        f = self.features(x)
        return self.last_layer(f).squeeze(1), self.head(f)


class KPlusOneDiscriminator(DiscriminatorWrapper):
    r"""D that is a classifier: Salimans et al. (2016), "Improved techniques for training GANs", section 5.

    .. math:: D(x) = \frac{Z(x)}{Z(x) + 1}, \qquad Z(x) = \sum_{k=1}^K \exp l_k(x)

    The K classes and "a sample", whose logit is held at 0. D(x) is the sigmoid of log Z(x), which is the score.

    ======================  ===================  ==================
    layer                   size                 output
    ======================  ===================  ==================
    features of D inside    feature_dim          [m, feature_dim]
    linear                  K                    logits, [m, K]
    log sum exp                                  scores, [m]
    ======================  ===================  ==================

    Args:
        discriminator: the one inside. Its last unit gives way to the K units, which start as torch starts them.
        classes: K, 1 to 2^20.
    """

    @check_arguments
    def __init__(self, discriminator: FeatureDiscriminator, classes: Size) -> None:
        super().__init__(discriminator)
        self.require_unconditional()
        self.classes = classes
        self.replace_head(nn.Linear(self.feature_dim, classes))

    def logits(self, x: Tensor) -> Tensor:
        """Examples, [m, *data_shape], to logits of the classes, [m, K]."""
        return self.last_layer(self.features(x))

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Examples, [m, *data_shape], to scores, [m]; no c is read."""
        return self.logits(x).logsumexp(1)

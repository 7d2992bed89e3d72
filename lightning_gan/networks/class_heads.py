"""Discriminators that also predict classes from the features f(x) of another discriminator."""

from torch import Tensor, nn

from lightning_gan.arguments import Size, check_arguments
from lightning_gan.networks.base import FeatureDiscriminator
from lightning_gan.networks.wrappers import DiscriminatorWrapper


class AuxiliaryClassifierDiscriminator(DiscriminatorWrapper):
    """Discriminator with a second output for classes: the auxiliary classifier of Odena et al. (2017), section 3.

    ======================  ===================  ======================
    layer                   size                 output
    ======================  ===================  ======================
    features of D inside    feature_dim          [m, feature_dim]
    its last layer          1                    logits, [m]
    linear, parallel to it  K                    class logits, [m, K]
    ======================  ===================  ======================

    Args:
        discriminator: Discriminator inside the wrapper.
        classes: Number of classes K, 1 to 2^20.
    """

    @check_arguments
    def __init__(self, discriminator: FeatureDiscriminator, classes: Size) -> None:
        super().__init__(discriminator)
        self.require_unconditional()
        self.classes = classes
        self.head = nn.Linear(self.feature_dim, classes)

    def logits_and_classes(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the logits, [m], and the class logits, [m, K], of examples with one computation of f(x)."""
        f = self.features(x)
        return self.last_layer(f).squeeze(1), self.head(f)


class KPlusOneDiscriminator(DiscriminatorWrapper):
    r"""Discriminator that classifies K classes and generated: Salimans et al. (2016), "Improved techniques", section 5.

    .. math:: D(x) = \frac{Z(x)}{Z(x) + 1}, \qquad Z(x) = \sum_{k=1}^K \exp l_k(x)

    l_k are the class logits; the logit of class K + 1, generated, is fixed at 0. D(x) is the sigmoid of log Z(x), which
    is D's logit.

    ======================  ===================  ======================
    layer                   size                 output
    ======================  ===================  ======================
    features of D inside    feature_dim          [m, feature_dim]
    linear                  K                    class logits, [m, K]
    log-sum-exp                                  logits, [m]
    ======================  ===================  ======================

    Args:
        discriminator: Discriminator inside the wrapper. Its last layer is replaced by one of K units with PyTorch's
            initialisation.
        classes: Number of classes K, 1 to 2^20.
    """

    @check_arguments
    def __init__(self, discriminator: FeatureDiscriminator, classes: Size) -> None:
        super().__init__(discriminator)
        self.require_unconditional()
        self.classes = classes
        self.replace_last_layer(nn.Linear(self.feature_dim, classes))

    def logits(self, x: Tensor) -> Tensor:
        """Compute the class logits, [m, K], of examples, [m, *data_shape]."""
        return self.last_layer(self.features(x))

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Compute the logits, [m], of examples, [m, *data_shape]; c is not used."""
        return self.logits(x).logsumexp(1)

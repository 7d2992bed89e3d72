"""Generators (noise to examples) and discriminators (examples to logits), by architecture."""

from lightning_gan.networks.augmentations import (
    Augmentation,
    Brightness,
    Contrast,
    Cutout,
    DiffAugmentDiscriminator,
    Saturation,
    Translation,
)
from lightning_gan.networks.base import Discriminator, FeatureDiscriminator, Generator
from lightning_gan.networks.cifar10_2014 import DeconvolutionalGenerator, ReLUSigmoidGenerator
from lightning_gan.networks.class_heads import (
    AuxiliaryClassifierDiscriminator,
    KPlusOneDiscriminator,
)
from lightning_gan.networks.conditional import (
    ConditionalDiscriminator,
    ConditionalGenerator,
    MaskedGenerator,
)
from lightning_gan.networks.conv_maxout import ConvMaxoutDiscriminator, Convolution
from lightning_gan.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from lightning_gan.networks.encoder import Encoder, GaussianEncoder
from lightning_gan.networks.infogan import InfoGANDiscriminator, InfoGANGenerator
from lightning_gan.networks.layers import ConditionalBatchNorm2d, ConvMaxout, GaussianNoise, Maxout
from lightning_gan.networks.minibatch import MinibatchDiscrimination, MinibatchDiscriminator
from lightning_gan.networks.mlp import MaxoutDiscriminator, MLPGenerator, UpsampledMLPGenerator
from lightning_gan.networks.plain import LinearMLPGenerator, MLPDiscriminator
from lightning_gan.networks.projection import ProjectionDiscriminator
from lightning_gan.networks.resnet import ResNetDiscriminator, ResNetGenerator
from lightning_gan.networks.semi_supervised import (
    SoftplusGenerator,
    WeightNormDiscriminator,
    WeightNormLinear,
)
from lightning_gan.networks.small_convolutional import (
    SmallConvolutionalDiscriminator,
    SmallConvolutionalGenerator,
)
from lightning_gan.networks.tfd import SparseOutputGenerator, StackedGenerator
from lightning_gan.networks.wrappers import (
    DiscriminatorWrapper,
    PackedDiscriminator,
    SpectralNormDiscriminator,
)

__all__ = [
    "Augmentation",
    "AuxiliaryClassifierDiscriminator",
    "Brightness",
    "ConditionalBatchNorm2d",
    "ConditionalDiscriminator",
    "ConditionalGenerator",
    "Contrast",
    "ConvMaxout",
    "ConvMaxoutDiscriminator",
    "Convolution",
    "Cutout",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "DeconvolutionalGenerator",
    "DiffAugmentDiscriminator",
    "Discriminator",
    "DiscriminatorWrapper",
    "Encoder",
    "FeatureDiscriminator",
    "GaussianEncoder",
    "GaussianNoise",
    "Generator",
    "InfoGANDiscriminator",
    "InfoGANGenerator",
    "KPlusOneDiscriminator",
    "LinearMLPGenerator",
    "MLPDiscriminator",
    "MLPGenerator",
    "MaskedGenerator",
    "Maxout",
    "MaxoutDiscriminator",
    "MinibatchDiscrimination",
    "MinibatchDiscriminator",
    "PackedDiscriminator",
    "ProjectionDiscriminator",
    "ReLUSigmoidGenerator",
    "ResNetDiscriminator",
    "ResNetGenerator",
    "Saturation",
    "SmallConvolutionalDiscriminator",
    "SmallConvolutionalGenerator",
    "SoftplusGenerator",
    "SparseOutputGenerator",
    "SpectralNormDiscriminator",
    "StackedGenerator",
    "Translation",
    "UpsampledMLPGenerator",
    "WeightNormDiscriminator",
    "WeightNormLinear",
]

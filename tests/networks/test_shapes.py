"""Contract of all networks: shapes, ranges, features, gradients, copies."""

import copy
import inspect
import math

import torch

from lightning_gan import networks
from lightning_gan.networks import (
    AuxiliaryClassifierDiscriminator,
    ConditionalDiscriminator,
    ConditionalGenerator,
    ConvMaxoutDiscriminator,
    DCGANDiscriminator,
    DCGANGenerator,
    DeconvolutionalGenerator,
    DiffAugmentDiscriminator,
    Discriminator,
    DiscriminatorWrapper,
    EncoderDiscriminator,
    FeatureDiscriminator,
    Generator,
    InfoGANDiscriminator,
    InfoGANGenerator,
    KPlusOneDiscriminator,
    LinearMLPGenerator,
    MaskedGenerator,
    MaxoutDiscriminator,
    MinibatchDiscriminator,
    MLPDiscriminator,
    MLPGenerator,
    PackedDiscriminator,
    PatchDiscriminator,
    ProjectionDiscriminator,
    ReLUSigmoidGenerator,
    ResNetDiscriminator,
    ResNetGenerator,
    SmallConvolutionalDiscriminator,
    SmallConvolutionalGenerator,
    SoftplusGenerator,
    SparseOutputGenerator,
    SpectralNormDiscriminator,
    StackedGenerator,
    Translation,
    UpsampledMLPGenerator,
    WeightNormDiscriminator,
)

GREY, COLOUR, POINTS, K = [1, 28, 28], [3, 32, 32], [2], 3
GENERATORS = [
    lambda: ConditionalGenerator(LinearMLPGenerator(POINTS, z_dim=7), K),
    lambda: DCGANGenerator(GREY, z_dim=5, width=2),
    lambda: DCGANGenerator(COLOUR, z_dim=5, width=2, kernel=4),
    lambda: DeconvolutionalGenerator(COLOUR, z_dim=5, widths=[6], maps=[2, 10, 10]),
    lambda: InfoGANGenerator(GREY, z_dim=5, width=2, hidden=6),
    lambda: MLPGenerator(GREY, z_dim=5, widths=[6]),
    lambda: MaskedGenerator(LinearMLPGenerator(POINTS, z_dim=8)),
    lambda: LinearMLPGenerator(POINTS, z_dim=5),
    lambda: ReLUSigmoidGenerator(COLOUR, z_dim=5, widths=[6, 6]),
    lambda: ResNetGenerator(COLOUR, z_dim=5, width=2),
    lambda: ResNetGenerator(COLOUR, z_dim=5, width=2, classes=K),
    lambda: SmallConvolutionalGenerator(GREY, z_dim=5),
    lambda: SoftplusGenerator(GREY, z_dim=5, widths=[6]),
    lambda: SparseOutputGenerator(GREY, z_dim=5, widths=[6, 8], sparse=3),
    lambda: StackedGenerator(
        SparseOutputGenerator(GREY, 4, [6, 8], sparse=3), "", z_dim=5, width=6
    ),
    lambda: UpsampledMLPGenerator(GREY, z_dim=5, widths=[6]),
]
DISCRIMINATORS = [
    lambda: AuxiliaryClassifierDiscriminator(MLPDiscriminator(POINTS), K),
    lambda: KPlusOneDiscriminator(MLPDiscriminator(POINTS), K),
    lambda: ConditionalDiscriminator(MLPDiscriminator([5]), POINTS, K),
    lambda: ConvMaxoutDiscriminator(COLOUR, units=6, irange=0.1),
    lambda: DCGANDiscriminator(GREY, width=2),
    lambda: EncoderDiscriminator(COLOUR, width=2),
    lambda: DCGANDiscriminator(COLOUR, width=2, kernel=4),
    lambda: DiffAugmentDiscriminator(DCGANDiscriminator(COLOUR, width=2), [Translation()]),
    lambda: InfoGANDiscriminator(GREY, width=2, hidden=6),
    lambda: MaxoutDiscriminator(GREY, widths=[6, 6], pieces=2),
    lambda: MinibatchDiscriminator(MLPDiscriminator(POINTS), kernels=2, kernel_dim=2),
    lambda: PackedDiscriminator(MLPDiscriminator([4]), 2),
    lambda: MLPDiscriminator(POINTS),
    lambda: ProjectionDiscriminator(MLPDiscriminator(POINTS), K),
    lambda: ResNetDiscriminator(COLOUR, width=2),
    lambda: SmallConvolutionalDiscriminator(GREY),
    lambda: SpectralNormDiscriminator(
        ProjectionDiscriminator(ResNetDiscriminator(COLOUR, width=2), K)
    ),
    lambda: WeightNormDiscriminator(GREY, widths=[6, 6]),
    lambda: DiscriminatorWrapper(MLPDiscriminator(POINTS)),
]


def concrete(kind):
    """Return the concrete network classes of the package."""
    classes = [c for c in vars(networks).values() if isinstance(c, type) and issubclass(c, kind)]
    return {c for c in classes if not inspect.isabstract(c)}


def draw_conditions(network, m):
    """Draw conditions of m examples if the network reads any."""
    dim = getattr(network, "condition_dim", 0)
    return (torch.eye(dim)[torch.arange(m) % dim],) if dim else ()


def test_every_network_of_the_package_is_listed():
    assert {type(make()) for make in GENERATORS} == concrete(Generator)
    others = {FeatureDiscriminator, PatchDiscriminator}  # a base class; test_translators.py
    assert {type(make()) for make in DISCRIMINATORS} == concrete(Discriminator) - others


def test_generated_values_are_in_range_and_depend_on_all_of_z(subtests):
    for make in GENERATORS:
        with subtests.test(make=make):
            torch.manual_seed(0)
            G = make()
            z = torch.rand(6, G.z_dim).requires_grad_()
            x = G(z, *draw_conditions(G, 6))
            assert x.shape == (6, *G.data_shape)
            low, high = G.value_range
            assert low <= x.min() < x.max() <= high
            (torch.rand_like(x) * x).sum().backward()
            assert z.grad.any(0).all()
            G.eval()
            torch.testing.assert_close(
                copy.deepcopy(G)(z, *draw_conditions(G, 6)), G(z, *draw_conditions(G, 6))
            )


def test_logits_depend_on_each_example(subtests):
    for make in DISCRIMINATORS:
        with subtests.test(make=make):
            torch.manual_seed(0)
            D = make()
            x = torch.randn(6, *D.data_shape).requires_grad_()
            logits = D(x, *draw_conditions(D, 6))
            assert logits.shape == ((3,) if isinstance(D, PackedDiscriminator) else (6,))
            assert D.data_size == math.prod(D.data_shape)
            (torch.rand_like(logits) * logits).sum().backward()
            assert x.grad.flatten(1).any(1).all()
            D.eval()
            torch.testing.assert_close(
                copy.deepcopy(D)(x, *draw_conditions(D, 6)), D(x, *draw_conditions(D, 6))
            )
            if isinstance(D, FeatureDiscriminator):
                f = D.features(x)
                assert f.shape == (len(logits), D.feature_dim)

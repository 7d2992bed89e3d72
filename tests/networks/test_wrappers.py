"""Discriminator wrappers: features, conditions, nesting, errors."""

import pytest
import torch
from model_factory import SHAPE, NormedDiscriminator

from lightning_gan.networks import (
    AuxiliaryClassifierDiscriminator,
    ConditionalDiscriminator,
    KPlusOneDiscriminator,
    MinibatchDiscriminator,
    MLPDiscriminator,
    PackedDiscriminator,
    ProjectionDiscriminator,
    SpectralNormDiscriminator,
)
from lightning_gan.networks.wrappers import DiscriminatorWrapper

WRAPPERS = {
    "none": DiscriminatorWrapper,
    "spectral": SpectralNormDiscriminator,
    "packed": lambda D: PackedDiscriminator(D, 2),
    "both": lambda D: PackedDiscriminator(SpectralNormDiscriminator(D), 2),
}


def test_logit_is_the_last_layer_of_the_features_in_every_wrapper(subtests):
    for kind in WRAPPERS:
        with subtests.test(kind=kind):
            D = WRAPPERS[kind](MLPDiscriminator([4, 3], widths=[6])).eval()
            x = torch.randn(8, *D.data_shape)
            f = D.features(x)
            assert f.shape[1] == D.feature_dim == 6
            torch.testing.assert_close(
                (f @ D.last_layer.weight.T + D.last_layer.bias).squeeze(1), D(x)
            )


class TwoChannels(NormedDiscriminator):
    """Discriminator of two channels that reads four values."""

    def __init__(self):
        super().__init__()
        self.data_shape = (2, 2)


def test_only_features_are_an_error_without_a_feature_discriminator(subtests):
    for kind in WRAPPERS:
        with subtests.test(kind=kind):
            D = WRAPPERS[kind](TwoChannels())
            x = torch.randn(4, *D.data_shape)
            assert len(D(x)) in (4, 2)
            with pytest.raises(ValueError, match=r"TwoChannels has no features f\(x\)"):
                D.features(x)


def test_condition_is_passed_to_the_inner_network():
    inner = ConditionalDiscriminator(MLPDiscriminator([7]), SHAPE, 3)
    x, c = torch.randn(5, *SHAPE), torch.randn(5, 3)
    expected = inner(x, c)
    D = DiscriminatorWrapper(inner)
    assert D.condition_dim == 3
    torch.testing.assert_close(D(x, c), expected)


# spectral normalisation


def test_unconditional_wrappers_go_inside_conditional_ones(subtests):
    for wrap in [
        lambda D: AuxiliaryClassifierDiscriminator(D, 3),
        lambda D: KPlusOneDiscriminator(D, 3),
        lambda D: MinibatchDiscriminator(D, 3, 2),
        lambda D: PackedDiscriminator(D, 2),
    ]:
        with subtests.test(wrap=wrap):
            with pytest.raises(
                ValueError, match="ProjectionDiscriminator reads a condition, which"
            ):
                wrap(ProjectionDiscriminator(MLPDiscriminator([4]), 3))


def test_a_projection_goes_around_other_wrappers(subtests):
    for wrap in [
        lambda D: AuxiliaryClassifierDiscriminator(D, 3),
        lambda D: MinibatchDiscriminator(D, 3, 2),
    ]:
        with subtests.test(wrap=wrap):
            D = ProjectionDiscriminator(wrap(MLPDiscriminator([4])), 3)
            x, c = torch.randn(6, 4), torch.eye(3).repeat(2, 1)
            f = D.features(x)
            torch.testing.assert_close(D(x, c), D.last_layer(f)[:, 0] + (D.V(c) * f).sum(1))


def test_condition_is_packed_with_its_example():
    D = ConditionalDiscriminator(PackedDiscriminator(MLPDiscriminator([14]), 2), SHAPE, 3)
    assert D(torch.randn(4, *SHAPE), torch.eye(3)[[0, 1, 2, 0]]).shape == (2,)


def test_invalid_combinations_are_an_error(subtests):
    for make, message in [
        (
            lambda: PackedDiscriminator(MLPDiscriminator([4]), 2)(torch.zeros(7, 2)),
            "minibatch has 7 examples, but D reads packs of 2: .* multiple of 2",
        ),
        (
            lambda: PackedDiscriminator(MLPDiscriminator([4]), 3),
            r"pack is 3, but .* \[4\]: give it 3 times",
        ),
        (lambda: PackedDiscriminator(MLPDiscriminator([4]), 0), "pack is 0; give"),
        (
            lambda: PackedDiscriminator(ConditionalDiscriminator(MLPDiscriminator([7]), [4], 3), 2),
            "reads a condition, which PackedDiscriminator cannot pass on: put PackedDiscriminator inside",
        ),
        (lambda: SpectralNormDiscriminator(MLPDiscriminator([2]), 0), "iterations is 0; give"),
    ]:
        with subtests.test(make=make, message=message):
            with pytest.raises(ValueError, match=message):
                make()


NESTED = {  # no paper packs augmented images; the test is that each level is parsed
    "class_path": "DiffAugmentDiscriminator",
    "init_args": {
        "augmentations": [
            {"class_path": "Translation", "init_args": {"ratio": 0.125}},
            {"class_path": "Cutout"},
        ],
        "discriminator": {
            "class_path": "PackedDiscriminator",
            "init_args": {
                "pack": 2,
                "discriminator": {
                    "class_path": "MinibatchDiscriminator",
                    "init_args": {
                        "kernels": 3,
                        "kernel_dim": 2,
                        "discriminator": {
                            "class_path": "SpectralNormDiscriminator",
                            "init_args": {
                                "discriminator": {
                                    "class_path": "MaxoutDiscriminator",
                                    "init_args": {"data_shape": [2, 28, 28], "widths": [4]},
                                }
                            },
                        },
                    },
                },
            },
        },
    },
}


def test_nested_wrappers_train_from_a_config(command):
    command.write("wrapped.yaml", {"model": {"init_args": {"discriminator": NESTED}}})
    short = ["--trainer.callbacks", "[]", "--trainer.max_steps", "2"]
    ended = command("fit", "--config", "small.yaml", "--config", "wrapped.yaml", *short)
    assert ended.status == 0, ended.err
    last = "runs/small+wrapped/version_0/checkpoints/last.ckpt"
    ended = command("sample", "--ckpt_path", last, "--num_samples", "2", "--out", "samples")
    assert ended.status == 0, ended.err

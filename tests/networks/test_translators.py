"""Translators and patch discriminators: the authors' sizes, receptive fields, and what is refused."""

import pytest
import torch

from lightning_gan.networks.encoder_decoder import EncoderDecoderTranslator, EncoderDiscriminator
from lightning_gan.networks.patch import PatchDiscriminator
from lightning_gan.networks.resnet_translator import ResNetTranslator
from lightning_gan.networks.unet import UNetTranslator

RGB = [3, 256, 256]
SMALL = [3, 64, 64]


def size(network):
    return sum(p.numel() for p in network.parameters())


def test_the_sizes_are_those_of_the_released_networks(subtests):
    for make, count in [
        (lambda: ResNetTranslator(RGB, RGB), 11_378_179),
        (lambda: ResNetTranslator([3, 128, 128], [3, 128, 128], blocks=6), 7_837_699),
        (lambda: UNetTranslator(RGB, RGB), 54_413_955),
        (lambda: PatchDiscriminator(RGB), 2_764_737),
        (lambda: PatchDiscriminator(RGB, condition_channels=3, norm="batch"), 2_768_705),
        (lambda: PatchDiscriminator(RGB, layers=1), 136_385),
        (lambda: PatchDiscriminator(RGB, layers=2), 662_977),
        (lambda: EncoderDecoderTranslator(SMALL, SMALL), 5_513_856),
        (lambda: EncoderDecoderTranslator(SMALL, SMALL, bottleneck=100), 7_153_480),
        (lambda: EncoderDiscriminator(SMALL), 2_765_568),
    ]:
        with subtests.test(count=count):
            with torch.device("meta"):
                network = make()
            assert size(network) == count


def test_shapes_and_ranges(subtests):
    for make in (
        lambda: ResNetTranslator([1, 16, 20], [3, 16, 20], width=2, blocks=1),
        lambda: UNetTranslator([1, 16, 16], [3, 16, 16], width=2),
        lambda: EncoderDecoderTranslator([1, 16, 16], [3, 16, 16], width=2),
        lambda: EncoderDecoderTranslator([1, 16, 16], [3, 16, 16], width=2, bottleneck=5),
    ):
        network = make()
        with subtests.test(network=type(network).__name__):
            b = network(torch.randn(2, *network.input_shape))
            assert b.shape == (2, *network.data_shape)
            low, high = network.value_range
            assert low <= b.min() < b.max() <= high
            b.sum().backward()
            assert all(p.grad is not None for p in network.parameters())


def test_an_image_is_translated_by_itself():
    g = ResNetTranslator([2, 8, 8], [1, 8, 8], width=3, blocks=2)
    a = torch.randn(3, 2, 8, 8)
    torch.testing.assert_close(g(a), torch.cat([g(image[None]) for image in a]))


@pytest.mark.parametrize(("layers", "side"), [(0, 1), (1, 16), (2, 34), (3, 70)])
def test_the_side_of_a_patch(layers, side):
    """The support of the gradient of one logit, in the middle of a large image."""
    d = PatchDiscriminator([1, 160, 160], width=2, layers=layers, norm="none")
    x = torch.randn(1, 1, 160, 160, requires_grad=True)
    logits = d(x)
    logits.view(-1)[logits.shape[1] // 2 + int(logits.shape[1] ** 0.5) // 2].backward()
    rows = x.grad[0, 0].abs().sum(1).nonzero().flatten()
    assert rows[-1] - rows[0] + 1 == side


def test_the_published_number_of_patches():
    with torch.device("meta"):
        assert PatchDiscriminator(RGB)(torch.empty(2, *RGB)).shape == (2, 900)


def test_features_by_layer_are_those_of_the_released_code():
    d = EncoderDiscriminator([3, 64, 64], width=2)
    shapes = [f.shape[1:] for f in d.features_by_layer(torch.randn(2, 3, 64, 64))]
    assert shapes == [(4, 16, 16), (8, 8, 8), (16, 4, 4)]


def test_what_no_network_is_made_for_is_one_sentence(subtests):
    for make, words in [
        (lambda: ResNetTranslator([3, 16, 16], [3, 32, 32]), "height and width of its source"),
        (lambda: ResNetTranslator([3, 18, 18], [3, 18, 18]), "multiples of 4"),
        (lambda: ResNetTranslator([16], [16]), "two image shapes"),
        (lambda: UNetTranslator([3, 48, 48], [3, 48, 48]), "power of 2"),
        (lambda: EncoderDecoderTranslator([3, 8, 8], [3, 8, 8]), "power of 2"),
        (lambda: PatchDiscriminator([3, 16, 16]), "24 pixels or more"),
        (lambda: PatchDiscriminator([16]), "image shape"),
    ]:
        with subtests.test(words=words), pytest.raises(ValueError, match=words):
            make()

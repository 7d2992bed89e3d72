"""Generators for TFD: initial weights, stacking, pretrained checkpoints."""

import copy

import pytest
import torch
from torch import nn

from lightning_gan.networks import (
    MaxoutDiscriminator,
    MLPGenerator,
    SparseOutputGenerator,
    StackedGenerator,
)
from lightning_gan.utils.file_format import FORMAT, KEY

FACE = [1, 4, 4]


def small(**options):
    return SparseOutputGenerator(FACE, **{"z_dim": 5, "widths": [12, 8], "sparse": 3} | options)


def stored(upper, path):
    """Write a checkpoint that contains a generator and return its path."""
    weights = {f"generator.{name}": w for name, w in upper.state_dict().items()}
    torch.save({KEY: FORMAT, "state_dict": weights | {"discriminator.bias": torch.ones(1)}}, path)
    return str(path)


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def test_the_networks_of_2014_have_their_parameters():
    with torch.device("meta"):  # 84 million numbers that are not needed
        upper = SparseOutputGenerator([1, 48, 48])
        D = MaxoutDiscriminator([1, 48, 48], widths=[1200, 1200])
        G = StackedGenerator(upper, "stage_1.ckpt")
    assert parameters(upper) == 101 * 8000 + 8001 * 8000 + 8001 * 2304 == 83_250_304
    assert parameters(G) == 83_250_304 + 101 * 8000 + 8001 * 100 == 84_858_404
    assert parameters(D) == 2305 * 6000 + 1201 * 6000 + 1201 == 21_037_201


def test_generated_images_have_shape_and_range_of_the_data(subtests):
    for make in [small, lambda: StackedGenerator(small(), "", z_dim=7, width=6)]:
        with subtests.test(make=make):
            G = make()
            x = G(50 * torch.randn(9, G.z_dim))
            assert x.shape == (9, *FACE)
            assert G.value_range == (0, 1)
            assert x.min() >= 0
            assert x.max() <= 1


def test_each_output_has_sparse_normal_initial_weights():
    G = SparseOutputGenerator([1, 40, 40], z_dim=2, widths=[4, 200], sparse=100)
    weights = G.output.weight
    assert ((weights != 0).sum(1) == 100).all()
    drawn = weights[weights != 0]
    assert drawn.mean().item() == pytest.approx(0, abs=0.01)
    assert drawn.std().item() == pytest.approx(1, abs=0.01)
    share = (weights != 0).float().mean(0)  # every hidden unit is drawn as often
    assert share.std().item() == pytest.approx((0.25 / 1600) ** 0.5, rel=0.2)


def test_hidden_weights_are_uniform_and_sigmoid_biases_negative():
    G = SparseOutputGenerator(FACE, z_dim=50, widths=[300, 200])
    relu, sigmoid = (layer for layer in G.hidden if isinstance(layer, nn.Linear))
    for layer in (relu, sigmoid):
        assert 0.049 < layer.weight.abs().max() <= 0.05
        assert layer.weight.std().item() == pytest.approx(0.05 / 3**0.5, rel=0.05)
    assert not relu.bias.any()
    assert sigmoid.bias.unique().tolist() == [-2]
    assert G.hidden(torch.zeros(1, 50)).unique().item() == pytest.approx(0.1192, abs=1e-4)


def test_output_biases_give_the_mean_training_image():
    G, mean = small(), torch.rand(FACE)
    G.init_from_data(lambda: mean)
    torch.testing.assert_close(G.output.bias.sigmoid().view(FACE), mean)


def test_new_layers_replace_the_noise_of_the_upper_generator(tmp_path):
    trained = small()
    G = StackedGenerator(small(), stored(trained, tmp_path / "a.ckpt"), z_dim=7, width=6)
    G.init_from_data(lambda: pytest.fail("the pretrained biases stay"))
    z = torch.randn(3, 7)
    assert torch.equal(G(z), trained(G.lower(z)))
    first, _, code, _ = G.lower
    assert (first.in_features, first.out_features, code.out_features) == (7, 6, 5)
    assert code.bias.unique().tolist() == [-2]


def test_all_layers_are_trained():
    G = StackedGenerator(small(), "", z_dim=7, width=6)
    G(torch.randn(9, 7)).sum().backward()
    assert all(p.grad is not None and p.requires_grad for p in G.parameters())


def test_missing_file_is_an_error_unless_weights_are_loaded(
    tmp_path,
):
    G = StackedGenerator(small(), str(tmp_path / "none.ckpt"), z_dim=7, width=6)
    z = torch.randn(3, 7)
    G(z)  # a model that is built to be sampled from a checkpoint asks for no file
    G.init_from_data(lambda: torch.zeros(FACE))  # training begins
    with pytest.raises(
        ValueError,
        match=r"no checkpoint of the pretrained generator at .*none\.ckpt: train it first",
    ):
        G(z)
    whole = nn.ModuleDict({"generator": G})  # as Lightning restores a run, from above
    weights = {k: torch.ones_like(w) for k, w in whole.state_dict().items()}
    copied = copy.deepcopy(whole)
    whole.load_state_dict(weights)
    assert G(z).shape == (3, *FACE)
    copied.load_state_dict(weights)
    assert torch.equal(copied["generator"](z), G(z))


def test_mismatched_generator_is_an_error(tmp_path_factory, subtests):
    for upper, message in [
        (
            small(widths=[12, 9]),
            r"hidden.2.bias is \[9\] there and \[8\] in the upper SparseOutputGenerator",
        ),
        (small(z_dim=6), r"hidden.0.weight is \[12, 6\] there and \[12, 5\]"),
        (MLPGenerator(FACE, 5, [12, 8, 3]), r"hidden.4.bias is \[3\] there and missing in"),
        (nn.Linear(1, 1), "bias is .1. there and missing"),
    ]:
        with subtests.test(upper=upper, message=message):
            tmp_path = tmp_path_factory.mktemp("row")
            G = StackedGenerator(small(), stored(upper, tmp_path / "a.ckpt"))
            G.init_from_data(lambda: torch.zeros(FACE))
            with pytest.raises(ValueError, match=message):
                G(torch.zeros(1, 100))


def test_damaged_or_foreign_file_is_an_error(tmp_path):
    path = tmp_path / "a.ckpt"
    upper = small()
    stored(upper, path)
    raw = path.read_bytes()
    flipped = bytearray(raw)
    flipped[raw.index(upper.output.weight.detach().numpy().tobytes()) + 5] ^= 4
    for content in (raw[: len(raw) // 2], bytes(flipped), b"", b"{}"):
        path.write_bytes(content)
        G = StackedGenerator(small(), str(path))
        G.init_from_data(lambda: torch.zeros(FACE))
        with pytest.raises(
            ValueError, match=r"a\.ckpt is damaged or no checkpoint of lightning_gan"
        ):
            G(torch.zeros(1, 100))


def test_invalid_sizes_are_an_error(subtests):
    for make, message in [
        (lambda: small(sparse=0), "sparse is 0; give"),
        (lambda: small(sparse=9), "sparse is 9, but there are 8 hidden units: give 1 to 8"),
        (lambda: small(widths=[]), "has no hidden layers"),
        (lambda: small(z_dim=0), "; give a whole number from 1 to 1,048,576"),
        (
            lambda: StackedGenerator(small(), "", z_dim=0),
            "; give a whole number from 1 to 1,048,576",
        ),
    ]:
        with subtests.test(make=make, message=message):
            with pytest.raises(ValueError, match=message):
                make()

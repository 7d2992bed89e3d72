"""Inception-v3 against torch-fidelity's, with random weights, and with the published ones if available."""

import os
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from lightning_gan.feature_extractors import InceptionConfig, InceptionV3, WeightsError, inception
from lightning_gan.feature_extractors.base import hash_tensors
from lightning_gan.feature_extractors.inception_blocks import Trunk
from lightning_gan.feature_extractors.weights import TRUNK_NAMES

SHARED = os.environ.get("LIGHTNING_GAN_SHARED")
DATA = (Path(SHARED) if SHARED else Path(__file__).parents[3] / "shared") / "data"
PUBLISHED = DATA / "inception" / "fid_inception_v3_2015-12-05_no_fc.pth"


def last_layer(rng: torch.Generator) -> dict[str, Tensor]:
    return {
        "fc.weight": torch.randn(1008, 2048, generator=rng) * 0.05,
        "fc.bias": torch.randn(1008, generator=rng),
    }


@pytest.fixture(scope="module")
def tensors():
    """Random weights, of a size that keeps every layer alive."""
    rng = torch.Generator().manual_seed(0)
    made = {}
    for name, shape in Trunk().shapes().items():
        noise = torch.randn(shape, generator=rng)
        if name.endswith("conv.weight"):
            made[name] = noise * (2 / noise[0].numel()) ** 0.5
        elif name.endswith(("bn.weight", "running_var")):
            made[name] = (noise * 0.2).exp()
        else:
            made[name] = noise * 0.1
    return made | last_layer(rng)


@pytest.fixture(scope="module")
def network(tensors):
    return InceptionV3(tensors)


def image_bytes(m, channels=3, size=32, seed=1):
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (m, channels, size, size), dtype=torch.uint8, generator=rng)


def torch_fidelitys(tensors, folder):
    torch.save(tensors, folder / "weights.pth")
    names = ["2048", "logits_unbiased"]
    return FeatureExtractorInceptionV3("inception", names, str(folder / "weights.pth"))


def test_vectors_and_logits_are_torch_fidelitys(tensors, network, tmp_path):
    theirs = torch_fidelitys(tensors, tmp_path)
    vectors, logits = theirs(image_bytes(2))
    ours = network(image_bytes(2))
    assert vectors.std(1).min() > 0.1  # alive
    torch.testing.assert_close(ours.vectors, vectors, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.logits, logits, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(not PUBLISHED.is_file(), reason="needs the shared data")
def test_features_of_real_images_equal_torch_fidelity(tmp_path):
    tensors = torch.load(PUBLISHED, weights_only=True)
    tensors |= last_layer(torch.Generator().manual_seed(2014))
    theirs = torch_fidelitys(tensors, tmp_path)
    faces = pytest.importorskip("scipy.io").loadmat(DATA / "faces" / "olivettifaces.mat")["faces"]
    images = torch.from_numpy(faces[:, :240:10].T.copy()).view(24, 1, 64, 64).mT.contiguous()
    with torch.no_grad():
        vectors, logits = theirs(images.expand(-1, 3, -1, -1))
    ours = InceptionConfig(str(tmp_path / "weights.pth")).load()(images)
    torch.testing.assert_close(ours.vectors, vectors, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.logits, logits, rtol=1e-4, atol=1e-4)


def test_a_grey_image_equals_one_with_three_equal_channels(network):
    grey = image_bytes(1, channels=1, size=28)
    assert torch.equal(network(grey).vectors, network(grey.expand(-1, 3, -1, -1)).vectors)


def test_how_many_pass_at_once_makes_no_difference(network, monkeypatch):
    together = network(image_bytes(3)).vectors
    monkeypatch.setattr(inception, "MOST", 2)
    torch.testing.assert_close(network(image_bytes(3)).vectors, together, rtol=1e-5, atol=1e-6)


def test_no_images_have_no_features(network):
    none = network(image_bytes(0))
    assert none.vectors.shape == (0, 2048)
    assert none.logits.shape == (0, 1008)


def test_features_are_of_float32_whatever_the_run_is(network):
    plain = network(image_bytes(1))
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast("cpu", torch.bfloat16):
            mixed = network(image_bytes(1))
        assert torch.get_float32_matmul_precision() == "medium"  # restored
    finally:
        torch.set_float32_matmul_precision("highest")
    assert mixed.vectors.dtype == torch.float32
    assert torch.equal(mixed.vectors, plain.vectors)
    assert torch.equal(mixed.logits, plain.logits)


def test_the_network_is_frozen_and_draws_no_random_numbers(tensors):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    network = InceptionV3(tensors)
    vectors = network(image_bytes(1)).vectors
    assert torch.equal(torch.get_rng_state(), before)
    assert not list(network.parameters())
    assert not network.training
    assert not vectors.requires_grad
    assert not vectors.is_inference()  # a metric may add them up in training


def test_its_weights_are_those_that_change_something(tensors, network):
    names = {*TRUNK_NAMES, "fc.weight"}
    assert TRUNK_NAMES == Trunk().shapes().keys()
    assert len(names) == 471
    assert network.weights == hash_tensors({name: tensors[name] for name in names})
    trunk = {name: tensors[name] for name in TRUNK_NAMES}
    without = InceptionV3(trunk | {"Mixed_5b.branch1x1.bn.num_batches_tracked": torch.tensor(1)})
    assert without.weights == hash_tensors(trunk)
    assert without.classes is None
    assert without(image_bytes(1)).logits is None


def changed(tensors, name, change):
    return {key: change(value) if key == name else value for key, value in tensors.items()}


def test_other_weights_are_refused(tensors, subtests):
    for name, change, message in [
        ("Conv2d_1a_3x3.conv.weight", lambda _: None, "lacks Conv2d_1a_3x3.conv.weight of"),
        (
            "Mixed_7c.branch_pool.bn.bias",
            lambda x: x[1:],
            r"\[191\], torch.float32 instead of \[192\]",
        ),
        ("Mixed_5b.branch1x1.bn.bias", Tensor.double, "torch.float64"),
        ("fc.weight", lambda x: x.mT, r"fc.weight of \[2048, 1008\]"),
        ("Mixed_6a.branch3x3.bn.bias", lambda x: x / 0, "bn.bias that are not finite"),
        ("Mixed_6a.branch3x3.bn.running_var", torch.neg, "negative variance in Mixed_6a.branch3x3"),
    ]:
        with subtests.test(name=name, change=change, message=message):
            with pytest.raises(WeightsError, match=rf"^here .*{message}.*download --weights"):
                InceptionV3(changed(tensors, name, change), "here")


def test_invalid_images_are_refused(network, subtests):
    for images in [image_bytes(1).float(), image_bytes(1, channels=2), image_bytes(1)[0]]:
        with subtests.test(images=images):
            with pytest.raises(ValueError, match=r"give\s+bytes"):
                network(images)

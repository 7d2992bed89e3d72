"""The suite and torch-fidelity compute the same scores from the same images and weights."""

import os
from pathlib import Path

import pytest
import torch
from tiny_features import TinyNetwork, image_bytes
from torch import Tensor, nn
from torch_fidelity.feature_extractor_base import FeatureExtractorBase
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY

from lightning_gan.evaluation import (
    EvaluationContext,
    EvaluationResult,
    FIDMetric,
    ImageSet,
    InceptionScoreMetric,
    KIDMetric,
    PrecisionRecallMetric,
    ReferenceImages,
    score_samples,
)
from lightning_gan.evaluation.torch_fidelity import ColourImages, score_with_torch_fidelity
from lightning_gan.feature_extractors import InceptionConfig as InceptionSpace

SHARED = os.environ.get("LIGHTNING_GAN_SHARED")
DATA = (Path(SHARED) if SHARED else Path(__file__).parents[3] / "shared") / "data"
PUBLISHED = DATA / "inception" / "fid_inception_v3_2015-12-05_no_fc.pth"
RELATIVE = {"fid": 1e-5, "kid": 1e-5}  # 1e-6 for the others
FLOAT32 = {"kid": 5e-7}  # torch-fidelity's kernels, of the order of 1, are float32


class Tiny(FeatureExtractorBase):
    """The tiny network with torch-fidelity's interface."""

    def __init__(self, name: str, features_list: list[str], **_: object) -> None:
        super().__init__(name, features_list)
        self.network = TinyNetwork()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        found = dict(zip(self.get_provided_features_list(), self.network(x), strict=True))
        return tuple(found[name] for name in self.features_list)

    @staticmethod
    def get_provided_features_list() -> tuple[str, ...]:
        return "vectors", "logits"

    @staticmethod
    def get_default_feature_layer_for_metric(metric: str) -> str:
        return "logits" if metric == "isc" else "vectors"

    @staticmethod
    def can_be_compiled() -> bool:
        return False

    @staticmethod
    def get_dummy_input_for_compile() -> None:
        return None


def synthetic() -> tuple[Tensor, Tensor]:
    """Two different small sets: noise, and smoother and brighter noise."""
    fake = image_bytes(64, seed=1, shape=(3, 32, 32))
    real = nn.functional.avg_pool2d(
        image_bytes(60, seed=2, low=60, shape=(3, 32, 32)).float(), 5, 1, 2
    )
    return fake, real.round().to(torch.uint8)


METRICS = [
    FIDMetric(),
    InceptionScoreMetric(splits=4),
    KIDMetric(20, 40),
    PrecisionRecallMetric(),
]


def assert_equal(network, fake, real, cache, **options):
    """Check that both engines agree on the same images, with comparable protocols."""
    against = EvaluationContext(ReferenceImages("synthetic", "all", real), network, "", cache=cache)
    ours = score_samples(ImageSet(fake), against, METRICS)
    theirs = score_with_torch_fidelity(ImageSet(fake), against, METRICS, ours, **options)
    own = {s.name: s for s in ours.scores}
    expected = {"fid", "kid", "precision", "recall", "f_score"}
    if network.classes:
        expected.add("inception_score")
    assert {s.name for s in theirs.scores} == expected
    for their in theirs.scores:
        our, name = own[their.name], their.name
        close = {"rel": RELATIVE.get(name, 1e-6), "abs": FLOAT32.get(name, 0.0)}
        assert our.value == pytest.approx(their.value, **close), name
        assert our.protocol.differences(their.protocol) == []
        assert (our.sd is None) == (their.sd is None), name
        assert their.protocol.versions["torch-fidelity"]
    assert theirs.refused == ours.refused


def test_every_score_is_torch_fidelitys_through_a_registered_extractor(tmp_path, monkeypatch):
    monkeypatch.setitem(FEATURE_EXTRACTORS_REGISTRY, "tiny", Tiny)
    assert_equal(TinyNetwork(), *synthetic(), tmp_path, extractor="tiny")


def test_grey_images_get_three_equal_channels():
    grey = image_bytes(3, seed=1, shape=(1, 4, 4))
    assert torch.equal(ColourImages(grey)[1], grey[1].repeat(3, 1, 1))


def test_another_feature_space_and_two_seeds_are_refused(tmp_path):
    fake, real = synthetic()
    against = EvaluationContext(
        ReferenceImages("synthetic", "all", real), TinyNetwork(), "", cache=tmp_path
    )
    with pytest.raises(ValueError, match=r"the features are tiny: give --features Inception"):
        score_with_torch_fidelity(ImageSet(fake), against, METRICS, EvaluationResult())
    measures = [InceptionScoreMetric(splits=4, rng=1), KIDMetric(20, 40, rng=2)]
    ours = score_samples(ImageSet(fake), against, measures)
    with pytest.raises(ValueError, match=r"one seed for all metrics, but \[1, 2\]"):
        score_with_torch_fidelity(ImageSet(fake), against, measures, ours, extractor="tiny")


@pytest.mark.slow
@pytest.mark.skipif(not PUBLISHED.is_file(), reason="needs the shared data")
def test_every_score_is_torch_fidelitys_on_the_published_weights(tmp_path):
    tensors = torch.load(PUBLISHED, weights_only=True)
    rng = torch.Generator().manual_seed(2014)  # the published file lacks the last layer
    tensors |= {
        "fc.weight": torch.randn(1008, 2048, generator=rng) * 0.05,
        "fc.bias": torch.zeros(1008),
    }
    path = tmp_path / "weights.pth"
    torch.save(tensors, path)
    assert_equal(InceptionSpace(str(path)).load(), *synthetic(), tmp_path, weights=str(path))


@pytest.mark.slow
@pytest.mark.skipif(not PUBLISHED.is_file(), reason="needs the shared data")
def test_weights_without_a_last_layer_have_every_score_but_one(tmp_path):
    network = InceptionSpace(str(PUBLISHED)).load()
    assert_equal(network, *synthetic(), tmp_path, weights=str(PUBLISHED))

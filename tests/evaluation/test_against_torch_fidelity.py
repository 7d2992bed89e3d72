"""From the same bytes and weights to the same numbers as torch-fidelity, all the way."""

import os
from pathlib import Path

import pytest
import torch
import torch_fidelity
from tiny_features import TinyNetwork, pictures
from torch import Tensor, nn
from torch.utils.data import Dataset
from torch_fidelity.feature_extractor_base import FeatureExtractorBase
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY

from lightning_gan.evaluation import (
    Against,
    Frechet,
    Inception,
    Kernel,
    Neighbours,
    Pictures,
    RealSet,
    score,
)
from lightning_gan.features import Inception as InceptionSpace

SHARED = os.environ.get("LIGHTNING_GAN_SHARED")
DATA = (Path(SHARED) if SHARED else Path(__file__).parents[3] / "shared") / "data"
PUBLISHED = DATA / "inception" / "fid_inception_v3_2015-12-05_no_fc.pth"
THEIR_NAMES = {
    "fid": "frechet_inception_distance", "inception_score": "inception_score_mean",
    "kid": "kernel_inception_distance_mean", "precision": "precision", "recall": "recall", "f_score": "f_score",
}  # fmt: skip
RELATIVE = {"fid": 1e-5, "kid": 1e-5}  # of the others 1e-6
FLOAT32 = {"kid": 5e-7}  # torch-fidelity's kernels, of the order of 1, are float32


class Tiny(FeatureExtractorBase):
    """Our tiny network under torch-fidelity's door."""

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


class Bytes(Dataset):
    def __init__(self, pictures: Tensor) -> None:
        self.pictures = pictures

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, i: int) -> Tensor:
        return self.pictures[i]


def synthetic() -> tuple[Tensor, Tensor]:
    """Two small sets that differ: noise, and smoother and brighter noise."""
    fake = pictures(64, seed=1, shape=(3, 32, 32))
    real = nn.functional.avg_pool2d(
        pictures(60, seed=2, low=60, shape=(3, 32, 32)).float(), 5, 1, 2
    )
    return fake, real.round().to(torch.uint8)


def theirs(fake: Tensor, real: Tensor, **options: object) -> dict[str, float]:
    return torch_fidelity.calculate_metrics(
        input1=Bytes(fake), input2=Bytes(real), cuda=False, isc=True, fid=True, kid=True, prc=True, kid_subsets=20,
        kid_subset_size=40, isc_splits=4, save_cpu_ram=True, verbose=False, cache=False, **options,
    )  # fmt: skip


def assert_equal(network, expected, tmp_path):
    fake, real = synthetic()
    against = Against(RealSet("synthetic", "all", real), network, "", cache=tmp_path)
    measures = [Frechet(), Inception(splits=4), Kernel(20, 40), Neighbours()]
    ours = {s.name: s.value for s in score(Pictures(fake), against, measures).scores}
    for name, their_name in THEIR_NAMES.items():
        close = {"rel": RELATIVE.get(name, 1e-6), "abs": FLOAT32.get(name, 0.0)}
        assert ours[name] == pytest.approx(expected[their_name], **close), name


def test_every_score_is_torch_fidelitys_through_a_registered_extractor(tmp_path, monkeypatch):
    monkeypatch.setitem(FEATURE_EXTRACTORS_REGISTRY, "tiny", Tiny)
    expected = theirs(*synthetic(), feature_extractor="tiny")
    assert_equal(TinyNetwork(), expected, tmp_path)


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
    options = {
        "feature_extractor": "inception-v3-compat",
        "feature_extractor_weights_path": str(path),
    }
    expected = theirs(*synthetic(), **options)
    assert_equal(InceptionSpace(str(path)).load(), expected, tmp_path)

"""Every score equals torch-fidelity's, from vectors and from images."""

import itertools
from collections.abc import Iterator

import pytest
import torch
import torch_fidelity
from point_clouds import cloud, gaussian
from torch import Tensor
from torch.utils.data import Dataset
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY

from lightning_gan.metrics import (
    AccumulatedInceptionScore,
    AccumulatedPrecisionRecall,
    FrechetDistance,
    KernelDistance,
    frechet_distance,
    inception_score,
    kernel_distance,
    precision_recall,
)

few = pytest.mark.filterwarnings("ignore::lightning_gan.metrics.DegenerateWarning")
ISC = ("inception_score_mean", "inception_score_std")
KID = ("kernel_inception_distance_mean", "kernel_inception_distance_std")
PRC = ("precision", "recall", "f_score")
FLOAT32 = 6e-8  # torch-fidelity means over zeros and ones in float32


@few
def test_frechet_distance(subtests):
    for n, n_real in [(300, 250), (30, 25), (30, 250)]:
        with subtests.test(n=n, n_real=n_real):
            x, y = cloud(n, 48), cloud(n_real, 48, seed=1)
            theirs = fid_statistics_to_metric(
                fid_features_to_statistics(x.double()),
                fid_features_to_statistics(y.double()),
                False,
            )["frechet_inception_distance"]
            ours = frechet_distance(gaussian(x), gaussian(y))
            assert ours == pytest.approx(
                theirs, rel=1e-6
            )  # torch-fidelity takes the root of rounding errors


def test_inception_score(subtests):
    for n, splits, seed in [(500, 10, 2020), (53, 7, 0), (10, 1, 1)]:
        with subtests.test(n=n, splits=splits, seed=seed):
            logits = cloud(n, 20, offset=-0.3) * 9
            theirs = isc_features_to_metric(logits, splits, True, seed)
            assert inception_score(logits, splits, seed) == pytest.approx(
                [theirs[name] for name in ISC], rel=1e-9
            )


@few
def test_kernel_distance(subtests):
    for n, n_real, subsets, size in [
        (120, 100, 30, 50),
        (400, 300, 5, 50),
        (40, 300, 20, 40),
        (30, 30, 3, 30),
    ]:
        with subtests.test(n=n, n_real=n_real, subsets=subsets):
            x, y = cloud(n, 48), cloud(n_real, 48, seed=1) + 0.05
            settings = {
                "kid_subsets": subsets,
                "kid_subset_size": size,
                "rng_seed": 7,
                "verbose": False,
            }
            ours = kernel_distance(x, y, subsets, size, seed=7)
            double = kid_features_to_metric(x.double(), y.double(), **settings)
            single = kid_features_to_metric(x, y, **settings)
            assert ours == pytest.approx([double[name] for name in KID], rel=1e-9, abs=1e-15)
            assert ours == pytest.approx([single[name] for name in KID], abs=1e-6)


def test_precision_and_recall(subtests):
    for by_parts, k, (n, n_real, d) in itertools.product(
        [True, False], [3, 1], [(300, 250, 12), (80, 250, 48), (300, 40, 48)]
    ):
        with subtests.test(n=n, n_real=n_real, d=d):
            x, y = cloud(n, d), cloud(n_real, d, seed=1) * 1.2
            theirs = prc_features_to_metric(
                x, y, prc_neighborhood=k, prc_batch_size=64, save_cpu_ram=by_parts, verbose=False
            )
            ours = precision_recall(x, y, k)[:3]
            assert ours == pytest.approx([theirs[name] for name in PRC], rel=FLOAT32)
            assert all(0 < value for value in ours)


class Means(torch_fidelity.FeatureExtractorBase):
    """Feature extractor: means of 2 x 2 blocks of each channel as vectors, mixed as logits."""

    def __init__(self, name: str, features_list: list[str], **_: object) -> None:
        super().__init__(name, features_list)

    @staticmethod
    def get_provided_features_list() -> tuple[str, ...]:
        return "logits", "vectors"

    @staticmethod
    def get_default_feature_layer_for_metric(metric: str) -> str:
        return {"isc": "logits", "fid": "vectors", "kid": "vectors", "prc": "vectors"}[metric]

    @staticmethod
    def can_be_compiled() -> bool:
        return False

    @staticmethod
    def get_dummy_input_for_compile() -> Tensor:
        return torch.zeros(1, 3, 8, 8, dtype=torch.uint8)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        found = dict(zip(("vectors", "logits"), features_of(images), strict=True))
        return tuple(found[name] for name in self.features_list)


def features_of(images: Tensor) -> tuple[Tensor, Tensor]:
    assert images.dtype == torch.uint8
    vectors = torch.nn.functional.adaptive_avg_pool2d(images.float() / 255, 2).flatten(1)
    mix = torch.randn(12, 5, generator=torch.Generator().manual_seed(0))
    return vectors, vectors @ mix * 9


class Images(Dataset[Tensor]):
    """Coloured noise, uint8 [n, 3, 8, 8]."""

    def __init__(self, n: int, seed: int, high: int) -> None:
        rng = torch.Generator().manual_seed(seed)
        self.images = torch.randint(high, (n, 3, 8, 8), generator=rng).to(torch.uint8)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> Tensor:
        return self.images[i]


@pytest.fixture
def extractor() -> Iterator[str]:
    torch_fidelity.register_feature_extractor("means", Means)
    yield "means"
    del FEATURE_EXTRACTORS_REGISTRY["means"]


def test_scores_of_images_equal_torch_fidelity(extractor):
    generated, real = Images(130, 0, 250), Images(150, 1, 256)
    theirs = torch_fidelity.calculate_metrics(
        input1=generated, input2=real, isc=True, fid=True, kid=True, prc=True,
        feature_extractor=extractor, kid_subset_size=100, batch_size=32,
        cuda=False, save_cpu_ram=True, cache=False, verbose=False,
    )  # fmt: skip
    real_vectors = features_of(real.images)[0]
    fid, isc = FrechetDistance(gaussian(real_vectors)), AccumulatedInceptionScore(5, 130)
    kid, prc = (
        KernelDistance(real_vectors, subset_size=100),
        AccumulatedPrecisionRecall(real_vectors),
    )
    for places in torch.arange(130).split(48):
        vectors, logits = features_of(generated.images[places])
        fid.update(vectors)
        isc.update(logits, places)
        kid.update(vectors, places)
        prc.update(vectors, places)
    assert fid.compute().item() == pytest.approx(theirs["frechet_inception_distance"], rel=1e-5)
    assert isc.compute() == pytest.approx([theirs[name] for name in ISC], rel=1e-6)
    assert kid.compute() == pytest.approx([theirs[name] for name in KID], abs=1e-6)
    assert prc.compute()[:3] == pytest.approx([theirs[name] for name in PRC], rel=FLOAT32)
    assert theirs["inception_score_mean"] > 1.05
    assert theirs["frechet_inception_distance"] > 1e-3

"""Two processes that share a sample set, evenly or not, compute the same values as one."""

import warnings
from pathlib import Path

import pytest
import torch
from network_pairs import on_two_processes, there
from point_clouds import cloud, gaussian
from stroke_images import strokes
from torch import Tensor

from lightning_gan.metrics import (
    AccumulatedInceptionScore,
    AccumulatedPrecisionRecall,
    FrechetDistance,
    KernelDistance,
    Moments,
    ParzenWindow,
    Vectors,
    compute_parzen_score,
)

N, D = 37, 6
SHARES = {  # where the first process's share ends and the second's begins
    "uneven, uneven last batches": 23,
    "the first has nothing": 0,
    "the second has nothing": N,
}
Answers = dict[str, list[Tensor]]


class Metrics:
    """All of them, with one real set."""

    def __init__(self) -> None:
        real = cloud(41, D, seed=1)
        self.moments, self.vectors = Moments(D), Vectors()
        self.fid, self.isc = (
            FrechetDistance(gaussian(real)),
            AccumulatedInceptionScore(D, N, splits=4),
        )
        self.kid, self.prc = KernelDistance(real, 5, 30), AccumulatedPrecisionRecall(real)

    def update(self, places: Tensor) -> None:
        x = cloud(N, D)[places]
        self.moments.update(x)
        self.fid.update(x)
        self.isc.update(x * 3, places)
        for metric in (self.vectors, self.kid, self.prc):
            metric.update(x, places)

    def compute(self) -> Answers:
        answers = {name: metric.compute() for name, metric in vars(self).items()}
        return {
            name: [torch.as_tensor(v).double() for v in (a if isinstance(a, tuple) else [a])]
            for name, a in answers.items()
        }

    def reset(self) -> None:
        for metric in vars(self).values():
            metric.reset()


def exact_strokes() -> tuple[Tensor, Tensor, Tensor]:
    """Samples, validation and test images, [n, 784], whose float32 products and sums are exact.

    Pixels are 0 or 1 and the mean of 32 samples has 5 binary places, so no squared distance needs more than the 24
    bits of a float32, and neither the shape of a product nor the threads that share it can change a digit.
    """
    return strokes(32, seed=1).round(), strokes(21, seed=2).round(), strokes(33, seed=3).round()


def parzen(rank: int, processes: int) -> list[Tensor]:
    """A curve, and two scores by the protocol: of 33 images, and of one, which leaves a process nothing."""
    samples, validation, test = exact_strokes()
    window = ParzenWindow()
    window.set_centres(samples)
    for batch in test[rank::processes].split(8):  # 8, 8, 1 examples, and 8, 8
        window.update(batch)
    curve = window.compute()
    scores = [
        compute_parzen_score(samples, validation, x, rank=rank, world_size=processes)
        for x in (test, test[:1])
    ]
    message = [[s.n_validation, s.n_test, s.sigma, s.nats, s.se] for s in scores]
    return [torch.tensor(values).double() for values in ([curve.n], curve.nats, *message)]


def one_share_of_each(rank: int) -> dict[str, Answers]:
    """Answers for each way of sharing; the same metrics, reset in between."""
    metrics, answers = Metrics(), {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, border in SHARES.items():
            metrics.reset()
            share = torch.arange(N)[:border] if rank == 0 else torch.arange(N)[border:]
            for places in share.split(8) if len(share) else ():
                metrics.update(places)
            answers[name] = metrics.compute()
    return answers | {"parzen": {"parzen": parzen(rank, 2)}}


@pytest.mark.slow
def test_two_processes_give_the_scores_of_one_however_they_share(tmp_path: Path):
    here, beside = on_two_processes(one_share_of_each, __file__, tmp_path)
    alone = Metrics()
    alone.update(torch.arange(N))
    expected = alone.compute()
    assert {name: len(values) for name, values in expected.items()} == {
        "moments": 3, "vectors": 1, "fid": 1, "isc": 2, "kid": 2, "prc": 5,
    }  # fmt: skip
    nats = parzen(0, 1)
    assert (nats[0].item(), nats[2][:2].tolist()) == (33, [21, 33])
    for answers in (here, beside):
        for found, whole in zip(answers.pop("parzen")["parzen"], nats, strict=True):
            assert found.numpy() == pytest.approx(whole.numpy(), rel=1e-9, abs=1e-6, nan_ok=True)
        assert list(answers) == list(SHARES)
        for share, found in answers.items():
            for name, values in found.items():
                for value, one in zip(values, expected[name], strict=True):
                    assert value.numpy() == pytest.approx(one.numpy(), rel=1e-9), (share, name)


if __name__ == "__main__":
    there(one_share_of_each)

"""The Inception Score against closed forms."""

import math

import pytest
import torch
from point_clouds import cloud

from lightning_gan.metrics import (
    AccumulatedInceptionScore,
    DegenerateWarning,
    InceptionScoreValue,
    assign_splits,
    inception_score,
)

CERTAIN = 500.0


def one_hot(classes: int, times: int) -> torch.Tensor:
    return CERTAIN * torch.eye(classes).repeat(times, 1)


def test_certain_and_evenly_spread_samples_score_the_number_of_classes():
    value = inception_score(one_hot(7, 4), splits=1)
    assert value.mean == pytest.approx(7, rel=1e-12)
    assert value.sd == 0


def test_equal_samples_score_1_with_a_warning(subtests):
    for logits in [torch.zeros(30, 7), one_hot(7, 1)[:1].repeat(30, 1)]:
        with subtests.test(logits=logits):
            with pytest.warns(DegenerateWarning, match="same class probabilities"):
                value = inception_score(logits)
            assert value == pytest.approx((1, 0), abs=1e-12)


@pytest.mark.filterwarnings("ignore::lightning_gan.metrics.DegenerateWarning")
def test_rounding_takes_no_score_below_1():
    scores = [inception_score(row.repeat(30, 1)).mean for row in cloud(50, 7)]
    assert min(scores) == 1
    assert max(scores) == pytest.approx(1, abs=1e-12)


def test_half_certain_samples_of_two_classes_have_a_closed_form():
    p = torch.tensor([[0.75, 0.25], [0.25, 0.75]])
    kl = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)  # to (1/2, 1/2), nats
    assert inception_score(p.log(), splits=1).mean == pytest.approx(math.exp(kl), rel=1e-6)


def test_the_mean_and_population_deviation_are_over_the_splits():
    logits, split = cloud(53, 6) * 3, assign_splits(53, 4)
    p = logits.double().softmax(1)
    scores = []
    for i in range(4):
        q = p[split == i].mean(0)
        kl = (p[split == i] * (p[split == i] / q).log()).sum(1).mean()
        scores.append(kl.exp())
    scores = torch.stack(scores)
    value = inception_score(logits, splits=4)
    assert value.mean == pytest.approx(scores.mean().item(), rel=1e-12)
    assert value.sd == pytest.approx(scores.std(correction=0).item(), rel=1e-10)


def test_splits_are_even_and_shuffled_by_the_seed():
    counts = assign_splits(53, 10).bincount()
    assert (counts.sum(), counts.min(), counts.max()) == (53, 5, 6)
    assert torch.equal(assign_splits(53), assign_splits(53))
    assert not torch.equal(assign_splits(53), assign_splits(53, seed=1))


def test_a_class_that_underflows_gives_no_nan():
    logits = torch.zeros(20, 3)
    logits[:, 2] = -1e5
    logits[:10, 0] = 2
    value = inception_score(logits, splits=2)
    assert 1 < value.mean < 2


def test_the_order_of_arrival_does_not_matter():
    logits, order = cloud(50, 6), torch.randperm(50, generator=torch.Generator().manual_seed(0))
    metric = AccumulatedInceptionScore(6, 50)
    for places in (order[:0], order[:7], order[7:]):
        metric.update(logits[places], places)
    value = metric.compute()
    assert isinstance(value, InceptionScoreValue)
    assert value == pytest.approx(inception_score(logits), rel=1e-12)


def test_memory_does_not_grow_with_what_came():
    metric = AccumulatedInceptionScore(6, 1000)
    for places in torch.arange(1000).split(100):
        metric.update(cloud(100, 6), places)
    states = [getattr(metric, name) for name in metric._defaults]
    assert sum(state.untyped_storage().nbytes() for state in states) == 8 * 10 * (6 + 2)
    assert metric.state_dict() == {}


def test_missing_or_repeated_samples_are_refused(subtests):
    for places in [range(9), [*range(9), 8]]:
        with subtests.test(places=places):
            metric = AccumulatedInceptionScore(6, 10, splits=5)
            metric.update(cloud(len(places), 6), torch.tensor(places))
            with pytest.raises(
                ValueError, match=f"Inception Score of 10 samples got {len(places)}"
            ):
                metric.compute()


def test_an_index_outside_the_sample_set_is_refused(subtests):
    for m, places, words in [
        (2, [0, 10], "index 10 in a sample set of 10"),
        (2, [0, -1], r"indices \[0, -1\]"),
        (2, [0], r"2 samples have indices \[0\]... of shape \[1\]"),
    ]:
        with subtests.test(m=m, places=places, words=words):
            with pytest.raises(ValueError, match=words):
                AccumulatedInceptionScore(6, 10).update(cloud(m, 6), torch.tensor(places))


def test_fewer_samples_than_splits_are_refused(subtests):
    for n, splits in [(9, 10), (0, 1), (9, 0)]:
        with subtests.test(n=n, splits=splits):
            with pytest.raises(
                ValueError,
                match=f"of {splits} splits needs at least|is 0; give a whole",
            ):
                inception_score(torch.zeros(n, 3), splits)
            with pytest.raises(
                ValueError, match=r"give at least one sample for each split|is 0; give a whole"
            ):
                AccumulatedInceptionScore(3, n, splits)


def test_bad_logits_are_named(subtests):
    for logits, words in [
        (torch.full((20, 3), math.nan), "20 of 20 logits contain NaN"),
        (torch.zeros(20, 4), r"logits have shape \[20, 4\]: give \[m, 3\]"),
    ]:
        with subtests.test(logits=logits, words=words):
            with pytest.raises(ValueError, match=words):
                AccumulatedInceptionScore(3, 20).update(logits, torch.arange(20))

"""Sums in words: what they leave, and how they are judged where G is linear and its factors are signs of z."""

import pytest
import torch

from lightning_gan import GAN
from lightning_gan.analysis.analogies import (
    AnalogySamples,
    compute_success_rate,
    evaluate_analogy,
    format_analogies,
)
from lightning_gan.analysis.concepts import Concepts, parse_terms
from lightning_gan.feature_extractors.factor_classifier import FactorPrediction
from lightning_gan.losses import NonSaturating
from lightning_gan.networks import LinearMLPGenerator, MLPDiscriminator
from lightning_gan.priors import Uniform

CONCEPTS = Concepts(["size", "tone"], [["small", "large"], ["dark", "pale", "white"]])


class ByCoordinates:
    """Size: the sign of the first channel; tone: the third of the range that the second one lies in."""

    def read(self, image_bytes):
        first, second = (image_bytes[:, i].double().mean((1, 2)) / 255 for i in (0, 1))
        values = torch.stack([first > 0.5, (second * 3).floor().clamp(0, 2)], 1).long()
        return FactorPrediction(values, torch.ones(len(values), 2))


class Channels(LinearMLPGenerator):
    """z, [m, 3], as channels of an image of one pixel."""

    def forward(self, z):
        return z.view(-1, 3, 1, 1)


@pytest.fixture(scope="module")
def samples():
    prior = Uniform(-1, 1)
    gan = GAN(Channels([3, 1, 1], 3), MLPDiscriminator([3, 1, 1]), NonSaturating(), prior)
    return AnalogySamples(gan, ByCoordinates(), (-1, 1), n=600, seed=5)


def seen(y):
    """Values of both factors at z = y, written out again."""
    share = (y.clamp(-1, 1) + 1) / 2
    share = (share * 255).round() / 255
    return torch.stack([share[:, 0] > 0.5, (share[:, 1] * 3).floor().clamp(max=2)], 1).long()


def test_a_sum_is_read_word_by_word():
    terms = parse_terms("large dark - small dark + small white")
    assert [(t.sign, t.words) for t in terms] == [
        (1, ("large", "dark")), (-1, ("small", "dark")), (1, ("small", "white")),
    ]  # fmt: skip
    assert parse_terms("1,5, 9 - 2 4 + 3")[0].words == ("1", "5", "9")
    assert CONCEPTS.target(terms) == {0: 1, 1: 2}
    assert CONCEPTS.target(parse_terms("large")) == {0: 1}


def test_what_is_no_sum_gets_a_sentence(subtests):
    for equation, words in [
        ("", "summand missing"),
        ("large - ", "summand missing"),
        ("- large", "summand missing"),
        ("large + - small", "summand missing"),
        ("huge", "'huge' is no word of these data: size: small, large; tone: dark, pale, white"),
        ("large small", "names a factor twice"),
        ("large large", "names a factor twice"),
        ("large - small", r"leaves small -1, large \+1"),
        ("large - large", "leaves nothing"),
        ("large + large", r"leaves large \+2"),
        ("dark + white", r"leaves dark \+1, white \+1"),
    ]:
        with subtests.test(equation=equation, words=words):
            with pytest.raises(ValueError, match=words):
                CONCEPTS.target(parse_terms(equation))


def test_sums_exchange_one_factor_and_keep_the_other():
    every = CONCEPTS.combinations((0, 1))
    assert len(every) == 6
    sums = CONCEPTS.exchanges(every)
    for terms in sums:
        (_, (new, kept)), (_, (old, same)), (_, (old_again, other)) = terms
        assert [term.sign for term in terms] == [1, -1, 1]
        assert kept == same != other
        assert old == old_again != new
        assert CONCEPTS.target(terms) == CONCEPTS.factors_of((new, other))
    assert len({tuple(t.words for t in terms) for terms in sums}) == len(sums) == 2 * 6


def test_sums_are_of_what_is_drawn_and_may_lead_to_what_is_not():
    drawn = [("small", "dark"), ("large", "dark"), ("small", "white")]
    (terms,) = CONCEPTS.exchanges(drawn)
    assert CONCEPTS.target(terms) == {0: 1, 1: 2}
    with pytest.raises(ValueError, match="draws 2 combinations of two factors, of which none"):
        CONCEPTS.exchanges(drawn[:2])


@pytest.mark.parametrize("group", [1, 3])
def test_the_judge_reads_the_sum_written_out_again(samples, group):
    sums = samples.exchanges((0, 1), CONCEPTS, group, 200, seed=1)
    judged = evaluate_analogy(samples, CONCEPTS, sums, group, seed=2)
    assert judged.places.shape == (200, 3, group)
    means = samples.z[judged.places].mean(2)
    y = means[:, 0] - means[:, 1] + means[:, 2]
    torch.testing.assert_close(judged.y, y)
    wanted = torch.tensor([list(CONCEPTS.target(terms).values()) for terms in sums])
    assert torch.equal(judged.right, seen(y) == wanted)
    assert 0.3 < judged.right.all(1).float().mean() < 1
    assert torch.equal(judged.pixels, judged.right.all(1))  # G is linear
    assert not judged.last.any()  # a mean of small ones is small
    shares = [(seen(samples.z) == w).all(1).float().mean() for w in wanted]
    assert judged.chance == pytest.approx(torch.stack(shares).mean().item())


def test_groups_are_examples_of_their_words_and_all_different(samples):
    sums = [parse_terms("large dark - small dark + small white")] * 50
    judged = evaluate_analogy(samples, CONCEPTS, sums, 4, seed=0)
    for i, words in enumerate((("large", "dark"), ("small", "dark"), ("small", "white"))):
        values = samples.values[judged.places[:, i]]
        assert (values == torch.tensor(list(CONCEPTS.factors_of(words).values()))).all()
    assert all(len(set(group)) == 4 for group in judged.places.flatten(0, 1).tolist())
    again = evaluate_analogy(samples, CONCEPTS, sums, 4, seed=0)
    assert torch.equal(again.places, judged.places)


def test_what_is_not_clear_is_no_example(samples):
    found = samples.examples(("large",), CONCEPTS, 3)
    samples.confidence[found[:5], 0] = 0.89
    samples.confidence[found[5:9], 1] = 0.89  # of the other factor
    assert torch.equal(samples.examples(("large",), CONCEPTS, 3), found[5:])
    assert samples.clear() == pytest.approx(1 - 9 / 600)
    samples.confidence.fill_(1)


def test_too_few_examples_get_a_sentence(samples):
    with pytest.raises(
        ValueError, match=r"\d+ of 600 samples are clearly large pale, and a group has 500"
    ):
        samples.examples(("large", "pale"), CONCEPTS, 500)


def test_the_report_names_what_was_counted(samples):
    form = samples.exchanges((0, 1), CONCEPTS, 3, 40, seed=0)
    judged = evaluate_analogy(samples, CONCEPTS, form, 3, seed=0)
    text = format_analogies(samples, CONCEPTS, [form], [judged])
    assert text.splitlines()[3].split()[:5] == [
        "size",
        "tone",
        *compute_success_rate(judged.right.all(1)).split(),
    ]
    assert "less than 3 clear ones of 0 of 6 combinations of two factors\n" in text
    samples.confidence[samples.examples(("large", "white"), CONCEPTS, 3)[2:], 1] = 0.5
    few = format_analogies(samples, CONCEPTS, [form], [judged])
    assert "less than 3 clear ones of 1 of 6 combinations of two factors: large white\n" in few
    samples.confidence.fill_(1)
    assert "each row: 40 sums of groups of 3" in text
    assert compute_success_rate(torch.tensor([True, True, True, False])) == "0.750 ± 0.217"

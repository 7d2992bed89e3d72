"""Latent arithmetic in words, tested with a linear G whose factors are functions of z."""

import pytest
import torch

from lightning_gan import GAN
from lightning_gan.analysis.analogies import (
    AnalogySamples,
    evaluate_analogy,
    format_analogies,
    format_success_rate,
)
from lightning_gan.analysis.concepts import Concepts, parse_terms
from lightning_gan.feature_extractors.factor_classifier import FactorPrediction
from lightning_gan.losses import NonSaturating
from lightning_gan.networks import LinearMLPGenerator, MLPDiscriminator
from lightning_gan.priors import Uniform

CONCEPTS = Concepts(["size", "tone"], [["small", "large"], ["dark", "pale", "white"]])


class ClassifyChannels:
    """Classifier: size is the sign of the first channel, tone the third of the range of the second."""

    def read(self, image_bytes):
        first, second = (image_bytes[:, i].double().mean((1, 2)) / 255 for i in (0, 1))
        values = torch.stack([first > 0.5, (second * 3).floor().clamp(0, 2)], 1).long()
        return FactorPrediction(values, torch.ones(len(values), 2))


class Channels(LinearMLPGenerator):
    """Generator that returns z, [m, 3], as channels of an image of one pixel."""

    def forward(self, z):
        return z.view(-1, 3, 1, 1)


@pytest.fixture(scope="module")
def samples():
    prior = Uniform(-1, 1)
    gan = GAN(Channels([3, 1, 1], 3), MLPDiscriminator([3, 1, 1]), NonSaturating(), prior)
    return AnalogySamples(gan, ClassifyChannels(), (-1, 1), n=600, seed=5)


def classify(y):
    """Values of both factors at z = y, computed independently."""
    share = (y.clamp(-1, 1) + 1) / 2
    share = (share * 255).round() / 255
    return torch.stack([share[:, 0] > 0.5, (share[:, 1] * 3).floor().clamp(max=2)], 1).long()


def test_a_sum_is_parsed_word_by_word():
    terms = parse_terms("large dark - small dark + small white")
    assert [(t.sign, t.words) for t in terms] == [
        (1, ("large", "dark")), (-1, ("small", "dark")), (1, ("small", "white")),
    ]  # fmt: skip
    assert parse_terms("1,5, 9 - 2 4 + 3")[0].words == ("1", "5", "9")
    assert CONCEPTS.compute_target(terms) == {0: 1, 1: 2}
    assert CONCEPTS.compute_target(parse_terms("large")) == {0: 1}


def test_invalid_sums_are_errors(subtests):
    for equation, words in [
        ("", "has an empty term"),
        ("large - ", "has an empty term"),
        ("- large", "has an empty term"),
        ("large + - small", "has an empty term"),
        (
            "huge",
            "'huge' is no word of these data: give words of size: small, large; tone: dark, pale, white",
        ),
        ("large small", "names a factor twice"),
        ("large large", "names a factor twice"),
        ("large - small", r"leaves small -1, large \+1"),
        ("large - large", "leaves nothing"),
        ("large + large", r"leaves large \+2"),
        ("dark + white", r"leaves dark \+1, white \+1"),
    ]:
        with subtests.test(equation=equation, words=words):
            with pytest.raises(ValueError, match=words):
                CONCEPTS.compute_target(parse_terms(equation))


def test_sums_exchange_one_factor_and_keep_the_other():
    every = CONCEPTS.list_combinations((0, 1))
    assert len(every) == 6
    sums = CONCEPTS.list_exchanges(every)
    for terms in sums:
        (_, (new, first)), (_, (old, second)), (_, (old_again, other)) = terms
        assert [term.sign for term in terms] == [1, -1, 1]
        assert first == second != other
        assert old == old_again != new
        assert CONCEPTS.compute_target(terms) == CONCEPTS.find_factors((new, other))
    assert len({tuple(t.words for t in terms) for terms in sums}) == len(sums) == 2 * 6


def test_terms_of_sums_are_drawn_combinations_but_results_need_not_be():
    drawn = [("small", "dark"), ("large", "dark"), ("small", "white")]
    (terms,) = CONCEPTS.list_exchanges(drawn)
    assert CONCEPTS.compute_target(terms) == {0: 1, 1: 2}
    with pytest.raises(ValueError, match="draws 2 combinations of two factors, which form no sum"):
        CONCEPTS.list_exchanges(drawn[:2])


@pytest.mark.parametrize("group", [1, 3])
def test_the_result_equals_an_independent_computation(samples, group):
    sums = samples.draw_exchanges((0, 1), CONCEPTS, group, 200, seed=1)
    result = evaluate_analogy(samples, CONCEPTS, sums, group, seed=2)
    assert result.indices.shape == (200, 3, group)
    means = samples.z[result.indices].mean(2)
    y = means[:, 0] - means[:, 1] + means[:, 2]
    torch.testing.assert_close(result.y, y)
    wanted = torch.tensor([list(CONCEPTS.compute_target(terms).values()) for terms in sums])
    assert torch.equal(result.right, classify(y) == wanted)
    assert 0.3 < result.right.all(1).float().mean() < 1
    assert torch.equal(result.pixels, result.right.all(1))  # G is linear
    assert not result.last.any()  # a mean of small samples is small
    shares = [(classify(samples.z) == w).all(1).float().mean() for w in wanted]
    assert result.chance == pytest.approx(torch.stack(shares).mean().item())


def test_groups_are_examples_of_their_words_and_all_different(samples):
    sums = [parse_terms("large dark - small dark + small white")] * 50
    result = evaluate_analogy(samples, CONCEPTS, sums, 4, seed=0)
    for i, words in enumerate((("large", "dark"), ("small", "dark"), ("small", "white"))):
        values = samples.values[result.indices[:, i]]
        assert (values == torch.tensor(list(CONCEPTS.find_factors(words).values()))).all()
    assert all(len(set(group)) == 4 for group in result.indices.flatten(0, 1).tolist())
    again = evaluate_analogy(samples, CONCEPTS, sums, 4, seed=0)
    assert torch.equal(again.indices, result.indices)


def test_samples_of_low_confidence_are_no_examples(samples):
    found = samples.find_examples(("large",), CONCEPTS, 3)
    samples.confidence[found[:5], 0] = 0.89
    samples.confidence[found[5:9], 1] = 0.89  # the other factor
    assert torch.equal(samples.find_examples(("large",), CONCEPTS, 3), found[5:])
    assert samples.compute_clear_share() == pytest.approx(1 - 9 / 600)
    samples.confidence.fill_(1)


def test_too_few_examples_are_an_error(samples):
    with pytest.raises(
        ValueError, match=r"\d+ of 600 samples are clearly large pale, and a group has 500"
    ):
        samples.find_examples(("large", "pale"), CONCEPTS, 500)


def test_the_table_has_rates_and_missing_combinations(samples):
    form = samples.draw_exchanges((0, 1), CONCEPTS, 3, 40, seed=0)
    result = evaluate_analogy(samples, CONCEPTS, form, 3, seed=0)
    text = format_analogies(samples, CONCEPTS, [form], [result])
    assert text.splitlines()[3].split()[:5] == [
        "size",
        "tone",
        *format_success_rate(result.right.all(1)).split(),
    ]
    assert "0 of 6 combinations of two factors have fewer than 3 of them\n" in text
    samples.confidence[samples.find_examples(("large", "white"), CONCEPTS, 3)[2:], 1] = 0.5
    few = format_analogies(samples, CONCEPTS, [form], [result])
    assert "1 of 6 combinations of two factors have fewer than 3 of them: large white\n" in few
    samples.confidence.fill_(1)
    assert "each row: 40 sums of groups of 3" in text
    assert format_success_rate(torch.tensor([True, True, True, False])) == "0.750 ± 0.217"

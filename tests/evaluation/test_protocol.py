import json
from dataclasses import replace

import pytest

from lightning_gan.evaluation import EvaluationProtocol, Score, protocol_from_dict
from lightning_gan.evaluation.tables import compare_scores, describe_difference

PROTOCOL = EvaluationProtocol(
    metric="Fréchet distance", features="inception", weights="a" * 64, resize="299",
    real="cifar10", split="test", real_hash="b" * 64, n_real=10_000, n_generated=50_000,
    value_range="bytes 0..255", settings={"splits": 10}, error="sd over 3 sample sets", generated="G",
    seed=0, chosen={"sigma": 0.2},
)  # fmt: skip


def score(value=10.0, sd=0.3, name="fid", **changes):
    return Score(name, value, sd, replace(PROTOCOL, **changes))


def test_values_of_other_protocols_are_not_comparable_and_the_difference_is_named(subtests):
    for change, words in [
        ({"n_generated": 10_000}, "number of samples 50,000 and 10,000"),
        ({"split": "train"}, "split test and train"),
        ({"weights": "c" * 64}, "weights aaaaaaaa and cccccccc"),
        ({"real_hash": "c" * 64}, "bytes of the real images bbbbbbbb and cccccccc"),
        ({"resize": "none"}, "resize 299 and none"),
        ({"precision": "bf16"}, "precision"),
        ({"settings": {"splits": 5}}, "splits 10 and 5"),
        ({"settings": {}}, "splits 10 and none"),
    ]:
        with subtests.test(change=change, words=words):
            (difference,) = PROTOCOL.differences(replace(PROTOCOL, **change))
            assert words in difference
            assert describe_difference(score(), score(**change)) == f"not comparable: {difference}"


def test_another_model_or_draw_may_be_compared_and_is_named(subtests):
    for change in [
        {"seed": 1},
        {"generated": "average of G"},
        {"versions": {}},
        {"error": ""},
        {"chosen": {"sigma": 0.3}},
        {"batch_norm": "running averages"},
    ]:
        with subtests.test(change=change):
            other = replace(PROTOCOL, **change)
            assert PROTOCOL.differences(other) == []
            assert PROTOCOL.circumstances(other)


def test_a_difference_carries_both_uncertainties():
    text = describe_difference(score(10.0, 0.3), score(9.0, 0.4, seed=1))
    assert text == "+1 ± 0.5 (seed 0 and 1)"
    assert describe_difference(score(10.0, None), score(9.0)) == "+1"


def test_missing_scores_are_named():
    text = compare_scores([score(), score(name="kid")], [score(), score(name="recall")], "b.json")
    assert "missing there" in text
    assert "recall" not in text  # it was not requested
    assert "+0" in text


def test_a_protocol_goes_through_json_unchanged():
    stored = json.loads(json.dumps(score().as_dict()))
    assert protocol_from_dict(stored["protocol"]) == PROTOCOL
    with pytest.raises(ValueError, match="The file holds no protocol of this version"):
        protocol_from_dict({"metric": "FID"})


def test_a_score_of_real_examples_alone_speaks_of_no_samples():
    examples = replace(PROTOCOL, n_generated=0, n_real=40, generated="the average of D", seed=None)
    assert examples.compared.startswith("40 cifar10 test images (the average of D), ")


def test_a_row_says_value_uncertainty_and_protocol():
    name, value, protocol = score().row("test/")
    assert (name, value) == ("test/fid", "10.000 ± 0.300")
    for words in (
        "50,000 samples (G, seed 0)",
        "10,000 cifar10 test",
        "aaaaaaaa",
        "splits 10",
        "3 sample sets",
    ):
        assert words in protocol

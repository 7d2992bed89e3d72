"""Messages about the cost of scores and about the bias of few images."""

from lightning_gan.evaluation.cost import (
    describe_evaluation_cost,
    describe_scoring_cost,
    describe_small_sample_effect,
)


def test_the_cost_of_a_slow_evaluation_is_stated():
    said = describe_evaluation_cost("inception", 10_000, 5_000, speed=20.0)
    assert "10,000 samples through inception take about 8 min" in said
    assert "5,000 real images 4 min once" in said
    assert describe_evaluation_cost("inception", 100, 5_000, speed=20.0) == ""


def test_the_cost_of_a_slow_command_is_stated_with_and_without_baselines():
    said = describe_scoring_cost("inception", 10_000, 2_000, speed=20.0, baselines=True)
    assert "10,000 samples and 2,000 real images through inception take about 10 min" in said
    assert "--baselines false" in said
    assert "--baselines" not in describe_scoring_cost(
        "inception", 10_000, 2_000, speed=20.0, baselines=False
    )
    assert describe_scoring_cost("inception", 100, 100, speed=20.0, baselines=True) == ""


def test_few_images_are_named_with_their_number():
    said = describe_small_sample_effect(30, 10_000, 2048, "val")
    assert said.startswith("FID of 30 val images in 2,048 features")
    both = describe_small_sample_effect(30, 2048, 2048, "val")
    assert both.startswith("FID of 30 val images and 2,048 samples in 2,048 features")
    assert describe_small_sample_effect(30, 9999, 2048, "all").startswith(
        "FID of 30 real images in"
    )
    assert describe_small_sample_effect(2049, 2049, 2048, "val") == ""

import pytest
import torch

from lightning_gan.baselines import OneImage, TrainingSet

IMAGES = torch.arange(10.0).view(10, 1, 1, 1).expand(10, 1, 2, 2)


def test_a_training_set_gives_different_images_that_depend_on_the_seed_alone():
    torch.manual_seed(7)
    before = torch.get_rng_state()
    baseline = TrainingSet(IMAGES)
    samples = baseline.sample(6, seed=3)
    assert samples.shape == (6, 1, 2, 2)
    assert len(samples[:, 0, 0, 0].unique()) == 6
    assert torch.equal(samples, baseline.sample(6, seed=3))
    assert not torch.equal(samples, baseline.sample(6, seed=4))
    assert torch.equal(torch.get_rng_state(), before)


def test_all_of_a_training_set_is_the_training_set():
    assert torch.equal(TrainingSet(IMAGES).sample(10).sort(dim=0).values, IMAGES)


def test_more_different_images_than_there_are_is_an_error():
    with pytest.raises(ValueError, match="11 different images were asked of 10"):
        TrainingSet(IMAGES).sample(11)
    with pytest.raises(ValueError, match="give at least one"):
        TrainingSet(IMAGES[:0])


def test_one_image_is_repeated():
    samples = OneImage(IMAGES[4]).sample(3)
    assert samples.shape == (3, 1, 2, 2)
    assert (samples == 4).all()

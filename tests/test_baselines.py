import pytest
import torch

from lightning_gan.evaluation.baselines import KMeans, OneImage, PixelBernoulli, TrainingSet

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
    with pytest.raises(ValueError, match="11 different images were requested, but there are 10"):
        TrainingSet(IMAGES).sample(11)
    with pytest.raises(ValueError, match="give at least one"):
        TrainingSet(IMAGES[:0])


def test_one_image_is_repeated():
    samples = OneImage(IMAGES[4]).sample(3)
    assert samples.shape == (3, 1, 2, 2)
    assert (samples == 4).all()


def test_pixels_are_bright_as_often_as_on_average_and_by_themselves():
    images = torch.tensor([[0.0, 0.25, 1.0], [0.0, 0.75, 1.0]])
    drawn = PixelBernoulli(images).sample(4000, seed=1)
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    assert drawn.mean(0).tolist() == pytest.approx([0.0, 0.5, 1.0], abs=0.03)
    assert torch.equal(drawn, PixelBernoulli(images).sample(4000, seed=1))


def test_centroids_are_the_means_of_separate_clouds_drawn_by_their_size():
    rng = torch.Generator().manual_seed(0)
    clouds = [torch.randn(n, 1, 2, generator=rng) * 0.01 + at for n, at in ((300, 0.0), (100, 5.0))]
    model = KMeans(torch.cat(clouds), k=2, seed=3)
    drawn = model.sample(4000, seed=0)
    assert drawn.shape == (4000, 1, 2)
    low = drawn[drawn[:, 0, 0] < 2]
    assert len(low) / 4000 == pytest.approx(0.75, abs=0.03)
    torch.testing.assert_close(low[0], clouds[0].mean(0))
    assert torch.equal(drawn, model.sample(4000, seed=0))


def test_each_step_brings_centroids_nearer():
    images = torch.rand(500, 4, generator=torch.Generator().manual_seed(0))

    def spread(steps):
        centroids = KMeans(images, k=10, steps=steps).centroids
        return torch.cdist(images, centroids).min(1).values.square().mean().item()

    assert spread(8) < spread(4) < spread(2)


def test_more_centroids_than_images_are_refused():
    with pytest.raises(ValueError, match="5 different images were requested, but there are 3"):
        KMeans(torch.rand(3, 2), k=5)

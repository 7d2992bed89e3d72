"""SampleScatter draws two-dimensional samples over the data."""

import pytest
import torch
from model_factory import Pixels, make_model, trainer
from PIL import Image

import callbacks
from datamodules import Ring
from lightning_gan import GAN
from lightning_gan.losses import NonSaturating
from lightning_gan.networks import LinearMLPGenerator, MLPDiscriminator
from lightning_gan.plotting.points import draw_points
from lightning_gan.priors import Gaussian


def count_blue(image):
    """Number of pixels in the colour of samples."""
    r, _, b = image.int()
    return int((b > r + 60).sum())


def test_the_run_is_drawn_and_animated(tmp_path):
    gan = GAN(LinearMLPGenerator([2]), MLPDiscriminator([2]), NonSaturating(), Gaussian())
    points = callbacks.SampleScatter(num=50, every_n_steps=2)
    trainer(tmp_path, max_steps=5, callbacks=[points]).fit(gan, Ring(batch_size=50))
    names = sorted(p.name for p in (tmp_path / "images" / "points").iterdir())
    assert names == [f"step_{step:07d}.png" for step in (0, 2, 4, 5)]
    with Image.open(tmp_path / "images" / "points.gif") as animation:
        assert animation.n_frames == 4


def test_samples_are_drawn_at_their_coordinates():
    data = Ring().means
    none = draw_points(torch.full((9, 2), 50.0), data, "a")
    assert none.dtype == torch.uint8
    assert count_blue(draw_points(data.repeat(20, 1) / 2, data, "a")) > count_blue(none) + 8 * 3
    half = draw_points(torch.tensor([[0.5, 0.0]]).expand(99, 2), data, "a")
    where = (half[2].int() > half[0].int() + 60).nonzero()
    middle = half.shape[2] / 2
    below_legend = where[where[:, 0] > 80]
    assert below_legend[:, 1].float().mean() > middle + 20  # right of the centre


def test_samples_outside_the_plot_are_counted_and_not_drawn():
    data = Ring().means
    outside = draw_points(torch.full((9, 2), torch.inf), data, "a")
    empty = draw_points(torch.zeros(0, 2), data, "a")
    assert not torch.equal(outside, empty)
    assert count_blue(outside) == count_blue(empty)


def test_other_data_are_an_error(tmp_path):
    run = trainer(tmp_path, max_steps=1, callbacks=[callbacks.SampleScatter()])
    with pytest.raises(ValueError, match=r"data of shape \[2\].* but the data are pixels"):
        run.fit(make_model(), Pixels())


def test_invalid_settings_are_errors(subtests):
    for arguments in [{"num": 0}, {"every_n_steps": 0}]:
        with subtests.test(arguments=arguments):
            with pytest.raises(ValueError, match="; give a whole number from 1 to"):
                callbacks.SampleScatter(**arguments)

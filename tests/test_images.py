"""Conversion of tensors to images."""

import numpy as np
import pytest
import torch
from PIL import Image

from lightning_gan.utils import images


def test_the_bounds_and_the_middle_of_a_range_are_black_white_and_grey(subtests):
    for value_range in [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)]:
        with subtests.test(value_range=value_range):
            low, high = value_range
            x = torch.tensor([low, (low + high) / 2, high, low - 1, high + 1])
            assert images.to_uint8(x, value_range).tolist() == [0, 128, 255, 0, 255]
            torch.testing.assert_close(
                images.to_unit(x[:3], value_range), torch.tensor([0, 0.5, 1])
            )


def test_bytes_are_unchanged_by_a_conversion_to_floats_and_back():
    x = torch.arange(256).to(torch.uint8)
    assert torch.equal(images.to_uint8(x.float() / 255, (0, 1)), x)
    assert torch.equal(images.to_uint8(x.float() / 127.5 - 1, (-1, 1)), x)


def test_a_saved_image_is_loaded_unchanged(tmp_path):
    x = torch.randint(256, (3, 5, 7)).to(torch.uint8)
    read = np.asarray(Image.open(images.save_image(x, tmp_path / "deep" / "x.png")))
    assert np.array_equal(read, x.permute(1, 2, 0).numpy())
    grey = np.asarray(Image.open(images.save_image(x[:1], tmp_path / "grey.png")))
    assert np.array_equal(grey, x[0].numpy())


def test_a_grid_contains_its_images_in_reading_order():
    x = torch.arange(6, dtype=torch.uint8).mul(10).view(6, 1, 1, 1).expand(6, 1, 4, 4)
    image = images.make_image_grid(x, columns=3, gap=2)
    assert image.shape == (3, 14, 20)
    assert [int(image[0, 3 + 6 * (i // 3), 3 + 6 * (i % 3)]) for i in range(6)] == [
        0,
        10,
        20,
        30,
        40,
        50,
    ]


def test_a_grid_can_be_enlarged():
    x = torch.randint(256, (2, 1, 3, 3)).to(torch.uint8)
    assert torch.equal(
        images.make_image_grid(x, 2, scale=3)[:, ::3, ::3], images.make_image_grid(x, 2)
    )


def test_nan_is_refused():
    with pytest.raises(ValueError, match="NaN, because the generator has diverged"):
        images.to_uint8(torch.tensor([0.5, torch.nan]), (0, 1))
    with pytest.raises(ValueError, match="empty"):
        images.to_unit(torch.zeros(1), (1, 1))


def test_an_infinite_range_is_refused():
    with pytest.raises(ValueError, match="from -inf to inf is empty or infinite"):
        images.to_unit(torch.zeros(1), (-float("inf"), float("inf")))

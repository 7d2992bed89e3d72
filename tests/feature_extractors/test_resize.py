"""Resizing as TensorFlow 1 did it."""

import torch
from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

from lightning_gan.feature_extractors.resize import resize_tensorflow1


def test_every_bit_is_as_torch_fidelity_has_it(subtests):
    for height, width, size in [
        (32, 32, 299),
        (28, 28, 299),
        (32, 32, 224),
        (33, 47, 64),
        (64, 64, 64),
        (90, 64, 64),
        (1, 1, 5),
    ]:
        with subtests.test(height=height, width=width, size=size):
            rng = torch.Generator().manual_seed(0)
            images = torch.randint(0, 256, (2, 3, height, width), generator=rng).float()
            theirs = interpolate_bilinear_2d_like_tensorflow1x(
                images, (size, size), align_corners=False
            )
            assert torch.equal(resize_tensorflow1(images, size), theirs)


def test_corners_are_not_aligned_and_the_last_pixel_repeats():
    row = torch.tensor([0.0, 10.0]).view(1, 1, 1, 2).expand(1, 1, 2, 2)
    resized = resize_tensorflow1(row, 4)
    assert resized[0, 0].tolist() == [[0.0, 5.0, 10.0, 10.0]] * 4

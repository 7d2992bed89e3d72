"""Distributions over masks."""

import pytest
import torch

from lightning_gan.models.masks import (
    HalfPlanes,
    MaskMixture,
    Nothing,
    Pixels,
    Rectangles,
    Subsets,
    check_mask,
)

IMAGE = (3, 12, 10)
KINDS = [
    Nothing(),
    Pixels(0.2, 0.6),
    HalfPlanes(),
    Rectangles(),
    MaskMixture([HalfPlanes(), Nothing()]),
]


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_masks_of_images_are_zeros_and_ones_the_same_in_all_channels(subtests):
    for masks in KINDS:
        with subtests.test(masks=masks):
            before = torch.get_rng_state()
            drawn = masks.draw(40, IMAGE, rng())
            assert drawn.shape == (40, *IMAGE)
            assert drawn.dtype == torch.float32
            assert ((drawn == 0) | (drawn == 1)).all()
            assert torch.equal(drawn, drawn[:, :1].expand_as(drawn))
            assert (drawn.flatten(1).amin(1) == 0).all()
            assert torch.equal(drawn, masks.draw(40, IMAGE, rng()))
            assert torch.equal(before, torch.get_rng_state())
            assert masks.draw(0, IMAGE).shape == (0, *IMAGE)


def test_subsets_are_equally_likely():
    drawn = Subsets().draw(30_000, [2], rng())
    counts = (drawn @ torch.tensor([1.0, 2.0])).long().bincount(minlength=4)
    assert counts[3] == 0
    torch.testing.assert_close(counts[:3] / 30_000, torch.full((3,), 1 / 3), atol=0.015, rtol=0)


def test_pixels_are_observed_with_the_given_probability():
    drawn = Pixels(0.25, 0.25).draw(400, (1, 20, 20), rng())
    assert drawn.mean().item() == pytest.approx(0.25, abs=0.01)


def test_a_line_through_the_centre_halves_the_image():
    drawn = HalfPlanes(reach=0).draw(50, (1, 16, 16), rng())
    assert (drawn.flatten(1).mean(1) - 0.5).abs().max() < 0.01
    assert torch.equal(drawn, 1 - drawn.flip(2, 3))


def test_hidden_rectangle_has_the_given_sides():
    hidden = 1 - Rectangles(0.5, 0.5).draw(200, (1, 20, 20), rng())
    assert (
        hidden.amax(3).sum(2) * hidden.amax(2).sum(2) == hidden.sum((2, 3))
    ).all()  # it is a rectangle
    assert (hidden.amax(3).sum(2) - 10).abs().max() <= 1
    assert hidden.amax((0, 3)).min() == hidden.amax((0, 2)).min() == 1  # and it goes everywhere


def test_mixture_follows_its_weights():
    drawn = MaskMixture([Nothing(), Rectangles(1, 1), Pixels(0.5, 0.5)], [1, 0, 3]).draw(
        4000, IMAGE, rng()
    )
    assert (drawn.flatten(1).amax(1) == 0).float().mean().item() == pytest.approx(0.25, abs=0.03)


def test_mask_that_observes_everything_hides_everything():
    drawn = Pixels(0.9, 0.9).draw(2000, (1, 1, 2), rng())
    assert set(map(tuple, drawn.flatten(1).tolist())) == {(0, 0), (0, 1), (1, 0)}


def test_invalid_masks_are_an_error(subtests):
    for make, message in [
        (lambda: Pixels(-0.1, 0.5), r"least is -0\.1; give"),
        (lambda: Pixels(0.5, 1.0), r"most is 1\.0; give"),
        (lambda: HalfPlanes(1.0), r"reach is 1\.0; give"),
        (lambda: Rectangles(0, 0.5), "least is 0; give"),
        (lambda: Rectangles(0.5, 1.2), r"most is 1\.2; give"),
        (lambda: MaskMixture([]), "MaskMixture of 0 kinds"),
        (lambda: MaskMixture([Nothing()], [0.0]), "not all 0"),
        (lambda: MaskMixture([Nothing()], [1.0, 2.0]), "MaskMixture of 1 kinds with weights"),
        (
            lambda: HalfPlanes().draw(1, [2]),
            r"HalfPlanes are masks of images \[C, H, W\], not of \[2\]",
        ),
        (lambda: Subsets().draw(1, [1, 28, 28]), "Subsets takes .*, not 784"),
        (lambda: check_mask(torch.ones(2), [2]), "mask has no hidden values"),
        (
            lambda: check_mask(torch.tensor([[0.0, 1.0], [1.0, 1.0]]), [2]),
            "mask has no hidden values",
        ),
        (lambda: check_mask(torch.tensor([0.0, 0.5]), [2]), "values from 0 to 0.5"),
        (lambda: check_mask(torch.tensor([0.0, torch.nan]), [2]), "The mask has values"),
        (
            lambda: check_mask(torch.zeros(3), [2]),
            r"mask has shape \[3\], but an example has \[2\]",
        ),
    ]:
        with subtests.test(make=make, message=message):
            with pytest.raises(ValueError, match=message):
                make()


def test_masks_are_common_or_one_per_example():
    check_mask(torch.tensor([0.0, 1.0]), [2])
    check_mask(torch.tensor([[0.0, 1.0], [0.0, 0.0]]), [2])

"""FactorDigits and the digit renderer draw the given factors."""

import pytest
import torch

import datamodules.factors
from datamodules import FactorDigits
from datamodules.digit_renderer import SIDE, STROKES, draw_digit, list_digit_strokes

ALL = torch.arange(len(STROKES))


def draw(digits=ALL, width=2.0, slant=0.0, colour=(1.0, 1.0, 1.0), scale=1.0, offset=(0.0, 0.0)):
    """Draw images in [0, 1] of digits with equal factors."""
    n = len(digits)
    return draw_digit(
        digits,
        torch.full((n,), width),
        torch.full((n,), slant),
        torch.tensor(colour).expand(n, 3),
        torch.full((n,), scale),
        torch.tensor(offset).expand(n, 2),
    ).double() / 255  # fmt: skip


def compute_covariance(image_bytes):
    """Compute the covariance of the coordinates of the ink, x to the right and y down, [n]."""
    ink = image_bytes[:, 0] / image_bytes[:, 0].sum((1, 2), keepdim=True)
    along = torch.arange(SIDE, dtype=torch.double)
    x, y = along.expand(SIDE, SIDE), along[:, None].expand(SIDE, SIDE)
    mean = [(ink * c).sum((1, 2), keepdim=True) for c in (x, y)]
    return (ink * (x - mean[0]) * (y - mean[1])).sum((1, 2))


@pytest.fixture(scope="module")
def data():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datamodules.factors, "SIZES", {"train": 3_000, "val": 20, "test": 20})
        made = FactorDigits()
        made.prepare_data()
        made.setup()
    return made


def test_a_row_through_a_straight_stroke_has_its_width():
    for width in (1.0, 1.8, 4.2):
        row = draw(torch.tensor([1]), width, offset=(0.3, 0.0))[0, 0, SIDE // 2]
        assert row.sum().item() == pytest.approx(width, abs=0.02)
    leaning = draw(torch.tensor([1]), 4.0, slant=0.4)[0, 0, SIDE // 2]
    assert leaning.sum().item() == pytest.approx(4 * (1 + 0.4**2) ** 0.5, abs=0.05)


def test_a_thicker_digit_has_more_ink_and_covers_the_thinner_one():
    thin, thick = draw(width=1.8), draw(width=4.2)
    assert (thick >= thin).all()
    assert (thick.sum((1, 2, 3)) > 1.5 * thin.sum((1, 2, 3))).all()


def test_the_slant_is_the_sign_of_the_covariance():
    left, upright, right = (compute_covariance(draw(slant=s)) for s in (-0.4, 0.0, 0.4))
    symmetric = [0, 8]
    assert upright[symmetric].abs().max() < 1e-6
    assert (right[symmetric] < -1).all()
    assert (left[symmetric] > 1).all()
    assert (right < upright - 1).all()
    assert (upright < left - 1).all()


def test_the_offset_moves_the_digit():
    ink = draw(torch.tensor([0, 0]), offset=(0.0, 0.0))[:, 0]
    moved = draw(torch.tensor([0, 0]), offset=(2.0, -1.0))[:, 0]
    assert torch.equal(moved[:, :-1, 2:], ink[:, 1:, :-2])


def test_every_digit_is_complete_and_all_differ():
    image_bytes = draw(width=4.2 * 1.15, slant=0.46, scale=1.08, offset=(1.5, 1.5))
    edge = torch.ones(SIDE, SIDE, dtype=torch.bool)
    edge[1:-1, 1:-1] = False
    assert image_bytes[:, :, edge].max() == 0
    assert (image_bytes.amax((1, 2, 3)) == 1).all()
    apart = torch.cdist(*[draw().flatten(1)] * 2) + 1e3 * torch.eye(10)
    assert apart.min() > 4
    for digit in range(10):
        ends = list_digit_strokes(digit)
        assert ((ends[:, 1] - ends[:, 0]).norm(dim=1) > 0.05).all()
        low, high = ends[..., 1].aminmax()
        assert (low.item(), high.item()) == (
            pytest.approx(-1, abs=0.01),
            pytest.approx(1, abs=0.01),
        )


def test_images_show_their_factors(data):
    x = data.uint8_images("train").double() / 255
    digit, thickness, slant, colour = data.factors("train").unbind(1)
    assert torch.equal(x.mean((2, 3)).argmax(1), colour)
    area = (x.amax(1) > 0.3).sum((1, 2))
    for d in range(10):
        thin, thick = (area[(digit == d) & (thickness == t)] for t in (0, 1))
        assert thick.min() > thin.max()
    lean = compute_covariance(x.gather(1, colour[:, None, None, None].expand(-1, 1, SIDE, SIDE)))
    for d in range(10):
        means = torch.stack([lean[(digit == d) & (slant == s)].mean() for s in range(3)])
        assert (means.diff() < -2).all()


def test_labels_number_the_combinations_which_are_equally_likely(data):
    assert data.num_classes == 10 * 2 * 3 * 3
    digit, thickness, slant, colour = data.factors("train").unbind(1)
    assert torch.equal(((digit * 2 + thickness) * 3 + slant) * 3 + colour, data.labels("train"))
    count = torch.bincount(data.labels("train"), minlength=180).double()
    expected = 3_000 / 180
    assert ((count - expected).square() / expected).sum() < 180 + 5 * (2 * 180) ** 0.5


def test_two_training_seeds_use_the_same_images(data, monkeypatch):
    monkeypatch.setattr(datamodules.factors, "SIZES", {"train": 50, "val": 10, "test": 10})
    loaded = [FactorDigits(seed=s, data_seed=p) for s, p in ((1, 0), (2, 0), (1, 1))]
    for one in loaded:
        one.prepare_data()
        one.setup()
    first, second, other = (one.uint8_images("train") for one in loaded)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert "drawn with seed 1" in loaded[2].provenance
    x = loaded[0].images("train")
    assert x.min() == -1
    assert 0.8 < x.max() <= 1

"""Each augmentation against its equation, with independent draws for each image."""

import pytest
import torch

from lightning_gan.networks import (
    Brightness,
    Contrast,
    Cutout,
    DCGANDiscriminator,
    DiffAugmentDiscriminator,
    MLPDiscriminator,
    Saturation,
    Translation,
)

ALL = [Brightness(), Saturation(), Contrast(), Translation(), Cutout()]


@pytest.fixture(autouse=True)
def _same_draws():
    torch.manual_seed(0)


by_name = pytest.mark.parametrize("T", ALL, ids=lambda T: type(T).__name__)


def image_bytes(m=6, shape=(3, 8, 10)):
    return torch.rand(m, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


@by_name
def test_each_image_is_transformed_independently(T):
    x = image_bytes()[:1].repeat(40, 1, 1, 1)
    made = T(x)
    assert made.shape == x.shape
    assert len({tuple(image.flatten().tolist()) for image in made}) > 5


@by_name
def test_images_have_a_gradient(T):
    x = image_bytes(4).requires_grad_()
    made = T(x)
    made.square().sum().backward()
    assert x.grad.isfinite().all()
    assert x.grad.flatten(1).any(1).all()


def test_brightness_adds_one_bounded_number_to_each_image():
    x = image_bytes(500)
    added = (Brightness()(x) - x).flatten(1)
    torch.testing.assert_close(added, added[:, :1].expand_as(added))
    b = added[:, 0]
    assert -0.5 <= b.min() < -0.48
    assert 0.48 < b.max() <= 0.5
    assert b.mean().item() == pytest.approx(0, abs=0.05)


def test_saturation_scales_differences_from_grey():
    x = image_bytes(500)
    made = Saturation()(x)
    grey = x.mean(1, keepdim=True)
    torch.testing.assert_close(made.mean(1, keepdim=True), grey)
    s = ((made - grey) * (x - grey)).sum((1, 2, 3)) / (x - grey).square().sum((1, 2, 3))
    torch.testing.assert_close(made, grey + s.view(-1, 1, 1, 1) * (x - grey))
    assert 0 <= s.min() < 0.05
    assert 1.95 < s.max() <= 2
    assert s.mean().item() == pytest.approx(1, abs=0.1)


def test_contrast_scales_differences_from_the_mean():
    x = image_bytes(500)
    made = Contrast()(x)
    mean = x.mean((1, 2, 3), keepdim=True)
    torch.testing.assert_close(made.mean((1, 2, 3), keepdim=True), mean)
    s = ((made - mean) * (x - mean)).sum((1, 2, 3)) / (x - mean).square().sum((1, 2, 3))
    torch.testing.assert_close(made, mean + s.view(-1, 1, 1, 1) * (x - mean))
    assert 0.5 <= s.min() < 0.52
    assert 1.48 < s.max() <= 1.5


def test_colour_augmentations_of_grey_images():
    grey = image_bytes(5, (1, 8, 8)).expand(5, 3, 8, 8)
    torch.testing.assert_close(Saturation()(grey), grey)  # no colour to change
    even = torch.full((5, 3, 8, 8), 0.3)
    torch.testing.assert_close(Contrast()(even), even)  # no contrast to change
    torch.testing.assert_close(Saturation()(image_bytes(5, (1, 8, 8))), image_bytes(5, (1, 8, 8)))


def test_translation_is_uniform_and_fills_with_zeros():
    m, (h, w) = 7_000, (8, 16)
    x = 1 + torch.arange(h * w).view(1, 1, h, w).repeat(m, 1, 1, 1).float()
    made = Translation(0.125)(x)  # 1 pixel of 8, 2 of 16
    place = (made[:, 0, 4, 8] - 1).long()  # inside, whatever the shift: it tells where it came from
    down, right = place // w - 4, place % w - 8
    counts = torch.zeros(3, 5)
    for i, j in zip(down.tolist(), right.tolist(), strict=True):
        counts[i + 1, j + 2] += 1
    expected = m / 15
    chi_squared = ((counts - expected).square() / expected).sum().item()
    assert chi_squared < 36.1  # 14 degrees of freedom: P = 0.001
    for i in range(20):
        padded = torch.nn.functional.pad(x[i], [2, 2, 1, 1])
        d, r = down[i].item() + 1, right[i].item() + 2
        assert torch.equal(made[i], padded[:, d : d + h, r : r + w])


def test_cutout_removes_a_rectangle_clipped_at_the_edge():
    m, n, length = 3_000, 8, 4
    kept = Cutout()(torch.ones(m, 2, n, n))
    assert torch.equal(kept[:, 0], kept[:, 1])
    cut = kept[:, 0] == 0
    rows, columns = cut.any(2), cut.any(1)
    assert torch.equal(cut, rows[:, :, None] & columns[:, None, :])  # a rectangle
    for line in (rows, columns):
        sizes = line.sum(1)
        assert sizes.unique().tolist() == [2, 3, 4]
        assert (line.long().diff(dim=1).abs().sum(1) <= 2).all()  # in one piece
        # of n + 1 places of the centre, n + 1 - length leave it whole
        whole = (sizes == length).float().mean().item()
        assert whole == pytest.approx((n + 1 - length) / (n + 1), abs=0.04)
    odd = Cutout(0.375)(torch.ones(500, 1, n, n))[:, 0] == 0
    assert odd.any(2).sum(1).unique().tolist() == [
        2,
        3,
    ]  # centre on a pixel: at least it and a neighbour


def test_d_reads_transformed_images_in_training_mode_only():
    inner = DCGANDiscriminator([3, 32, 32], width=2).eval()
    D = DiffAugmentDiscriminator(inner, ALL)
    x = image_bytes(4, (3, 32, 32))
    expected = inner(x)
    torch.testing.assert_close(D.eval()(x), expected, rtol=0, atol=0)
    torch.testing.assert_close(D.features(x), inner.features(x), rtol=0, atol=0)
    D.training = True  # the wrapper alone, so that BatchNorm keeps its statistics
    torch.manual_seed(3)
    changed = D(x)
    assert not torch.allclose(changed, expected)
    torch.manual_seed(3)
    by_hand = x
    for T in ALL:
        by_hand = T(by_hand)
    torch.testing.assert_close(changed, inner(by_hand), rtol=0, atol=0)


def test_zero_strength_changes_nothing():
    x = image_bytes()
    for kind in (Brightness, Saturation, Contrast, Translation, Cutout):
        torch.testing.assert_close(kind(0.0)(x), x)


def test_invalid_arguments_are_an_error(subtests):
    for make, message in [
        (lambda: Brightness(-0.1), r"strength is -0\.1; give"),
        (lambda: Cutout(float("nan")), "ratio is nan; give"),
        (
            lambda: DiffAugmentDiscriminator(MLPDiscriminator([2]), ALL),
            r"data_shape \[2\]: give a discriminator of images",
        ),
    ]:
        with subtests.test(make=make, message=message):
            with pytest.raises(ValueError, match=message):
                make()

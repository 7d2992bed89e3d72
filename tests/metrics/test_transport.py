"""Transport distance W1 against closed forms."""

import pytest
import torch

from lightning_gan.metrics.transport import sliced_wasserstein, wasserstein_1d


def test_a_shift_is_as_far_as_it_shifts():
    x, shift = torch.randn(3, 50), torch.tensor([1.0, -2.0, 0.0])
    torch.testing.assert_close(wasserstein_1d(x, x.flip(1) + shift[:, None]), shift.abs())


def test_gaussians_of_two_widths_differ_by_the_widths_times_the_mean_of_abs_z():
    z = torch.randn(200_000, generator=torch.Generator().manual_seed(0))
    assert wasserstein_1d(z, 3 * z).item() == pytest.approx(2 * (2 / torch.pi) ** 0.5, abs=0.01)


def test_a_shift_in_the_plane_is_seen_by_its_mean_projection():
    x = torch.randn(100, 2)
    assert sliced_wasserstein(x, x + torch.tensor([3.0, 4.0])).item() == pytest.approx(
        5 * 2 / torch.pi, rel=0.01
    )


def test_sets_that_do_not_compare_are_refused(subtests):
    for ask in [
        lambda: wasserstein_1d(torch.zeros(3), torch.zeros(4)),
        lambda: wasserstein_1d(torch.zeros(0), torch.zeros(0)),
        lambda: sliced_wasserstein(torch.zeros(3, 2), torch.zeros(4, 2)),
        lambda: sliced_wasserstein(torch.zeros(3, 5), torch.zeros(3, 5)),
    ]:
        with subtests.test(ask=ask):
            with pytest.raises(ValueError, match="The samples have shapes"):
                ask()

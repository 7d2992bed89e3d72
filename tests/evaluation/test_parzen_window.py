"""Real images of a Parzen score."""

from types import SimpleNamespace

import torch

from lightning_gan.evaluation.parzen import make_parzen_split


def test_images_in_either_range_are_the_same_real_images():
    unit = torch.randint(0, 256, (6, 1, 4, 4), generator=torch.Generator().manual_seed(0)) / 255
    shifted = unit * 2 - 1
    data = [
        SimpleNamespace(name="made", value_range=r, images=lambda split, x=x: x)
        for r, x in (((0.0, 1.0), unit), ((-1.0, 1.0), shifted))
    ]
    first, second = (make_parzen_split(d, "test", 2) for d in data)
    assert torch.equal(first.scored, second.scored)
    assert torch.equal(first.choosing, second.choosing)
    assert torch.equal(first.scored, unit)

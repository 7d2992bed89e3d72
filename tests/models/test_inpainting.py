"""InpaintingGAN: conditions, inpainting, errors."""

import pytest
import torch
from model_factory import Batches, momentum_sgd, trainer
from test_algorithm import Journal

from lightning_gan.losses import NonSaturating
from lightning_gan.models import InpaintingGAN
from lightning_gan.models.masks import HalfPlanes, Nothing, Pixels, Subsets
from lightning_gan.networks import (
    ConditionalDiscriminator,
    MaskedGenerator,
    MLPDiscriminator,
    MLPGenerator,
)
from lightning_gan.priors import Uniform
from lightning_gan.studies.goodfellow2014.all_conditionals import make_plane_gan

SHAPE, SIZE = (1, 2, 2), 4


def make_inpainting_gan(masks=None, **arguments):
    torch.manual_seed(0)
    arguments = {"d_optimizer": momentum_sgd, "g_optimizer": momentum_sgd} | arguments
    return InpaintingGAN(
        MaskedGenerator(MLPGenerator(SHAPE, z_dim=3 + 2 * SIZE, widths=[8], batch_norm=True)),
        ConditionalDiscriminator(MLPDiscriminator([3 * SIZE], widths=[8]), SHAPE, 2 * SIZE),
        NonSaturating(), Uniform(), masks or Pixels(0.5, 0.5), **arguments,
    )  # fmt: skip


def test_real_and_generated_examples_share_mask_and_observed_values(tmp_path):
    gan = make_inpainting_gan()
    D, read = gan.discriminator.forward, []
    gan.discriminator.forward = lambda x, c: (read.append((x, c)), D(x, c))[1]
    batches = Batches(1, m=20)
    trainer(tmp_path, max_steps=1).fit(gan, batches)

    (x, c), (x_fake, c_fake), (x_again, c_again) = read
    assert torch.equal(x, batches.x)
    assert torch.equal(c, c_fake)
    for made, text in ((x_fake, c_fake), (x_again, c_again)):
        observed, mask = text.view(-1, 2, *SHAPE).unbind(1)
        assert torch.equal(observed, mask * x)
        assert torch.equal(made[mask == 1], x[mask == 1])
        assert not torch.equal(made[mask == 0], x[mask == 0])
    assert not torch.equal(c, c_again)  # G moves under fresh masks
    assert len(c[:, SIZE:].unique(dim=0)) > 5  # each example has its own


def test_updates_are_those_of_algorithm_1(tmp_path_factory, subtests):
    for k, moves in [(1, "DGDGDGDG"), (3, "DDDGD")]:
        with subtests.test(k=k, moves=moves):
            tmp_path = tmp_path_factory.mktemp("row")
            gan = make_inpainting_gan(k=k)
            journal = Journal(gan)
            trainer(tmp_path, max_epochs=1).fit(gan, Batches(4))
            assert journal.moves == moves


def test_inpainting_copies_observed_values_and_varies_hidden_ones():
    gan = make_inpainting_gan().eval()
    x, mask = torch.rand(3, *SHAPE), torch.tensor([1.0, 0.0, 1.0, 0.0]).view(SHAPE)
    made = gan.inpaint(x, mask, n=5, seed=2)
    assert made.shape == (3, 5, *SHAPE)
    assert torch.equal(made * mask, (x * mask)[:, None].expand_as(made))
    hidden = made[:, :, mask == 0]
    assert (hidden.std(1) > 0).all()
    assert torch.equal(made, gan.inpaint(x, mask, n=5, seed=2))
    assert not torch.equal(made, gan.inpaint(x, mask, n=5, seed=3))


def test_hidden_values_are_not_used():
    gan = make_inpainting_gan()
    x, mask = torch.rand(2, *SHAPE), torch.zeros(2, *SHAPE)
    mask[0, 0, 0] = 1
    blind = torch.where(mask == 1, x, torch.nan)
    assert torch.equal(gan.inpaint(blind, mask), gan.inpaint(x, mask))


def test_sampling_without_a_mask_observes_nothing():
    gan = make_inpainting_gan()
    nothing = gan.inpaint(torch.zeros(4, *SHAPE), torch.zeros(SHAPE), n=1, seed=5)[:, 0]
    torch.testing.assert_close(gan.sample(4, seed=5), nothing)
    assert torch.equal(
        make_inpainting_gan(Nothing()).condition([torch.rand(2, *SHAPE)]), torch.zeros(2, 2 * SIZE)
    )


def test_held_out_masks_depend_on_the_batch_index(tmp_path):
    gan = make_inpainting_gan()
    values = []
    for _ in range(2):
        run = trainer(tmp_path, limit_val_batches=2)
        before = torch.get_rng_state()
        run.validate(gan, Batches(2), verbose=False)
        assert torch.equal(before, torch.get_rng_state())
        values.append(run.callback_metrics["val/value"].item())
    assert values[0] == values[1]


def test_invalid_masks_are_an_error(subtests):
    for ask, message in [
        (
            lambda gan, x: gan.inpaint(x, torch.ones(SHAPE)),
            "mask has no hidden values",
        ),
        (
            lambda gan, x: gan.inpaint(x, torch.zeros(2, 2)),
            r"mask has shape \[2, 2\], but an example has \[1, 2, 2\]",
        ),
        (lambda gan, x: gan.inpaint(x, torch.full(SHAPE, 0.5)), "values from 0.5 to 0.5"),
        (lambda gan, x: gan.inpaint(x, torch.zeros(3, *SHAPE)), "3 masks for 2 examples"),
        (
            lambda gan, x: gan.inpaint(x[0], torch.zeros(SHAPE)),
            r"examples of shape \[1, 2, 2\] were requested",
        ),
        (lambda gan, x: gan.inpaint(x, torch.zeros(SHAPE), n=0), "0 completions"),
    ]:
        with subtests.test(ask=ask, message=message):
            with pytest.raises(ValueError, match=message):
                ask(make_inpainting_gan(), torch.rand(2, *SHAPE))


def test_mismatched_networks_and_masks_are_an_error():
    D = ConditionalDiscriminator(MLPDiscriminator([2 * SIZE]), SHAPE, SIZE)
    G = make_inpainting_gan().generator
    with pytest.raises(
        ValueError, match=r"D \(ConditionalDiscriminator\) reads a condition of 4 .* are 8"
    ):
        InpaintingGAN(G, D, NonSaturating(), Uniform(), Nothing())
    wide = MaskedGenerator(MLPGenerator([80], z_dim=3 + 160, widths=[2]))
    reader = ConditionalDiscriminator(MLPDiscriminator([240], widths=[2]), [80], 160)
    for masks, message in (
        (Subsets(), "Subsets takes .*, not 80"),
        (HalfPlanes(), "HalfPlanes are masks of images"),
    ):
        with pytest.raises(ValueError, match=message):
            InpaintingGAN(wide, reader, NonSaturating(), Uniform(), masks)


@pytest.mark.slow
def test_completions_of_a_gaussian_have_its_correlation():
    gan, _ = make_plane_gan((0.8,), seed=0, steps=800)
    x = torch.tensor([[1.5, 0.0], [-1.5, 0.0]])
    made = gan.inpaint(x, torch.tensor([1.0, 0.0]), n=2000, seed=1)[..., 1]
    torch.testing.assert_close(made.mean(1), torch.tensor([1.2, -1.2]), atol=0.25, rtol=0)
    torch.testing.assert_close(made.std(1), torch.tensor([0.6, 0.6]), atol=0.2, rtol=0)

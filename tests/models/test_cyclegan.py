"""CycleGAN: its objectives in closed form, symmetry, order of updates, pools and resumption, sampling from data."""

import pytest
import torch
from model_factory import trainer
from pytorch_lightning import LightningDataModule
from test_algorithm import Journal
from torch import nn

from datamodules.two_domains import TwoDomains
from lightning_gan.losses import LeastSquares, RelativisticPairing
from lightning_gan.models import CycleGAN
from lightning_gan.networks import Discriminator, DiscriminatorPair, Translator, TranslatorPair
from lightning_gan.regularizers import R1

A, B = [1, 4, 4], [1, 4, 4]


class Scaling(Translator):
    """Translator that multiplies an image by a weight."""

    value_range = (-1.0, 1.0)

    def __init__(self, factor, source=A, target=B):
        super().__init__(source, target)
        self.weight = nn.Parameter(torch.tensor(float(factor)))

    def forward(self, a):
        return self.weight * a[:, :1].expand(-1, self.data_shape[0], -1, -1)


class Sum(Discriminator):
    """Discriminator whose two patch logits are sums of the halves of an image."""

    def __init__(self, factor, shape=A):
        super().__init__(shape)
        self.weight = nn.Parameter(torch.tensor(float(factor)))

    def forward(self, x):
        return self.weight * x.flatten(1).unflatten(1, (2, -1)).sum(2)


class Pairs(TwoDomains):
    """Images of two domains, the second the first one halved, plus noise of its own in training."""

    name = "pairs"
    input_shape = data_shape = (1, 4, 4)
    held_out_pairs = True

    def load(self, *, fetch):
        rng = torch.Generator().manual_seed(0)
        x = torch.randint(0, 256, (14, 1, 4, 4), generator=rng, dtype=torch.uint8)
        train = x[:5], torch.randint(0, 256, (7, 1, 4, 4), generator=rng, dtype=torch.uint8)
        held = x[5:], x[5:] // 2
        return {"train": train, "val": held, "test": held}

    def pairs(self, split):
        return self.images(split, "a"), self.images(split, "b")


def cyclegan(g=(1.0, 1.0), d=(0.0, 0.0), **arguments):
    generator = TranslatorPair(Scaling(g[0]), Scaling(g[1]))
    discriminator = DiscriminatorPair(Sum(d[0]), Sum(d[1]))
    sgd = {f"{n}_optimizer": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9) for n in "dg"}
    return CycleGAN(generator, discriminator, LeastSquares(g_factor=1.0), **(sgd | arguments))


def batch(m=3):
    rng = torch.Generator().manual_seed(2)
    return [torch.rand(m, *shape, generator=rng) * 2 - 1 for shape in (A, B)]


def test_identities_under_a_d_of_0_leave_2_for_g_and_half_for_each_d():
    gan = cyclegan()
    assert gan.g_objective(batch()).item() == 2  # (0 - 1)^2 for each direction, nothing else
    assert gan.d_objective(batch()).loss.item() == 1  # 1/2 [(0 - 1)^2 + 0^2] for each domain


def test_objectives_equal_the_released_equations():
    a, b = batch()
    gan = cyclegan((0.5, 3.0), (0.2, -0.3), cycle_a=10.0, cycle_b=7.0, identity=0.5, pool_size=0)
    logit = lambda w, x: w * x.flatten(1).unflatten(1, (2, -1)).sum(2)  # noqa: E731
    l1 = lambda x, y: (x - y).abs().mean()  # noqa: E731
    adversarial = (logit(-0.3, 0.5 * a) - 1).square().mean() + (
        logit(0.2, 3 * b) - 1
    ).square().mean()
    cycle = 10 * l1(1.5 * a, a) + 7 * l1(1.5 * b, b)
    identity = 0.5 * (10 * l1(3 * a, a) + 7 * l1(0.5 * b, b))
    torch.testing.assert_close(gan.g_objective([a, b]), adversarial + cycle + identity)
    parts = [
        (logit(w, real) - 1).square().mean() + logit(w, fake).square().mean()
        for w, real, fake in ((0.2, a, 3 * b), (-0.3, b, 0.5 * a))
    ]
    torch.testing.assert_close(gan.d_objective([a, b]).loss, 0.5 * sum(parts))


def test_exchanging_the_domains_changes_no_objective():
    a, b = batch()
    one = cyclegan((0.5, 3.0), (0.2, -0.3), cycle_a=10.0, cycle_b=7.0, pool_size=0)
    other = cyclegan((3.0, 0.5), (-0.3, 0.2), cycle_a=7.0, cycle_b=10.0, pool_size=0)
    torch.testing.assert_close(one.g_objective([a, b]), other.g_objective([b, a]))
    torch.testing.assert_close(one.d_objective([a, b]).loss, other.d_objective([b, a]).loss)


def test_penalties_apply_to_both_discriminators():
    gan = cyclegan(d=(0.2, -0.3), regularizers=[R1(2.0)], pool_size=0)
    objective = gan.d_objective(batch())
    added = gan.regularize(objective) - objective.loss
    slopes = [8 * 2 * 0.2**2, 8 * 2 * 0.3**2]  # |d(sum of both logits)/dx|^2 over 16 pixels
    torch.testing.assert_close(added, torch.tensor(2.0 / 2 * sum(slopes)))


def test_each_step_updates_d_and_then_g(tmp_path):
    gan = cyclegan((0.9, 1.1), (0.1, 0.1))
    journal = Journal(gan)
    trainer(tmp_path, max_steps=3).fit(gan, Pairs(batch_size=2, seed=0))
    assert journal.moves == "DGDGDG"
    assert gan.pool_a.stored == gan.pool_b.stored == 6


def test_a_resumed_run_equals_one_that_did_not_stop(tmp_path):
    def fit(steps, ckpt_path=None, gan=None):
        torch.manual_seed(0)
        gan = gan or cyclegan((0.9, 1.1), (0.1, 0.1), pool_size=3, ema_half_life=10.0)
        run = trainer(tmp_path, max_steps=steps)
        run.fit(gan, Pairs(batch_size=2, flip=True, seed=0), ckpt_path=ckpt_path)
        return gan, run

    whole, _ = fit(7)
    _, run = fit(4)
    run.save_checkpoint(tmp_path / "half.ckpt")
    rng = torch.get_rng_state()
    resumed = cyclegan((0.0, 0.0), pool_size=3, ema_half_life=10.0)
    run = trainer(tmp_path, max_steps=7)
    torch.set_rng_state(rng)
    run.fit(resumed, Pairs(batch_size=2, flip=True, seed=9), ckpt_path=tmp_path / "half.ckpt")
    torch.testing.assert_close(resumed.state_dict(), whole.state_dict(), rtol=0, atol=0)


def test_validation_logs_the_cycle_errors_and_the_distance_of_the_true_pairs(tmp_path):
    gan = cyclegan((0.5, 2.0))
    run = trainer(tmp_path, limit_val_batches=1.0)
    (logged,) = run.validate(gan, Pairs(batch_size=4, seed=0), verbose=False)
    assert logged["val/cycle_a"] == pytest.approx(0, abs=1e-6)
    data = Pairs()
    data.prepare_data()
    a, b = data.pairs("val")
    assert logged["val/l1_b"] == pytest.approx((0.5 * a - b).abs().mean().item(), abs=1e-6)


def test_samples_are_translations_of_held_out_images(tmp_path):
    gan, data = cyclegan((0.5, 2.0)), Pairs(batch_size=2, seed=0)
    trainer(tmp_path, max_steps=1).fit(gan, data)
    held = {tuple(x.flatten().tolist()) for x in data.images("val", "a")}
    inputs = gan.sample_inputs(9, torch.Generator().manual_seed(0))
    assert {tuple(x.flatten().tolist()) for x in inputs} == held
    assert gan.sample(4, seed=1).shape == (4, *B)


def test_what_does_not_fit_is_an_error(subtests):
    grey, colour = [1, 4, 4], [3, 4, 4]
    pair = DiscriminatorPair(Sum(0, grey), Sum(0, colour))
    to_colour = TranslatorPair(Scaling(1, grey, colour), Scaling(1, colour, grey))
    for make, message in [
        (
            lambda: CycleGAN(to_colour, pair, LeastSquares()),
            "A has 1 channels and B 3.*set identity to 0",
        ),
        (lambda: TranslatorPair(Scaling(1, grey, colour), Scaling(1)), "give them opposite shapes"),
        (lambda: cyclegan().sample(2), "translate --ckpt_path FILE"),
        (
            lambda: cyclegan().check_first_batch([torch.zeros(2, *A), torch.tensor([0, 1])]),
            "reads images of two",
        ),
        (
            lambda: CycleGAN(cyclegan().generator, cyclegan().discriminator, RelativisticPairing()),
            "not paired: choose another loss",
        ),
    ]:
        with subtests.test(message=message), pytest.raises(ValueError, match=message):
            make()
    assert CycleGAN(to_colour, pair, LeastSquares(), identity=0.0).generator.data_shape == (3, 4, 4)


def test_data_without_pairs_say_so():
    assert issubclass(Pairs, LightningDataModule)
    data = Pairs()
    data.prepare_data()
    with pytest.raises(ValueError, match="no pairs"):
        TwoDomains.pairs(data, "train")

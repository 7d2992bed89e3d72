"""UnrolledGAN: gradients through D's updates against finite differences of PyTorch's optimizers."""

import copy
import itertools
from functools import partial

import pytest
import torch
from model_factory import Batches, NormedDiscriminator, make_model, trainer
from test_algorithm import Journal, assert_equal
from torch import nn
from torch.optim import SGD, Adam, AdamW

from lightning_gan import GAN
from lightning_gan.losses import Minimax, NonSaturating
from lightning_gan.models import UnrolledGAN
from lightning_gan.networks import Discriminator, Generator
from lightning_gan.priors import Uniform
from lightning_gan.regularizers import R1, R2, GradientPenalty, WeightClip

SHAPE = [1, 2, 2]
RULES = {
    "adam": partial(Adam, lr=0.05, betas=(0.5, 0.9), weight_decay=0.1),
    "sgd": partial(SGD, lr=0.3, momentum=0.8),
}


class OneWeightG(Generator):
    """Generator x = w z."""

    value_range = (-torch.inf, torch.inf)

    def __init__(self):
        super().__init__(SHAPE, z_dim=4)
        self.w = nn.Parameter(torch.tensor(0.7))

    def forward(self, z):
        return (self.w * z).view(-1, *SHAPE)


class OneWeightD(Discriminator):
    """Discriminator whose logit is not linear in its weight."""

    def __init__(self):
        super().__init__(SHAPE)
        self.u = nn.Parameter(torch.tensor(0.4))

    def forward(self, x):
        return (self.u * x.flatten(1).sum(1)).sin() + self.u * x.flatten(1).square().sum(1)


class Probed(UnrolledGAN):
    """UnrolledGAN that records G's gradient by autograd and by finite differences at each update of G."""

    def g_objective(self, batch):
        z = torch.randn(len(batch[0]), 4, dtype=torch.float64)
        self.noise = lambda m: z
        loss = super().g_objective(batch)
        w = self.generator.w
        h = 1e-5
        values = []
        for moved in (w.item() + h, w.item() - h):
            values.append(self.played_on(batch[0], moved * z.view(-1, *SHAPE)))
        slope = torch.autograd.grad(loss, w, retain_graph=True)[0]
        self.pairs = [
            *getattr(self, "pairs", []),
            (slope.item(), (values[0] - values[1]) / (2 * h)),
        ]
        return loss

    def played_on(self, x, x_fake):
        """Compute L_G after updates of a copy of D by PyTorch's optimizer in its current state."""
        D = copy.deepcopy(self.discriminator).requires_grad_(True)
        own = self.trainer.optimizers[0]
        optimizer = type(own)(D.parameters(), **{"lr": 1.0})
        optimizer.load_state_dict(copy.deepcopy(own.state_dict()))
        for ahead in range(self.unroll):
            optimizer.zero_grad()
            loss = self.loss.d_loss(D(x), D(x_fake))
            for penalty in self.penalties:
                if (self.d_updates + ahead) % penalty.every == 0:
                    loss = loss + penalty.every * penalty(D, x, x_fake)
            loss.backward()
            if self.clips[0]:
                nn.utils.clip_grad_norm_(D.parameters(), self.clips[0])
            optimizer.step()
        with torch.no_grad():
            return self.loss.g_loss(D(x_fake)).item()


def probe(folder, rule, unroll, **arguments):
    gan = Probed(
        OneWeightG(), OneWeightD(), NonSaturating(), Uniform(), unroll=unroll, k=2,
        d_optimizer=RULES[rule], g_optimizer=partial(SGD, lr=0.1), **arguments,
    )  # fmt: skip
    torch.manual_seed(4)
    trainer(folder, max_steps=3, precision="64-true").fit(gan, Batches(6, m=5))
    return gan.pairs


def test_gradient_is_that_of_g_loss_after_ds_updates(tmp_path_factory, subtests):
    for unroll, rule in itertools.product([0, 1, 3], RULES):
        with subtests.test(rule=rule, unroll=unroll):
            tmp_path = tmp_path_factory.mktemp("row")
            for ours, differences in probe(tmp_path, rule, unroll):
                assert ours == pytest.approx(differences, rel=1e-6)


def test_unrolled_updates_include_clipping(tmp_path_factory, subtests):
    for rule in RULES:
        with subtests.test(rule=rule):
            tmp_path = tmp_path_factory.mktemp("row")
            plain = probe(tmp_path, rule, 2)
            for ours, differences in probe(tmp_path, rule, 2, d_clip=0.05):
                assert ours == pytest.approx(differences, rel=1e-6)
            assert plain[0][0] != pytest.approx(
                probe(tmp_path, rule, 2, d_clip=0.05)[0][0], rel=1e-3
            )


def test_unrolled_updates_include_penalties(tmp_path_factory, subtests):
    for penalty in [R1(0.3), R1(0.3, every=2), R2(0.3), R2(0.3, every=3)]:
        with subtests.test(penalty=penalty), pytest.MonkeyPatch.context() as monkeypatch:
            tmp_path = tmp_path_factory.mktemp("row")
            monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)  # penalties are float32
            plain = probe(tmp_path, "sgd", 3)
            found = probe(tmp_path, "sgd", 3, regularizers=[penalty])
            for ours, differences in found:
                assert ours == pytest.approx(differences, rel=1e-6)
            assert plain[0][0] != pytest.approx(found[0][0], rel=1e-3)


def test_gradient_penalty_has_a_gradient_for_g():
    x, x_fake = torch.randn(4, 3), torch.randn(4, 3, requires_grad=True)
    w = torch.ones(3, requires_grad=True)
    term = GradientPenalty(1.0).with_graph(lambda x: (x @ w).square(), x, x_fake)
    (slope,) = torch.autograd.grad(term, w, create_graph=True)
    slope.sum().backward()
    assert x_fake.grad.abs().max() > 0


def moved(gan):
    """Concatenate G's weights."""
    return torch.cat([p.detach().flatten() for p in gan.generator.parameters()])


def train(folder, kind, steps=3, **arguments):
    gan = make_model(kind, **arguments)
    torch.manual_seed(9)
    trainer(folder, max_steps=steps).fit(gan, Batches(8, m=6))
    return gan


def test_unroll_0_equals_gan_bit_for_bit(tmp_path_factory, subtests):
    for loss in [NonSaturating(), Minimax()]:
        with subtests.test(loss=loss):
            tmp_path = tmp_path_factory.mktemp("row")
            plain = train(tmp_path, GAN, k=2, loss=loss, d_clip=0.5)
            none = train(tmp_path, UnrolledGAN, k=2, loss=loss, d_clip=0.5, unroll=0)
            assert_equal(none.state_dict(), plain.state_dict())
            assert not torch.equal(
                moved(train(tmp_path, UnrolledGAN, k=2, loss=loss, unroll=1)), moved(plain)
            )


class Ahead(UnrolledGAN):
    """UnrolledGAN whose gradient does not flow through D's updates, as in some ports."""

    def unroll_discriminator(self, x, x_fake):
        return {name: p.detach() for name, p in super().unroll_discriminator(x, x_fake).items()}


def test_detached_updates_give_another_gradient(tmp_path):
    ours, merely = (moved(train(tmp_path, kind, 1, unroll=3)) for kind in (UnrolledGAN, Ahead))
    assert not torch.allclose(ours, merely, rtol=1e-3)


@pytest.mark.parametrize(("k", "moves"), [(1, "DGDGDGDG"), (2, "DDGDDG")])
def test_updates_are_those_of_algorithm_1_and_do_not_change_d(k, moves, tmp_path):
    gan = make_model(UnrolledGAN, k=k, unroll=2)
    journal = Journal(gan)
    objective = gan.g_objective

    def watched(batch):
        before = copy.deepcopy(journal.state(0))
        loss = objective(batch)
        assert_equal(journal.state(0), before)  # parameters, BatchNorm's statistics, momentum
        return loss

    gan.g_objective = watched
    trainer(tmp_path, max_epochs=1).fit(gan, Batches(4))
    assert journal.moves == moves
    assert int(gan.discriminator.network[1].num_batches_tracked) == 8  # its own turns only


class DeadDiscriminator(NormedDiscriminator):
    """Discriminator half of whose units are inactive."""

    def __init__(self):
        super().__init__()
        self.network[1] = nn.Identity()
        with torch.no_grad():
            self.network[0].bias[::2] = -100.0


def test_inactive_units_give_finite_gradients(tmp_path):
    gan = UnrolledGAN(
        make_model().generator, DeadDiscriminator(), NonSaturating(), Uniform(), unroll=4
    )
    before = moved(gan)
    trainer(tmp_path, max_steps=3).fit(gan, Batches(3))
    assert moved(gan).isfinite().all()
    assert not torch.equal(moved(gan), before)


def test_frozen_parameters_of_d_are_not_unrolled(tmp_path):
    gan = make_model(UnrolledGAN, unroll=2)
    gan.discriminator.network[0].weight.requires_grad_(False)
    again = UnrolledGAN(gan.generator, gan.discriminator, NonSaturating(), Uniform(), unroll=2)
    seen = []
    ahead = again.unroll_discriminator
    again.unroll_discriminator = lambda *x: (seen.append(ahead(*x)), seen[-1])[1]
    trainer(tmp_path, max_steps=1).fit(again, Batches(2))
    assert set(seen[0]) == {n for n, _ in gan.discriminator.named_parameters()} - {
        "network.0.weight"
    }


def test_invalid_arguments_are_an_error(subtests):
    for arguments, message in [
        ({"unroll": -1}, "unroll is -1; give"),
        ({"regularizers": [WeightClip(0.1)]}, "cannot differentiate through WeightClip"),
    ]:
        with subtests.test(arguments=arguments, message=message):
            with pytest.raises(ValueError, match=message):
                make_model(UnrolledGAN, **arguments)


def test_unsupported_optimizer_is_an_error_before_the_first_step(tmp_path):
    with pytest.raises(ValueError, match="D's optimizer is AdamW"):
        trainer(tmp_path, max_steps=1).fit(make_model(UnrolledGAN, d_optimizer=AdamW), Batches(1))
    trainer(tmp_path, max_steps=1).fit(
        make_model(UnrolledGAN, d_optimizer=AdamW, unroll=0), Batches(1)
    )

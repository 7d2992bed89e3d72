"""ACGAN: equations, conditions, classification, errors."""

import pytest
import torch
from model_factory import SHAPE, Batches, NormedDiscriminator, momentum_sgd, trainer
from test_algorithm import Journal
from torch.nn.functional import one_hot

from lightning_gan.losses import Minimax, NonSaturating
from lightning_gan.models import ACGAN
from lightning_gan.networks import (
    AuxiliaryClassifierDiscriminator,
    ConditionalGenerator,
    MLPDiscriminator,
    MLPGenerator,
)
from lightning_gan.priors import Uniform
from lightning_gan.regularizers import R1

K = 3


class Labelled(Batches):
    """Batches whose classes are 0, 1, 2, 0, ..."""

    def __iter__(self):
        for i, (x, _) in enumerate(super().__iter__()):
            yield [x, (torch.arange(len(x)) + i) % K]


def pair():
    G = ConditionalGenerator(MLPGenerator(SHAPE, z_dim=4 + K, widths=[8], batch_norm=True), K)
    return G, AuxiliaryClassifierDiscriminator(MLPDiscriminator(SHAPE, widths=[8]), K)


def acgan(loss=None, **arguments):
    torch.manual_seed(0)
    arguments = {"d_optimizer": momentum_sgd, "g_optimizer": momentum_sgd, "classes": K} | arguments
    return ACGAN(*pair(), loss or Minimax(), Uniform(), **arguments)


def test_objectives_equal_equations_2_and_3(subtests):
    for weight in [1.0, 0.3]:
        with subtests.test(weight=weight):
            gan = acgan(weight=weight, regularizers=[R1(2.0)])
            x, y = next(iter(Labelled(1, m=5)))
            c = one_hot(y, K).float()
            objectives = []
            for objective in (
                lambda b, gan=gan: gan.regularize(gan.d_objective(b)),
                gan.g_objective,
            ):
                torch.manual_seed(7)
                objectives.append(objective([x, y]))
            torch.manual_seed(7)
            x_fake = gan.generator(gan.concat_condition(c))
            (real, said), (fake, said_fake) = (
                gan.discriminator.logits_and_classes(x),
                gan.discriminator.logits_and_classes(x_fake),
            )
            on_fake = (1 - fake.sigmoid()).log().mean()
            L_S = real.sigmoid().log().mean() + on_fake
            right = [s.softmax(1)[torch.arange(5), y].log().mean() for s in (said, said_fake)]
            penalty = R1(2.0)(gan.discriminator, x, x_fake)
            torch.testing.assert_close(objectives[0], -(L_S + weight * sum(right)) + penalty)
            # L_S's term of examples, and L_C's, are no business of G
            torch.testing.assert_close(objectives[1], on_fake - weight * right[1])
            torch.testing.assert_close(gan.statistics.terms["class_loss"], [-sum(right).detach()])
            torch.testing.assert_close(gan.statistics.terms["g_class_loss"], [-right[1].detach()])


def test_updates_are_those_of_algorithm_1(tmp_path_factory, subtests):
    for k, moves in [(1, "DGDGDGDG"), (2, "DDGDDG")]:
        with subtests.test(k=k, moves=moves):
            tmp_path = tmp_path_factory.mktemp("row")
            gan = acgan(k=k)
            journal = Journal(gan)
            trainer(tmp_path, max_epochs=1).fit(gan, Labelled(4))
            assert journal.moves == moves


def test_only_g_reads_the_class(tmp_path):
    gan = acgan(NonSaturating())
    made, judged = [], []
    G, judge = gan.generator.forward, gan.discriminator.logits_and_classes
    gan.generator.forward = lambda latents: (made.append(latents), G(latents))[1]
    gan.discriminator.logits_and_classes = lambda x: (judged.append(x), judge(x))[1]
    trainer(tmp_path, max_steps=1).fit(gan, Labelled(1))
    y = next(iter(Labelled(1)))[1]
    assert all(torch.equal(latents[:, -K:], one_hot(y, K).float()) for latents in made)
    assert [x.shape for x in judged] == [(2, *SHAPE)] * 3


def test_sample_classes_generates_the_given_classes():
    gan = acgan()
    torch.testing.assert_close(gan.sample_classes([0, 1, 2], seed=1), gan.sample(3, seed=1))


def test_held_out_logits_and_classes_are_the_two_outputs_of_d(tmp_path):
    gan = acgan()
    run = trainer(tmp_path, limit_val_batches=1)
    run.validate(gan, Labelled(1), verbose=False)
    x, _ = next(iter(Labelled(1)))
    wanted = gan.discriminator(x).sigmoid().mean().item()
    assert run.callback_metrics["val/d_x"].item() == pytest.approx(wanted, abs=1e-6)
    assert torch.equal(gan.classify(x), gan.discriminator.logits_and_classes(x)[1].argmax(1))


def test_invalid_labels_are_an_error(subtests):
    for batch, message in [
        ([torch.zeros(2, 1, 2, 2)], "minibatch has no labels: .* classes 0 to 2"),
        ([torch.zeros(2, 1, 2, 2), torch.tensor([0, 3])], "A label is 3, but the classes are 0 to"),
    ]:
        with subtests.test(batch=batch, message=message):
            with pytest.raises(ValueError, match=message):
                acgan().d_objective(batch)


def test_mismatched_networks_are_an_error():
    G, D = pair()
    with pytest.raises(
        ValueError, match=r"D is a NormedDiscriminator, .* AuxiliaryClassifierDiscriminator"
    ):
        ACGAN(G, NormedDiscriminator(), Minimax(), Uniform(), classes=K)
    with pytest.raises(ValueError, match=r"G \(ConditionalGenerator\) reads a condition of 3 .* 4"):
        ACGAN(G, D, Minimax(), Uniform(), classes=4)
    two = ConditionalGenerator(MLPGenerator(SHAPE, z_dim=6, widths=[8]), 2)
    with pytest.raises(ValueError, match="D has 3 classes, but the model has 2"):
        ACGAN(two, D, Minimax(), Uniform(), classes=2)
    with pytest.raises(ValueError, match=r"weight is -1\.0; give"):
        acgan(weight=-1.0)

"""ConditionalGAN: conditions in training, sampling and validation."""

from functools import partial

import pytest
import torch
from model_factory import Batches, NormedDiscriminator, momentum_sgd, trainer
from pytorch_lightning import LightningDataModule
from test_algorithm import Journal
from torch.optim import Adam

from datamodules import Gaussian1D
from lightning_gan.evaluation import ModelSamples
from lightning_gan.losses import NonSaturating
from lightning_gan.models import ConditionalGAN
from lightning_gan.networks import (
    ConditionalDiscriminator,
    ConditionalGenerator,
    LinearMLPGenerator,
    MLPDiscriminator,
    MLPGenerator,
)
from lightning_gan.priors import Gaussian, Uniform
from lightning_gan.studies.in_memory import seed_single_thread, train_in_memory

SHAPE, K = [1, 2, 2], 3


class Labelled(Batches):
    """Batches whose classes are 0, 1, 2, 0, ..."""

    def __iter__(self):
        for i, (x, _) in enumerate(super().__iter__()):
            yield [x, (torch.arange(len(x)) + i) % K]


def pair():
    G = ConditionalGenerator(MLPGenerator(SHAPE, z_dim=4 + K, widths=[8], batch_norm=True), K)
    return G, ConditionalDiscriminator(MLPDiscriminator([4 + K], widths=[8]), SHAPE, K)


def conditional(**arguments):
    torch.manual_seed(0)
    arguments = {"d_optimizer": momentum_sgd, "g_optimizer": momentum_sgd, "classes": K} | arguments
    return ConditionalGAN(*pair(), NonSaturating(), Uniform(), **arguments)


def test_real_and_generated_examples_have_the_same_class(tmp_path):
    gan = conditional()
    D, G = gan.discriminator.forward, gan.generator.forward
    read, made = [], []
    gan.discriminator.forward = lambda x, c: (read.append((x, c)), D(x, c))[1]
    gan.generator.forward = lambda latents: (made.append(latents), G(latents))[1]
    batches = Labelled(1)
    trainer(tmp_path, max_steps=1).fit(gan, batches)

    (x, y), one = next(iter(batches)), torch.eye(K)
    assert len(read) == 3  # x and G(z, c) for D; G(z, c) for G
    assert torch.equal(read[0][0], x)
    assert all(torch.equal(c, one[y]) for _, c in read)
    assert all(torch.equal(latents[:, -K:], one[y]) for latents in made)
    assert not torch.equal(made[0][:, :-K], made[1][:, :-K])  # G moves on fresh noise


def test_updates_are_those_of_algorithm_1(tmp_path_factory, subtests):
    for k, moves in [(1, "DGDGDGDG"), (2, "DDGDDG")]:
        with subtests.test(k=k, moves=moves):
            tmp_path = tmp_path_factory.mktemp("row")
            gan = conditional(k=k)
            journal = Journal(gan)
            trainer(tmp_path, max_epochs=1).fit(gan, Labelled(4))
            assert journal.moves == moves


def test_sampling_uses_all_classes_or_the_given_ones():
    gan = conditional()
    z = gan.sample_inputs(5, torch.Generator().manual_seed(3))
    assert torch.equal(z[:, -K:], torch.eye(K)[torch.arange(5) % K])
    everything = gan.sample(6, seed=1)
    torch.testing.assert_close(gan.sample_classes([0, 1, 2, 0, 1, 2], seed=1), everything)
    assert not torch.equal(gan.sample_classes([1] * 6, seed=1)[0], everything[0])
    assert torch.equal(gan.sample_classes([2, 0], seed=4), gan.sample_classes([2, 0], seed=4))


def test_sample_set_does_not_depend_on_the_batch_size():
    gan = conditional()
    whole, parts = (ModelSamples(gan, 7, 0, (0.0, 1.0), "") for _ in range(2))
    whole.all()
    first, second = (
        torch.cat([p.uint8_images for p in sample_set.batches()]) for sample_set in (whole, parts)
    )
    assert torch.equal(first, second)


def test_sampling_uses_the_average_of_g(tmp_path):
    gan = conditional(ema_half_life=50.0)
    trainer(tmp_path, max_steps=5).fit(gan, Labelled(5))
    c = torch.eye(K)
    z = gan.concat_condition(c, torch.Generator().manual_seed(0))
    torch.testing.assert_close(gan.sample_classes([0, 1, 2], seed=0), gan.ema.module.eval()(z))
    assert not torch.equal(gan.ema.module(z), gan.generator.eval()(z))


def test_held_out_metrics_use_the_examples_class(tmp_path):
    gan = conditional()
    run = trainer(tmp_path, limit_val_batches=1)
    run.validate(gan, Labelled(1), verbose=False)
    x, y = next(iter(Labelled(1)))
    real = gan.discriminator(x, torch.eye(K)[y]).sigmoid().mean().item()
    assert run.callback_metrics["val/d_x"].item() == pytest.approx(real, abs=1e-6)


class Classes(LightningDataModule):
    num_classes = 7

    def train_dataloader(self):
        return Labelled(1)


def test_invalid_labels_are_an_error(subtests):
    for batch, message in [
        ([torch.zeros(2, 4)], "minibatch has no labels: .* classes 0 to 2"),
        ([torch.zeros(2, 4), torch.tensor([0, 3])], "A label is 3, but the classes are 0 to 2"),
        ([torch.zeros(2, 4), torch.tensor([-1, 0])], "A label is -1, but"),
        ([torch.zeros(2, 4), torch.zeros(2)], r"labels are torch.float32 of shape \[2\]: give"),
        (
            [torch.zeros(2, 4), torch.zeros(2, 3).long()],
            r"labels are torch.int64 of shape \[2, 3\]",
        ),
    ]:
        with subtests.test(batch=batch, message=message):
            with pytest.raises(ValueError, match=message):
                conditional().condition(batch)


def test_mismatched_networks_are_an_error(tmp_path):
    with pytest.raises(ValueError, match="data have 7 classes, but the model has 3"):
        trainer(tmp_path, max_steps=1).fit(conditional(), Classes())
    with pytest.raises(
        ValueError, match=r"G \(ConditionalGenerator\) reads a condition of 3 numbers, but .* are 5"
    ):
        conditional(classes=5)
    with pytest.raises(ValueError, match="classes is 0"):
        conditional(classes=0)
    with pytest.raises(
        ValueError, match=r"D \(NormedDiscriminator\) reads a condition of 0 .*ConditionalDisc"
    ):
        ConditionalGAN(pair()[0], NormedDiscriminator(), NonSaturating(), Uniform(), classes=K)
    with pytest.raises(ValueError, match="A label is 9, but"):
        conditional().sample_classes([0, 9])


@pytest.mark.slow
def test_each_class_of_a_mixture_has_its_mean_and_standard_deviation():
    means, stds = (-2.0, 1.0), (0.3, 1.0)
    seed_single_thread(0)
    gan = ConditionalGAN(
        ConditionalGenerator(LinearMLPGenerator([1], z_dim=4, widths=(32, 32)), 2),
        ConditionalDiscriminator(MLPDiscriminator([3], widths=(32, 32)), [1], 2),
        NonSaturating(), Gaussian(), classes=2, d_optimizer=partial(Adam, lr=2e-3, betas=(0.0, 0.99)),
        g_optimizer=partial(Adam, lr=1e-3, betas=(0.0, 0.99)), ema_half_life=20_000,
    )  # fmt: skip
    train_in_memory(gan, Gaussian1D(means, stds, batch_size=128), steps=400)
    for y in (0, 1):
        x = gan.sample_classes([y] * 2000, seed=1)
        assert x.mean().item() == pytest.approx(means[y], abs=0.25)
        assert 0.5 * stds[y] < x.std().item() < 1.5 * stds[y]

"""Semi-supervised GANs: labelled examples, objectives, classification."""

import copy

import pytest
import torch
from model_factory import SHAPE, Batches, NormedDiscriminator, trainer
from test_algorithm import Journal, assert_equal
from torch.nn.functional import cross_entropy, softplus
from unlabelled import Examples, Forbidden, K, N, semi

from lightning_gan.losses import NonSaturating
from lightning_gan.models import FeatureMatchingGAN, SemiSupervisedGAN
from lightning_gan.priors import Uniform
from lightning_gan.regularizers import R1


def fitted(folder, gan, **arguments):
    torch.manual_seed(5)
    data = Examples()
    run = trainer(folder, **({"max_steps": 4} | arguments))
    run.fit(gan, data)
    return run


def test_only_the_drawn_labels_are_used(tmp_path_factory, subtests):
    for kind in [SemiSupervisedGAN, FeatureMatchingGAN]:
        with subtests.test(kind=kind):
            tmp_path = tmp_path_factory.mktemp("row")
            gan = semi(kind)
            fitted(tmp_path, gan)  # Forbidden raises
            x, y = gan.labelled
            assert torch.bincount(y).tolist() == [2, 2, 2]
            data = Examples()
            for example, label in zip(x, y, strict=True):
                place = [i for i in range(N) if torch.equal(data.pixels[i], example)]
                assert len(place) == 1
                assert place[0] % K == label


def test_draw_depends_on_labels_seed_only(tmp_path):
    draws = []
    for labels_seed, noise_seed in ((0, 1), (0, 2), (1, 1)):
        gan = semi(labels_seed=labels_seed)
        torch.manual_seed(noise_seed)
        trainer(tmp_path, max_steps=1).fit(gan, Examples())
        draws.append(gan.labelled[0])
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_d_objective_equals_its_equation(tmp_path):
    gan = semi(label_weight=2.0, adversarial_weight=0.25, regularizers=[R1(3.0)])
    seen = []
    objective = gan.d_objective

    def watched(batch):
        state = torch.get_rng_state()
        found = objective(batch)
        loss = gan.regularize(found)
        torch.set_rng_state(state)
        D, x = gan.discriminator, batch[0]
        (x_known, y), logits_of = gan.labelled_minibatch(), D.logits
        with torch.no_grad():
            x_fake = gan.generator(gan.sample_inputs(len(x)))
        # K + 1 logits, the last of which is 0
        logits = [
            torch.cat([logits_of(a), torch.zeros(len(a), 1)], 1).log_softmax(1) for a in (x, x_fake)
        ]
        real, fake = (1 - logits[0][:, K].exp()).log().mean(), logits[1][:, K].mean()
        wanted = 2 * cross_entropy(logits_of(x_known), y) - 0.25 * (real + fake) + R1(3.0)(D, x, x)
        torch.testing.assert_close(loss, wanted)
        seen.append(loss)
        return found

    gan.d_objective = watched
    fitted(tmp_path, gan)
    assert len(seen) == 4


def test_g_objectives_are_the_loss_and_feature_matching(tmp_path):
    x = Batches(1, m=4).x
    for kind in (SemiSupervisedGAN, FeatureMatchingGAN):
        gan = semi(kind)
        torch.manual_seed(1)
        found = gan.g_objective([x, Forbidden()])
        torch.manual_seed(1)
        D, x_fake = gan.discriminator, gan.generator(gan.sample_inputs(4))
        f = D.features(x).mean(0) - D.features(x_fake).mean(0)
        wanted = softplus(-D(x_fake)).mean() if kind is SemiSupervisedGAN else f.square().sum()
        torch.testing.assert_close(found, wanted)


def test_updates_are_those_of_algorithm_1(tmp_path_factory, subtests):
    for kind in [SemiSupervisedGAN, FeatureMatchingGAN]:
        with subtests.test(kind=kind):
            tmp_path = tmp_path_factory.mktemp("row")
            gan = semi(kind, k=2)
            journal = Journal(gan)
            fitted(tmp_path, gan, max_steps=-1, max_epochs=1)
            assert journal.moves == "DDGDDGDDG"


def test_labelled_examples_are_shuffled_and_equally_frequent(tmp_path):
    gan = semi(labelled_batch=4)  # of six
    fitted(tmp_path, gan, max_steps=1)
    pixels = []
    for gan.d_updates in range(6):  # four rounds
        pixels += gan.labelled_minibatch()[0].flatten(1).tolist()
    counts = {tuple(p): pixels.count(p) for p in pixels}
    assert set(counts.values()) == {4}
    rounds = [tuple(map(tuple, pixels[i : i + 6])) for i in range(0, 24, 6)]
    assert all(len(set(r)) == 6 for r in rounds)
    assert len(set(rounds)) > 1


def test_batch_may_be_larger_than_the_labelled_set(tmp_path):
    gan = semi(labels_per_class=1, labelled_batch=7)
    fitted(tmp_path, gan, max_steps=1)
    gan.d_updates = 2
    y = gan.labelled_minibatch()[1]
    assert len(y) == 7
    assert sorted(torch.bincount(y).tolist()) == [2, 2, 3]


def test_resumed_run_equals_an_uninterrupted_one(tmp_path):
    whole, first, second = (semi(FeatureMatchingGAN, d_ema_half_life=50.0) for _ in range(3))
    fitted(tmp_path, whole, max_steps=-1, max_epochs=2)
    run = fitted(tmp_path, first, max_steps=-1, max_epochs=1)
    run.save_checkpoint(tmp_path / "half.ckpt")
    noise = torch.get_rng_state()
    run = trainer(tmp_path, max_epochs=2)
    second.on_train_start = lambda: torch.set_rng_state(noise)  # `callbacks.RNGState` does this
    run.fit(second, Examples(), ckpt_path=tmp_path / "half.ckpt", weights_only=True)
    assert_equal(second.state_dict(), whole.state_dict())


def test_average_of_d_is_updated_and_classifies(tmp_path):
    gan = semi(d_ema_half_life=8.0)
    fitted(tmp_path, gan)
    x = Examples().pixels
    average = copy.deepcopy(gan.d_ema.module)
    assert_equal(gan.classify(x), average.eval().logits(x).argmax(1))
    assert not torch.equal(average.last_layer.weight, gan.discriminator.last_layer.weight)
    without = semi()
    fitted(tmp_path, without)
    assert_equal(without.classify(x), without.discriminator.logits(x).argmax(1))
    assert "average of D" in gan.classifier_name
    assert "6 labels, 2 of each class" in gan.labels_used
    assert without.classifier_name == "D, labels drawn with seed 0"


def test_classify_restores_training_mode(tmp_path):
    gan = semi()
    modes = []
    logits = gan.discriminator.logits
    gan.discriminator.logits = lambda x: (modes.append(gan.discriminator.training), logits(x))[1]
    gan.classify(torch.rand(1500, *SHAPE))
    assert modes == [False, False]
    assert gan.discriminator.training


class Unlabelled(Examples):
    labels = property()


class Misnamed(Examples):
    def labels(self, split):
        return torch.arange(N) % 5


def test_missing_labels_are_an_error(tmp_path_factory, subtests):
    for arguments, data, message in [
        ({}, Unlabelled(), r"no data module with images\('train'\) and labels\('train'\)"),
        ({}, Batches(2), r"no data module with images\('train'\) and labels\('train'\)"),
        ({}, Misnamed(), r"are \[0, 1, 2, 3, 4\], but the model has classes 0 to 2"),
        (
            {"labels_per_class": 9},
            Examples(),
            r"9 labels of each class were requested, .*\[8, 8, 8\]",
        ),
    ]:
        with subtests.test(arguments=arguments, data=data, message=message):
            tmp_path = tmp_path_factory.mktemp("row")
            with pytest.raises(ValueError, match=message):
                trainer(tmp_path, max_steps=1).fit(semi(**arguments), data)


def test_invalid_arguments_are_an_error(subtests):
    for arguments, message in [
        ({"classes": 0}, "classes is 0"),
        ({"classes": 4}, "D has 3 classes, but the model has 4"),
        ({"labels_per_class": 0}, "labels_per_class is 0; give"),
        ({"labelled_batch": 0}, "labelled_batch is 0; give"),
        ({"label_weight": -1.0}, r"label_weight is -1\.0; give"),
    ]:
        with subtests.test(arguments=arguments, message=message):
            with pytest.raises(ValueError, match=message):
                semi(**arguments)


def test_d_without_classes_is_an_error():
    with pytest.raises(ValueError, match=r"D is a NormedDiscriminator, .* KPlusOneDiscriminator"):
        SemiSupervisedGAN(
            semi().generator, NormedDiscriminator(), NonSaturating(), Uniform(), classes=K,
            labels_per_class=1,
        )  # fmt: skip

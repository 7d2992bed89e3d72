"""The classifier of grey images learns, deterministically."""

import os
from pathlib import Path

import pytest
import torch
from bars import bars
from tiny_features import TinyNetwork
from torch import nn

from datamodules import MNIST
from lightning_gan.feature_extractors import classifier_training
from lightning_gan.feature_extractors.base import hash_tensors
from lightning_gan.feature_extractors.classifier import Classifier, DigitLayers, DigitNetwork
from lightning_gan.feature_extractors.classifier_training import (
    measure_accuracy,
    shift_images_randomly,
    train_classifier,
)
from lightning_gan.utils.machine_limits import count_cpus

SHARED = Path(os.environ.get("LIGHTNING_GAN_SHARED", Path(__file__).parents[3] / "shared"), "data")


def briefly(**options: int) -> DigitNetwork:
    return train_classifier(*bars(100, seed=0), **{"epochs": 2, **options})


def test_it_learns_what_it_is_shown(network):
    image_bytes, labels = bars(300, seed=1)
    assert measure_accuracy(network, image_bytes, labels) > 0.9
    assert measure_accuracy(network, image_bytes, (labels + 1) % 10) < 0.1


def test_features_are_float32_vectors_and_a_logit_for_each_class(network):
    vectors, logits = network(bars(12, seed=1)[0])
    assert (vectors.shape, vectors.dtype) == ((12, network.dim), torch.float32)
    assert (logits.shape, logits.dtype) == ((12, network.classes), torch.float32)
    assert (network.dim, network.classes, network.resize) == (64, 10, "not resized")
    assert not vectors.requires_grad


def test_the_number_of_classes_is_that_of_the_labels():
    image_bytes, labels = bars(100, seed=0)
    few = train_classifier(image_bytes, labels % 3, epochs=1)
    assert few.classes == 3
    assert few(image_bytes).logits.shape == (100, 3)


def test_no_feature_is_dead_and_their_covariance_has_full_rank(network):
    vectors = network(bars(1000, seed=1)[0]).vectors.double()
    assert (vectors < 0).any(0).all()  # they stand before their ReLU
    assert (vectors > 0).any(0).all()
    assert int(torch.linalg.matrix_rank(vectors.T.cov())) == network.dim


def test_features_depend_on_neither_batch_nor_autocast_nor_mode(network):
    image_bytes = bars(50, seed=1)[0]
    whole = network(image_bytes)
    for size in (1, 7):
        parts = [network(part) for part in image_bytes.split(size)]
        for i in range(2):
            torch.testing.assert_close(
                torch.cat([p[i] for p in parts]), whole[i], rtol=0, atol=1e-5
            )
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(network(image_bytes).vectors, whole.vectors)
    nn.Sequential(network).train()
    assert torch.equal(network(image_bytes).vectors, whole.vectors)
    assert network.weights == hash_tensors(
        network.layers.state_dict()
    )  # BatchNorm statistics are unchanged


def test_the_same_seed_gives_the_same_weights_and_another_gives_others():
    assert briefly().weights == briefly().weights
    assert briefly().weights != briefly(seed=1).weights


def test_neither_training_nor_loading_moves_global_random_numbers_or_threads(stored):
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    briefly(threads=min(2, count_cpus()))
    Classifier("bars", str(stored)).load()
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_global_random_numbers_do_not_reach_the_weights():
    weights = briefly().weights
    torch.manual_seed(5)
    assert briefly().weights == weights


def test_a_classifier_is_float32_whatever_the_default_is(network, stored):
    image_bytes = bars(5, seed=1)[0]
    torch.set_default_dtype(torch.float64)
    try:
        loaded = Classifier("bars", str(stored)).load()
        assert torch.equal(loaded(image_bytes).vectors, network(image_bytes).vectors)
        assert briefly()(image_bytes).vectors.dtype == torch.float32
    finally:
        torch.set_default_dtype(torch.float32)


def test_images_are_shifted_independently_by_at_most_a_pixel():
    dots = torch.zeros(200, 1, 28, 28, dtype=torch.uint8)
    dots[:, :, 10, 20] = 255
    places = shift_images_randomly(dots, torch.Generator().manual_seed(0)).nonzero()
    assert len(places) == 200
    assert {tuple(p) for p in places[:, 2:].tolist()} == {
        (y, x) for y in (9, 10, 11) for x in (19, 20, 21)
    }


def test_images_of_another_kind_are_refused(network, subtests):
    for image_bytes, words in [
        (
            torch.zeros(2, 1, 32, 32, dtype=torch.uint8),
            r"classifier got images of \[1, 32, 32\].* give \[m, 1, 28, 28\]",
        ),
        (torch.zeros(2, 3, 28, 28, dtype=torch.uint8), r"classifier got images of \[3, 28, 28\]"),
        (torch.zeros(2, 1, 28, 28), r"float32, .*give bytes"),
    ]:
        with subtests.test(image_bytes=image_bytes, words=words):
            with pytest.raises(ValueError, match=words):
                network(image_bytes)
            with pytest.raises(
                ValueError, match=words.replace("classifier", "Classifier training")
            ):
                train_classifier(image_bytes, torch.tensor([0, 1]))


ONES = torch.ones(4, dtype=torch.long)


def test_labels_and_options_that_teach_nothing_are_refused(subtests):
    for labels, options, words in [
        (ONES[:3], {}, r"The labels are torch.int64, \[3\], for 4 images"),
        (ONES.float(), {}, r"The labels are torch.float32"),
        (ONES[:, None], {}, r"\[4, 1\], for 4 images"),
        (ONES, {}, r"The labels are \[1\]: give 0, 1"),
        (ONES * 0, {}, r"The labels are \[0\]: .* 2 to 1000 classes"),
        (torch.tensor([0, 1, 3, 3]), {}, r"\[0, 1, 3\]: .* without gaps"),
        (torch.tensor([-1, 0, 1, 1]), {}, r"\[-1, 0, 1\]"),
        (torch.tensor([0, 1, 0, 1]), {"epochs": 0}, "epochs is 0; give"),
        (torch.tensor([0, 1, 0, 1]), {"threads": 0}, "threads is 0; give"),
    ]:
        with subtests.test(labels=labels, options=options, words=words):
            with pytest.raises(ValueError, match=words):
                train_classifier(bars(4, seed=0)[0], labels, **options)


def test_training_that_diverges_says_so(monkeypatch):
    monkeypatch.setattr(classifier_training, "PEAK", 1e30)
    with pytest.raises(ValueError, match=r"diverged \(last loss"):
        briefly()


def test_accuracy_of_nothing_is_refused(network):
    image_bytes, labels = bars(4, seed=0)
    with pytest.raises(ValueError, match="There are 0 images and 0 labels"):
        measure_accuracy(network, image_bytes[:0], labels[:0])
    with pytest.raises(ValueError, match="4 images and 3 labels"):
        measure_accuracy(network, image_bytes, labels[:3])
    with pytest.raises(ValueError, match="tiny has no last layer"):
        measure_accuracy(TinyNetwork(classes=None), image_bytes, labels)


def test_layers_hold_as_much_as_they_say():
    assert sum(p.numel() for p in DigitLayers(10).parameters()) == 98_170


@pytest.mark.slow
@pytest.mark.skipif(not (SHARED / "mnist").is_dir(), reason="no real MNIST in shared/data")
def test_real_digits_are_learned_to_99_percent():
    splits = MNIST(root=str(SHARED / "mnist"), source="files").load(fetch=False)
    network = train_classifier(*splits["train"])
    assert measure_accuracy(network, *splits["test"]) > 0.992

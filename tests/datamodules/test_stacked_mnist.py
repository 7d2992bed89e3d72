"""StackedMNIST: digits, labels, fixed and resampled triples, resumption."""

import hashlib

import pytest
import torch
from tiny import tiny_files

from datamodules import MNIST, FashionMNIST, StackedMNIST
from datamodules.stacked_mnist import EPOCH, HELD_OUT

TRAIN, N = 50, 60


def digits_of(split):
    files = {key: contents for key, (_, contents) in tiny_files(N, 20).items()}
    if split == "test":
        return files["test_images"], files["test_labels"]
    part = slice(TRAIN) if split == "train" else slice(TRAIN, None)
    return files["train_images"][part], files["train_labels"][part]


def stream(data, batches):
    found = []
    loader = data.train_dataloader()
    while len(found) < batches:
        found += [(x.double().sum((1, 2, 3)).tolist(), y.tolist()) for x, y in loader]
    return found[:batches]


def test_each_channel_is_a_digit_of_its_split_and_labels_are_100a_10b_c(stacked, subtests):
    for split in ["train", "val", "test"]:
        with subtests.test(split=split):
            data = stacked()
            image_bytes, labels = data.uint8_images(split), data.labels(split)
            digits, classes = digits_of(split)
            pairs = zip(digits, classes.tolist(), strict=True)
            known = {digit.numpy().tobytes(): label for digit, label in pairs}
            assert len(image_bytes) == len(labels) == (40 if split == "train" else HELD_OUT)
            for image, label in zip(image_bytes[:200], labels[:200].tolist(), strict=True):
                a, b, c = (known[channel.numpy().tobytes()] for channel in image)
                assert label == 100 * a + 10 * b + c


def test_images_have_the_declared_shape_and_range(stacked, monkeypatch):
    monkeypatch.setattr("datamodules.stacked_mnist.HELD_OUT", 300)
    data = stacked()
    x = data.images("test")
    assert (x.dtype, tuple(x.shape[1:])) == (torch.float32, data.data_shape)
    assert (x.min(), x.max()) == data.value_range == data.display_range == (-1, 1)
    torch.testing.assert_close(x, data.uint8_images("test") / 127.5 - 1, rtol=0, atol=1e-6)
    assert stacked(value_range=(0.0, 1.0)).images("test").min() == 0
    assert data.labels("test").max() < data.num_classes == 1000
    batch, y = next(iter(data.train_dataloader()))
    assert (batch.shape, y.shape) == ((5, 3, 28, 28), (5,))


def test_memory_holds_three_indices_for_a_triple(stacked):
    loader = stacked(triples=1000).train_dataloader()
    assert loader.images.shape == (1000, 3)
    assert stacked(triples=None).train_dataloader().images.shape == (EPOCH, 3)


def test_fixed_triples_repeat_each_epoch_in_another_order(stacked):
    found = stream(stacked(), 16)
    epochs = [[s for sums, _ in part for s in sums] for part in (found[:8], found[8:])]
    assert epochs[0] != epochs[1]
    assert sorted(epochs[0]) == sorted(epochs[1])
    assert sorted(epochs[0]) == sorted(stacked().images("train").double().sum((1, 2, 3)).tolist())


def test_triples_depend_on_triples_seed_only(stacked):
    one = stacked(seed=1).labels("train")
    assert torch.equal(one, stacked(seed=2).labels("train"))
    assert not torch.equal(one, stacked(triples_seed=1).labels("train"))


def test_resampled_triples_do_not_repeat_and_use_every_training_digit(stacked, monkeypatch):
    monkeypatch.setattr("datamodules.stacked_mnist.EPOCH", 40)
    data = stacked(triples=None)
    loader = data.train_dataloader()
    batches = [batch for _ in range(50) for batch in loader]  # 2,000 triples of 125,000
    seen = {hashlib.md5(x.numpy().tobytes()).digest() for batch, _ in batches for x in batch}
    assert len(batches) == 400
    assert len(seen) > 1900
    digits, _ = digits_of("train")
    drawn = {
        channel.numpy().tobytes()
        for batch, _ in batches
        for channel in batch.add(1).mul(127.5).round().to(torch.uint8).flatten(0, 1)
    }
    assert drawn == {digit.numpy().tobytes() for digit in digits}


def test_resampled_triples_depend_on_seed_epoch_and_position(stacked, monkeypatch):
    monkeypatch.setattr("datamodules.stacked_mnist.EPOCH", 40)
    whole = stream(stacked(triples=None), 24)
    assert whole == stream(stacked(triples=None), 24)
    assert whole != stream(stacked(triples=None, seed=2), 24)
    for consumed in (3, 8, 13):
        loader = stacked(triples=None, seed=99).train_dataloader()
        loader.load_state_dict({"seed": 1, "epoch": consumed // 8, "position": consumed % 8})
        again = [(x.double().sum((1, 2, 3)).tolist(), y.tolist()) for x, y in loader]
        assert again == whole[consumed : consumed + 8]


def test_ranks_together_use_the_batches_of_one_rank(stacked, subtests):
    for triples in [40, None]:
        with subtests.test(triples=triples), pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr("datamodules.stacked_mnist.EPOCH", 40)
            whole = stream(stacked(triples=triples, batch_size=10), 4)
            parts = []
            for rank in (0, 1):
                data = stacked(triples=triples)
                monkeypatch.setattr(data, "_rank", lambda rank=rank: (rank, 2))
                parts.append(stream(data, 4))
            together = [(a[0] + b[0], a[1] + b[1]) for a, b in zip(*parts, strict=True)]
            assert together == whole


def test_the_embedded_digits_have_another_name():
    data = StackedMNIST(source="embedded", triples=1000)
    data.prepare_data()
    data.setup()
    assert (data.name, StackedMNIST.name) == ("stacked_mnist5k", "stacked_mnist")
    assert data.provenance.startswith("Triples, drawn once, 1,000 an epoch, of: 5,000 digits")
    assert len(data.labels("train").unique()) > 500
    assert data.uint8_images("test").shape == (HELD_OUT, 3, 28, 28)


# [-1, 1] for MNIST and Fashion-MNIST.


def test_mnist_can_have_the_range_of_tanh(tiny):
    unit, wide = tiny(), tiny(value_range=(-1.0, 1.0))
    for data in (unit, wide):
        data.setup()
    torch.testing.assert_close(wide.images("test"), 2 * unit.images("test") - 1, rtol=0, atol=1e-6)
    assert torch.equal(wide.uint8_images("test"), unit.uint8_images("test"))
    assert (MNIST.value_range, MNIST().value_range) == ((0, 1), (0, 1))
    assert FashionMNIST(value_range=(-1.0, 1.0)).display_range == (-1, 1)


def test_invalid_arguments_are_errors(subtests):
    for make, message in [
        (lambda: MNIST(value_range=(1.0, -1.0)), r"value_range is \[1, -1\]: give"),
        (lambda: FashionMNIST(value_range=(0.0, float("inf"))), r"value_range\[1\] is inf; give"),
        (lambda: StackedMNIST(triples=0), "triples is 0; give"),
        (lambda: StackedMNIST(source="disk"), "source is 'disk'"),
    ]:
        with subtests.test(make=make, message=message):
            with pytest.raises(ValueError, match=message):
                make()


# From the command line.


def test_dcgan_trains_on_stacked_mnist_and_on_mnist_in_its_own_range(command, monkeypatch):
    monkeypatch.setattr("datamodules.stacked_mnist.HELD_OUT", 10)
    model = {
        "class_path": "GAN",
        "init_args": {"loss": "NonSaturating", "prior": "Gaussian"}
        | {
            network: {"class_path": f"DCGAN{kind}", "init_args": {"data_shape": [1, 28, 28], "width": 2}}
            for network, kind in (("generator", "Generator"), ("discriminator", "Discriminator"))
        },
    }  # fmt: skip
    command.write("dcgan.yaml", {"model": model})
    common = ("fit", "--config", "dcgan.yaml", "--trainer.max_steps", "2", "--trainer.accelerator", "cpu")  # fmt: skip
    ended = command(
        *common, "--data", "MNIST", "--data.root", "pixels", "--data.batch_size", "5", "--data.value_range", "[-1, 1]"
    )  # fmt: skip
    assert ended.status == 0, ended.err
    assert "test/value" in ended.out
    ended = command(*common, "--data", "MNIST", "--data.root", "pixels", "--data.batch_size", "5")
    assert ended.status == 1
    assert "data lie in [0, 1] but DCGANGenerator makes values in [-1, 1]" in ended.err
    three = [
        f"--model.{p}.init_args.data_shape=[3, 28, 28]" for p in ("generator", "discriminator")
    ]
    ended = command(
        *common, *three, "--data", "StackedMNIST", "--data.root", "pixels", "--data.triples", "null",
        "--data.batch_size", "5",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    assert "an epoch, of: MNIST, 28x28 grey images: 50 train" in ended.out

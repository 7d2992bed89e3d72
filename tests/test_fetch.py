"""What a login node brings: each thing by itself, and a failure stops nothing else."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

import lightning_gan.cli.actions.download
from lightning_gan.cli.parser import parse
from lightning_gan.feature_extractors import Classifier, WeightsError


@pytest.fixture
def weights(monkeypatch):
    """The Inception weights without a network."""
    monkeypatch.setattr(
        lightning_gan.cli.actions.download, "fetch_inception", lambda: (Path("w.pth"), "here")
    )


def test_data_are_verified_and_described(command):
    ended = command("download", "--data", "MNIST", "--root", "pixels")
    assert ended.status == 0, ended.err
    assert "MNIST: MNIST, 28x28 grey images: 50 train, 10 val, 20 test" in ended.out
    assert "Inception" not in ended.out


def test_weights_say_where_they_are_and_whence(command, weights):
    ended = command("download", "--weights")
    assert ended.status == 0, ended.err
    assert "Inception weights: w.pth from here" in ended.out


def test_a_classifier_is_trained_kept_and_found(command):
    with pytest.raises(WeightsError, match="download --classifier mnist"):
        Classifier("mnist").load()
    ended = command("download", "--classifier", "mnist", "--root", "pixels")
    assert ended.status == 0, ended.err
    assert "of 20 test images right" in ended.out
    network = Classifier("mnist").load()
    assert network.weights[:8] in ended.out
    assert list(Path(os.environ["LIGHTNING_GAN_CACHE"]).iterdir()) == [
        Path(os.environ["LIGHTNING_GAN_CACHE"]) / "classifier-mnist.pt"
    ]


def test_where_only_the_embedded_digits_are_the_advice_can_be_followed(monkeypatch, capsys):
    seen = []

    def train(x, y, seed):
        seen.append(len(x))
        return SimpleNamespace(weights="ab" * 32)

    monkeypatch.setattr(lightning_gan.cli.actions.download, "train_classifier", train)
    monkeypatch.setattr(lightning_gan.cli.actions.download, "measure_accuracy", lambda *_: 0.5)
    monkeypatch.setattr(
        lightning_gan.cli.actions.download,
        "save_classifier",
        lambda *_, data, **__: seen.append(data),
    )
    lightning_gan.cli.actions.download.download(classifier="mnist5k")
    assert seen == [3500, "mnist5k"]
    assert "50.00% of 1,000 test images right" in capsys.readouterr().out


def test_without_a_name_everything_is_fetched_and_a_failure_stops_nothing(command, weights):
    ended = command(
        "download", "--root", "pixels"
    )  # only tiny MNIST is there; the rest wants a network
    assert ended.status == 1
    assert "MNIST: MNIST, 28x28" in ended.out
    assert "CIFAR10: failed: " in ended.out
    assert "Inception weights: w.pth" in ended.out
    assert ended.err.splitlines()[-1].startswith("error: Not fetched: ")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """Every download fails at once."""

    def fail(*_):
        raise lightning_gan.cli.actions.download.FetchError("no network in a test")

    for module in ("datamodules.download_sources", "datamodules.cifar10"):
        monkeypatch.setattr(f"{module}.download", fail)


def test_the_embedded_digits_are_no_substitute(command, monkeypatch):
    monkeypatch.setattr(
        lightning_gan.cli.actions.download.datamodules.MNIST, "sources", ("auto", "embedded")
    )
    ended = command("download", "--data", "[MNIST]", "--root", "nowhere")
    assert ended.status == 1
    assert "MNIST: failed: only mnist5k is to be had, not mnist" in ended.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data", "[LSUN]"], "there is no data set 'LSUN': name one of "),
        (["--classifier", "cifar10"], "no data set of grey images called 'cifar10': name one of"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(command, arguments, words):
    ended = command("download", *arguments)
    assert ended.status == 1
    assert words in ended.out


def test_switches_stand_alone_and_lists_have_spaces_commas_or_several_flags(subtests):
    for typed in [
        ["--data", "MNIST,CIFAR10", "--weights"],
        ["--weights", "--data", "MNIST", "CIFAR10"],
        ["--data=MNIST", "--weights", "--data", "CIFAR10"],
        ["--data", "[MNIST, CIFAR10]", "--weights"],
    ]:
        with subtests.test(typed=typed):
            command, arguments, rest = parse(["download", *typed])
            assert command.name == "download"
            assert rest == []
            assert (arguments.data, arguments.weights) == (["MNIST", "CIFAR10"], True)
            assert (arguments.root, arguments.classifier) == ("data", None)

"""Command `download`: each download is independent of the failures of others."""

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


def test_the_path_and_the_source_of_weights_are_printed(command, weights):
    ended = command("download", "--weights")
    assert ended.status == 0, ended.err
    assert "Inception weights: w.pth from here" in ended.out


def test_a_classifier_is_trained_saved_and_loaded(command):
    with pytest.raises(WeightsError, match="download --classifier mnist"):
        Classifier("mnist").load()
    ended = command("download", "--classifier", "mnist", "--root", "pixels")
    assert ended.status == 0, ended.err
    assert "of 20 test images correct" in ended.out
    network = Classifier("mnist").load()
    assert network.weights[:8] in ended.out
    assert list(Path(os.environ["LIGHTNING_GAN_CACHE"]).iterdir()) == [
        Path(os.environ["LIGHTNING_GAN_CACHE"]) / "classifier-mnist.pt"
    ]


def test_a_classifier_can_be_trained_on_the_embedded_digits(monkeypatch, capsys):
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
    assert "50.00% of 1,000 test images correct" in capsys.readouterr().out


def test_without_arguments_everything_is_downloaded_and_a_failure_stops_nothing(command, weights):
    ended = command(
        "download", "--root", "pixels"
    )  # only tiny MNIST exists; the rest needs a network
    assert ended.status == 1
    assert "MNIST: MNIST, 28x28" in ended.out
    assert "CIFAR10: failed: " in ended.out
    assert "Inception weights: w.pth" in ended.out
    assert ended.err.splitlines()[-1].startswith("error: Downloads failed: ")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """Every download fails at once."""

    def fail(*_):
        raise lightning_gan.cli.actions.download.FetchError("no network in a test")

    for module in ("datamodules.download_sources", "datamodules.cifar10"):
        monkeypatch.setattr(f"{module}.download_bytes", fail)


def test_the_embedded_digits_do_not_replace_mnist(command, monkeypatch):
    monkeypatch.setattr(
        lightning_gan.cli.actions.download.datamodules.MNIST, "sources", ("auto", "embedded")
    )
    ended = command("download", "--data", "[MNIST]", "--root", "nowhere")
    assert ended.status == 1
    assert "MNIST: failed: only mnist5k is available, not mnist" in ended.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data", "[LSUN]"], "there is no data set 'LSUN': give one of "),
        (["--classifier", "cifar10"], "there is no grayscale data set 'cifar10': give one of"),
    ],
)
def test_an_unknown_name_lists_the_known_ones(command, arguments, words):
    ended = command("download", *arguments)
    assert ended.status == 1
    assert words in ended.out


def test_lists_accept_spaces_commas_and_repeated_flags(subtests):
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

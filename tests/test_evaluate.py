"""Command `evaluate`: metrics, protocols, baselines, and wrong arguments."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_cifar import make_tiny_cifar
from tiny_features import TinyNetwork, TinySpace, image_bytes

import datamodules
from lightning_gan.cli.actions.evaluate import evaluate
from lightning_gan.evaluation.reference_data import load_reference_data
from lightning_gan.utils import images

SPACE = ["--features", "tiny_features.TinySpace"]
PUBLISHED = ["--metrics", "fid,is,kid,pr,parzen"]


@pytest.fixture
def trained(command):
    ended = command("fit", "--config", "small.yaml")
    assert ended.status == 0, ended.err
    return "runs/small/version_0/checkpoints/last.ckpt"


def saved(folder, name, n=40, seed=0, **options):
    path = folder / name
    np.savez(path, image_bytes(n, seed, **options).numpy())
    return str(path)


def test_the_command_and_the_callback_give_the_same_numbers(command, trained):
    feature = {"num_samples": 30, "features": {"class_path": "tiny_features.TinySpace"}}
    command.write(
        "scores.yaml",
        {
            "trainer": {
                "callbacks": [
                    {"class_path": "FID", "init_args": feature},
                    {"class_path": "InceptionScore", "init_args": feature},
                    {"class_path": "FeatureScore", "init_args": feature | {"metric": "KIDMetric"}},
                    {"class_path": "PrecisionRecall", "init_args": feature},
                    {"class_path": "ParzenLogLikelihood", "init_args": {"num_samples": 30}},
                ]
            }
        },
    )
    ended = command(
        "test", "--config", "small.yaml", "--config", "scores.yaml", "--ckpt_path", trained
    )
    assert ended.status == 0, ended.err
    (path,) = command.folder.glob("runs/small/version_0/test/**/scores.json")
    callback = {s["name"]: s for s in json.loads(path.read_text())}
    ended = command(
        "evaluate", "--data", "MNIST", "--root", "pixels", "--ckpt_path", trained, "--num_samples", "30",
        *SPACE, *PUBLISHED, "--json", "out/ours.json", "--baselines", "false",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    ours = {
        s["name"]: s for s in json.loads((command.folder / "out/ours.json").read_text())["scores"]
    }
    assert ours.keys() == callback.keys()
    assert ours
    again = command(
        "evaluate", "--data", "mnist", "--root", "pixels", "--ckpt_path", trained, "--num_samples", "30", *SPACE,
        *PUBLISHED, "--compare_to", str(path), "--baselines", "false",
    )  # fmt: skip
    assert again.out.partition("Against")[2].count("+0") == len(ours)
    for name, score in ours.items():
        assert score["value"] == callback[name]["value"], name
        assert score["protocol"] == callback[name]["protocol"], name


def test_the_table_has_protocols_uncertainties_and_baselines(command, trained):
    ended = command(
        "evaluate",
        "--data",
        "MNIST",
        "--root",
        "pixels",
        "--ckpt_path",
        trained,
        "--num_samples",
        "30",
        *SPACE,
    )
    assert ended.status == 0, ended.err
    for words in ("fid_tiny", "is_tiny", "±", "30 samples (average of G, seed 0) and 20 mnist test images",
                  "training images", "k-means", "pixel Bernoulli", "one image", "parzen_nats"):  # fmt: skip
        assert words in ended.out, words
    assert "nan" not in ended.out


def test_baselines_are_cached(command, trained, monkeypatch):
    line = [
        "evaluate",
        "--data",
        "MNIST",
        "--root",
        "pixels",
        "--ckpt_path",
        trained,
        "--num_samples",
        "30",
        *SPACE,
    ]
    first = command(*line)
    monkeypatch.setattr("lightning_gan.evaluation.baseline_scores.KMeans", None)  # would fail
    second = command(*line)
    table = lambda ended: ended.out.partition("Baselines that need no training:")[2]  # noqa: E731
    assert table(first) == table(second) != ""


def test_repeats_give_mean_and_standard_deviation(command, trained):
    ended = command(
        "evaluate", "--data", "MNIST", "--root", "pixels", "--ckpt_path", trained, "--num_samples", "30", *SPACE,
        "--metrics", "[fid]", "--repeats", "3", "--json", "r.json", "--baselines", "false",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    content = json.loads((command.folder / "r.json").read_text())
    singles = []
    for seed in range(3):
        command(
            "evaluate", "--data", "MNIST", "--root", "pixels", "--ckpt_path", trained, "--num_samples", "30", *SPACE,
            "--metrics", "[fid]", "--seed", str(seed), "--json", "s.json", "--baselines", "false",
        )  # fmt: skip
        singles.append(json.loads((command.folder / "s.json").read_text())["fid_tiny"])
    assert content["fid_tiny"] == pytest.approx(np.mean(singles))
    assert content["fid_tiny_sd"] == pytest.approx(np.std(singles, ddof=1))
    assert len(set(singles)) == 3


def test_files_are_evaluated_with_the_keys_of_torch_fidelity(command, monkeypatch):
    colours = {"shape": (3, 4, 4)}
    a, b = (saved(command.folder, f"{s}.npz", seed=s, **colours) for s in (0, 1))
    monkeypatch.setattr(TinySpace, "suffix", "")
    ended = command("evaluate", "--samples", a, "--data", b, *SPACE, "--json", "k.json")
    assert ended.status == 0, ended.err
    assert "No baselines" in ended.out
    assert {
        "inception_score_mean", "inception_score_std", "frechet_inception_distance",
        "kernel_inception_distance_mean", "kernel_inception_distance_std", "precision", "recall", "f_score",
    } <= json.loads((command.folder / "k.json").read_text()).keys()  # fmt: skip


def test_folders_of_classes_are_evaluated_and_skipped_files_are_named(command):
    colours, greys = image_bytes(40, 0, shape=(3, 4, 4)), image_bytes(40, 1)
    for i, (colour, grey) in enumerate(zip(colours, greys, strict=True)):
        images.save_image(colour, command.folder / "made" / "ab"[i % 2] / f"{i:03d}.png")
        images.save_image(grey, command.folder / "real" / f"{i:03d}.png")
    (command.folder / "made" / "a" / "._000.png").write_text("")
    line = ["evaluate", "--samples", "made", "--data", "real", *SPACE, "--metrics", "[fid]"]
    ended = command(*line, "--json", "folders.json")
    assert ended.status == 0, ended.err
    assert "made: 40 images in 2 folders of classes; ignored: hidden 1." in ended.out
    assert "The real images are grayscale: they are converted to three channels" in ended.out
    np.savez(command.folder / "made.npz", colours.numpy())
    torch.save(greys.expand(-1, 3, -1, -1), command.folder / "real.pt")
    line[2], line[4] = "made.npz", "real.pt"
    command(*line, "--json", "arrays.json")
    values = [
        json.loads(Path(f"{name}.json").read_text())["scores"] for name in ("folders", "arrays")
    ]
    assert values[0][0]["value"] == pytest.approx(values[1][0]["value"], rel=1e-6)


def test_a_comparison_names_the_difference_of_the_protocols(command):
    a, b = (saved(command.folder, f"{s}.npz", seed=s) for s in (0, 1))
    line = ["evaluate", "--samples", a, "--data", b, *SPACE, "--metrics", "[fid]"]
    command(*line, "--json", "first.json")
    same = command(*line, "--compare_to", "first.json")
    assert "+0" in same.out
    other = command(*line, "--num_samples", "30", "--compare_to", "first.json")
    assert "not comparable: number of samples 30 and 40" in other.out


def test_an_inception_score_without_last_layer_is_refused_with_the_reason(command):
    a, b = (saved(command.folder, f"{s}.npz", seed=s) for s in (0, 1))
    ended = command("evaluate", "--samples", a, "--data", b, *SPACE, "classes=null")
    assert ended.status == 0, ended.err
    assert "Refused: is_tiny: the weights have no last layer" in ended.out
    assert "is_tiny  " not in ended.out


def test_wrong_arguments_are_one_sentence(command, subtests):
    for arguments, words in [
        ([], "Give one of --ckpt_path FILE and --samples"),
        (["--samples", "a.npz", "--ckpt_path", "x"], "Give one of"),
        (["--samples", "nothing"], "No such folder or file of arrays (.npz, .npy, .pt): nothing"),
        (["--samples", "a.npz", "--repeats", "2"], "--repeats needs a checkpoint"),
        (["--samples", "a.npz", "--num_samples", "0"], "num_samples is 0"),
        (["--samples", "a.npz", "--num_real", "99"], "99 real images were requested, but"),
        (["--samples", "a.npz", "--compare_to", "b.npz"], "holds no scores with protocols"),
        (
            ["--samples", "a.npz", "--metrics", "fid,lpips"],
            "There is no metric 'lpips': give some of ",
        ),
        (["--samples", "a.npz", "--json", "."], "Is a directory: ."),
        (["--samples", "a.npz", "--json", "a.npz/x.json"], "File exists: a.npz"),
        (["--samples", "a.npz", "--data", "emnist"], "emnist is no data set ("),
        (
            ["--samples", "colour.npz", "--data", "MNIST", "--root", "pixels"],
            "in colour but the real images are grey",
        ),
        (["--ckpt_path", "a.npz"], "is not a complete checkpoint"),
        (
            [
                "--samples",
                "a.npz",
                *SPACE,
                "missing=No weights here.",
                "--metrics",
                "[fid]",
            ],
            "No metric could be computed",
        ),
        (["--samples", "one.npz", *SPACE, "--metrics", "[fid]"], "No metric could be computed"),
        (
            ["--samples", "a.npz", *SPACE, "--engine", "torch-fidelity"],
            "torch-fidelity scores in Inception's feature space, but the features are tiny",
        ),
    ]:
        with subtests.test(arguments=arguments, words=words):
            saved(command.folder, "a.npz")
            saved(command.folder, "b.npz", seed=1)
            saved(command.folder, "one.npz", n=1)
            saved(command.folder, "colour.npz", shape=(3, 4, 4))
            ended = command("evaluate", "--data", "b.npz", *arguments)
            assert ended.status != 0
            assert words in ended.err
            assert ended.err.strip().splitlines()[-1].startswith("error:")
            assert "Traceback" not in ended.err


def test_missing_weights_do_not_stop_other_metrics(command):
    a, b = (saved(command.folder, f"{s}.npz", seed=s) for s in (0, 1))
    ended = command(
        "evaluate", "--samples", a, "--data", b, *SPACE, "missing=Fetch them.",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    assert "f_score_tiny, density_tiny, coverage_tiny: no weights of tiny: Fetch them." in ended.out
    assert "parzen_nats" in ended.out


def test_evaluation_does_not_change_the_global_random_state(tmp_path):
    a, b = (saved(tmp_path, f"{s}.npz", seed=s) for s in (0, 1))
    state = torch.random.get_rng_state()
    evaluate(samples=a, data=b, features=TinySpace())
    assert torch.equal(torch.random.get_rng_state(), state)
    assert TinyNetwork().classes == 4


def test_unbounded_data_are_evaluated_without_a_parzen_window(tmp_path, monkeypatch):
    kind = make_tiny_cifar(tmp_path / "pixels")
    monkeypatch.setattr(datamodules.CIFAR10GCN, "files", kind.files)
    monkeypatch.setattr(
        datamodules.CIFAR10GCN.__init__.__wrapped__,
        "__defaults__",
        (str(tmp_path / "pixels"), 10, 10, "files", None),
    )
    known = load_reference_data(
        "cifar10gcn", str(tmp_path / "pixels"), "test", None, with_window=True
    )
    assert known.window is None
    assert known.display_range == (-3.0, 3.0)
    assert known.real.uint8_images.dtype == torch.uint8


def test_a_long_evaluation_prints_its_cost_first(command, monkeypatch):
    words = ("--samples", saved(command.folder, "a.npz"), "--data", saved(command.folder, "b.npz"))
    fid = ("evaluate", *words, *SPACE, "--metrics", "fid")
    assert "images/s measured" not in command(*fid).out
    monkeypatch.setattr("lightning_gan.evaluation.cost.SLOW", 0.0)
    ended = command(*fid)
    assert ended.status == 0, ended.err
    said = "40 samples and 40 real images through"
    assert said in ended.out
    assert ended.out.index(said) < ended.out.index("fid")

"""What the README says is so."""

import csv
import re
from pathlib import Path

import torch
from tiny_features import TinySpace

README = (Path(__file__).parents[1] / "README.md").read_text()
OWN = {"pictures.yaml", "changes.yaml"}
LINES = re.findall(r"^python -m lightning_gan (.+?)(?:\s+#.*)?$", README, flags=re.MULTILINE)


def test_its_lines_are_understood(command, subtests):
    """Those with a flag or a second config: an experiment alone is trained in test_configs."""
    lines = [line for line in LINES if line.startswith("fit") and line.count(" --") > 1]
    lines = [line for line in lines if not OWN & set(line.split()) and "ckpt" not in line]
    assert len(lines) > 5
    for line in lines:
        with subtests.test(line=line):
            ended = command(*line.replace("--print_config", "").split(), "--print_config")
            assert ended.status == 0, ended.err


def test_the_keys_of_its_table_are_those_of_a_run(command, monkeypatch):
    monkeypatch.setattr(TinySpace, "suffix", "")  # the names of Inception's scores
    few = {"num_samples": 20, "features": {"class_path": "tiny_features.TinySpace"}}
    kinds = ("FID", "InceptionScore", "KID", "PrecisionRecall")
    scores = [{"class_path": kind, "init_args": few} for kind in kinds]
    command.write("scores.yaml", {"trainer": {"callbacks+": scores}})
    command("fit", "--config", "small.yaml", "--config", "scores.yaml")
    with open("runs/small+scores/version_0/metrics.csv") as file:
        written = set(csv.DictReader(file).fieldnames)
    table = README.split("## The keys of the curves")[1].split("##")[0]
    named = {k for k in re.findall(r"`([\w/]+)`", table) if "/" in k}
    of_classifier = {k for k in named if k.endswith("_classifier")}
    named -= of_classifier
    named |= {f"val/parzen_{x}" for x in ("nats", "se", "sigma", "n")}
    named |= {key.replace("val/", "test/") for key in named if key.startswith("val/")}
    plain = {
        k.removesuffix("_classifier").replace("/is", "/inception_score") for k in of_classifier
    }
    assert plain
    assert plain <= named
    assert written - {"step", "epoch"} == named


def test_its_python_examples_run(command, monkeypatch):
    monkeypatch.setenv("LIGHTNING_GAN_DATA", "pixels")
    train, read = re.findall(r"```python\n(.+?)```", README, flags=re.DOTALL)
    names = {}
    exec(train.replace("MNIST())", "MNIST(batch_size=5))"), names)  # the tiny MNIST of the tests
    assert names["x"].shape == (64, 1, 28, 28)
    assert names["gan"].g_updates == 20
    assert command("fit", "--config", "small.yaml").status == 0
    exec(read.replace("runs/mnist/", "runs/small/"), names)
    model, images, logits, pixels = (names[n] for n in ("model", "images", "logits", "pixels"))
    assert not model.training
    assert images.shape == (64, 1, 28, 28)
    assert (pixels.dtype, pixels.shape) == (torch.uint8, images.shape)
    torch.testing.assert_close(logits[:4], model.score(images[:4]))

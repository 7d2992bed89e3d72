"""Claim about CIFAR-10: its runs and findings, with few units in each layer."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from jsonargparse import ArgumentParser
from PIL import Image
from tiny_cifar import make_tiny_cifar

import datamodules
from lightning_gan.networks import Discriminator, Generator
from lightning_gan.studies.goodfellow2014 import cifar10
from lightning_gan.studies.goodfellow2014.cifar10 import CLAIM, PAIRS, train_or_find_cifar10
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.utils.config_files import CONFIGS
from lightning_gan.utils.file_format import FORMAT

KINDS = ["fully connected", "convolutional"]
FEW = {
    "fully connected": ["generator.init_args.widths", "[20, 30]", "discriminator.init_args.widths", "[8, 8]"],
    "convolutional": ["generator.init_args.widths", "[20]", "generator.init_args.maps", "[2, 10, 10]"],
}  # fmt: skip


def config_of(kind):
    return f"cifar10_{kind.replace(' ', '_')}_goodfellow2014.yaml"


def networks(kind):
    """Build both networks of a config at full size on the meta device."""
    asked = yaml.safe_load((CONFIGS / config_of(kind)).read_text())["model"]["init_args"]
    parser = ArgumentParser()
    parser.add_subclass_arguments(Generator, "generator")
    parser.add_subclass_arguments(Discriminator, "discriminator")
    parsed = parser.parse_object({name: asked[name] for name in ("generator", "discriminator")})
    with torch.device("meta"):
        made = parser.instantiate_classes(parsed)
    return made.generator, made.discriminator


def test_the_networks_have_the_parameters_of_the_released_sizes(subtests):
    for kind in KINDS:
        with subtests.test(kind=kind):
            G, D = networks(kind)
            counted = [sum(p.numel() for p in network.parameters()) for network in (G, D)]
            assert counted == [PAIRS[kind].generator, PAIRS[kind].discriminator]
            assert D(G(torch.empty(2, 100, device="meta"))).shape == (2,)


def test_the_parameter_counts_are_those_of_the_documentation():
    assert (PAIRS[KINDS[0]].generator, PAIRS[KINDS[0]].discriminator) == (89_395_072, 37_393_601)
    assert (PAIRS[KINDS[1]].generator, PAIRS[KINDS[1]].discriminator) == (64_825_072, 12_454_073)


def test_the_runs_are_one_epoch_of_each_config(monkeypatch, tmp_path):
    asked = []

    def trained(config, setting, seed, *more):
        asked.append((config, seed, *more))
        return Path(config)

    monkeypatch.setattr(cifar10, "train_or_find", trained)
    runs = train_or_find_cifar10(Setting(out=tmp_path), seed=3)
    assert runs == {kind: Path(config_of(kind)) for kind in KINDS}
    for kind, words in zip(KINDS, asked, strict=True):
        given = yaml.safe_load((CONFIGS / config_of(kind)).read_text())
        data = given["data"]["init_args"]
        epoch = (50_000 - data["validation"]) // data["batch_size"]
        assert words[:4] == (config_of(kind), 3, "--trainer.max_steps", str(epoch))
        clipped = "--model.d_clip" in words
        assert clipped == (kind == "fully connected")
        assert given["model"]["init_args"].get("d_clip") is None  # the config is as released
        schedules = [given["model"]["init_args"][f"{p}_scheduler"]["init_args"] for p in "dg"]
        assert [s["updates_per_epoch"] for s in schedules] == [epoch, epoch]


def test_there_is_no_short_version():
    assert CLAIM.quick_seconds is None


@pytest.fixture
def runs(command, monkeypatch):
    """Train both configs for a step on synthetic images with few units."""
    tiny = make_tiny_cifar(command.folder / "pixels")
    monkeypatch.setattr(datamodules.CIFAR10, "files", tiny.files)
    monkeypatch.setattr(cifar10, "SAMPLES", 48)
    monkeypatch.setattr(cifar10, "CIFAR10GCN", partial(datamodules.CIFAR10GCN, validation=10))
    folders = {}
    for kind in KINDS:
        few = [f"--model.{word}" if "." in word else word for word in FEW[kind]]
        ended = command(
            "fit", "--config", config_of(kind), "--data.root", "pixels", "--data.validation", "10",
            "--data.batch_size", "10", "--trainer.max_steps", "1", "--trainer.accelerator", "cpu",
            "--trainer.limit_test_batches", "1", *few,
        )  # fmt: skip
        assert ended.status == 0, ended.err
        folders[kind] = Path("runs", Path(config_of(kind)).stem, "version_0")
    by_config = {config_of(kind): folder for kind, folder in folders.items()}
    monkeypatch.setattr(cifar10, "train_or_find", lambda config, *_: by_config[config])
    return folders


def test_findings_of_two_finished_runs(runs):
    setting = Setting(out=Path("found"), root="pixels", seeds=[0, 1])
    for folder, value in zip(runs.values(), (300.0, 200.0), strict=True):
        score_protocol = {"n_generated": 256, "n_real": 128}
        entry = {
            "format": FORMAT,
            "stage": "test",
            "name": "fid",
            "value": value,
            "sd": None,
            "protocol": score_protocol,
        }
        (folder / "scores.json").write_text(json.dumps([entry]))
    found = CLAIM.run(setting)
    assert [f.verdict for f in found] == [
        Verdict.FAILS,
        Verdict.SHOWN,
        Verdict.SHOWN,
    ] * 2  # few units
    assert [f.result for f in found[2::3]] == ["300.0 ± 0.0 (2 seeds)", "200.0 ± 0.0 (2 seeds)"]
    assert "n = 256 samples against 128 test images" in found[2].note
    assert "step 1, 10 images" in found[1].note
    for finding in found[1::3]:
        image = np.asarray(Image.open(finding.image))
        assert image.shape == (2 * (4 * 34 + 2), 2 * (12 * 34 + 2), 3)
        assert image[4:60, -60:-4].std() > 20  # a training image
        rms, _ = finding.expected.split("test images: ")[1].strip(")").split("; ")
        assert float(rms) == pytest.approx(55 / 3072**0.5, abs=0.006)


def test_without_inception_weights_the_fid_is_not_run(tmp_path):
    finding = cifar10.report_fid("convolutional", [tmp_path])
    assert finding.verdict is Verdict.NOT_RUN
    assert "download --weights" in finding.result

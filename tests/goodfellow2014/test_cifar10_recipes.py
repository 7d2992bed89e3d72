"""Our recipes for CIFAR-10: settings shared with the released pairs, and findings of finished runs."""

from functools import partial
from pathlib import Path

import pytest
import yaml
from tiny_cifar import make_tiny_cifar

import datamodules
from lightning_gan.studies.goodfellow2014 import cifar10, cifar10_recipes, figure2
from lightning_gan.studies.goodfellow2014.cifar10_recipes import CLAIM
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.utils.config_files import CONFIGS

KINDS = ["fully_connected", "convolutional"]


def config(name):
    return yaml.safe_load((CONFIGS / name).read_text())


def test_a_recipe_has_the_released_objective_data_and_kinds_of_layers(subtests):
    for kind in KINDS:
        with subtests.test(kind=kind):
            released, ours = (
                config(f"cifar10_{kind}{end}.yaml") for end in ("_goodfellow2014", "")
            )
            for network in ("generator", "discriminator"):
                pair = [c["model"]["init_args"][network] for c in (released, ours)]
                assert pair[0]["class_path"] == pair[1]["class_path"]
            for name in ("loss", "prior"):
                assert released["model"]["init_args"][name] == ours["model"]["init_args"][name]
            assert released["data"]["class_path"] == ours["data"]["class_path"]
            held_out = [c["data"]["init_args"]["validation"] for c in (released, ours)]
            assert held_out[0] == held_out[1]


def test_every_setting_of_a_recipe_names_its_source(subtests):
    for kind in KINDS:
        with subtests.test(kind=kind):
            text = (CONFIGS / f"cifar10_{kind}.yaml").read_text()
            model = text.split("model:\n")[1].split("trainer:")[0]
            unsourced = [
                line for line in model.splitlines()
                if line.split("#")[0].split(":", 1)[-1].strip() and "[" not in line.partition("#")[2]
            ]  # fmt: skip
            assert [
                line.split(":")[0].strip() for line in unsourced if "data_shape" not in line
            ] == []


@pytest.fixture
def runs(command, monkeypatch):
    """Train both recipes for a step on synthetic images."""
    tiny = make_tiny_cifar(command.folder / "pixels")
    monkeypatch.setattr(datamodules.CIFAR10, "files", tiny.files)
    monkeypatch.setattr(cifar10, "SAMPLES", 48)
    monkeypatch.setattr(figure2, "SAMPLES", 20)
    few = partial(datamodules.CIFAR10GCN, validation=10)
    monkeypatch.setattr(cifar10_recipes, "CIFAR10GCN", few)
    folders = {}
    for kind in KINDS:
        ended = command(
            "fit", "--config", f"cifar10_{kind}.yaml", "--data.root", "pixels", "--data.validation", "10",
            "--data.batch_size", "10", "--trainer.max_steps", "1", "--trainer.accelerator", "cpu",
            "--trainer.limit_test_batches", "1",
        )  # fmt: skip
        assert ended.status == 0, ended.err
        folders[f"cifar10_{kind}.yaml"] = Path("runs", f"cifar10_{kind}", "version_0")
    monkeypatch.setattr(cifar10_recipes, "train_or_find", lambda name, *_: folders[name])


def test_findings_of_two_finished_recipes(runs):
    found = CLAIM.run(Setting(out=Path("found"), root="pixels"))
    # one step is noise, which is no copy; no weights of Inception, so no FID
    assert [f.verdict for f in found] == [Verdict.SHOWN, Verdict.HOLDS, Verdict.NOT_RUN] * 2
    assert all("our recipe" in f.quantity for f in (*found[::3], *found[2::3]))
    assert all(f.image.is_file() for f in found if f.verdict is not Verdict.NOT_RUN)
    assert len({f.image for f in found}) == 5  # four, and none

"""Overlays in configs/objectives: one for each objective, found by name from any folder."""

import inspect
import re
from pathlib import Path

import pytest
import yaml
from command import SMALL
from jsonargparse import ActionConfigFile
from model_factory import Pixels, make_model, trainer
from pytorch_lightning.cli import LightningArgumentParser

from lightning_gan import losses
from lightning_gan.models import SimultaneousGAN
from lightning_gan.models.base import AdversarialModel
from lightning_gan.utils.config_files import CONFIGS, resolve_arguments

OBJECTIVES = [
    c for _, c in inspect.getmembers(losses, inspect.isclass) if not inspect.isabstract(c)
]
OVERLAYS = sorted(path.name for path in (CONFIGS / "objectives").glob("*.yaml"))


def text(name):
    return (CONFIGS / "objectives" / name).read_text()


def objective(name):
    loss = yaml.safe_load(text(name))["model"]["init_args"]["loss"]
    return loss if isinstance(loss, str) else loss["class_path"]


@pytest.fixture(scope="module")
def parser():
    """Make the parser for a model on the command line."""
    parser = LightningArgumentParser()
    parser.add_argument("--config", action=ActionConfigFile)
    parser.add_lightning_class_args(AdversarialModel, "model", subclass_mode=True)
    return parser


@pytest.fixture
def build_with_overlay(parser, tmp_path, monkeypatch):
    """Build the model of the small experiment with the given overlays."""
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(yaml.safe_dump({"model": SMALL["model"]}))

    def model(*names):
        flags = [word for name in ("small.yaml", *names) for word in ("--config", name)]
        return parser.parse_args(resolve_arguments(flags)).as_dict()["model"]["init_args"]

    return model


def test_every_objective_has_its_overlay():
    # r1, r3gan and wgan_gp are an objective together with its regularisers
    assert set(map(objective, OVERLAYS)) == {c.__name__ for c in OBJECTIVES}


def test_overlays_name_paper_use_and_sources(subtests):
    for name in OVERLAYS:
        with subtests.test(name):
            comments, settings = text(name).split("model:\n")
            assert re.search(r"\(\d{4}\)", comments.splitlines()[0])
            assert re.search(
                rf"--config \w+\.yaml --config objectives/{name}$", comments, re.MULTILINE
            )
            numbers = [line for line in settings.splitlines() if re.search(r": *[\d.]", line)]
            assert all(re.search(r" # \[[\w-]+\] ", line) for line in numbers), numbers


def test_overlays_change_neither_networks_nor_noise(build_with_overlay, subtests):
    for name in OVERLAYS:
        with subtests.test(name):
            model, before = build_with_overlay(f"objectives/{name}"), SMALL["model"]["init_args"]
            assert model["loss"]["class_path"] == f"lightning_gan.losses.{objective(name)}"
            assert model["prior"]["class_path"] == f"lightning_gan.priors.{before['prior']}"
            for network in ("generator", "discriminator"):
                kind, settings = before[network]["class_path"], before[network]["init_args"]
                assert model[network]["class_path"] == f"lightning_gan.networks.{kind}"
                assert model[network]["init_args"].items() >= settings.items()


def test_overlays_train_from_any_folder(command):
    ended = command(
        "fit", "--config", "small.yaml", "--config", "objectives/relativistic.yaml",
        "--trainer.max_steps", "2", "--trainer.callbacks", "[]",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    assert "model    RelativisticPairing; alternating" in ended.out
    assert "step 2/2" in ended.out
    assert Path("runs/small+relativistic/version_0/config.yaml").exists()


def test_both_networks_are_updated_under_every_objective(tmp_path, subtests):
    """Train SimultaneousGAN; test_overlays trains each overlay with alternating updates."""
    for loss in OBJECTIVES:
        with subtests.test(loss.__name__):
            gan = make_model(SimultaneousGAN, loss=loss())
            before = [w.clone() for w in weights(gan)]
            trainer(tmp_path, max_steps=2).fit(gan, Pixels())
            assert gan.g_updates == 2
            assert all(p.isfinite().all() for p in gan.parameters())
            moved = [not old.equal(new) for old, new in zip(before, weights(gan), strict=True)]
            assert all(moved)


def weights(gan):
    """Return the weights of both networks without D's last bias, on which some objectives do not depend."""
    return [p for p in gan.parameters() if p.dim() > 1]


def test_wasserstein_replaces_the_optimizers(build_with_overlay):
    """Settings of the old optimizer must not be merged into those of the new one."""
    own = {
        "d_optimizer": {"class_path": "torch.optim.AdamW", "init_args": {"lr": 0.01, "weight_decay": 0.1}},
        "g_optimizer": {"class_path": "torch.optim.SGD", "init_args": {"lr": 0.1, "momentum": 0.5}},
        "d_scheduler": {"class_path": "LinearDecay", "init_args": {"total": 9}},
    }  # fmt: skip
    Path("own.yaml").write_text(yaml.safe_dump({"model": {"init_args": own}}))
    model = build_with_overlay("own.yaml", "objectives/wasserstein.yaml")
    assert model["k"] == 5
    for network in "dg":
        used = model[f"{network}_optimizer"]
        assert used["class_path"] == "torch.optim.RMSprop"
        read = {key: used["init_args"][key] for key in ("lr", "momentum", "weight_decay")}
        assert read == {"lr": 5e-5, "momentum": 0, "weight_decay": 0}
        assert (
            model[f"{network}_scheduler"]["class_path"]
            == "lightning_gan.training.optimizers.Constant"
        )


def test_last_objective_replaces_the_previous_one(build_with_overlay):
    model = build_with_overlay("objectives/label_smoothing.yaml", "objectives/hinge.yaml")
    assert model["loss"] == {"class_path": "lightning_gan.losses.Hinge"}

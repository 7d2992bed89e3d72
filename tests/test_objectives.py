"""The overlays of configs/objectives: one for each objective, laid over an experiment by bare name."""

import inspect
import re
from pathlib import Path

import pytest
import yaml

from lightning_gan import losses
from lightning_gan.config_files import CONFIGS

OVERLAYS = sorted(path.name for path in (CONFIGS / "objectives").glob("*.yaml"))


def text(name):
    return (CONFIGS / "objectives" / name).read_text()


def objective(name):
    loss = yaml.safe_load(text(name))["model"]["init_args"]["loss"]
    return loss if isinstance(loss, str) else loss["class_path"]


def fitted(command, name, *more):
    """Two steps of the small experiment under an overlay; the run's own config, which can repeat it."""
    ended = command(
        "fit", "--config", "small.yaml", *more, "--config", f"objectives/{name}",
        "--trainer.max_steps", "2", "--trainer.callbacks", "[]",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    (run,) = Path("runs").glob(f"*{Path(name).stem}/version_0")
    return ended, yaml.safe_load((run / "config.yaml").read_text())["model"]["init_args"]


def test_every_objective_has_its_overlay():
    concrete = inspect.getmembers(
        losses, lambda o: inspect.isclass(o) and not inspect.isabstract(o)
    )
    assert sorted(map(objective, OVERLAYS)) == sorted(name for name, _ in concrete)


@pytest.mark.parametrize("name", OVERLAYS)
def test_it_names_its_paper_its_use_and_the_source_of_every_setting(name):
    comments, settings = text(name).split("model:\n")
    first, second = comments.splitlines()[:2]
    assert re.search(r"\(\d{4}\)", first)
    assert second == f"# --config mnist.yaml --config objectives/{name}"
    given = [
        line for line in settings.splitlines() if not line.rstrip().endswith((":", "&rmsprop"))
    ]
    assert all(re.search(r" # \[\w+\] |\*rmsprop$", line) for line in given), given


@pytest.mark.parametrize("name", OVERLAYS)
def test_it_trains_the_objective_of_its_name_in_any_folder(name, command):
    ended, model = fitted(command, name)
    assert f"game     {objective(name)}, alternating" in ended.out
    assert "step 2/2" in ended.out
    assert model["loss"]["class_path"] == f"lightning_gan.losses.{objective(name)}"


def test_wasserstein_keeps_nothing_of_the_experiments_optimizers(command):
    """What the overlay does not say would be kept where the new optimizer takes it too."""
    own = {
        "d_optimizer": {"class_path": "torch.optim.AdamW", "init_args": {"lr": 0.01, "weight_decay": 0.1}},
        "g_optimizer": {"class_path": "torch.optim.SGD", "init_args": {"lr": 0.1, "momentum": 0.5}},
        "d_scheduler": {"class_path": "LinearDecay", "init_args": {"total": 9}},
    }  # fmt: skip
    command.write("own.yaml", {"model": {"init_args": own}})
    _, model = fitted(command, "wasserstein.yaml", "--config", "own.yaml")
    assert model["k"] == 5
    for player in "dg":
        used = model[f"{player}_optimizer"]
        assert used["class_path"] == "torch.optim.RMSprop"
        read = {key: used["init_args"][key] for key in ("lr", "momentum", "weight_decay")}
        assert read == {"lr": 5e-5, "momentum": 0, "weight_decay": 0}
        assert model[f"{player}_scheduler"]["class_path"] == "lightning_gan.optimizers.Constant"


def test_the_last_objective_wins_and_keeps_nothing_of_the_others(command):
    _, model = fitted(command, "hinge.yaml", "--config", "objectives/label_smoothing.yaml")
    assert model["loss"] == {"class_path": "lightning_gan.losses.Hinge"}

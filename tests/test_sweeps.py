"""Sweep files, expanded by W&B's own code and executed."""

import itertools
import re
from pathlib import Path

import pytest
import yaml

from lightning_gan.tracking import metric_keys
from lightning_gan.utils.config_files import CONFIGS

SWEEPS = sorted((CONFIGS / "sweeps").glob("*.yaml"))
SMALL = {
    "mnist.yaml": ["--data.root", "pixels", "--data.batch_size", "10", "--trainer.max_steps", "1"],
    "ring.yaml": ["--data.batch_size", "1000", "--trainer.max_steps", "1"],
}


def ends(parameter):
    """Return the values of a parameter, or the ends of its range."""
    return parameter.get("values") or [parameter["min"], parameter["max"]]


def command_of(sweep, values):
    """Return the command line that the agent would start."""
    from wandb.sdk.launch.sweeps.utils import (  # seconds to import
        create_sweep_command,
        create_sweep_command_args,
    )

    found = create_sweep_command_args({"args": {key: {"value": v} for key, v in values.items()}})
    known = {"${args}": found["args"], "${env}": ["/usr/bin/env"], "${interpreter}": ["python"]}
    words = [known.get(word, [word]) for word in create_sweep_command(list(sweep["command"]))]
    return list(itertools.chain(*words))


def test_settings_are_numbers_and_the_metric_is_logged_at_validation(subtests):
    for path in SWEEPS:
        with subtests.test(path=path):
            sweep = yaml.safe_load(path.read_text())
            assert path.read_text().startswith("# A W&B sweep over ")
            for parameter in sweep["parameters"].values():
                assert all(
                    isinstance(value, int | float) for value in ends(parameter)
                )  # 1e-5 would be a text
            metric = metric_keys.find_key(sweep["metric"]["name"])
            assert metric.name.startswith("{stage}/")
            assert sweep["metric"]["name"].startswith("val/")
            assert (
                sweep["metric"]["goal"]
                == {"higher": "maximize", "lower": "minimize"}[metric.better]
            )
            for value in re.findall(r"\d+\.\de-\d", path.read_text()):
                assert isinstance(yaml.safe_load(value), float)


@pytest.mark.parametrize("path", SWEEPS, ids=lambda p: p.name)
def test_the_command_runs_with_the_sweep_values(path, command):
    sweep = yaml.safe_load(path.read_text())
    values = {key: ends(parameter)[0] for key, parameter in sweep["parameters"].items()}
    words = command_of(sweep, values)
    assert words[:4] == ["/usr/bin/env", "python", "-m", "lightning_gan"]
    small = SMALL[path.name]
    ended = command(*words[4:], *small, "--trainer.accelerator", "cpu")
    assert ended.status == 0, ended.err
    (folder,) = Path("runs").glob("*/version_0")
    config = yaml.safe_load((folder / "config.yaml").read_text())
    for key, value in values.items():
        found = config | {"model": config["model"]["init_args"]}
        for part in key.split("."):
            found = found[part]
        assert found == value, key

"""Experiments: one subprocess for each command, and the folder of its run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lightning_gan.studies.goodfellow2014 import experiments
from lightning_gan.studies.goodfellow2014.claim import Setting
from lightning_gan.studies.goodfellow2014.experiments import (
    ExperimentError,
    read_test_score,
    train_or_find,
)
from lightning_gan.utils.file_format import FORMAT


@pytest.fixture
def fits(monkeypatch):
    """Replace the command `fit`: write a run folder, or fail."""
    calls = []

    def run(words, stdout, **_):
        calls.append(words)
        options = dict(zip(words[4::2], words[5::2], strict=True))
        if options.get("--fail"):
            stdout.write("step 1\nerror: no data.\n")
            return subprocess.CompletedProcess(words, 1)
        name = options["--run.name"].replace("mnist_", f"{options.get('--data', 'mnist')}_")
        folder = Path(options["--run.root"], name)
        folder = folder / f"version_{len(list(folder.glob('version_*')))}"
        folder.mkdir(parents=True)
        entries = [
            {"format": FORMAT, "stage": "val", "name": "parzen_nats", "value": 1.0, "sd": 0.1},
            {"format": FORMAT, "stage": "test", "name": "parzen_nats", "value": 2.0, "sd": None},
        ]
        (folder / "scores.json").write_text(json.dumps(entries))
        (folder / "run.json").write_text("{}")
        stdout.write("step 7\n")
        return subprocess.CompletedProcess(words, 0)

    monkeypatch.setattr(experiments.subprocess, "run", run)
    return calls


def test_a_finished_run_is_found_again(fits, tmp_path):
    setting = Setting(out=tmp_path, root="elsewhere")
    first = train_or_find("mnist.yaml", setting, 3, "--trainer.max_steps", "7")
    again = train_or_find("mnist.yaml", setting, 3, "--trainer.max_steps", "7")
    assert first == again == tmp_path / "runs" / "mnist_seed3_0" / "mnist_seed3" / "version_0"
    (words,) = fits
    assert words[:4] == [sys.executable, "-m", "lightning_gan", "fit"]
    assert " ".join(words[4:]).startswith(
        "--config mnist.yaml --seed_everything 3 --trainer.max_steps 7 --data.root elsewhere"
    )


def test_a_run_named_after_other_data_is_found_again(fits, tmp_path):
    """Without MNIST, a run is named after the 5,000 digits that it trains on."""
    setting = Setting(out=tmp_path)
    folders = [train_or_find("mnist.yaml", setting, 3, "--data", "mnist5k") for _ in range(2)]
    assert folders == 2 * [tmp_path / "runs" / "mnist_seed3_0" / "mnist5k_seed3" / "version_0"]
    assert len(fits) == 1


def test_a_run_of_an_older_version_is_refused(fits, tmp_path):
    setting = Setting(out=tmp_path)
    folder = train_or_find("mnist.yaml", setting, 3)
    (folder / experiments.DONE).write_text('["--config", "mnist.yaml"]')
    with pytest.raises(ValueError, match=r"finished.json has format 0, .* read it with commit"):
        train_or_find("mnist.yaml", setting, 3)


def test_another_seed_or_length_is_another_run(fits, tmp_path):
    setting = Setting(out=tmp_path)
    folders = {
        train_or_find("mnist.yaml", setting, s, "--trainer.max_steps", n)
        for s in (0, 1)
        for n in "34"
    }
    assert len(folders) == len(fits) == 4


def test_a_failed_run_is_reported_and_run_again(fits, tmp_path):
    setting = Setting(out=tmp_path)
    for _ in range(2):
        with pytest.raises(
            ExperimentError, match=r"status 1: error: no data\. \(output: .*mnist_seed0_\d/fit\.log"
        ):
            train_or_find("mnist.yaml", setting, 0, "--fail", "yes")
    assert len(fits) == 2


def test_a_run_that_another_process_starts_meanwhile_is_not_mistaken(fits, tmp_path):
    other = tmp_path / "runs" / "mnist_seed0_0" / "mnist_seed0" / "version_0"
    other.mkdir(parents=True)
    (other / "run.json").write_text("{}")
    found = train_or_find("mnist.yaml", Setting(out=tmp_path), 0)
    assert found == tmp_path / "runs" / "mnist_seed0_1" / "mnist_seed0" / "version_0"


def test_the_score_is_that_of_the_test_split(fits, tmp_path):
    folder = train_or_find("mnist.yaml", Setting(out=tmp_path), 0)
    assert read_test_score(folder, "parzen_nats") == (2.0, 0.0)
    with pytest.raises(ExperimentError, match="no test score 'fid'"):
        read_test_score(folder, "fid")

"""The table of metric keys is complete and agrees with what runs write."""

import csv
from pathlib import Path

import pytest
import yaml

from lightning_gan.evaluation.evaluator import load_feature_metric
from lightning_gan.tracking import metric_keys
from lightning_gan.utils.config_files import CONFIGS

ROOT = Path(__file__).parents[1]
SCORES = [
    {"class_path": kind, "init_args": {"num_samples": 20, "features": {"class_path": "tiny_features.TinySpace"}}}
    for kind in ("FID", "InceptionScore", "KID", "PrecisionRecall")
]  # fmt: skip
WATCHED = {
    "model": {"init_args": {"regularizers": [{"class_path": r} for r in ("R1", "R2", "GradientPenalty")]}},
    "trainer": {"callbacks+": [*SCORES, {"class_path": "ModeCollapseMonitor", "init_args": {"every_n_steps": 2,
    "num": 10}}]},
}  # fmt: skip


def test_every_key_lies_in_a_panel_and_every_panel_in_a_section():
    panels = {panel.name: panel for panel in metric_keys.PANELS}
    assert {panel.section for panel in panels.values()} | {"Samples"} == set(metric_keys.SECTIONS)
    for key in metric_keys.KEYS:
        beside = key.error_of or key.name.endswith(("parzen_sigma", "parzen_n"))
        assert bool(beside) == (not key.panel), key
        assert not key.panel or key.panel in panels
    assert all(list(metric_keys.list_keys_in_panel(panel)) for panel in panels.values())


def test_no_key_is_two_keys():
    for key in metric_keys.KEYS:
        for name in key.written:
            assert [k for k in metric_keys.KEYS if k.matches(name)] == [key], name


def test_a_value_knows_its_own_error_and_no_other():
    errors = {metric_keys.find_error_key(n) for k in metric_keys.KEYS for n in k.written} - {None}
    assert errors == {n for k in metric_keys.KEYS if k.error_of for n in k.written}
    assert metric_keys.find_error_key("val/is_classifier") == "val/is_classifier_sd"
    assert metric_keys.find_error_key("train/value") is None


def written(folder):
    with (folder / "metrics.csv").open() as file:
        return set(csv.DictReader(file).fieldnames) - set(metric_keys.AXES)


def test_every_key_of_a_run_is_in_the_table(command):
    command.write("watched.yaml", WATCHED)
    ended = command("fit", "--config", "small.yaml", "--config", "watched.yaml")
    assert ended.status == 0, ended.err
    logged = written(Path("runs/small+watched/version_0"))
    assert {"val/fid_tiny", "val/kid_tiny_sd", "collapse/rank_ratio", "train/r1"} <= logged
    assert [key for key in logged if metric_keys.find_key(key) is None] == []


@pytest.mark.parametrize("name", ["ring.yaml", "mnist_acgan.yaml"])
def test_every_key_of_another_model_is_in_the_table(name, command):
    config = yaml.safe_load((CONFIGS / name).read_text())
    points = config["data"]["class_path"] == "Ring"
    config["data"]["init_args"] |= (
        {"batch_size": 1000} if points else {"batch_size": 10, "root": "pixels"}
    )
    config["trainer"]["callbacks"] = config["trainer"]["callbacks"][:1]  # its own score
    command.write("other.yaml", config)
    ended = command(
        "fit", "--config", "other.yaml", "--trainer.max_steps", "2", "--trainer.accelerator", "cpu"
    )
    assert ended.status == 0, ended.err
    logged = written(Path("runs/other/version_0"))
    assert {"test/reverse_kl", "train/r2"} <= logged or {
        "train/g_class_loss",
        "test/classification_error",
    } <= logged
    assert [key for key in logged if metric_keys.find_key(key) is None] == []


def test_every_feature_metric_has_keys_for_its_scores():
    for name in metric_keys.FEATURE_METRICS:
        for score in load_feature_metric(name).names:
            assert metric_keys.find_score_key(f"{score}_classifier"), (name, score)

"""A run with two processes equals a run with one."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest


def rows(run):
    with open(run / "metrics.csv") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_two_processes_train_and_evaluate_as_one(command):
    odd = {"num_samples": 31, "features": {"class_path": "tiny_features.TinySpace"}}
    kinds = ("FID", "InceptionScore", "KID", "PrecisionRecall")
    scores = {"callbacks+": [{"class_path": kind, "init_args": odd} for kind in kinds]}
    command.write("scores.yaml", {"trainer": scores})
    command.write(
        "two.yaml", {"trainer": {"devices": 2, "max_steps": 4}, "checkpoint": {"every_n_steps": 2}}
    )
    script = Path("run_two.py")
    script.write_text(TWO)
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert ended.stdout.count("test/parzen_nats") == 1
    seen = [
        int(r["progress/images_seen"])
        for r in rows(Path("runs/small+two+scores/version_0"))
        if r["train/d_loss"]
    ]
    assert seen == [40, 80]  # two minibatches of ten for each step
    assert not Path("runs/small+two+scores/version_1").exists()
    last = Path("runs/small+two+scores/version_0/checkpoints/step=4.ckpt")
    assert last.is_file()
    alone = ["--trainer.devices", "1", "--trainer.strategy", "auto"]
    ended = command("test", "--ckpt_path", str(last), *alone)
    assert ended.status == 0, ended.err
    run = Path("runs/small+two+scores/version_0")
    of_two = {
        s["name"]: s for s in json.loads((run / "scores.json").read_text()) if s["stage"] == "test"
    }
    (path,) = (run / "test").rglob("scores.json")
    of_one = {s["name"]: s for s in json.loads(path.read_text())}
    assert len(of_one) == len(of_two) == 9
    for name, score in of_one.items():
        assert of_two[name]["value"] == pytest.approx(score["value"], rel=1e-6, abs=1e-9), name
        assert of_two[name]["protocol"] == score["protocol"]


TWO = f"""
import sys
from pathlib import Path

sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(Path(__file__).parents[1])!r}]
from tiny import make_tiny_mnist

import datamodules
from lightning_gan.cli.main import main

tiny = make_tiny_mnist(Path("pixels"))
for name in ("files", "train_size", "sources"):
    setattr(datamodules.MNIST, name, getattr(tiny, name))
sys.argv[1:] = ["fit", "--config", "small.yaml", "--config", "two.yaml", "--config", "scores.yaml"]
main()
"""

"""Measure the time of `compare` for runs that all differ, against labels computed for each run separately.

    python benchmarks/compare.py [--runs 20,50,100,200]

The configs have the usual size and differ in D's learning rate. CPU time, one thread. "labels, run by run" flattens the
settings of all runs again for each run.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from run_fixtures import make_run

from lightning_gan.reports import seed_groups
from lightning_gan.reports.comparison import make_comparison
from lightning_gan.reports.run_reader import RunFiles, read_run
from lightning_gan.reports.seed_groups import find_differing, find_seed_groups

SETTINGS = 150  # about as many as in mnist_parzen.yaml


def labels_run_by_run(firsts: Sequence[RunFiles]) -> list[str]:
    """Compute the labels separately for each run."""
    labels: list[str] = []
    for run in firsts:
        alike = [other for other in firsts if other.experiment == run.experiment]
        settings = find_differing(alike)
        place = next(i for i, other in enumerate(alike) if other is run)
        words = [f"{key.split('.')[-1]} {values[place]}" for key, values in settings.items()]
        labels.append(", ".join([run.experiment, *words[:3]]))
    return labels


def made(folder: Path, i: int) -> Path:
    """Write a run with a config of the usual size."""
    run = make_run(folder / f"version_{i}")
    config = yaml.safe_load((run / "config.yaml").read_text())
    more = {
        f"setting_{j}": {"class_path": "X", "init_args": {"a": j}} for j in range(SETTINGS // 2)
    }
    lr = {"class_path": "torch.optim.Adam", "init_args": {"lr": 1e-5 * (i + 1)}}
    config["model"]["init_args"] |= {"d_optimizer": lr, **more}
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default="20,50,100,200")
    numbers = [int(n) for n in parser.parse_args().runs.split(",")]
    torch.set_num_threads(1)
    print("runs   read, s   group, s   page, s   labels, s   labels run by run, s")
    with tempfile.TemporaryDirectory() as folder:
        folders = [made(Path(folder), i) for i in range(max(numbers))]
        for n in numbers:
            clock = [time.process_time()]
            runs = [read_run(path) for path in folders[:n]]
            clock.append(time.process_time())
            found = find_seed_groups(runs)
            clock.append(time.process_time())
            make_comparison(found)
            clock.append(time.process_time())
            seed_groups.make_labels(runs)
            clock.append(time.process_time())
            labels_run_by_run(runs)
            clock.append(time.process_time())
            read, group, page, labels, peer = (b - a for a, b in pairwise(clock))
            print(
                f"{n:4}{read:10.2f}{group:11.2f}{page:10.2f}{labels:12.3f}{peer:16.2f}", flush=True
            )


if __name__ == "__main__":
    main()

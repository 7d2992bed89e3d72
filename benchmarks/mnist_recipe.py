"""Score variations of mnist.yaml on validation images, each for the same number of CPU seconds of training.

    python benchmarks/mnist_recipe.py [--seconds 120] [--rows batch_100,beta1_0.5] [--root data] [--out recipe]

Each row changes one setting of mnist.yaml. A first run of 200 steps measures the CPU seconds of a step; the second
trains for `seconds` of them, its learning rates falling to zero at its end. Prints one line for each row: steps, CPU
seconds of training, Parzen nats, and FID, precision, recall and Inception Score in the feature space of the digit
classifier (`download --classifier mnist` first). Test images are not read.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

G, D = "--model.generator.init_args.", "--model.discriminator.init_args."
ROWS = {
    "mnist.yaml": [],
    "precision_bf16": ["--trainer.precision", "bf16-mixed"],
    "beta1_0.5": [
        "--model.d_optimizer.init_args.betas", "[0.5,0.99]", "--model.g_optimizer.init_args.betas", "[0.5,0.99]",
    ],
    "rates_half": ["--model.d_optimizer.init_args.lr", "5e-4", "--model.g_optimizer.init_args.lr", "1e-3"],
    "rates_double": ["--model.d_optimizer.init_args.lr", "2e-3", "--model.g_optimizer.init_args.lr", "4e-3"],
    "batch_16": ["--data.batch_size", "16"],
    "batch_100": ["--data.batch_size", "100"],
    "r1_0.1": ["--model.regularizers", '[{"class_path": "R1", "init_args": {"gamma": 0.1, "every": 8}}]'],
    "r1_1.0": ["--model.regularizers", '[{"class_path": "R1", "init_args": {"gamma": 1.0, "every": 8}}]'],
    "z_16": [f"{G}z_dim", "16"],
    "z_64": [f"{G}z_dim", "64"],
    "d_wider": [f"{D}width", "48", f"{D}hidden", "256"],
    "g_narrower": [f"{G}width", "16"],
    "average_longer": ["--model.ema_half_life", "100000"],
}  # fmt: skip


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120.0, help="CPU seconds of training")
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--root", default="data")
    parser.add_argument("--out", default="recipe", help="folder of the runs")
    asked = parser.parse_args()
    for name in asked.rows.split(","):
        change = [*ROWS[name], "--data.root", asked.root]
        start = fit(change, 1, f"{asked.out}/start")
        a_step = (fit(change, 201, f"{asked.out}/speed") - start) / 200
        steps = max(1, round(asked.seconds / a_step))
        fit(change, steps, f"{asked.out}/{name}")
        print(f"{name:16} {steps:6} steps {steps * a_step:6.1f} s  {score(Path(asked.out, name))}")


def fit(change: list[str], steps: int, out: str) -> float:
    """Train and return the CPU seconds of the whole process."""
    length = [
        "--trainer.max_steps", str(steps), "--model.d_scheduler.init_args.total", str(steps),
        "--model.g_scheduler.init_args.total", str(steps), "--trainer.callbacks", "[]", "--run.root", out,
        "--trainer.limit_val_batches", "0",
    ]  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    call("fit", "--config", "mnist.yaml", *length, *change)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def score(folder: Path) -> str:
    """Score the newest checkpoint of a folder of runs on validation images."""
    newest = max(folder.glob("*/version_*/checkpoints/last.ckpt"), key=os.path.getmtime)
    file = folder / "scores.json"
    file.unlink(missing_ok=True)
    call(
        "evaluate", "--ckpt_path", str(newest), "--split", "val", "--baselines", "false", "--json", str(file),
    )  # fmt: skip
    values = json.loads(file.read_text())
    return json.dumps({k: round(v, 3) for k, v in values.items() if isinstance(v, float)})


def call(*arguments: str) -> None:
    """Run a command of the suite without output."""
    quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "WANDB_MODE": "disabled"}}
    subprocess.run([sys.executable, "-m", "lightning_gan", *arguments], check=True, **quiet)


if __name__ == "__main__":
    main()

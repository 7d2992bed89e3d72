"""Measure the start-up of commands in CPU seconds, as ratios to an import in the same run.

    python benchmarks/startup.py --run RUN --ckpt_path FILE --rounds 5

Light commands are compared with `import torch`, `sample` with `import pytorch_lightning`. Each round measures every
command and both imports once; a ratio is that of the medians over the rounds. The time is user and system time of the
process and its children.

Args:
    --run: Folder of a finished run, for `report` and `compare`.
    --ckpt_path: Checkpoint of 28x28 digits, for `sample`, which is omitted without it.
    --rounds: Number of rounds.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from statistics import median

PROGRAM = ["-m", "lightning_gan"]
LIGHT, SAMPLE = 1.0, 1.25  # maximum ratios


def cpu_seconds(arguments: list[str], folder: str) -> float:
    """Run Python in a folder, and return the CPU seconds of the process."""
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )  # fmt: skip
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_utime + usage.ru_stime


def list_commands(run: str, ckpt_path: str | None) -> dict[str, tuple[list[str], str, float]]:
    """List the arguments of each command, the import to compare with, and the maximum ratio."""
    light = {
        "--help": ["--help"],
        "a mistyped command": ["smaple"],
        "report": ["report", run, "--out", "report.html"],
        "compare": ["compare", run],
        "doctor": ["doctor"],
        "download --help": ["download", "--help"],
    }
    found = {name: ([*PROGRAM, *words], "torch", LIGHT) for name, words in light.items()}
    if ckpt_path:
        words = ["sample", "--ckpt_path", ckpt_path, "--num_samples", "64"]
        found["sample of 64 digits"] = ([*PROGRAM, *words], "pytorch_lightning", SAMPLE)
    return found


def main() -> None:
    """Measure, print a table, and end with status 1 if a ratio is too large."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", required=True)
    parser.add_argument("--ckpt_path")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    path = os.path.abspath(asked.ckpt_path) if asked.ckpt_path else None
    commands = list_commands(os.path.abspath(asked.run), path)
    lines = {f"import {name}": ["-c", f"import {name}"] for name in ("torch", "pytorch_lightning")}
    lines |= {name: arguments for name, (arguments, _, _) in commands.items()}
    seconds: dict[str, list[float]] = {name: [] for name in lines}
    os.environ["PYTHONPATH"] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(asked.rounds):
            for name, arguments in lines.items():
                seconds[name].append(cpu_seconds(arguments, folder))
    medians = {name: median(values) for name, values in seconds.items()}
    failed = False
    for name, value in medians.items():
        if name not in commands:
            print(f"{name:<28}{value:6.2f} s")
            continue
        _, base, limit = commands[name]
        ratio = value / medians[f"import {base}"]
        failed = failed or ratio > limit
        print(f"{name:<28}{value:6.2f} s  {ratio:5.2f} x import {base}, at most {limit}")
    sys.exit(failed)


if __name__ == "__main__":
    main()

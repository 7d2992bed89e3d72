"""If one process fails, all processes end and report the first failure."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FAILING = """
import os, sys
from pathlib import Path

sys.path[:0] = ["{here}", "{here.parent}"]
from tiny import make_tiny_mnist

import datamodules
from lightning_gan.cli.main import main
from lightning_gan.training.statistics import TrainingStatistics

tiny = make_tiny_mnist(Path("pixels"))
for name in ("files", "train_size", "sources"):
    setattr(datamodules.MNIST, name, getattr(tiny, name))
add_g, rank, steps = TrainingStatistics.add_g, int(os.environ.get("LOCAL_RANK", 0)), []

def failing(self, loss):
    steps.append(len(steps))
    if len(steps) == 4 and rank == {rank}:
        {what}
    add_g(self, loss)

TrainingStatistics.add_g = failing
sys.argv[1:] = ["fit", "--config", "small.yaml", "--trainer.devices", "2", "--trainer.max_steps", "100000"]
main()
"""


def ended(rank: int, what: str) -> tuple[int, str]:
    """Return status and stderr of a run in whose fourth step one of two processes executes `what`."""
    Path("fail.py").write_text(FAILING.format(here=HERE, rank=rank, what=what))
    with subprocess.Popen(
        [sys.executable, "fail.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        _, errors = run.communicate(timeout=400)  # until both have closed their pipes
    return run.returncode, errors


@pytest.mark.slow
def test_nan_on_rank_1_ends_both_processes_with_one_message(command):
    status, errors = ended(1, "loss = loss * float('nan')")
    assert status != 0
    assert "Traceback" not in errors, errors
    assert errors.count("error: rank 1: The generator's loss became nan") == 1, errors
    assert errors.count("ended, because") <= 1, errors  # 0 if Lightning ends the process first


@pytest.mark.slow
def test_nan_on_rank_0_ends_both_processes_with_one_message(command):
    status, errors = ended(0, "loss = loss * float('nan')")
    assert status != 0
    assert "Traceback" not in errors, errors
    assert errors.count("error: rank 0: The generator's loss became nan") == 1, errors
    assert errors.count("rank 1: ended, because rank 0 failed.") == 1, errors


@pytest.mark.slow
def test_bug_shows_its_traceback_once(command):
    status, errors = ended(1, "{}['shelf']")
    assert status != 0
    assert errors.count("Traceback (most recent call last)") == 1, errors
    assert errors.count("KeyError: 'shelf'\n") == 1, errors
    assert errors.count("This was rank 1 of 2.") == 1, errors
    recording = Path("runs/small/version_0/crash/step=4_process=1.pt")
    assert errors.count(f"replay {recording}\n") == 1, errors
    assert [path.name for path in Path("runs/small").iterdir()] == ["version_0"]
    assert recording.is_file()


@pytest.mark.slow
def test_killed_process_ends_the_other(command):
    status, errors = ended(1, "os.kill(os.getpid(), 9)")
    assert status != 0
    assert "Traceback" not in errors, errors
    assert "rank 0: another process ended without an error message" in errors


@pytest.mark.slow
def test_hanging_process_is_ended(command):
    began = time.monotonic()
    wait = (
        "import time; from lightning_gan.distributed import failures; "
        "failures.find_first_failure(KeyError()); time.sleep(200)"
    )
    status, errors = ended(1, wait)
    assert status != 0
    assert time.monotonic() - began < 150
    assert "rank 0: ended, because rank 1 failed." in errors

"""A signal while a score takes minutes: the run is saved, ends within seconds, and resumes as if never stopped."""

import copy
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
import torch
from command import SMALL
from drill import begin, live
from stopping import parts

import callbacks.parzen
from lightning_gan.running.runs import checked

WANTED = 5.0  # seconds from a signal to the end of the process
ROOT = Path(__file__).parents[1]


@pytest.fixture
def small(command):
    """Ten steps, a validation every two, a checkpoint every four; no W&B."""
    config = copy.deepcopy(SMALL)
    config["trainer"] |= {
        "check_val_every_n_epoch": None,
        "val_check_interval": 2,
        "log_every_n_steps": 2,
        "num_sanity_val_steps": 0,
    }
    config["trainer"]["callbacks"] = config["trainer"]["callbacks"][:2]
    config["checkpoint"] = {"every_n_steps": 4}
    command.write("slow.yaml", config)
    return ("fit", "--config", "slow.yaml", "--ckpt_path", "auto", "--run.name")


def slow_score(stage, number, step=0):
    """Let the Parzen score of a stage, at a step, take minutes, and say by a file that it has begun."""

    def put():
        score = callbacks.parzen.parzen_protocol
        look = callbacks.parzen.ParzenLogLikelihood.look

        def looked(self, trainer, pl_module, at):
            slow = at == stage and trainer.global_step >= step

            def wait(*arguments, **settings):
                Path("scoring").write_text("begun")
                for _ in range(600):
                    time.sleep(0.2)
                return score(*arguments, **settings)

            callbacks.parzen.parzen_protocol = wait if slow else score
            look(self, trainer, pl_module, at)

        callbacks.parzen.ParzenLogLikelihood.look = looked

    return put


def stop_while_scoring(arguments, number, before):
    """Begin a run, send a signal once it scores; status, output, and seconds from the signal to the end."""
    Path("scoring").unlink(missing_ok=True)
    with open("said", "w+b") as said:
        child = begin(*arguments, said=said.fileno(), before=before)
        while not Path("scoring").exists():
            time.sleep(0.02)
        sent = time.monotonic()
        os.kill(child, number)
        _, ended = os.waitpid(child, 0)
        seconds = time.monotonic() - sent
        said.seek(0)
        status = 128 + os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else os.WEXITSTATUS(ended)
        return status, said.read().decode(), seconds


def result(name):
    """What a run leaves: curves, scores, pictures and the state of its last checkpoint."""
    folder = Path("runs", name, "version_0")
    state = checked(folder / "checkpoints" / "last.ckpt")
    state["hyper_parameters"] = {}
    scores = json.loads((folder / "scores.json").read_text())
    return {
        "curves": (folder / "metrics.csv").read_text(),
        "scores": [(s["stage"], s["step"], s["name"], s["value"]) for s in scores],
        "pictures": {p.name: p.read_bytes() for p in folder.glob("images/*/*.png")},
        "state": parts(state),
    }


@pytest.mark.parametrize(
    ("number", "step", "files"),
    [
        pytest.param(signal.SIGTERM, 4, {"step=4.ckpt"}, id="at a step that is due to be saved"),
        pytest.param(signal.SIGINT, 6, {"step=4.ckpt", "step=6.ckpt"}, id="at another step"),
        pytest.param(signal.SIGTERM, 10, {"step=8.ckpt", "step=10.ckpt"}, id="at the last step"),
    ],
)
def test_a_signal_during_a_validation_loses_nothing(number, step, files, small):
    assert live(*small, "whole").status == 0
    before = slow_score("val", number, step)
    status, out, seconds = stop_while_scoring((*small, "stopped"), number, before)
    assert status == 128 + number, out
    assert seconds < WANTED
    name = signal.Signals(number).name
    again = "fit --config runs/stopped/version_0/config.yaml --ckpt_path auto"
    assert f"{name}: leaving out the scores; once more to leave at once." in out
    assert f"{name}: the scores were left out.\nStep {step} is saved. To go on\n" in out
    assert f"python -m lightning_gan {again}\n" in out
    folder = Path("runs/stopped/version_0/checkpoints")
    assert {p.name for p in folder.iterdir()} == files | {"last.ckpt"}
    saved = checked(folder / "last.ckpt")
    assert (saved["global_step"], "validation_due" in saved) == (step, True)
    resumed = live(*again.split())
    assert resumed.status == 0, resumed.out
    one, other = result("whole"), result("stopped")
    for part in one:
        assert other[part] == one[part], part
    assert "validation_due" not in checked(folder / "last.ckpt")


def test_a_step_is_on_the_disk_before_its_validation_begins(small):
    """SIGKILL leaves no time for anything."""
    killed = signal.SIGKILL
    status, out, _ = stop_while_scoring((*small, "killed"), killed, slow_score("val", killed, 4))
    assert status == 128 + killed, out
    assert checked("runs/killed/version_0/checkpoints/last.ckpt")["global_step"] == 4


def test_a_signal_during_the_test_leaves_the_scores_to_the_next_command(small):
    assert live(*small, "whole").status == 0
    number = signal.SIGTERM
    status, out, seconds = stop_while_scoring(
        (*small, "stopped"), number, slow_score("test", number)
    )
    assert status == 128 + number, out
    assert seconds < WANTED
    assert "Step 10 is saved. To make them" in out
    assert live(*small, "stopped").status == 0
    one, other = result("whole"), result("stopped")
    for part in one:
        assert other[part] == one[part], part


def test_a_signal_at_a_step_whose_validation_is_due_does_not_begin_the_scores(small):
    """The signal comes while the step is trained; its validation is left to the resumed run."""

    def send():
        from lightning_gan import GAN

        objective = GAN.g_objective

        def sending(self, batch):
            if self.g_updates == 3:
                os.kill(os.getpid(), signal.SIGTERM)
            return objective(self, batch)

        GAN.g_objective = sending

    assert live(*small, "whole").status == 0
    stopped = live(*small, "stopped", before=send)
    assert stopped.status == 128 + signal.SIGTERM, stopped.out
    assert "Step 4 is saved. To go on" in stopped.out
    assert live(*small, "stopped").status == 0
    one, other = result("whole"), result("stopped")
    for part in one:
        assert other[part] == one[part], part


TWO = """
import sys
sys.path[:0] = [{tests!r}, {root!r}]
from pathlib import Path
from tiny import make_tiny_mnist
import datamodules
from test_slow_scores import slow_score
from lightning_gan.command_line.cli import main

tiny = make_tiny_mnist(Path("pixels"))
for name in ("files", "train_size", "sources"):
    setattr(datamodules.MNIST, name, getattr(tiny, name))
{before}
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["val", "test"])
def test_two_processes_end_together(stage, small):
    import subprocess

    tests, root = str(ROOT / "tests"), str(ROOT)
    slow = f"slow_score({stage!r}, 15, 4)()"
    Path("slow.py").write_text(TWO.format(tests=tests, root=root, before=slow))
    Path("quick.py").write_text(TWO.format(tests=tests, root=root, before=""))
    two = ("--trainer.devices", "2", "--data.batch_size", "5")
    Path("scoring").unlink(missing_ok=True)
    with open("said", "w") as said, subprocess.Popen(
        [sys.executable, "slow.py", *small, "stopped", *two], stdout=said, stderr=said
    ) as run:  # fmt: skip
        while not Path("scoring").exists():
            assert run.poll() is None, Path("said").read_text()
            time.sleep(0.05)
        time.sleep(1)  # both score
        sent = time.monotonic()
        run.send_signal(signal.SIGTERM)
        run.wait(timeout=60)
        seconds = time.monotonic() - sent
    out = Path("said").read_text()
    assert run.returncode == 128 + signal.SIGTERM, out
    assert "Traceback" not in out, out
    assert "error" not in out, out
    step = 4 if stage == "val" else 10
    assert f"Step {step} is saved." in out, out
    assert seconds < WANTED + 3, out  # the first process waits until the other has read its note
    print(f"{seconds:.1f} s from the signal to the end of two processes")
    for name in ("stopped", "whole"):
        ended = subprocess.run(
            [sys.executable, "quick.py", *small, name, *two], capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stderr
    one, other = (result(name) for name in ("whole", "stopped"))
    assert other["curves"] == one["curves"]
    assert other["scores"] == one["scores"]
    torch.testing.assert_close(
        *(
            checked(f"runs/{name}/version_0/checkpoints/last.ckpt")["state_dict"]
            for name in ("stopped", "whole")
        ),
        rtol=0,
        atol=0,
    )

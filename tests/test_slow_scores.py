"""A signal while a score takes minutes: the run is saved, ends within seconds, and resumes as if never stopped."""

import copy
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from command import SMALL
from drill import live
from slow_scores import result, slow_score, stop_while_scoring, stuck_score

import callbacks.feature_metrics
import callbacks.metric_cost
from callbacks.checkpoint_io import AtomicCheckpointIO
from lightning_gan import GAN
from lightning_gan.checkpoints.verify import read_checkpoint
from lightning_gan.feature_extractors import InceptionConfig

WANTED = 5.0  # seconds from a signal to the end of the process
ROOT = Path(__file__).parents[1]
WEIGHTS = os.environ.get("LIGHTNING_GAN_WEIGHTS", "")  # the tests unset it
FOLDER = Path("runs/stopped/version_0")
TERM = signal.SIGTERM


@pytest.fixture
def small(command):
    """Ten steps, a validation of three minibatches every two, a checkpoint every four; no W&B."""
    config = copy.deepcopy(SMALL)
    config["data"]["init_args"]["batch_size"] = 4
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


def assert_equal_runs(state=True):
    one, other = result("whole"), result("stopped")
    for part in one if state else ("curves", "scores", "images"):
        assert other[part] == one[part], part


@pytest.mark.parametrize(
    ("number", "step", "files", "which"),
    [
        pytest.param(TERM, 4, {"step=4.ckpt"}, "auto", id="at a step that is due to be saved"),
        pytest.param(
            signal.SIGINT, 6, {"step=4.ckpt", "step=6.ckpt"}, "auto", id="at another step"
        ),
        pytest.param(TERM, 10, {"step=8.ckpt", "step=10.ckpt"}, "last", id="at the last step"),
    ],
)
def test_a_signal_during_a_validation_loses_nothing(number, step, files, which, small):
    assert live(*small, "whole").status == 0
    before = slow_score("val", number, step)
    status, out, seconds = stop_while_scoring((*small, "stopped"), number, before)
    print(f"{seconds:.2f} s")
    assert status == 128 + number, out
    assert seconds < WANTED
    name = signal.Signals(number).name
    again = "fit --config runs/stopped/version_0/config.yaml --ckpt_path auto"
    assert f"{name}: stopping without these scores; send it again to exit now." in out
    assert f"{name}: the scores were not computed.\nStep {step} is saved. To continue\n" in out
    assert f"python -m lightning_gan {again}\n" in out
    assert {p.name for p in (FOLDER / "checkpoints").iterdir()} == files | {"last.ckpt"}
    saved = read_checkpoint(FOLDER / "checkpoints/last.ckpt")
    assert (saved["global_step"], "validation_due" in saved) == (step, True)
    resumed = live(*again.split()[:-1], which)
    assert resumed.status == 0, resumed.out
    assert_equal_runs()
    assert "validation_due" not in read_checkpoint(FOLDER / "checkpoints/last.ckpt")


def test_a_step_is_on_the_disk_before_its_validation_begins(small):
    """SIGKILL leaves no time for anything."""
    killed = signal.SIGKILL
    status, out, _ = stop_while_scoring((*small, "killed"), killed, slow_score("val", killed, 4))
    assert status == 128 + killed, out
    assert read_checkpoint("runs/killed/version_0/checkpoints/last.ckpt")["global_step"] == 4


def test_a_call_that_does_not_return_is_ended_from_a_second_thread_with_the_step_saved(small):
    assert live(*small, "whole").status == 0
    before = stuck_score("val", TERM, 6)  # no save is due at this step
    status, out, seconds = stop_while_scoring((*small, "stopped"), TERM, before)
    print(f"{seconds:.2f} s, 0.5 s of them waited for the call")
    assert status == 128 + TERM, out
    assert seconds < WANTED
    assert "SIGTERM: the scores were not computed.\nStep 6 is saved. To continue\n" in out
    assert live(*small, "stopped").status == 0
    assert_equal_runs()


def test_a_step_that_could_not_be_written_is_not_said_to_be_saved(small):
    def put():
        slow_score("val", TERM, 8)()
        save = AtomicCheckpointIO.save_checkpoint

        def refusing(self, checkpoint, path, storage_options=None):
            if checkpoint["global_step"] == 8:
                raise OSError(28, "No space left on device")
            save(self, checkpoint, path, storage_options)

        AtomicCheckpointIO.save_checkpoint = refusing

    assert live(*small, "whole").status == 0
    status, out, _ = stop_while_scoring((*small, "stopped"), TERM, put)
    assert status == 128 + TERM, out
    assert "Step 8 could not be saved. To continue from the last saved step\n" in out
    assert read_checkpoint(FOLDER / "checkpoints/last.ckpt")["global_step"] == 4
    assert live(*small, "stopped").status == 0
    assert_equal_runs()


@pytest.mark.parametrize("slow", [slow_score, stuck_score], ids=["slow", "stuck"])
def test_a_signal_during_the_test_leaves_the_scores_to_the_next_command(slow, small):
    assert live(*small, "whole").status == 0
    status, out, seconds = stop_while_scoring((*small, "stopped"), TERM, slow("test", TERM))
    print(f"{seconds:.2f} s")
    assert status == 128 + TERM, out
    assert seconds < WANTED
    assert "Step 10 is saved. To compute them" in out
    assert live(*small, "stopped").status == 0
    assert_equal_runs()


@pytest.mark.parametrize(("command_name", "stage"), [("validate", "val"), ("test", "test")])
def test_a_signal_stops_the_commands_that_score(command_name, stage, small):
    assert live(*small, "stopped").status == 0
    words = (command_name, "--ckpt_path", str(FOLDER / "checkpoints/last.ckpt"))
    status, out, seconds = stop_while_scoring(words, TERM, slow_score(stage, TERM))
    print(f"{seconds:.2f} s")
    assert status == 128 + TERM, out
    assert seconds < WANTED
    assert out.endswith("SIGTERM: the scores were not computed.\n143\n"), out


def test_a_signal_at_a_step_whose_validation_is_due_does_not_begin_the_scores(small):
    """The signal comes while the step is trained; its validation is left to the resumed run."""

    def send():
        objective = GAN.g_objective

        def sending(self, batch):
            if self.g_updates == 3:
                os.kill(os.getpid(), TERM)
            return objective(self, batch)

        GAN.g_objective = sending

    assert live(*small, "whole").status == 0
    stopped = live(*small, "stopped", before=send)
    assert stopped.status == 128 + TERM, stopped.out
    assert "Step 4 is saved. To continue" in stopped.out
    assert live(*small, "stopped").status == 0
    assert_equal_runs()


def test_a_validation_at_the_end_of_an_epoch_is_made_by_the_resumed_run_which_ends(small):
    epoch = ("--data.batch_size", "10", "--trainer.val_check_interval", "5")
    assert live(*small, "whole", *epoch).status == 0
    before = slow_score("val", TERM, 5)
    status, out, _ = stop_while_scoring((*small, "stopped", *epoch), TERM, before)
    assert status == 128 + TERM, out
    resumed = live(*small, "stopped", *epoch, before=lambda: signal.alarm(60) and None)
    assert resumed.status == 0, resumed.out
    assert_equal_runs()


def test_callbacks_that_monitor_a_validation_see_the_one_that_the_resumed_run_begins_with(small):
    config = yaml.safe_load(Path("slow.yaml").read_text())
    score = {"monitor": "val/parzen_nats", "mode": "max"}
    early = {"patience": 2, "min_delta": 1e9}  # stops at the third validation, step 6
    config["trainer"]["callbacks"] += [
        {"class_path": "EarlyStopping", "init_args": score | early},
        {"class_path": "ModelCheckpoint", "init_args": score | {"save_top_k": 1}},
        {"class_path": "BestCheckpoint", "init_args": {"score": "val/parzen_nats"}},
    ]
    Path("slow.yaml").write_text(yaml.safe_dump(config))
    whole = live(*small, "whole")
    assert whole.status == 0, whole.out
    status, out, _ = stop_while_scoring((*small, "stopped"), TERM, slow_score("val", TERM, 4))
    assert status == 128 + TERM, out
    resumed = live(*small, "stopped")
    assert resumed.status == 0, resumed.out
    assert_equal_runs(state=False)
    one, other = states = [
        read_checkpoint(f"runs/{name}/version_0/checkpoints/last.ckpt")
        for name in ("whole", "stopped")
    ]
    assert other["global_step"] == one["global_step"] == 6
    assert one["counts"] == other["counts"]
    kept = [plain(state["callbacks"]) for state in states]
    assert "best_model_score" in kept[0]
    assert "wait_count" in kept[0]
    assert kept[1].replace("runs/stopped", "runs/whole") == kept[0]


def plain(state):
    """States of callbacks as text."""
    return repr(sorted(state.items()))


@pytest.mark.slow
def test_a_validation_by_the_clock_is_made_first_by_the_resumed_run(small):
    def slow_steps(score=lambda: None):
        def put():
            score()
            objective = GAN.g_objective

            def slowly(self, batch):
                time.sleep(0.15)
                return objective(self, batch)

            GAN.g_objective = slowly

        return put

    small = ("fit", "--trainer.val_check_interval", "00:00:00:01", *small[1:])
    assert live(*small, "whole", before=slow_steps()).status == 0
    before = slow_steps(slow_score("val", TERM))
    status, out, _ = stop_while_scoring((*small, "stopped"), TERM, before)
    assert status == 128 + TERM, out
    step = read_checkpoint(FOLDER / "checkpoints/last.ckpt")["global_step"]
    assert 0 < step < 10
    resumed = live(*small, "stopped", before=slow_steps())
    assert resumed.status == 0, resumed.out
    assert result("stopped")["scores"][0][:2] == ("val", step)
    one, other = (
        read_checkpoint(f"runs/{name}/version_0/checkpoints/last.ckpt")
        for name in ("whole", "stopped")
    )
    torch.testing.assert_close(other["state_dict"], one["state_dict"], rtol=0, atol=0)
    loops = [state["loops"]["fit_loop"] for state in (one, other)]
    for key in ("epoch_loop.state_dict", "epoch_loop.batch_progress"):
        assert loops[0][key] == loops[1][key]


@pytest.mark.slow
@pytest.mark.skipif(not WEIGHTS, reason="LIGHTNING_GAN_WEIGHTS names no weights of Inception")
def test_fid_with_inception_stops_in_seconds(small):
    class Noting(InceptionConfig):
        def load(self):
            network = super().load()
            network.register_forward_pre_hook(lambda *_: passes.append(1) or note())
            return network

    def note():
        if len(passes) == 5:  # two where the cost is measured
            Path("scoring").touch()

    def put():
        os.environ["LIGHTNING_GAN_WEIGHTS"] = WEIGHTS
        callbacks.metric_cost.default_extractor = callbacks.feature_metrics.default_extractor = (
            lambda *_: Noting()
        )

    passes: list[int] = []
    config = yaml.safe_load(Path("slow.yaml").read_text())
    config["trainer"]["callbacks"] = [{"class_path": "FID"}]
    Path("slow.yaml").write_text(yaml.safe_dump(config))
    status, out, seconds = stop_while_scoring((*small, "stopped"), TERM, put)
    print(f"{seconds:.2f} s\n{out}")
    assert status == 128 + TERM, out
    assert seconds < WANTED
    assert "Step 2 is saved." in out


TWO = """
import sys
sys.path[:0] = [{tests!r}, {root!r}]
from pathlib import Path
from tiny import make_tiny_mnist
import datamodules
from slow_scores import slow_score, stuck_score
from lightning_gan.cli.main import main

tiny = make_tiny_mnist(Path("pixels"))
for name in ("files", "train_size", "sources"):
    setattr(datamodules.MNIST, name, getattr(tiny, name))
{before}
main()
"""


def run_two(words, name, before=""):
    """Begin a run of two processes."""
    script = Path("slow.py" if before else "quick.py")
    script.write_text(TWO.format(tests=str(ROOT / "tests"), root=str(ROOT), before=before))
    command = [sys.executable, str(script), *words, name, "--trainer.devices", "2"]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, text=True, start_new_session=True, **pipe)


def ended(process, seconds):
    """What it printed, once both of its processes have closed their pipes; a limit shows what came until then."""
    try:
        return process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail(f"not ended after {seconds} s: {process.communicate()[0]}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("score", "stage", "step", "message"),
    [
        *[("slow_score", "val", 4, message) for message in ("first", "second", "both")],
        *[("slow_score", "test", 10, message) for message in ("first", "second", "both")],
    ],
)
def test_two_processes_end_together_whoever_gets_the_signal(score, stage, step, message, small):
    begun = [Path(f"scoring.{rank}") for rank in (0, 1)]
    with run_two(small, "stopped", f"{score}({stage!r}, 15, {step})()") as run:
        while not all(path.exists() for path in begun):
            assert run.poll() is None, run.communicate()[0]
            time.sleep(0.05)
        if message == "both":
            os.killpg(run.pid, TERM)
        else:
            others = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
            os.kill(run.pid if message == "first" else int(others[0]), TERM)
        sent = time.monotonic()
        out = ended(run, 60)
    seconds = time.monotonic() - sent
    print(f"{score}, {stage}, {message}: {seconds:.2f} s from the signal to the end of both")
    assert run.returncode == 128 + TERM, out
    assert "Traceback" not in out, out
    assert "error" not in out, out
    assert out.count(f"Step {step} is saved.") == 1, out
    assert seconds < WANTED, out
    for name in ("stopped", "whole"):
        with run_two(small, name) as again:
            out = ended(again, 150)
        assert again.returncode == 0, out
    assert_equal_runs()

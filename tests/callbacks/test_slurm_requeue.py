"""A run in a SLURM job: the effect of each signal, and when the job is requeued."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
import torch
from command import SMALL
from slow_scores import result

from callbacks import Checkpoints, ParzenLogLikelihood
from lightning_gan.checkpoints.verify import read_checkpoint
from lightning_gan.models.gan import GAN
from lightning_gan.slurm import current_job, environment

FIT = ("fit", "--config", "small.yaml")
JOB = {
    "SLURM_JOB_ID": "42", "SLURM_JOB_NAME": "gan", "SLURM_NTASKS": "1", "SLURM_NTASKS_PER_NODE": "1",
    "SLURM_NNODES": "1", "SLURM_STEP_ID": "0", "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0",
}  # fmt: skip
LAST = Path("runs/small/version_0/checkpoints/last.ckpt")


@pytest.fixture
def in_job(command, monkeypatch):
    """The command line in a job, with a fake scontrol that records its arguments."""
    for name, value in JOB.items():
        monkeypatch.setenv(name, value)
    (command.folder / "bin").mkdir()
    write_scontrol(command.folder, "exit 0")
    monkeypatch.setenv("PATH", f"{command.folder / 'bin'}:{os.environ['PATH']}")
    return command


def write_scontrol(folder: Path, body: str) -> None:
    script = folder / "bin" / "scontrol"
    script.write_text(f'#!{shutil.which("bash")}\necho "$@" >> {folder}/requests\n{body}\n')
    script.chmod(0o755)


def read_requests() -> str:
    return Path("requests").read_text() if Path("requests").exists() else ""


@pytest.fixture
def send(monkeypatch):
    """Send signals to this process between D's update and G's."""

    def send_after(after: int, *numbers: int) -> None:
        objective = GAN.g_objective

        def interrupted(self, batch):
            for number in numbers if self.g_updates == after else ():
                os.kill(os.getpid(), number)
            return objective(self, batch)

        monkeypatch.setattr(GAN, "g_objective", interrupted)

    return send_after


def test_at_the_signal_the_step_is_finished_and_saved_and_the_job_is_queued_again(in_job, send):
    send(3, signal.SIGUSR1)
    ended = in_job(*FIT)
    assert ended.status == 128 + signal.SIGUSR1
    assert read_requests() == "requeue 42\n"
    assert "SIGUSR1: step 4 is saved, job 42 is queued again (1)" in ended.out
    assert read_checkpoint(LAST)["counts"] == {"d_updates": 4, "g_updates": 4, "images_seen": 40}
    assert "test/parzen_nats" not in ended.out  # the run is not evaluated


@pytest.mark.slow
def test_a_requeued_run_equals_an_uninterrupted_run(in_job, send, monkeypatch):
    assert in_job(*FIT, "--run.name", "whole").status == 0
    undisturbed = GAN.g_objective
    send(6, signal.SIGUSR1)
    assert in_job(*FIT).status == 138
    monkeypatch.setattr(GAN, "g_objective", undisturbed)
    assert in_job(*FIT, "--ckpt_path", "auto").status == 0
    one, other = (
        read_checkpoint(Path("runs", name, "version_0", "checkpoints", "last.ckpt"))
        for name in ("small", "whole")
    )
    curves = [
        Path("runs", name, "version_0", "metrics.csv").read_text() for name in ("small", "whole")
    ]
    assert curves[0] == curves[1]
    for key, value in one["state_dict"].items():
        torch.testing.assert_close(value, other["state_dict"][key], rtol=0, atol=0)
    assert one["counts"] == other["counts"]
    torch.testing.assert_close(one["random_states"], other["random_states"], rtol=0, atol=0)


@pytest.mark.parametrize("numbers", [(15,), (10, 15), (15, 10)], ids=str)
def test_a_cancelled_job_saves_and_is_not_requeued_whatever_other_signal_comes(
    numbers, in_job, send
):
    send(3, *numbers)
    ended = in_job(*FIT)
    assert ended.status == 128 + signal.SIGTERM
    assert read_requests() == ""
    assert "SIGTERM: step 4 is saved, job 42 exits" in ended.out
    assert read_checkpoint(LAST)["counts"]["g_updates"] == 4


def test_a_refused_requeue_is_printed_with_its_reason(in_job, send):
    write_scontrol(in_job.folder, "echo 'Requested operation is presently disabled' >&2; exit 1")
    send(3, signal.SIGUSR1)
    ended = in_job(*FIT)
    assert ended.status == 138
    assert "was not queued again (Requested operation is presently disabled)" in ended.out


def test_a_run_in_its_last_step_is_evaluated_and_not_requeued(in_job, send):
    send(9, signal.SIGUSR1)
    ended = in_job(*FIT)
    assert ended.status == 0, ended.err
    assert read_requests() == ""
    assert "test/parzen_nats" in ended.out


def test_a_run_that_could_not_be_saved_is_not_requeued(in_job, send, monkeypatch):
    monkeypatch.setattr(Checkpoints, "save", lambda self, trainer: None)
    send(3, signal.SIGUSR1)
    ended = in_job(*FIT)
    assert ended.status == 138
    assert read_requests() == ""
    assert "step 4 could not be saved" in ended.out


@pytest.mark.parametrize(("interval", "due"), [(8, False), (4, True)])
def test_a_validation_that_is_due_is_left_to_the_requeued_job(interval, due, in_job, send):
    settings = {"check_val_every_n_epoch": None, "val_check_interval": interval}
    in_job.write("often.yaml", {"trainer": settings})
    send(3, signal.SIGUSR1)
    ended = in_job(*FIT, "--config", "often.yaml", "--run.name", "small")
    assert ended.status == 128 + signal.SIGUSR1
    assert "step 4 is saved, job 42 is queued again" in ended.out
    saved = read_checkpoint(LAST)
    assert saved["counts"]["g_updates"] == 4
    assert ("validation_due" in saved) is due
    assert "val/parzen_nats" not in Path("runs/small/version_0/metrics.csv").read_text()


@pytest.fixture
def send_while_scoring(monkeypatch):
    """Send a signal to this process during the Parzen score of a stage, and make the score take a minute."""

    def send_at(stage: str, step: int, number: int, wait: float = 60) -> None:
        evaluate = ParzenLogLikelihood.evaluate

        def slow(self, trainer, pl_module, stage_now):
            if stage_now == stage and trainer.global_step == step:
                os.kill(os.getpid(), number)
                time.sleep(wait)
            evaluate(self, trainer, pl_module, stage_now)

        monkeypatch.setattr(ParzenLogLikelihood, "evaluate", slow)

    return send_at


def run_within(seconds: float, command, *arguments: str):
    began = time.monotonic()
    ended = command(*arguments)
    assert time.monotonic() - began < seconds
    return ended


@pytest.mark.parametrize("step", [4, 10])
def test_a_slow_validation_is_left_to_the_requeued_job_which_starts_with_it(
    step, in_job, send_while_scoring, monkeypatch
):
    often = {"check_val_every_n_epoch": None, "val_check_interval": 2}
    in_job.write("often.yaml", {"trainer": often})
    fit = (*FIT, "--config", "often.yaml", "--ckpt_path", "auto", "--run.name")
    assert in_job(*fit, "whole").status == 0
    undisturbed = ParzenLogLikelihood.evaluate
    send_while_scoring("val", step, signal.SIGUSR1)
    ended = run_within(20, in_job, *fit, "small")
    assert ended.status == 138, ended.err
    assert read_requests() == "requeue 42\n"
    assert f"SIGUSR1: step {step} is saved, job 42 is queued again (1)" in ended.out
    monkeypatch.setattr(ParzenLogLikelihood, "evaluate", undisturbed)
    assert in_job(*fit, "small").status == 0
    one, other = (result(name) for name in ("whole", "small"))
    for part in one:
        assert one[part] == other[part], part


def test_sigterm_during_the_test_of_a_job_ends_it_and_auto_computes_the_scores(
    in_job, send_while_scoring, monkeypatch
):
    undisturbed = ParzenLogLikelihood.evaluate
    send_while_scoring("test", 10, signal.SIGTERM)
    ended = run_within(20, in_job, *FIT)
    assert ended.status == 143, ended.err
    assert read_requests() == ""
    assert "SIGTERM: the scores were not computed.\nStep 10 is saved. To compute them" in ended.err
    monkeypatch.setattr(ParzenLogLikelihood, "evaluate", undisturbed)
    again = in_job(*FIT, "--ckpt_path", "auto")
    assert again.status == 0, again.err
    assert "test/parzen_nats" in again.out


def test_sigusr1_during_the_test_of_a_job_is_ignored(in_job, send_while_scoring):
    send_while_scoring("test", 10, signal.SIGUSR1, wait=0)
    ended = in_job(*FIT)
    assert ended.status == 0, ended.err
    assert read_requests() == ""
    assert "test/parzen_nats" in ended.out


def test_sigterm_in_the_last_step_leaves_the_scores_out(in_job, send):
    send(9, signal.SIGTERM)
    ended = in_job(*FIT)
    assert ended.status == 143
    assert "SIGTERM: step 10 is saved, job 42 exits" in ended.out
    assert "test/parzen_nats" not in ended.out


# SLURM's environment variables


def test_a_job_is_identified_by_its_number_or_by_its_index_in_an_array():
    assert current_job.find_current_job(JOB) == current_job.Job("42", 0)
    assert current_job.find_current_job({**JOB, "SLURM_RESTART_COUNT": "2"}) == current_job.Job(
        "42", 2
    )
    task = {"SLURM_ARRAY_JOB_ID": "41", "SLURM_ARRAY_TASK_ID": "3"}
    assert current_job.find_current_job({**JOB, **task}) == current_job.Job("41_3", 0)


def test_a_process_not_started_by_srun_is_no_task(subtests):
    for name in ["SLURM_STEP_ID", "SLURM_NTASKS"]:
        with subtests.test(name=name):
            assert (
                current_job.find_current_job(
                    {key: value for key, value in JOB.items() if key != name}
                )
                is None
            )
            assert current_job.find_current_job({**JOB, "SLURM_JOB_NAME": "interactive"}) is None


def test_only_a_number_is_passed_to_scontrol(in_job, subtests):
    for number in ["", "42; rm -rf x", "42\n", "--all", "42_", "_3", "42_3_4"]:
        with subtests.test(number=number):
            assert "the job's number is" in current_job.Job(number).requeue()
            assert read_requests() == ""


def test_two_nodes_without_srun_are_an_error_and_one_is_an_ordinary_machine():
    alone = {key: value for key, value in JOB.items() if key != "SLURM_STEP_ID"}
    with pytest.raises(ValueError, match="srun did not start this process"):
        current_job.make_environment(2, alone)
    assert type(current_job.make_environment(1, alone)).__name__ == "LightningEnvironment"
    assert current_job.make_environment(2, {}) is None


def test_signals_are_blocked_until_a_run_handles_them_and_nowhere_else(subtests):
    for program, name, blocked in [
        ("-m lightning_gan fit --config a.yaml", "gan", True),
        ("-m lightning_gan evaluate", "gan", False),
        ("-m lightning_gan fit", "bash", False),
        ("train.py fit", "gan", False),
    ]:
        with (
            subtests.test(program=program, name=name, blocked=blocked),
            pytest.MonkeyPatch.context() as monkeypatch,
        ):
            for key, value in (JOB | {"SLURM_JOB_NAME": name}).items():
                monkeypatch.setenv(key, value)
            calls = []
            monkeypatch.setattr(
                signal, "pthread_sigmask", lambda how, which: calls.append((how, which))
            )
            environment.hold_signals(["python", *program.split()])
            expected = [(signal.SIG_BLOCK, (signal.SIGUSR1, signal.SIGTERM))] if blocked else []
            assert calls == expected


def test_requeueing_by_lightning_is_off(monkeypatch):
    for name, value in JOB.items():
        monkeypatch.setenv(name, value)
    assert current_job.make_environment(1).auto_requeue is False


assert SMALL["trainer"]["max_steps"] == 10  # the tests above depend on it

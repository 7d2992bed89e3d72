"""The run lock: a second process that resumes a run in use is refused and changes nothing."""

import errno
import fcntl
import os
import platform
import signal
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from command import SMALL
from drill import begin, live

from lightning_gan import GAN
from lightning_gan.checkpoints import resume
from lightning_gan.slurm import current_job
from lightning_gan.tracking import run_lock
from lightning_gan.tracking.metrics_csv import MetricsLogger

FIT = ("fit", "--config", "bare.yaml", "--checkpoint.every_n_steps", "3")
FOLDER = Path("runs/bare/version_0")


@contextmanager
def stopped_run(*words, at):
    """Start a run that stops in the middle of a step, and kill it at the end; yields its process id."""
    reached, here = os.pipe()

    def stand():
        step = GAN.training_step

        def stands(self, batch, batch_idx):
            if self.g_updates == at:
                os.write(here, b"!")
                time.sleep(600)
            step(self, batch, batch_idx)

        GAN.training_step = stands

    with tempfile.TemporaryFile() as said:
        child = begin(*words, said=said.fileno(), before=stand)
        os.close(here)
        try:
            assert os.read(reached, 1) == b"!", "the run ended before that step"
            yield child
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(reached)


def files():
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in Path("runs").rglob("*")
        if path.is_file()
    }


def test_a_second_process_is_refused_until_the_first_has_ended(command):
    command.write("bare.yaml", SMALL | {"trainer": SMALL["trainer"] | {"callbacks": []}})
    with stopped_run(*FIT, at=7) as first:
        before = files()
        for which in ("auto", "last", str(FOLDER / "checkpoints/step=6.ckpt")):
            second = live(*FIT, "--ckpt_path", which)
            assert second.status == 1
            holder = f"process {first} on {platform.node()} (since "
            assert f"error: {FOLDER} is being written by {holder}" in second.out
            assert (
                "wait until it has ended, or give an older checkpoint, --ckpt_path FILE, which begins a new"
                in second.out
            )
            assert files() == before
        begins = (
            "--ckpt_path",
            str(FOLDER / "checkpoints/step=3.ckpt"),
            "--trainer.max_steps",
            "4",
        )
        other = live(*FIT, *begins)
        assert other.status == 0, other.out
        assert Path("runs/bare/version_1/checkpoints/step=4.ckpt").is_file()
        assert {path: entry for path, entry in files().items() if path in before} == before
        for path in list(Path("runs/bare/version_1").rglob("*.ckpt")):
            path.unlink()  # so that the newest is that of the first
    third = live(*FIT, "--ckpt_path", "auto", "--trainer.max_steps", "7")
    assert third.status == 0, third.out
    assert f"resume   {FOLDER}/checkpoints/step=6.ckpt, step 6" in third.out


def test_the_newest_file_is_searched_again_once_the_folder_is_locked(tmp_path):
    folder, looks, at = tmp_path / "version_0", [], []
    (folder / "checkpoints").mkdir(parents=True)

    def look(say):
        looks.append(say)
        say(f"ignored: {len(looks)}")
        at.append((folder / run_lock.FILE).exists())
        return folder / "checkpoints" / f"step={len(looks)}.ckpt"

    message = []
    with ExitStack() as holds:
        assert resume.lock_checkpoint_run(look, message.append, holds).name == "step=2.ckpt"
        assert (message, at) == (["ignored: 2"], [False, True])
        with (
            pytest.raises(run_lock.InUseError, match=f"process {os.getpid()} on"),
            run_lock.run_lock(folder, print),
        ):
            pass
    with run_lock.run_lock(folder, print):
        pass


def test_a_requeued_job_waits_for_its_earlier_process(tmp_path, monkeypatch):
    monkeypatch.setattr(current_job, "find_current_job", lambda: current_job.Job("7", restarts=1))
    home, message = tmp_path / "version_0", []
    (home / "checkpoints").mkdir(parents=True)
    former = ExitStack()
    former.enter_context(run_lock.run_lock(home, print))
    threading.Timer(0.5, former.close).start()
    with ExitStack() as holds:
        resume.lock_checkpoint_run(
            lambda say: home / "checkpoints" / "last.ckpt", message.append, holds
        )
    (line,) = message
    assert line.startswith(f"{home} is locked by process {os.getpid()} on ")
    assert line.endswith("waiting up to 120 s.")


def test_without_file_locks_a_run_continues_with_a_message(tmp_path_factory, subtests):
    for number in run_lock.NOT_SUPPORTED:
        with subtests.test(number=number), pytest.MonkeyPatch.context() as monkeypatch:
            tmp_path = tmp_path_factory.mktemp("row")

            def refused(handle, how):
                raise OSError(number, os.strerror(number))

            monkeypatch.setattr(fcntl, "flock", refused)
            message = []
            with (
                run_lock.run_lock(tmp_path, message.append),
                run_lock.run_lock(tmp_path, message.append),
            ):
                pass
            assert len(message) == 2
            assert message[0].startswith(f"{tmp_path}: this file system has no file locks")


def test_other_errors_of_a_lock_are_raised(tmp_path, monkeypatch):
    def failed(handle, how):
        raise OSError(errno.EIO, "Input/output error", str(tmp_path))

    monkeypatch.setattr(fcntl, "flock", failed)
    with pytest.raises(OSError, match="Input/output"), run_lock.run_lock(tmp_path, print):
        pass


def test_runs_that_start_at_the_same_time_get_different_folders(tmp_path):
    one, other = (MetricsLogger(str(tmp_path), "small") for _ in range(2))
    assert one.version == other.version == 0  # both found the same free version
    assert [Path(each.experiment.log_dir).name for each in (one, other)] == [
        "version_0",
        "version_1",
    ]

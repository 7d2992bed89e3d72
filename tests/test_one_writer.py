"""One run, one writer: a second process that would go on with a run is sent away, and touches nothing."""

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
def standing(*words, at):
    """A life of a run that stands still in the middle of a step, and is killed in the end; its number."""
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
            assert os.read(reached, 1) == b"!", "it ended before that step"
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


def test_a_second_process_is_sent_away_until_the_first_is_dead(command):
    command.write("bare.yaml", SMALL | {"trainer": SMALL["trainer"] | {"callbacks": []}})
    with standing(*FIT, at=7) as first:
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
        assert {path: kept for path, kept in files().items() if path in before} == before
        for path in list(Path("runs/bare/version_1").rglob("*.ckpt")):
            path.unlink()  # so that the newest is that of the first
    third = live(*FIT, "--ckpt_path", "auto", "--trainer.max_steps", "7")
    assert third.status == 0, third.out
    assert f"resume   {FOLDER}/checkpoints/step=6.ckpt, step 6" in third.out


def test_what_was_written_before_the_folder_was_free_is_not_lost(tmp_path):
    """The newest file is looked for again once the folder is held."""
    folder, looks, at = tmp_path / "version_0", [], []
    (folder / "checkpoints").mkdir(parents=True)

    def look(say):
        looks.append(say)
        say(f"passed over: {len(looks)}")
        at.append((folder / run_lock.FILE).exists())
        return folder / "checkpoints" / f"step={len(looks)}.ckpt"

    message = []
    with ExitStack() as holds:
        assert resume.lock_checkpoint_run(look, message.append, holds).name == "step=2.ckpt"
        assert (message, at) == (["passed over: 2"], [False, True])
        with (
            pytest.raises(run_lock.InUseError, match=f"process {os.getpid()} on"),
            run_lock.run_lock(folder, print),
        ):
            pass
    with run_lock.run_lock(folder, print):
        pass


def test_a_job_that_was_queued_again_waits_for_its_former_life(tmp_path, monkeypatch):
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


def test_where_there_are_no_locks_a_run_goes_on_and_says_so(tmp_path_factory, subtests):
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


def test_what_else_goes_wrong_with_a_lock_is_told(tmp_path, monkeypatch):
    def failed(handle, how):
        raise OSError(errno.EIO, "Input/output error", str(tmp_path))

    monkeypatch.setattr(fcntl, "flock", failed)
    with pytest.raises(OSError, match="Input/output"), run_lock.run_lock(tmp_path, print):
        pass


def test_runs_that_begin_at_the_same_moment_have_a_folder_each(tmp_path):
    one, other = (MetricsLogger(str(tmp_path), "small") for _ in range(2))
    assert one.version == other.version == 0  # both have looked
    assert [Path(each.experiment.log_dir).name for each in (one, other)] == [
        "version_0",
        "version_1",
    ]

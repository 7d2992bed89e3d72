"""Make scores take minutes, send signals meanwhile, and compare what a run writes."""

import hashlib
import json
import os
import time
from pathlib import Path

from drill import begin
from stopping import parts

import callbacks.parzen
from lightning_gan.checkpoints.verify import read_checkpoint
from lightning_gan.utils import interrupts


def wait_minutes():
    """Sleep in short intervals, between which Python runs signal handlers."""
    for _ in range(600):
        time.sleep(0.2)


def stay_in_one_call():
    """Stay in one library call for minutes, during which Python runs no signal handler."""
    hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)


def stuck_score(stage, number, step=0):
    """Keep the Parzen score in one library call; the second thread waits half a second for it."""

    def put():
        interrupts.LIMIT = 0.5
        slow_score(stage, number, step, stay_in_one_call)()

    return put


def slow_score(stage, number, step=0, wait_long=wait_minutes):
    """Make the Parzen score of a stage take minutes from a step on; a file shows that it has started."""

    def put():
        score = callbacks.parzen.compute_parzen_score
        look = callbacks.parzen.ParzenLogLikelihood.evaluate

        def looked(self, trainer, pl_module, at):
            slow = at == stage and trainer.global_step >= step

            def wait(*arguments, **settings):
                Path("scoring").write_text("begun")
                Path(f"scoring.{trainer.global_rank}").write_text("begun")
                wait_long()
                return score(*arguments, **settings)

            callbacks.parzen.compute_parzen_score = wait if slow else score
            look(self, trainer, pl_module, at)

        callbacks.parzen.ParzenLogLikelihood.evaluate = looked

    return put


def stop_while_scoring(arguments, number, before):
    """Start a run and send a signal while it computes scores.

    Returns:
        Exit status, output, and seconds from the signal to the end.
    """
    Path("scoring").unlink(missing_ok=True)
    with open("said", "w+b") as said:
        child = begin(*arguments, said=said.fileno(), before=before)
        while not Path("scoring").exists():
            assert os.waitpid(child, os.WNOHANG)[0] == 0, Path("said").read_text()
            time.sleep(0.02)
        sent = time.monotonic()
        os.kill(child, number)
        _, ended = os.waitpid(child, 0)
        seconds = time.monotonic() - sent
        said.seek(0)
        status = 128 + os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else os.WEXITSTATUS(ended)
        return status, said.read().decode(), seconds


def result(name):
    """Return metrics, scores, images and the state of the last checkpoint of a run."""
    folder = Path("runs", name, "version_0")
    state = read_checkpoint(folder / "checkpoints" / "last.ckpt")
    state["hyper_parameters"] = {}
    scores = json.loads((folder / "scores.json").read_text())
    return {
        "curves": (folder / "metrics.csv").read_text(),
        "scores": [(s["stage"], s["step"], s["name"], s["value"]) for s in scores],
        "images": {p.name: p.read_bytes() for p in folder.glob("images/*/*.png")},
        "state": parts(state),
    }

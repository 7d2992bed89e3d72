"""Run the command line in a forked process, which may be killed at any moment."""

import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from pytorch_lightning.loops.fit_loop import _FitLoop

import lightning_gan.cli.training  # noqa: F401  (imported before the forks)
from lightning_gan import GAN
from lightning_gan.cli.main import main

PIECES = 40  # write calls for one checkpoint


class Life(NamedTuple):
    """Exit status and output of a process."""

    status: int
    """Exit status as in a shell: 128 + n after signal n."""
    out: str
    """Standard output and error."""


class Moment:
    """Kill this process with SIGKILL at the nth Python function call of the fit, or at the nth piece of a checkpoint.

    Args:
        calls: Number of the call at which the process is killed; 0 for never.
        pieces: Number of the checkpoint piece at which it is killed; 0 for never.

    Attributes:
        called: Number of calls so far.
        written: Number of pieces so far.
    """

    def __init__(self, calls: int = 0, pieces: int = 0) -> None:
        self.calls, self.pieces = calls, pieces
        self.called = self.written = 0

    def count(self, frame: Any, event: str, _: Any) -> None:
        self.called += event == "call"
        if self.called == self.calls:
            os.kill(os.getpid(), signal.SIGKILL)

    def write_bytes(self, path: Path, content: Any) -> None:
        """Replacement of Path.write_bytes."""
        with open(path, "wb", buffering=0) as file:
            size = -(-len(content) // PIECES)
            for start in range(0, len(content), size):
                self.written += 1
                if self.written == self.pieces:
                    os.kill(os.getpid(), signal.SIGKILL)
                file.write(content[start : start + size])

    def arm(self) -> None:
        """Start to count when the fit starts."""
        run = _FitLoop.run

        def armed(loop: _FitLoop) -> None:
            sys.setprofile(self.count)
            run(loop)

        _FitLoop.run = armed  # type: ignore[method-assign]
        Path.write_bytes = lambda path, content: self.write_bytes(path, content)  # type: ignore[method-assign,assignment]


Before = Callable[[], None]


def nothing() -> None:
    """Do nothing before or after a process."""


def begin(*arguments: str, said: int, before: Before = nothing, after: Before = nothing) -> int:
    """Start the command line in a forked child, which needs no imports.

    Args:
        arguments: Words of the command line.
        said: File descriptor for standard output and error.
        before: Function called before the command.
        after: Function called after it.

    Returns:
        Process id of the child.
    """
    if child := os.fork():
        return child
    status = 70
    try:
        for stream in (1, 2):
            os.dup2(said, stream)
        sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        warnings.simplefilter("default")  # pytest turns warnings into errors
        warnings.showwarning = lambda message, *_: print(message, file=sys.stderr)  # type: ignore[assignment]
        sys.argv = ["lightning_gan", *arguments]
        before()
        main()
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 1
        os.write(2, f"{leaving.code}\n".encode())
    except BaseException as error:
        os.write(2, f"{error!r}\n".encode())
    finally:
        sys.setprofile(None)
        after()
        os._exit(status)


def live(*arguments: str, before: Before = nothing, after: Before = nothing) -> Life:
    """Run the command line in a forked child and wait for its end."""
    with tempfile.TemporaryFile() as said:
        child = begin(*arguments, said=said.fileno(), before=before, after=after)
        _, ended = os.waitpid(child, 0)
        said.seek(0)
        out = said.read().decode(errors="replace")
    return Life(128 + os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else os.WEXITSTATUS(ended), out)


def noting_steps(path: Path) -> None:
    """Append the number of each started step to a file."""
    step = GAN.training_step

    def noted(self: GAN, batch: Any, batch_idx: int) -> None:
        with open(path, "a") as file:
            file.write(f"{self.g_updates + 1}\n")
        step(self, batch, batch_idx)

    GAN.training_step = noted  # type: ignore[method-assign]

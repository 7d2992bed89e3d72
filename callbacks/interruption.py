"""Ctrl-C and SIGTERM: the step is finished, the run is kept."""

import signal
import sys
import threading
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from callbacks.pictures import run_folder

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption(Callback):
    """The first signal ends training after the step at hand, with checkpoint, pictures and scores; the second, at once.

    The signal only leaves a note, which is read when G has moved: all processes then agree to stop at the same step.
    From the first signal on the second kills, whatever the process does. Lightning breaks off between D's update and
    G's, saves nothing, and ends with status 0 after a SIGTERM.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self.trained = False
        self.before: dict[int, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen (a process can only do so in its main thread)."""
        self.trained = True
        if threading.current_thread() is not threading.main_thread():
            return
        self.before = {number: signal.signal(number, self.note) for number in SIGNALS}

    def note(self, number: int, frame: FrameType | None) -> None:
        """Remember the first signal; the next one kills."""
        self.received = number
        self.give_up_listening()
        name = signal.Signals(number).name
        print(
            f"\n{name}: finishing this step, saving, scoring; once more to leave at once.",
            file=sys.stderr,
            flush=True,
        )

    def give_up_listening(self) -> None:
        """Let either signal kill."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: object, batch_idx: int
    ) -> None:
        """Where the step at hand began."""
        self.step = trainer.global_step

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Stop, if G has moved and some process was told to."""
        if trainer.global_step != self.step and trainer.strategy.reduce_boolean_decision(
            self.received is not None, all=False
        ):
            trainer.should_stop = True

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen no more; what is left to do after a signal can still be killed."""
        if self.received is None:
            self.restore()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Lightning has put a handler of its own in place again; who leaves now leaves the scores."""
        if self.received is not None:
            self.give_up_listening()
        elif threading.current_thread() is threading.main_thread():
            leave = partial(self.leave, run_folder(trainer))
            self.before = {number: signal.signal(number, leave) for number in SIGNALS}

    def leave(self, folder: Path, number: int, frame: FrameType | None) -> None:
        """Leave at once, and say what is missing; the run was saved before."""
        self.give_up_listening()
        print(f"\n{signal.Signals(number).name}: the scores were left out.", file=sys.stderr)
        if self.trained:
            again = f"fit --config {folder}/config.yaml --ckpt_path auto"
            print(
                f"The run is saved. To make them\n  python -m lightning_gan {again}",
                file=sys.stderr,
            )
        sys.exit(128 + number)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Give the signals back to whoever had them."""
        self.restore()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Give the signals back to whoever had them."""
        self.restore()

    def restore(self) -> None:
        """Give the signals back to whoever had them."""
        for number, handler in self.before.items():
            signal.signal(number, handler)
        self.before = {}

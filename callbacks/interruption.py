"""Ctrl-C and SIGTERM: the step is finished, the run is kept."""

import signal
import sys
import threading
from types import FrameType
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption(Callback):
    """The first signal ends training after the step at hand, with checkpoint, pictures and scores; the second, at once.

    Lightning breaks off between D's update and G's, saves nothing, and ends with status 0 after a SIGTERM.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self.before: dict[int, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen (a process can only do so in its main thread)."""
        if threading.current_thread() is not threading.main_thread():
            return

        def stop(number: int, frame: FrameType | None) -> None:
            self.received = number
            trainer.should_stop = True
            self.deafen()
            name = signal.Signals(number).name
            print(
                f"\n{name}: finishing this step, saving, scoring; once more to leave at once.",
                file=sys.stderr,
            )

        self.before = {number: signal.signal(number, stop) for number in SIGNALS}

    def deafen(self) -> None:
        """Give the signals back to whoever had them; a second Ctrl-C interrupts as ever."""
        for number, handler in self.before.items():
            signal.signal(number, handler)
        self.before = {}

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen no more."""
        self.deafen()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Listen no more."""
        self.deafen()

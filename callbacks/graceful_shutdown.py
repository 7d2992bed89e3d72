"""Ctrl-C and SIGTERM: the step is finished, the run is saved."""

import signal
import sys

from pytorch_lightning import LightningModule, Trainer

from callbacks.signals import SignalListener, is_main_thread

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class GracefulShutdown(SignalListener):
    """The first signal ends training after the step at hand, with checkpoint, images and scores; the second, at once.

    A signal during a validation or a test ends it at once: the run is saved, and its scores are left out. From the
    first signal on the second kills the process, whatever it does. Lightning itself would stop between D's update and
    G's, save nothing, and end with status 0 after a SIGTERM.
    """

    signals = SIGNALS

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen."""
        self.listen(SIGNALS)

    def received_signal(self, number: int) -> None:
        """Print what will happen, and let the next signal kill."""
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        then = (
            "leaving out the scores" if self.evaluating else "finishing this step, saving, scoring"
        )
        name = signal.Signals(number).name
        print(f"\n{name}: {then}; once more to leave at once.", file=sys.stderr, flush=True)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop listening; what is left to do after a signal can still be killed."""
        if self.received is None:
            self.restore()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen, unless a signal has come already: the next one kills."""
        if self.received is None:
            super().on_test_start(trainer, pl_module)
        elif is_main_thread():
            for each in SIGNALS:
                signal.signal(each, signal.SIG_DFL)

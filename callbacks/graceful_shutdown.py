"""Graceful shutdown at Ctrl-C and SIGTERM: finish the step and save the run."""

import signal
import sys

from pytorch_lightning import LightningModule, Trainer

from callbacks.signals import SignalListener, is_main_thread

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class GracefulShutdown(SignalListener):
    """Callback that ends training after the current step at SIGINT or SIGTERM, and saves and evaluates the run.

    A signal during a validation or a test ends it at once: the run is saved without these scores. A second signal
    kills the process. Lightning's own handler stops between D's update and G's, saves nothing, and exits with status
    0 after SIGTERM.
    """

    signals = SIGNALS

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Install the signal handlers."""
        self.listen(SIGNALS)

    def announce(self, number: int) -> None:
        """Print what the run will do, and let the next signal kill the process."""
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        action = (
            "stopping without these scores"
            if self.evaluating
            else "finishing this step, saving and evaluating the run"
        )
        name = signal.Signals(number).name
        print(f"\n{name}: {action}; send it again to exit now.", file=sys.stderr, flush=True)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore the handlers, unless a signal has come: the next one must still kill the process."""
        if self.received is None:
            self.restore()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Install the handlers, unless a signal has come: then the next one kills the process."""
        if self.received is None:
            super().on_test_start(trainer, pl_module)
        elif is_main_thread():
            for each in SIGNALS:
                signal.signal(each, signal.SIG_DFL)

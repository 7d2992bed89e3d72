"""What a signal does to a run: it ends training after the step at hand, and a validation or a test at once."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from callbacks.validation_schedule import validation_is_due
from lightning_gan.distributed import failures
from lightning_gan.utils.interrupts import EvaluationInterrupted, SignalWatch


class SignalListener(Callback):
    """Stops a run at a signal; a subclass says which signals it handles, and what is printed.

    While the run trains, the handler only records the signal. When G has been updated all processes agree to stop at
    the same step. While the run is validated or tested, the handler raises `EvaluationInterrupted`, and the other
    processes are told: the state before the validation is on the disk or in memory (`Checkpoints`), so that nothing is
    lost. A second thread does the same where the main thread does not return from a call of a library (`SignalWatch`).
    A validation that is due at the last step is left to the resumed run. The commands `validate` and `test` are stopped
    as the test of a fit is.
    """

    signals: tuple[signal.Signals, ...] = ()
    """Signals that stop a run."""
    alone: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM)
    """Signals that stop a test, and the command `validate`."""

    def __init__(self) -> None:
        self.received: int | None = None
        self.agreed = 0  # the signal for which all processes stop
        self.evaluating = False
        self.step = 0
        self.before: dict[int, Any] = {}
        self.watch: SignalWatch | None = None
        self.on_timeout: Callable[[int], int] | None = None  # saves, prints, returns the status

    def listen(self, signals: tuple[signal.Signals, ...]) -> None:
        """Install the handler; a process can only do so in its main thread."""
        if is_main_thread():
            handlers: dict[int, Any] = {n: signal.signal(n, self.note) for n in signals}
            self.before = self.before or handlers

    def note(self, number: int, frame: FrameType | None) -> None:
        """Record a signal, and leave an evaluation at once."""
        self.received = max(number, self.received or 0)
        self.received_signal(number)
        if self.evaluating:
            self.evaluating = False
            failures.announce_signal(number)
            raise EvaluationInterrupted(number)

    def received_signal(self, number: int) -> None:
        """Print what will happen."""

    def begin_evaluation(self) -> None:
        """From here on a signal ends the evaluation."""
        if not self.before:
            return
        if self.watch is None and self.on_timeout is not None:
            watched = tuple(signal.Signals(number) for number in self.before)
            self.watch = SignalWatch(watched, failures.announce_signal, self.on_timeout)
        self.evaluating = True

    def end_evaluation(self) -> int:
        """From here on a signal is only recorded.

        Returns:
            Number of a signal that the second thread has read, and the handler not yet; 0 if there is none.
        """
        arrived = self.watch.end() if self.watch else 0
        self.evaluating, self.watch = False, None
        return arrived

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: object, batch_idx: int
    ) -> None:
        """Note where the step at hand began."""
        self.step = trainer.global_step

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Stop, if G has been updated and some process has received a signal.

        No validation is made for the stop. One that is due is begun, so that the run is saved before it, and left.
        """
        if trainer.global_step == self.step:
            return
        number = self.strongest(trainer)
        self.agreed = 0 if self.is_ignored(trainer, number) else number
        if self.agreed:
            trainer.should_stop = True
            if not validation_is_due(trainer):
                trainer.limit_val_batches = 0

    def is_ignored(self, trainer: Trainer, number: int) -> bool:
        """Whether a signal that has come by the end of this step does not stop the run."""
        return False

    def strongest(self, trainer: Trainer) -> int:
        """The largest number of a signal that any process has received; 0 if none has."""
        own = self.received or 0
        if trainer.world_size == 1:
            return own
        number = torch.tensor(own, device=trainer.strategy.root_device)
        return int(trainer.strategy.reduce(number, reduce_op="max"))

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The command `validate` may be stopped from its start."""
        if trainer.state.fn == "validate":
            self.listen(self.alone)
            self.begin_evaluation()

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """From here on a signal ends the validation of a fit; one that came before ends it now."""
        if trainer.state.fn != "fit" or trainer.sanity_checking:
            return
        self.begin_evaluation()
        number = self.agreed or self.strongest(trainer)
        if number and not self.is_ignored(trainer, number):
            raise EvaluationInterrupted(number)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The scores are complete, unless a signal has come to some process meanwhile."""
        fits = trainer.state.fn == "fit"
        number = self.strongest(trainer) if fits and self.evaluating else 0
        arrived = self.end_evaluation()
        if arrived or (number and not self.is_ignored(trainer, number)):
            raise EvaluationInterrupted(arrived or number)
        if not fits:
            self.restore()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen again, because Lightning has installed a handler of its own."""
        self.listen(self.alone)
        self.begin_evaluation()

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Give the signals back."""
        self.end_evaluation()
        self.restore()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Give the signals back, except where a signal has ended the evaluation: another one may not stop the save."""
        self.evaluating = False
        self.end_evaluation()
        if not isinstance(exception, EvaluationInterrupted):
            self.restore()

    def restore(self) -> None:
        """Put the handlers back that were there before."""
        for number, handler in self.before.items():
            signal.signal(number, handler)
        self.before = {}


def is_main_thread() -> bool:
    """Whether this thread can handle signals."""
    return threading.current_thread() is threading.main_thread()

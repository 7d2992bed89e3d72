"""Signal handling of a run: stop training after the current step, or a validation or test at once."""

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
    """Base class of callbacks that stop a run at a signal.

    During training the handler only records the signal. After an update of G all processes agree to stop at the same
    step. During a validation or test the handler raises `EvaluationInterrupted` and notifies the other processes. The
    state from before the validation is on the disk or in memory (`Checkpoints`), so no step is lost. A second thread
    does the same if the main thread does not return from a library call (`SignalWatch`). A validation that is due at
    the last step is left to the resumed run. The commands `validate` and `test` stop like the test at the end of a
    fit.
    """

    signals: tuple[signal.Signals, ...] = ()
    """Signals that stop training."""
    evaluation_signals: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM)
    """Signals that stop a test and the command `validate`."""

    def __init__(self) -> None:
        self.received: int | None = None
        self.agreed = 0  # the signal for which all processes stop
        self.evaluating = False
        self.step = 0
        self.previous_handlers: dict[int, Any] = {}
        self.watch: SignalWatch | None = None
        self.on_timeout: Callable[[int], int] | None = None  # saves, prints, returns the status

    def listen(self, signals: tuple[signal.Signals, ...]) -> None:
        """Install the handler, if this is the main thread; Python allows no other."""
        if is_main_thread():
            handlers: dict[int, Any] = {n: signal.signal(n, self.handle_signal) for n in signals}
            self.previous_handlers = self.previous_handlers or handlers

    def handle_signal(self, number: int, frame: FrameType | None) -> None:
        """Record a signal, and interrupt an evaluation."""
        self.received = max(number, self.received or 0)
        self.announce(number)
        if self.evaluating:
            self.evaluating = False
            failures.announce_signal(number)
            raise EvaluationInterrupted(number)

    def announce(self, number: int) -> None:
        """Print what the run will do after a signal; subclasses override this."""

    def begin_evaluation(self) -> None:
        """Let signals interrupt the evaluation from now on."""
        if not self.previous_handlers:
            return
        if self.watch is None and self.on_timeout is not None:
            watched = tuple(signal.Signals(number) for number in self.previous_handlers)
            self.watch = SignalWatch(watched, failures.announce_signal, self.on_timeout)
        self.evaluating = True

    def end_evaluation(self) -> int:
        """Let signals only be recorded from now on.

        Returns:
            Number of a signal that the second thread has read and the handler has not; 0 if there is none.
        """
        arrived = self.watch.end() if self.watch else 0
        self.evaluating, self.watch = False, None
        return arrived

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: object, batch_idx: int
    ) -> None:
        """Store the number of G's updates before this minibatch."""
        self.step = trainer.global_step

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Stop training if G was updated and a process has received a signal.

        Lightning's validation at a stop is turned off. A validation that is due starts, so that the run is saved, and
        is interrupted then.
        """
        if trainer.global_step == self.step:
            return
        number = self.find_highest_signal(trainer)
        self.agreed = 0 if self.is_ignored(trainer, number) else number
        if self.agreed:
            trainer.should_stop = True
            if not validation_is_due(trainer):
                trainer.limit_val_batches = 0

    def is_ignored(self, trainer: Trainer, number: int) -> bool:
        """Return whether a signal received by the end of this step does not stop the run."""
        return False

    def find_highest_signal(self, trainer: Trainer) -> int:
        """Return the highest signal number that any process has received; 0 if none has received one."""
        own = self.received or 0
        if trainer.world_size == 1:
            return own
        number = torch.tensor(own, device=trainer.strategy.root_device)
        return int(trainer.strategy.reduce(number, reduce_op="max"))

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let signals interrupt the command `validate` from its start."""
        if trainer.state.fn == "validate":
            self.listen(self.evaluation_signals)
            self.begin_evaluation()

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let signals interrupt the validation of a fit; an earlier signal interrupts it now."""
        if trainer.state.fn != "fit" or trainer.sanity_checking:
            return
        self.begin_evaluation()
        number = self.agreed or self.find_highest_signal(trainer)
        if number and not self.is_ignored(trainer, number):
            raise EvaluationInterrupted(number)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Interrupt the validation on all processes if one of them has received a signal during it."""
        fits = trainer.state.fn == "fit"
        number = self.find_highest_signal(trainer) if fits and self.evaluating else 0
        arrived = self.end_evaluation()
        if arrived or (number and not self.is_ignored(trainer, number)):
            raise EvaluationInterrupted(arrived or number)
        if not fits:
            self.restore()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Install the handler again: Lightning has replaced it by its own."""
        self.listen(self.evaluation_signals)
        self.begin_evaluation()

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore the previous handlers."""
        self.end_evaluation()
        self.restore()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Restore the previous handlers, except after an interrupted evaluation, whose save no signal may stop."""
        self.evaluating = False
        self.end_evaluation()
        if not isinstance(exception, EvaluationInterrupted):
            self.restore()

    def restore(self) -> None:
        """Restore the previous handlers."""
        for number, handler in self.previous_handlers.items():
            signal.signal(number, handler)
        self.previous_handlers = {}


def is_main_thread() -> bool:
    """Return whether this is the main thread, the only one that can install signal handlers."""
    return threading.current_thread() is threading.main_thread()

"""Ending a validation or a test on a signal: an exception for the main thread, and a thread with a time limit."""

import os
import signal
import socket
import threading
from collections.abc import Callable

LIMIT = (
    3.0  # time from a signal until the process ends if its main thread still evaluates, in seconds
)


class EvaluationInterrupted(BaseException):
    """Signal that arrived during an evaluation. The run is saved before each evaluation.

    It is a BaseException, as KeyboardInterrupt, so that `except Exception` does not catch it.

    Args:
        number: Number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.number = number


class SignalWatch:
    """Thread that reads signals as they arrive, and ends the process if the main thread does not.

    Python runs a signal handler between two instructions of the main thread, thus not during a long call of a library.
    Signals are written to a socket at once (`signal.set_wakeup_fd`), which this thread reads. A call that holds
    Python's global interpreter lock also blocks this thread.

    Args:
        signals: Signals that end the evaluation.
        on_arrival: Function of the signal's number, called by the thread when the signal arrives.
        on_timeout: Function of the signal's number, called by the thread `LIMIT` seconds later unless `end` was
            called. The process then ends with the returned status.
    """

    def __init__(
        self,
        signals: tuple[signal.Signals, ...],
        on_arrival: Callable[[int], None],
        on_timeout: Callable[[int], int],
    ) -> None:
        self.signals, self.on_arrival, self.on_timeout = signals, on_arrival, on_timeout
        self._arrived = 0
        self._ended = threading.Event()
        self._lock = threading.Lock()
        reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        threading.Thread(
            target=self._listen, args=(reader,), daemon=True, name="signal watch"
        ).start()

    def end(self) -> int:
        """Stop the thread. The main thread calls it; it does not return if the thread is ending the process.

        Returns:
            Number of the signal that has arrived; 0 if none has.
        """
        with self._lock:
            if not self._ended.is_set():
                self._ended.set()
                signal.set_wakeup_fd(self._before)
                self._writer.close()
        return self._arrived

    def _listen(self, reader: socket.socket) -> None:
        with reader:
            while content := reader.recv(1):
                number = content[0]
                with self._lock:
                    if self._ended.is_set() or number not in self.signals:
                        continue
                    self._arrived = number
                    self.on_arrival(number)
                if not self._ended.wait(LIMIT):
                    self._end_process(number)
                return

    def _end_process(self, number: int) -> None:
        with self._lock:
            if not self._ended.is_set():
                status = 128 + number
                try:
                    status = self.on_timeout(number)
                finally:
                    os._exit(status)

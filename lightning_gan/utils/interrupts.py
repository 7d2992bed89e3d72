"""How a signal ends a validation or a test: an exception in the main thread, and a second thread beside it."""

import os
import signal
import socket
import threading
from collections.abc import Callable

LIMIT = 3.0  # seconds from a signal until a process whose main thread has not left the evaluation is ended


class EvaluationInterrupted(BaseException):
    """A signal arrived while samples were scored. The run is on disk before any evaluation begins.

    A BaseException, as KeyboardInterrupt, so that no `except Exception` on the way keeps it.

    Args:
        number: Number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.number = number


class SignalWatch:
    """A second thread that reads each signal as it arrives, and ends the process if the main thread does not.

    Python runs a signal handler between two instructions of the main thread, and thus not while one call of a library
    lasts. The kernel's signal is written to a socket at once (`signal.set_wakeup_fd`), which this thread reads. A call
    that keeps Python's global lock for all its time stops this thread too.

    Args:
        signals: Signals that end the evaluation.
        on_arrival: Function of the signal's number that the thread calls as soon as the signal arrives.
        on_timeout: Function of the signal's number that the thread calls `LIMIT` seconds later, unless `end` was
            called. The process ends after it with status `on_timeout` returns.
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
        """Stop watching; called by the main thread. It does not return where the other thread ends the process.

        Returns:
            Number of the signal that has arrived, for which `on_arrival` was called; 0 if none has.
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

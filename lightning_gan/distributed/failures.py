"""Shutdown of all processes when one of them fails or receives a signal; each one reports the first failure."""

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

import torch.distributed as dist
from torch.distributed import distributed_c10d

# keys of the process group's store
KEY = "lightning_gan/failed"  # rank of the first process that failed
SIGNAL = "lightning_gan/signal"  # number of the signal that ends the evaluation of all processes
LEFT = "lightning_gan/left"  # set by rank 0 when its own work is done
GONE = "lightning_gan/gone"  # number of other ranks that have read LEFT
POLL = 0.5  # seconds between two reads of the store
HOLD = 2.0  # seconds that rank 0, whose process holds the store, waits for the others to read it
GRACE = 20.0  # seconds from a failure until a process that hangs is ended
WATCHER = "peer watcher"  # name of the thread
LOST = ("gloo", "Connection closed by peer", "Connection reset by peer", "NCCL")


@dataclass
class Peers:
    """State of the other processes of the process group, as far as this process knows it.

    Attributes:
        failed: Rank of the first process that failed; None if no failure is known.
        signal: Number of the signal that ends the evaluation of all processes; 0 if there is none.
    """

    failed: int | None = None
    signal: int = 0


peers = Peers()  # a process belongs to one process group


def has_peers() -> bool:
    """Return whether the process group has more than one process."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def find_first_failure(error: BaseException) -> int | None:
    """Find the first process that failed; announce this one if there is none and the error is its own.

    An error about a lost connection is not this process's own, because another process failed before.

    Returns:
        Rank of the first process that failed, which may be this one; None if it is not known.
    """
    try:
        if peers.failed is not None:
            return peers.failed
        store = distributed_c10d._get_default_store()
        if not is_lost_connection(error):
            return int(store.compare_set(KEY, "", str(dist.get_rank())))
        return int(store.get(KEY)) if store.check([KEY]) else None
    except RuntimeError:  # rank 0, which holds the store, has ended
        return None


def is_lost_connection(error: BaseException) -> bool:
    """Return whether an error says that another process ended or does not answer."""
    return any(word in str(error) for word in LOST)


def announce_signal(number: int) -> None:
    """Announce a signal, so that the watchers of the other processes deliver it there and end their evaluation too."""
    if has_peers() and not peers.signal:
        peers.signal = number
        with suppress(RuntimeError):  # rank 0 has ended
            distributed_c10d._get_default_store().set(SIGNAL, str(number))


def find_peer_signal(error: BaseException) -> int:
    """Find the signal that ended another process, if the error says that the connection to it was lost.

    Returns:
        Number of the signal; 0 if there is none.
    """
    if not (has_peers() and is_lost_connection(error)):
        return 0
    with suppress(RuntimeError):
        store = distributed_c10d._get_default_store()
        if not peers.signal and store.check([SIGNAL]):
            peers.signal = int(store.get(SIGNAL))
    return peers.signal


def find_exit_status(number: int) -> int:
    """Compute the exit status of a process that a signal ends.

    Returns:
        128 + number for rank 0, and 0 for the others, because Lightning kills rank 0 as soon as a process that it
        launched ends with another status.
    """
    return 0 if has_peers() and dist.get_rank() else 128 + number


def wait_for_first(seconds: float = 25.0) -> None:
    """Let all ranks wait until rank 0 has done its work, and rank 0 until the others have read that.

    Args:
        seconds: Longest time that the other ranks wait.
    """
    if not has_peers():
        return
    try:
        store = distributed_c10d._get_default_store()
        if dist.get_rank() == 0:
            store.set(LEFT, "yes")
            end = time.monotonic() + HOLD
            while store.add(GONE, 0) < dist.get_world_size() - 1 and time.monotonic() < end:
                time.sleep(0.05)
            return
        end = time.monotonic() + seconds
        while not store.check([LEFT]) and time.monotonic() < end:
            time.sleep(0.05)
        store.add(GONE, 1)
    except RuntimeError:
        return


def watch_peers() -> None:
    """Start a thread that ends this process at most GRACE seconds after the failure of another one.

    Processes that use Gloo notice a lost peer themselves; with NCCL they would wait until the timeout.
    """
    if WATCHER not in [thread.name for thread in threading.enumerate()]:
        threading.Thread(target=_poll_store, daemon=True, name=WATCHER).start()


def _poll_store() -> None:
    try:
        store = distributed_c10d._get_default_store()
        while not store.check([KEY]):
            if not peers.signal and store.check([SIGNAL]):
                peers.signal = int(store.get(SIGNAL))
                _deliver_signal(peers.signal)
            time.sleep(POLL)
            if not has_peers():
                return
        peers.failed = failed = int(store.get(KEY))
    except RuntimeError:
        return
    time.sleep(GRACE)
    if not has_peers():
        return
    if failed != dist.get_rank():
        print(f"error: {peer_failure_message(failed)}", file=sys.stderr, flush=True)
    os._exit(1)


def _deliver_signal(number: int) -> None:
    """Run this process's handler for a signal that another process received; end the process if it hangs.

    A process that waits in a collective for one that has ended cannot run its handler. `SignalWatch` ends it during an
    evaluation; otherwise it is ended after GRACE seconds.
    """

    def end() -> None:
        time.sleep(GRACE)
        os._exit(find_exit_status(number))

    if callable(signal.getsignal(number)):  # not the default action, which would kill
        main = threading.main_thread().ident
        signal.pthread_kill(main or threading.get_ident(), number)
    threading.Thread(target=end, daemon=True, name="end after a signal").start()


def peer_failure(error: Exception) -> str | None:
    """Describe the failure of another process that caused an error here.

    The process whose own error it is gets a note with its rank; rank 0 then lets the others read the store.

    Returns:
        One sentence; None if the error is this process's own or there are no other processes.
    """
    if not has_peers():
        return None
    first, here = find_first_failure(error), dist.get_rank()
    if first is None and is_lost_connection(error):
        return (
            f"rank {here}: another process ended without an error message, or did not answer in time; it may have been "
            f"killed because memory ran out."
        )
    if first in (None, here):
        error.add_note(f"This was rank {here} of {dist.get_world_size()}.")
        time.sleep(0 if here else HOLD)
        return None
    return peer_failure_message(first)


def peer_failure_message(failed: int | None) -> str:
    """Return the message of a process that ends because another one failed."""
    return f"rank {dist.get_rank()}: ended, because rank {failed} failed."


def prefix_rank(message: str) -> str:
    """Return a message with the rank of this process in front if there are other processes."""
    return f"rank {dist.get_rank()}: {message}" if has_peers() else message

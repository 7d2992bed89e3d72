"""Processes that train together end together: the first to fail says why, the others that it did."""

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

import torch.distributed as dist
from torch.distributed import distributed_c10d

KEY = "lightning_gan/failed"
SIGNAL = "lightning_gan/signal"  # that ends the evaluation of all processes
LEFT = "lightning_gan/left"  # set by the first process when it has done what it alone does
GONE = "lightning_gan/gone"  # number of the other processes that have read it
POLL = 0.5  # seconds between two looks
HOLD = 2.0  # seconds that the first process, which holds the store, lets the others read it
GRACE = 20.0  # seconds from a failure until a process that hangs is ended
LOOK_OUT = "look-out"  # name of the thread
LOST = ("gloo", "Connection closed by peer", "Connection reset by peer", "NCCL")


@dataclass
class Peers:
    """What this process knows of the processes that it trains with.

    Attributes:
        failed: rank of the first process that failed; None while none is known.
        signal: number of the signal that ends the evaluation of all processes; 0 while there is none.
    """

    failed: int | None = None
    signal: int = 0


peers = Peers()  # of the process group, of which a process has one


def has_peers() -> bool:
    """Whether this process trains with others."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def find_first_failure(error: BaseException) -> int | None:
    """Say that this process failed, unless another one did before, or the error only tells that another one is gone.

    Returns:
        The rank of the first that failed, which may be this one; none if nobody has said so, or can be asked.
    """
    try:
        if peers.failed is not None:
            return peers.failed
        store = distributed_c10d._get_default_store()
        if not is_lost_connection(error):
            return int(store.compare_set(KEY, "", str(dist.get_rank())))
        return int(store.get(KEY)) if store.check([KEY]) else None
    except RuntimeError:  # the store lives in the first process, and went with it
        return None


def is_lost_connection(error: BaseException) -> bool:
    """Whether an error is how a process learns that another one left, or does not answer."""
    return any(word in str(error) for word in LOST)


def announce_signal(number: int) -> None:
    """Let the other processes leave their evaluation as well: their watchers deliver the signal to them."""
    if has_peers() and not peers.signal:
        peers.signal = number
        with suppress(RuntimeError):  # the first process has left
            distributed_c10d._get_default_store().set(SIGNAL, str(number))


def signal_behind(error: BaseException) -> int:
    """The signal that ended another process's evaluation, where an error only tells that this process is gone.

    Returns:
        Number of the signal; 0 for every other error.
    """
    if not (has_peers() and is_lost_connection(error)):
        return 0
    with suppress(RuntimeError):
        store = distributed_c10d._get_default_store()
        if not peers.signal and store.check([SIGNAL]):
            peers.signal = int(store.get(SIGNAL))
    return peers.signal


def find_exit_status(number: int) -> int:
    """Status of a process that a signal ends.

    Returns:
        128 + number for the first process, and 0 for the others: Lightning kills the first process as soon as one that
        it launched ends with another status.
    """
    return 0 if has_peers() and dist.get_rank() else 128 + number


def wait_for_first(seconds: float = 25.0) -> None:
    """Let the others leave when the first process has done its part, and the first one when the others know that.

    Args:
        seconds: Longest time that the others wait.
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


def watch() -> None:
    """Look out for the failure of another process, in the background, and do not wait for it longer than GRACE.

    Gloo's processes notice a lost one by themselves. NCCL's would wait until the time-out.
    """
    if LOOK_OUT not in [thread.name for thread in threading.enumerate()]:
        threading.Thread(target=_look_out, daemon=True, name=LOOK_OUT).start()


def _look_out() -> None:
    try:
        store = distributed_c10d._get_default_store()
        while not store.check([KEY]):
            if not peers.signal and store.check([SIGNAL]):
                peers.signal = int(store.get(SIGNAL))
                _pass_on(peers.signal)
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


def _pass_on(number: int) -> None:
    """Deliver a signal that another process received to this one's handler; end a process that hangs.

    A process that waits in a collective for one that has left cannot run its handler. `SignalWatch` ends it while it
    is evaluated; GRACE is for one that is not.
    """

    def end() -> None:
        time.sleep(GRACE)
        os._exit(find_exit_status(number))

    if callable(signal.getsignal(number)):  # not the default action, which would kill
        main = threading.main_thread().ident
        signal.pthread_kill(main or threading.get_ident(), number)
    threading.Thread(target=end, daemon=True, name="end after a signal").start()


def peer_failure(error: Exception) -> str | None:
    """Why this process has to end, if that is none of its own errors; another one's failure comes as a lost connection.

    The process that holds the store lets the others read it before it goes.
    """
    if not has_peers():
        return None
    first, here = find_first_failure(error), dist.get_rank()
    if first is None and is_lost_connection(error):
        return (
            f"rank {here}: another process was lost without a word, or did not answer in time; it may have been killed "
            f"for want of memory."
        )
    if first in (None, here):
        error.add_note(f"This was rank {here} of {dist.get_world_size()}.")
        time.sleep(0 if here else HOLD)
        return None
    return peer_failure_message(first)


def peer_failure_message(failed: int | None) -> str:
    """What a process says that ends because another one did."""
    return f"rank {dist.get_rank()}: ended, because rank {failed} failed."


def name_process(sentence: str) -> str:
    """A sentence, with the rank of who says it, where there are several."""
    return f"rank {dist.get_rank()}: {sentence}" if has_peers() else sentence

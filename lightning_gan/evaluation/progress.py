"""A word now and then from a pass that takes minutes."""

import sys
import time
from collections.abc import Iterable, Iterator
from functools import cache

from lightning_gan.evaluation.sample_sets import IndexedBatch

SILENCE = 30.0  # seconds


@cache
def log_once(line: str) -> None:
    """Print a line, the first time it is asked for."""
    print(line, flush=True)


def report_progress(
    parts: Iterable[IndexedBatch], n: int, what: str, rank: int = 0
) -> Iterator[IndexedBatch]:
    """The parts of a sample set.

    The first process says on standard error how far it is, when it has been silent for long.

    Args:
        parts: one process's share.
        n: images in this share.
        what: they are, in words.
        rank: of this process.
    """
    started = said = time.monotonic()
    done = 0
    for part in parts:
        now = time.monotonic()
        if rank == 0 and now - said > SILENCE:
            left = (n - done) * (now - started) / max(done, 1)
            print(
                f"features of {done:,} of {n:,} {what}, about {left / 60:.0f} min left",
                file=sys.stderr,
            )
            said = now
        yield part
        done += len(part.indices)

"""A word now and then from a pass that takes minutes."""

import sys
import time
from collections.abc import Iterable, Iterator
from functools import cache

from lightning_gan.evaluation.banks import Part

SILENCE = 30.0  # seconds


@cache
def once(line: str) -> None:
    """Print a line, the first time it is asked for."""
    print(line, flush=True)


def told(parts: Iterable[Part], n: int, what: str, rank: int = 0) -> Iterator[Part]:
    """The parts of a bank; the first process says on standard error how far it is, when it has been silent for long.

    Args:
        parts: one process's share.
        n: pictures in this share.
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
        done += len(part.places)

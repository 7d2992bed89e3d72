"""Progress messages for long feature-extraction passes."""

import sys
import time
from collections.abc import Iterable, Iterator
from functools import cache

from lightning_gan.evaluation.sample_sets import IndexedBatch

SILENCE = 30.0  # seconds


@cache
def log_once(line: str) -> None:
    """Print a line, at its first call with this line only."""
    print(line, flush=True)


def report_progress(
    batches: Iterable[IndexedBatch], n: int, what: str, rank: int = 0
) -> Iterator[IndexedBatch]:
    """Yield batches of a sample set; rank 0 reports the progress on standard error every `SILENCE` seconds.

    Args:
        batches: Batches of this process.
        n: Number of images in these batches.
        what: Name of the images in the message.
        rank: Rank of this process.
    """
    started = reported = time.monotonic()
    done = 0
    for batch in batches:
        now = time.monotonic()
        if rank == 0 and now - reported > SILENCE:
            left = (n - done) * (now - started) / max(done, 1)
            print(
                f"features of {done:,} of {n:,} {what}, about {left / 60:.0f} min left",
                file=sys.stderr,
            )
            reported = now
        yield batch
        done += len(batch.indices)

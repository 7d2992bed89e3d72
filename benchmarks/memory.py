"""Measure the working memory of metrics beyond their feature vectors, and compare it with the documented limit.

    python benchmarks/memory.py [--n 10000] [--d 2048]

Each row is measured in its own process: peak resident memory during the call, minus the memory before it, when the
vectors existed and a small call had loaded all libraries. One thread, CPU. "rows of distances" computes precision and
recall from whole rows of distances, where `max_bytes` limits the distances only.
"""

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lightning_gan.metrics import kernel_distance, parzen_log_likelihood, precision_recall
from lightning_gan.metrics.collapse import CollapseReference
from lightning_gan.metrics.memorisation import crowding
from lightning_gan.metrics.nearest import find_nearest

MB = 1 << 20


def rows_of_distances(
    x: Tensor, y: Tensor, k: int = 3, k_density: int = 5, max_bytes: int = 128 * MB
) -> tuple:
    """Compute precision and recall from whole rows of distances."""
    for side in (x, y):
        (~side.isfinite()).any(1).sum()
        (side == side[:1]).all()

    def rows(columns: int) -> int:
        return max(1, max_bytes // (4 * columns))

    def radii(x: Tensor, ks: list[int]) -> list[Tensor]:
        parts = [
            torch.cdist(part, x).topk(max(ks) + 1, largest=False).values
            for part in x.split(rows(len(x)))
        ]
        return [torch.cat(parts)[:, k] for k in ks]

    n, n_real = len(x), len(y)
    (x_radius,) = radii(x, [k])
    y_radius, y_open = radii(y, [k, k_density])
    inside = held = 0
    recalled = covered = torch.zeros(n_real, dtype=torch.bool)
    for part, radius in zip(x.split(rows(n_real)), x_radius.split(rows(n_real)), strict=True):
        distance = torch.cdist(part, y)
        inside += int((distance <= y_radius).any(1).sum())
        recalled = recalled | (distance <= radius[:, None]).any(0)
        in_ball = distance < y_open
        held += int(in_ball.sum())
        covered = covered | in_ball.any(0)
    return (
        inside / n,
        int(recalled.sum()) / n_real,
        held / (k_density * n),
        int(covered.sum()) / n_real,
    )


def vectors(n: int, d: int, seed: int) -> Tensor:
    """Draw vectors from a distribution that depends on the seed."""
    made = torch.randn(n, d, generator=torch.Generator().manual_seed(seed))
    return made.mul_(1 + 0.05 * seed).relu_()


def image_bytes(n: int, d: int, seed: int) -> Tensor:
    return torch.rand(n, d, generator=torch.Generator().manual_seed(seed))


Call = Callable[[Tensor, Tensor], Any]
PEERS: dict[str, tuple[Callable, Call, int]] = {}
for most in (32, 128, 256):
    PEERS[f"rows of distances, {most} MB"] = (
        vectors, lambda x, y, most=most: rows_of_distances(x, y, max_bytes=most * MB), most,
    )  # fmt: skip
    PEERS[f"precision and recall, {most} MB"] = (
        vectors, lambda x, y, most=most: precision_recall(x, y, max_bytes=most * MB), most,
    )  # fmt: skip
PEERS["kernel distance"] = (vectors, kernel_distance, -1)
for most in (32, 256):
    PEERS[f"Parzen, 784 pixels, {most} MB"] = (
        image_bytes, lambda x, y, most=most: parzen_log_likelihood(x, y, [0.1, 0.2], max_bytes=most * MB), most,
    )  # fmt: skip
PEERS["nearest, 42 in the sample set, 784 pixels"] = (
    image_bytes,
    lambda x, y: find_nearest(x[:42], y),
    -1,
)
PEERS["crowding, 42 in the sample set, 784 pixels"] = (
    image_bytes,
    lambda x, y: crowding(x[:42], y),
    -1,
)
PEERS["collapse, 500 of 784 pixels"] = (image_bytes, lambda x, y: CollapseReference(x[:500]), -1)


def measured(name: str, n: int, d: int, sink: Any) -> None:
    """Measure one metric in its own process."""
    torch.set_num_threads(1)
    make, call, _ = PEERS[name]
    width = d if make is vectors else 784
    call(make(64, width, 1), make(64, width, 2))
    x, y = make(n, width, 1), make(n, width, 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak to the resident memory
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    start = time.process_time()
    value = call(x, y)
    seconds = time.process_time() - start
    peak = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line
    )
    text = str(tuple(value)) if isinstance(value, tuple) else ""
    sink.put((int(peak.split()[1]) * 1024 - resident, seconds, text, before))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--d", type=int, default=2048)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    print(
        f"{asked.n:,} vectors of {asked.d} a side, {4 * asked.n * asked.d / MB:.0f} MB each; 1 thread"
    )
    for name, (_, _, most) in PEERS.items():
        if asked.only not in name:
            continue
        sink = context.Queue()
        child = context.Process(target=measured, args=(name, asked.n, asked.d, sink))
        child.start()
        peak, seconds, text, _ = sink.get()
        child.join()
        bound = f"{most:5} MB" if most > 0 else "        "
        print(
            f"{name:38} bound {bound}  peak +{peak / MB:5.0f} MB {seconds:7.1f} s  {text[:60]}",
            flush=True,
        )


if __name__ == "__main__":
    main()

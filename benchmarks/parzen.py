"""Compare the Parzen-window protocol of 2014 with its matrix products, and with two other implementations.

    python benchmarks/parzen.py [--threads 1] [--repeats 3]

10 sigmas on 1,000 validation images, then 10,000 test images at one sigma, under 10,000 centres of 784
pixels: MNIST if the data are available, else random images. Two minutes on one busy core.
"""

import argparse
import gzip
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from lightning_gan.metrics import SIGMAS_2014, compute_parzen_score, parzen_log_likelihood  # noqa: E402

N_CENTRES, N_VALIDATION, N_TEST, D = 10_000, 1_000, 10_000, 784
MEMORY_LIMIT_GB = 1.5


def images() -> tuple[Tensor, Tensor, Tensor, str]:
    """Return centres, validation and test images, [n, 784] in [0, 1], and the name of the data."""
    shared = os.environ.get("LIGHTNING_GAN_SHARED")
    folder = (Path(shared) if shared else PROJECT.parent / "shared") / "data" / "mnist"
    if not folder.is_dir():
        rng = torch.Generator().manual_seed(0)
        sizes = (N_CENTRES, N_VALIDATION, N_TEST)
        return *(torch.rand(n, D, generator=rng) for n in sizes), "random images"

    def read(name: str) -> Tensor:
        raw = bytearray(gzip.decompress((folder / name).read_bytes())[16:])
        return torch.frombuffer(raw, dtype=torch.uint8).view(-1, D) / 255

    train, test = read("train-images-idx3-ubyte.gz"), read("t10k-images-idx3-ubyte.gz")
    return train[:N_CENTRES].clone(), train[50_000:51_000].clone(), test, "MNIST"


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def products(x: Tensor, centres: Tensor) -> None:
    """Compute the matrix products only, into preallocated memory."""
    out = torch.empty(1000, len(centres))
    for part in x.split(1000):
        torch.mm(part, centres.T, out=out[: len(part)])


def broadcast(x: np.ndarray, mu: np.ndarray, sigma: float) -> np.ndarray:
    """Compute log p(x) as in the code released in 2014: differences of all pairs, for one sigma and a batch of x."""
    a = (x[:, None] - mu[None]) / sigma  # [n, n_centres, d]
    e = -0.5 * (a**2).sum(2)
    top = e.max(1, keepdims=True)
    log_mean = top[:, 0] + np.log(np.exp(e - top).mean(1))
    return log_mean - x.shape[1] * math.log(sigma * math.sqrt(2 * math.pi))


def broadcast_protocol_seconds(test: Tensor, centres: Tensor) -> float:
    """Measure one batch of 100 with 1,000 centres (temporaries of 0.3 GB), extrapolated linearly."""
    x, mu = test[:100].numpy(), centres[:1000].numpy()
    pairs = N_CENTRES * (len(SIGMAS_2014) * N_VALIDATION + N_TEST)
    return seconds(lambda: broadcast(x, mu, 0.2)) * pairs / (len(x) * len(mu))


def kernel_density_seconds(test: Tensor, centres: Tensor) -> float:
    """Score 50 of the 10,000 test images with scikit-learn at one sigma, extrapolated linearly."""
    from sklearn.neighbors import KernelDensity

    model = KernelDensity(bandwidth=0.2).fit(centres.numpy())
    return seconds(lambda: model.score_samples(test[:50].numpy())) * N_TEST / 50


def resident_gb(field: str) -> float:
    """VmRSS (now) or VmHWM (peak) of this process; Linux only. getrusage would count the parent."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) / 2**20


def memory() -> None:
    """Print the peak above the baseline, GB, of 50,000 centres x 10,000 images; in its own process."""
    rng = torch.Generator().manual_seed(0)
    centres, test = (torch.rand(n, D, generator=rng) for n in (50_000, N_TEST))
    parzen_log_likelihood(test[:10], centres[:10], [0.2])
    before = resident_gb("VmRSS")
    taken = seconds(lambda: parzen_log_likelihood(test, centres, [0.2]))
    print(f"{resident_gb('VmHWM') - before:.3f} {taken:.1f}")


def report(name: str, ratio: float, want: str) -> None:
    print(f"{name:58s} {ratio:8.2f}   (wanted: {want})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.memory:
        return memory()

    centres, validation, test, what = images()
    both = torch.cat([validation, test])
    ways: dict[str, Callable[[], float]] = {
        "bare products": lambda: seconds(lambda: products(both, centres)),
        "protocol": lambda: seconds(lambda: compute_parzen_score(centres, validation, test)),
        "test at one sigma": lambda: seconds(lambda: parzen_log_likelihood(test, centres, [0.2])),
        "broadcasting (NumPy), extrapolated": lambda: broadcast_protocol_seconds(test, centres),
        "KernelDensity (scikit-learn), extrapolated": lambda: kernel_density_seconds(test, centres),
    }
    products(both[:2000], centres)  # warm up
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(arguments.repeats):  # interleaved, so that all share the load of the machine
        for name, way in ways.items():
            times[name].append(way())
    taken = {name: statistics.median(values) for name, values in times.items()}
    print(f"{what}, torch {torch.__version__}, {arguments.threads} thread(s), medians, seconds:")
    for name, values in times.items():
        print(f"  {name:45s} {taken[name]:9.2f}   " + " ".join(f"{v:.2f}" for v in values))
    bare, protocol, broadcasting, one_sigma, density = (
        taken[n] for n in ("bare products", "protocol", list(ways)[3], list(ways)[2], list(ways)[4])
    )
    report("protocol / bare products", protocol / bare, "at most 2")
    report("broadcasting / protocol", broadcasting / protocol, "at least 50")
    report("KernelDensity / ours, test images at one sigma", density / one_sigma, "at least 20")
    if not Path("/proc/self/status").exists():
        return print("Peak memory is not measured: it is read from /proc, which this system lacks.")
    child = [sys.executable, __file__, "--memory", "--threads", str(arguments.threads)]
    out = subprocess.run(child, check=True, capture_output=True, text=True).stdout.split()
    name = f"50,000 centres x 10,000 images ({out[1]} s): GB above baseline"
    report(name, float(out[0]), f"under {MEMORY_LIMIT_GB}")


if __name__ == "__main__":
    main()

"""Compare Inception features: images per second here, in torch-fidelity and in torchmetrics, with equal weights.

    python benchmarks/inception.py [--threads 1] [--rounds 5] [--images 32] [--size 32] [--weights FILE]

The images are random bytes, which take the same time. The weights are those that `Inception` finds; without a last
layer, a random one is added for torch-fidelity, which requires it. By default torchmetrics resizes with half-pixel
centres and antialiasing, which changes the features; this is turned off here. Three minutes on one busy core.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torchmetrics.image.fid import NoTrainInceptionV3

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from lightning_gan.feature_extractors import InceptionV3  # noqa: E402
from lightning_gan.feature_extractors.weights import load_inception  # noqa: E402


def networks(weights: str | None, folder: Path) -> dict[str, Callable[[Tensor], Tensor]]:
    """Return three functions from images to features, [m, 2048], with the weights of one file."""
    tensors, path = load_inception(weights)
    rng = torch.Generator().manual_seed(0)
    made_up = {
        "fc.weight": torch.randn(1008, 2048, generator=rng) * 0.05,
        "fc.bias": torch.zeros(1008),
    }
    torch.save(made_up | tensors, folder / "whole.pth")
    whole = str(folder / "whole.pth")
    fidelity = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], whole)
    metrics = NoTrainInceptionV3("inception-v3-compat", ["2048"], whole, antialias=False)
    ours = InceptionV3(tensors, str(path))
    print(f"weights {ours.weights[:8]} of {path}")
    return {
        "ours": lambda x: ours(x).vectors,
        "torch-fidelity": lambda x: fidelity(x)[0],
        "torchmetrics": metrics,
    }


def rate(work: Callable[[Tensor], Tensor], images: Tensor) -> float:
    """Measure images per second in one call; each library uses its own batch size."""
    start = time.perf_counter()
    work(images)
    return len(images) / (time.perf_counter() - start)


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):6.2f}   ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--weights", help="file; else as Inception finds it")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rng = torch.Generator().manual_seed(0)
    shape = (arguments.images, 3, arguments.size, arguments.size)
    images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=rng)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        ways = networks(arguments.weights, Path(folder))
        vectors = {name: way(images) for name, way in ways.items()}  # also warms up
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(arguments.rounds):  # interleaved, so that all share the load of the machine
            for name, way in ways.items():
                rates[name].append(rate(way, images))
    print(
        f"{len(images)} images of {arguments.size}x{arguments.size}, torch {torch.__version__}, "
        f"{arguments.threads} thread(s), {arguments.rounds} rounds; medians (and ranges):"
    )
    for name, values in rates.items():
        print(f"  {name + ', pictures a second':42s} {spread(values)}")
    for name in ("torch-fidelity", "torchmetrics"):
        ratios = [a / b for a, b in zip(rates["ours"], rates[name], strict=True)]
        print(f"  {'ours / ' + name:42s} {spread(ratios)}   wanted: at least 1.3")
        apart = (vectors["ours"] - vectors[name]).abs().max().item()
        top = vectors[name].abs().max().item()
        print(f"  {'largest difference from ' + name:42s} {apart:.1e} of values up to {top:.2f}")


if __name__ == "__main__":
    main()

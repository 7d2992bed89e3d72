"""Measure the cost of animation frames: palette, bytes, and time and memory of a whole animation.

    python benchmarks/animation.py [--frames 640] [--rounds 7] [--pictures FOLDER]

Colour frames are grids of 64 images of 32 x 32 pixels, doubled: from a folder of PNG files, or of smooth noise. "median
cut at the end" keeps all frames in memory and applies a median cut to each at the end of a run. CPU time, one thread;
the two methods alternate. The last rows are measured in separate processes, because peak memory belongs to a process.
"""

import argparse
import io
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lightning_gan.plotting.animation import Animation
from lightning_gan.plotting.gif import choose_palette, encode_frame
from lightning_gan.plotting.points import draw_points
from lightning_gan.utils import images


def median_cut(frame: Tensor) -> Image.Image:
    """Reduce a frame with Pillow's median cut."""
    if bool((frame == frame[:1]).all()):
        return images.to_pil(frame[:1]).convert("P")
    return images.to_pil(frame).convert("P", palette=Image.Palette.ADAPTIVE)


def colours(i: int, folder: str | None) -> Tensor:
    """Return a grid of 64 colour images."""
    if folder:
        files = sorted(Path(folder).glob("*.png"))
        chosen = [images.load_image(files[(64 * i + j) % len(files)]) for j in range(64)]
        return images.make_image_grid(torch.stack(chosen), 8, scale=2)
    rng = torch.Generator().manual_seed(i)
    rough = torch.rand(64, 3, 6, 6, generator=rng)
    smooth = torch.nn.functional.interpolate(rough, size=32, mode="bicubic").clamp(0, 1)
    return images.make_image_grid((smooth * 255).to(torch.uint8), 8, scale=2)


def greys(i: int, folder: str | None) -> Tensor:
    """Return a grid of 64 grey images of 28 x 28 pixels."""
    rng = torch.Generator().manual_seed(i)
    return images.make_image_grid(
        torch.randint(256, (64, 1, 28, 28), generator=rng, dtype=torch.uint8), 8, scale=2
    )


def points(i: int, folder: str | None) -> Tensor:
    """Return a scatter plot."""
    rng = torch.Generator().manual_seed(i)
    return draw_points(
        torch.randn(1000, 2, generator=rng), torch.randn(1000, 2, generator=rng), f"step {i}"
    )


KINDS: dict[str, Callable[[int, str | None], Tensor]] = {
    "colours": colours,
    "greys": greys,
    "points": points,
}


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    value = call()
    return time.process_time() - start, value


def decibels(frame: Tensor, made: Image.Image) -> float:
    """Compute the peak signal-to-noise ratio of the reduced frame, in decibels."""
    error = (np.asarray(made.convert("RGB"), float) - frame.permute(1, 2, 0).numpy()) ** 2
    return 10 * float(np.log10(255**2 / max(error.mean(), 1e-9)))


def a_frame(kind: str, rounds: int, folder: str | None) -> None:
    """Print time, bytes and quality for one kind of frames."""
    found: dict[str, list[tuple[float, ...]]] = {"median cut": [], "octree": []}
    rest = []
    for i in range(rounds):
        frame = KINDS[kind](i, folder)
        for name, make in (("median cut", median_cut), ("octree", choose_palette)):
            spent, made = seconds(lambda make=make, frame=frame: make(frame))
            found[name].append((1e3 * spent, decibels(frame, made)))
        whole, data = seconds(lambda frame=frame: encode_frame(frame))
        png, _ = seconds(lambda frame=frame: images.to_pil(frame).save(io.BytesIO(), "PNG"))
        rest.append((1e3 * whole, len(data) / 1e3, 1e3 * png))
    for name, values in found.items():
        ms, db = (statistics.median(v[i] for v in values) for i in range(2))
        print(f"{kind:8} palette by {name:11} {ms:7.2f} ms, {db:5.1f} dB")
    ms, size, png = (statistics.median(v[i] for v in rest) for i in range(3))
    print(
        f"{kind:8} encoded, octree         {ms:7.2f} ms, {size:.0f} kB; its PNG {png:.1f} ms",
        flush=True,
    )


def at_the_end(frames: int, folder: str | None, place: Path, sink: Any) -> None:
    """Keep all frames in memory and encode them at the end."""
    colours(0, folder)
    before = peak()
    kept = [colours(i % 8, folder) for i in range(frames)]
    spent, _ = seconds(lambda: save_all(kept, place / "a.gif"))
    sink.put((0.0, spent, (place / "a.gif").stat().st_size, peak() - before))


def save_all(frames: list[Tensor], path: Path) -> None:
    first, *rest = (median_cut(frame) for frame in frames)
    first.save(path, format="GIF", save_all=True, append_images=rest, duration=120, loop=0)


def as_drawn(frames: int, folder: str | None, place: Path, sink: Any) -> None:
    """Encode each frame when it is drawn; then start a second process that finds all frames."""
    colours(0, folder)
    before = peak()
    animation, image_bytes, spent = Animation(place / "b.gif"), {}, 0.0
    for i in range(frames):
        frame = colours(i % 8, folder)
        spent += seconds(lambda i=i, frame=frame: animation.add(i, frame))[0]
        image_bytes[i] = place / f"{i}.png"
    again, _ = seconds(lambda: Animation(place / "b.gif").keep(image_bytes))
    sink.put((spent, again, (place / "b.gif").stat().st_size, peak() - before))


def peak() -> float:
    """Return the peak memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=640)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--pictures", help="folder of PNG files, all of one size")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for kind in KINDS:
        a_frame(kind, asked.rounds, asked.uint8_images)
    context = multiprocessing.get_context("spawn")
    for name, way in (("median cut at the end", at_the_end), ("as they are drawn", as_drawn)):
        with tempfile.TemporaryDirectory() as place:
            sink = context.Queue()
            child = context.Process(
                target=way, args=(asked.frames, asked.uint8_images, Path(place), sink)
            )
            child.start()
            drawing, end, size, memory = sink.get()
            child.join()
        print(
            f"{asked.frames} colour frames, {name:22} while training {drawing:6.2f} s, at the end or the next start "
            f"{end:6.2f} s, {size / 1e6:.0f} MB on disk, peak memory +{memory:,.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()

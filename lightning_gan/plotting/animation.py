"""Write an animated GIF frame by frame; each frame is encoded once.

The file is a valid animation after every frame. Each frame has its own colours and a comment with its step, so that a
later process can find the existing frames without decoding them. GIF89a: CompuServe (1990).
"""

import mmap
import struct
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from lightning_gan.plotting.gif import encode_frame
from lightning_gan.utils import images
from lightning_gan.utils.atomic_files import atomic_write

MILLISECONDS = 120  # display time of a frame
LAST_MILLISECONDS = 20 * MILLISECONDS  # display time of the last frame
LOOP = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"  # repeat without end
HEADER = 13 + len(LOOP)  # bytes before the first frame
COMMENT, CONTROL, IMAGE, TRAILER = b"\x21\xfe", b"\x21\xf9\x04\0", b"\x2c", b"\x3b"


class FrameOffsets(NamedTuple):
    """Step and byte offsets of a frame in its file."""

    step: int
    start: int
    end: int
    control: int
    """Offset of the extension that holds the display time of the frame."""


class Animation:
    """Animated GIF to which frames are added, in memory that does not grow with their number.

    The bytes depend only on the frames and their steps, not on the order in which they were added.

    Args:
        path: Output file. The first frame replaces an existing file, unless `keep` was called.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.frames: list[FrameOffsets] = []

    @property
    def steps(self) -> list[int]:
        """Steps of the frames, in order."""
        return [frame.step for frame in self.frames]

    @property
    def end(self) -> int:
        """Offset behind the last frame."""
        return self.frames[-1].end if self.frames else HEADER

    def keep(self, image_bytes: Mapping[int, Path]) -> None:
        """Keep the frames of an earlier process; missing frames are read from image files, one at a time.

        Args:
            image_bytes: PNG files by step, one for each frame of the result. A file that cannot be read is skipped.

        Raises:
            OSError: The file cannot be written.
        """
        steps, found = sorted(image_bytes), find_frame_offsets(self.path)
        alike = [frame.step == step for frame, step in zip(found, steps, strict=False)]
        self.frames = found[: alike.index(False) if False in alike else len(alike)]
        if self.frames:
            self._end_here()
        for step in steps[len(self.frames) :]:
            try:
                frame = images.load_image(image_bytes[step])
            except (OSError, SyntaxError):  # PIL raises these for a file that is not an image
                continue
            self.add(step, frame)

    def add(self, step: int, frame: Tensor) -> None:
        """Insert a frame in the order of steps.

        Args:
            step: Step of the frame; must be new.
            frame: Bytes [C, H, W].

        Raises:
            OSError: The file cannot be written; it keeps its former frames.
        """
        if not self.frames:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_bytes(_header(0, 0) + TRAILER)
        at = bisect_left(self.steps, step)
        start = self.frames[at].start if at < len(self.frames) else self.end
        head, body = _comment(step), encode_frame(frame)
        try:
            with self.path.open("r+b") as file:
                file.seek(start)
                later = file.read(self.end - start)
                file.seek(start)
                file.write(head + CONTROL + bytes(4) + body + later + TRAILER)
                file.truncate()
        except OSError:
            if at == len(self.frames):
                with suppress(OSError):
                    self._end_here()
            raise
        size = len(head) + len(CONTROL) + 4 + len(body)
        moved = [
            FrameOffsets(p.step, p.start + size, p.end + size, p.control + size)
            for p in self.frames[at:]
        ]
        self.frames[at:] = [FrameOffsets(step, start, start + size, start + len(head)), *moved]
        self._pace(max(0, at - 1), frame)

    def _pace(self, first: int, frame: Tensor | None = None) -> None:
        """Set the display times from a frame on, and enlarge the screen to the new frame."""
        with self.path.open("r+b") as file:
            for offsets in self.frames[first:]:
                last = offsets is self.frames[-1]
                file.seek(offsets.control + len(CONTROL))
                file.write(struct.pack("<H", (LAST_MILLISECONDS if last else MILLISECONDS) // 10))
            if frame is not None:
                file.seek(6)
                width, height = struct.unpack("<HH", file.read(4))
                file.seek(6)
                file.write(
                    struct.pack("<HH", max(width, frame.shape[2]), max(height, frame.shape[1]))
                )

    def _end_here(self) -> None:
        """Truncate the file after the last frame."""
        with self.path.open("r+b") as file:
            file.truncate(self.end)
            file.seek(self.end)
            file.write(TRAILER)
        self._pace(0)


def save_animation(frames: Iterable[Tensor], path: Path) -> Path:
    """Write frames, bytes [C, H, W], as an animated GIF, atomically; the last frame is shown longer."""
    with atomic_write(path, durable=False) as beside:
        animation = Animation(beside)
        for step, frame in enumerate(frames):
            animation.add(step, frame)
    return path


def find_frame_offsets(path: Path) -> list[FrameOffsets]:
    """Find the complete frames of a file that `Animation` wrote; empty for any other file."""
    found: list[FrameOffsets] = []
    with suppress(OSError, ValueError, IndexError), path.open("rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if content[:6] == b"GIF89a" and content[13:HEADER] == LOOP:
                while frame := _find_frame(content, found[-1].end if found else HEADER):
                    found.append(frame)
    return found


def _find_frame(content: mmap.mmap, start: int) -> FrameOffsets | None:
    """Return the frame at an offset; None if there is no frame.

    Raises:
        IndexError: The file ends within the frame.
        ValueError: The comment is not that of a frame.
    """
    if content[start : start + 2] != COMMENT:
        return None
    at = start + 3 + content[start + 2]
    step = int(content[start + 3 : at].removeprefix(b"step "))
    control = at + 1
    at = control + len(CONTROL) + 4
    if content[control : control + len(CONTROL)] != CONTROL or content[at : at + 1] != IMAGE:
        return None
    flags = content[at + 9]
    at += 10 + (3 * 2 ** ((flags & 7) + 1) if flags & 128 else 0) + 1
    while length := content[at]:
        at += 1 + length
    # a frame that was written only in part ends in zeros, and no block follows
    followed = content[at + 1 : at + 2] in (COMMENT[:1], TRAILER)
    return FrameOffsets(step, start, at + 1, control) if followed else None


def _header(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x70\0\0" + LOOP


def _comment(step: int) -> bytes:
    text = f"step {step}".encode()
    return COMMENT + bytes([len(text)]) + text + b"\0"

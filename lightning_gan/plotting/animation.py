"""An animated GIF to which frames are added one at a time, each encoded once and for itself.

The file is a valid animation after every frame. Each frame has its own colours and a comment with its step, so that a
later process can find the frames that are there and go on without decoding any of them. GIF89a: CompuServe (1990).
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

MILLISECONDS = 120  # a frame is shown
LAST_MILLISECONDS = 20 * MILLISECONDS  # the last frame is shown
LOOP = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"  # for ever
HEADER = 13 + len(LOOP)  # bytes before the first frame
COMMENT, CONTROL, IMAGE, TRAILER = b"\x21\xfe", b"\x21\xf9\x04\0", b"\x2c", b"\x3b"


class FrameOffsets(NamedTuple):
    """Where a frame lies in its file."""

    step: int
    start: int
    end: int
    control: int
    """Offset of the extension that holds the time for which the frame is shown."""


class Animation:
    """Write an animated GIF frame by frame, in memory that does not grow with the number of frames.

    The bytes depend on the frames and their steps alone, not on the order or the processes in which they came.

    Args:
        path: Output file. The first frame replaces what is there, unless `keep` was called.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.places: list[FrameOffsets] = []

    @property
    def steps(self) -> list[int]:
        """Steps of the frames, in order."""
        return [place.step for place in self.places]

    @property
    def end(self) -> int:
        """Offset behind the last frame."""
        return self.places[-1].end if self.places else HEADER

    def keep(self, image_bytes: Mapping[int, Path]) -> None:
        """Keep the frames of an earlier process; what is missing is read from images, one at a time.

        Args:
            image_bytes: PNG files by step: exactly these frames are wanted. One that cannot be read is left out.

        Raises:
            OSError: if the file cannot be written.
        """
        steps, found = sorted(image_bytes), find_frame_offsets(self.path)
        alike = [place.step == step for place, step in zip(found, steps, strict=False)]
        self.places = found[: alike.index(False) if False in alike else len(alike)]
        if self.places:
            self._end_here()
        for step in steps[len(self.places) :]:
            try:
                frame = images.load_image(image_bytes[step])
            except (OSError, SyntaxError):  # what PIL says of a file that is no image
                continue
            self.add(step, frame)

    def add(self, step: int, frame: Tensor) -> None:
        """Add a frame, bytes [C, H, W], at its step; its step must be new.

        Raises:
            OSError: if there is no room; the file keeps the frames that it has.
        """
        if not self.places:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_bytes(_header(0, 0) + TRAILER)
        at = bisect_left(self.steps, step)
        start = self.places[at].start if at < len(self.places) else self.end
        head, body = _comment(step), encode_frame(frame)
        try:
            with self.path.open("r+b") as file:
                file.seek(start)
                later = file.read(self.end - start)
                file.seek(start)
                file.write(head + CONTROL + bytes(4) + body + later + TRAILER)
                file.truncate()
        except OSError:
            if at == len(self.places):
                with suppress(OSError):
                    self._end_here()
            raise
        size = len(head) + len(CONTROL) + 4 + len(body)
        moved = [
            FrameOffsets(p.step, p.start + size, p.end + size, p.control + size)
            for p in self.places[at:]
        ]
        self.places[at:] = [FrameOffsets(step, start, start + size, start + len(head)), *moved]
        self._pace(max(0, at - 1), frame)

    def _pace(self, first: int, frame: Tensor | None = None) -> None:
        """Set for how long the frames from one on are shown; make the screen as large as the new frame."""
        with self.path.open("r+b") as file:
            for place in self.places[first:]:
                last = place is self.places[-1]
                file.seek(place.control + len(CONTROL))
                file.write(struct.pack("<H", (LAST_MILLISECONDS if last else MILLISECONDS) // 10))
            if frame is not None:
                file.seek(6)
                width, height = struct.unpack("<HH", file.read(4))
                file.seek(6)
                file.write(
                    struct.pack("<HH", max(width, frame.shape[2]), max(height, frame.shape[1]))
                )

    def _end_here(self) -> None:
        """Take away what lies behind the last frame."""
        with self.path.open("r+b") as file:
            file.truncate(self.end)
            file.seek(self.end)
            file.write(TRAILER)
        self._pace(0)


def save_animation(frames: Iterable[Tensor], path: Path) -> Path:
    """Write frames, bytes [C, H, W], as one animated GIF that stays on its last frame; all of it or nothing."""
    with atomic_write(path, durable=False) as beside:
        animation = Animation(beside)
        for step, frame in enumerate(frames):
            animation.add(step, frame)
    return path


def find_frame_offsets(path: Path) -> list[FrameOffsets]:
    """Find the whole frames of a file that `Animation` wrote; none in any other file."""
    found: list[FrameOffsets] = []
    with suppress(OSError, ValueError, IndexError), path.open("rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if content[:6] == b"GIF89a" and content[13:HEADER] == LOOP:
                while place := _place(content, found[-1].end if found else HEADER):
                    found.append(place)
    return found


def _place(content: mmap.mmap, start: int) -> FrameOffsets | None:
    """The frame that begins at an offset; none if something else does.

    Raises:
        IndexError: if the file ends within the frame.
        ValueError: if its comment is not that of a frame.
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
    # a frame of which the disk has lost a part ends in zeros, behind which no other block begins
    followed = content[at + 1 : at + 2] in (COMMENT[:1], TRAILER)
    return FrameOffsets(step, start, at + 1, control) if followed else None


def _header(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x70\0\0" + LOOP


def _comment(step: int) -> bytes:
    text = f"step {step}".encode()
    return COMMENT + bytes([len(text)]) + text + b"\0"

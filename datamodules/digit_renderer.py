"""Digits drawn from lines and arcs, as wide, as slanted and in such a colour as is asked."""

from itertools import pairwise
from math import cos, radians, sin

import torch
from torch import Tensor

SIDE = 32
HALF_HEIGHT = 9.0  # pixels, of a digit of scale 1, between the middles of its strokes
CHUNK = 16  # images drawn at once: what is computed for them stays in a processor's cache
STEP = 30  # degrees of an arc that one line stands for

Point = tuple[float, float]


def _arc(x: float, y: float, rx: float, ry: float, begin: int, end: int) -> list[Point]:
    """Points of an ellipse around (x, y), clockwise from one angle to another, in degrees; 0 points right."""
    n = max(1, round((end - begin) / STEP))
    angles = [radians(begin + (end - begin) * i / n) for i in range(n + 1)]
    return [(x + rx * cos(a), y + ry * sin(a)) for a in angles]


STROKES: tuple[
    list[list[Point]], ...
] = (  # x to the right, y down, both from the digit's middle; y in [-1, 1]
    [_arc(0, 0, 0.6, 1, 0, 360)],
    [[(-0.3, -0.6), (0.1, -1), (0.1, 1)]],
    [[*_arc(0, -0.45, 0.6, 0.55, 180, 390), (-0.6, 1), (0.6, 1)]],
    [[*_arc(0, -0.5, 0.55, 0.5, 200, 450), *_arc(0, 0.5, 0.6, 0.5, 270, 520)[1:]]],
    [[(0.3, 1), (0.3, -1), (-0.6, 0.4), (0.65, 0.4)]],
    [[(0.5, -1), (-0.45, -1), *_arc(0, 0.35, 0.6, 0.65, 220, 520)]],
    [_arc(0.5, 0.4, 1.08, 1.4, 180, 270), _arc(0, 0.4, 0.58, 0.6, 0, 360)],
    [[(-0.6, -1), (0.6, -1), (-0.15, 1)]],
    [_arc(0, -0.5, 0.5, 0.5, 0, 360), _arc(0, 0.5, 0.6, 0.5, 0, 360)],
    [_arc(-0.5, -0.4, 1.08, 1.4, 0, 90), _arc(0, -0.4, 0.58, 0.6, 0, 360)],
)


def list_digit_strokes(digit: int) -> Tensor:
    """The straight lines of a digit's strokes: from and to, [lines, 2, 2]; x to the right, y down, y in [-1, 1]."""
    return torch.tensor([pair for s in STROKES[digit] for pair in pairwise(s)])


def draw_digit(
    digits: Tensor, width: Tensor, slant: Tensor, colour: Tensor, scale: Tensor, place: Tensor
) -> Tensor:
    """Images of digits on black, with edges one pixel soft: bytes (uint8), [n, 3, 32, 32].

    Args:
        digits: 0 to 9, integers [n].
        width: of the strokes, in pixels, [n].
        slant: how far to the right a digit leans for each pixel of its height, [n]; negative: to the left.
        colour: of the strokes, red, green and blue in [0, 1], [n, 3].
        scale: of the height and the breadth, [n].
        place: of the middle of the digit, from that of the image, in pixels to the right and down, [n, 2].
    """
    ink = torch.empty(len(digits), SIDE, SIDE)
    for digit in range(len(STROKES)):
        for some in (digits == digit).nonzero().flatten().split(CHUNK):
            ends = list_digit_strokes(digit) * HALF_HEIGHT * scale[some, None, None, None]
            ends[..., 0] -= slant[some, None, None] * ends[..., 1]
            distance = _distance(ends + place[some, None, None])
            ink[some] = (width[some, None, None] / 2 - distance + 0.5).clamp(0, 1)
    return (ink[:, None] * colour[:, :, None, None] * 255).round().to(torch.uint8)


def _distance(ends: Tensor) -> Tensor:
    """From the middle of each pixel to the nearest of an image's lines, [n, lines, 2, 2]: [n, 32, 32]."""
    grid = torch.arange(SIDE) - (SIDE - 1) / 2
    begin, along = ends[:, :, 0, :, None], (ends[:, :, 1] - ends[:, :, 0])[..., None]
    length2 = along.square().sum(2, keepdim=True)
    away = grid - begin  # along each axis, [n, lines, 2, 32]
    u = _sums(away * along / length2)  # where on the line: 0 at its begin, 1 at its end
    t = u.clamp(0, 1)
    square = torch.sub(t, u, alpha=2).mul_(t).mul_(length2) + _sums(away.square())
    return square.amin(1).clamp_(min=0).sqrt_()


def _sums(axes: Tensor) -> Tensor:
    """Every number of the first axis and every one of the second, added: [n, lines, 2, 32] to [n, lines, 32, 32]."""
    return axes[:, :, 0, None, :] + axes[:, :, 1, :, None]

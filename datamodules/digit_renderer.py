"""Renderer of digits from lines and arcs with given stroke width, slant and colour."""

from itertools import pairwise
from math import cos, radians, sin

import torch
from torch import Tensor

SIDE = 32
HALF_HEIGHT = 9.0  # half the height of a digit of scale 1 between stroke centres, in pixels
CHUNK = 16  # images drawn at once; their intermediate results fit into the processor's cache
STEP = 30  # degrees of an arc that are drawn as one line

Point = tuple[float, float]


def _arc(x: float, y: float, rx: float, ry: float, begin: int, end: int) -> list[Point]:
    """Return points of an ellipse around (x, y), clockwise between two angles in degrees; 0 is to the right."""
    n = max(1, round((end - begin) / STEP))
    angles = [radians(begin + (end - begin) * i / n) for i in range(n + 1)]
    return [(x + rx * cos(a), y + ry * sin(a)) for a in angles]


# x to the right, y down, both from the centre of the digit; y in [-1, 1]
STROKES: tuple[list[list[Point]], ...] = (
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
    """Return the lines of a digit's strokes as end points, [lines, 2, 2]; x to the right, y down, y in [-1, 1]."""
    return torch.tensor([pair for s in STROKES[digit] for pair in pairwise(s)])


def draw_digit(
    digits: Tensor, width: Tensor, slant: Tensor, colour: Tensor, scale: Tensor, offset: Tensor
) -> Tensor:
    """Draw digits on black with antialiased edges.

    Args:
        digits: Digits 0 to 9, integers [n].
        width: Stroke widths in pixels, [n].
        slant: Horizontal shift to the right per pixel of height, [n]; negative values lean to the left.
        colour: Stroke colours, red, green and blue in [0, 1], [n, 3].
        scale: Scale factors of height and width, [n].
        offset: Offsets of the digit's centre from the image's, in pixels to the right and down, [n, 2].

    Returns:
        Images, uint8 [n, 3, 32, 32].
    """
    ink = torch.empty(len(digits), SIDE, SIDE)
    for digit in range(len(STROKES)):
        for i in (digits == digit).nonzero().flatten().split(CHUNK):
            ends = list_digit_strokes(digit) * HALF_HEIGHT * scale[i, None, None, None]
            ends[..., 0] -= slant[i, None, None] * ends[..., 1]
            distance = _compute_distance(ends + offset[i, None, None])
            ink[i] = (width[i, None, None] / 2 - distance + 0.5).clamp(0, 1)
    return (ink[:, None] * colour[:, :, None, None] * 255).round().to(torch.uint8)


def _compute_distance(ends: Tensor) -> Tensor:
    """Compute the distance of each pixel's centre to the nearest line, [n, lines, 2, 2] to [n, 32, 32]."""
    grid = torch.arange(SIDE) - (SIDE - 1) / 2
    begin, along = ends[:, :, 0, :, None], (ends[:, :, 1] - ends[:, :, 0])[..., None]
    length2 = along.square().sum(2, keepdim=True)
    away = grid - begin  # along each axis, [n, lines, 2, 32]
    u = _outer_sum(away * along / length2)  # position on the line: 0 at its start, 1 at its end
    t = u.clamp(0, 1)
    square = torch.sub(t, u, alpha=2).mul_(t).mul_(length2) + _outer_sum(away.square())
    return square.amin(1).clamp_(min=0).sqrt_()


def _outer_sum(axes: Tensor) -> Tensor:
    """Add every value of the first axis to every value of the second, [n, lines, 2, 32] to [n, lines, 32, 32]."""
    return axes[:, :, 0, None, :] + axes[:, :, 1, :, None]

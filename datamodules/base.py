"""What all image data sets share: bytes, and what an image of them shows."""

from torch import Tensor

from datamodules.in_memory import InMemory, Split, Splits
from lightning_gan.utils.errors import UserError

__all__ = ["ImageData", "Split", "Splits"]


class ImageData(InMemory):
    """Images held in memory as uint8, given out as float32 in `value_range`.

    A subclass says where the bytes come from: `load` returns them, [n, C, H, W]. One whose values are no linear
    function of the bytes says so too: `convert`, `find_display_range_of_data` and `uint8_images`.
    """

    data_shape: tuple[int, int, int]

    @property
    def display_range(self) -> tuple[float, float]:
        """The values that an image shows as 0 and as 255; those outside are clipped."""
        return self.value_range

    def convert(self, stored: Tensor) -> Tensor:
        """Bytes, [m, C, H, W], as float32 in `value_range`: 0 is its low end and 255 its high one."""
        low, high = self.value_range
        x = stored.float().div_(255 / (high - low))
        return x if low == 0 else x.add_(low)

    def uint8_images(self, split: Split) -> Tensor:
        """What images of a split show: uint8, [n, C, H, W], on the CPU; the data's own memory."""
        return self._split(split)[0]


def check_value_range(value_range: tuple[float, float]) -> tuple[float, float]:
    """A range of values that the user asked for.

    Raises:
        ValueError: if it is empty.
    """
    low, high = value_range
    if not low < high:
        raise UserError(
            f"value_range is [{low:g}, {high:g}]: give [low, high] with low < high, such as [-1, 1]."
        )
    return float(low), float(high)

"""Base class of image data sets, and the interface that models, callbacks and commands expect of a data module.

A data module in this suite is a LightningDataModule whose batches are [x, y]: x is float32, [m, *data_shape]; y holds
class labels, int64 [m]. `datamodules.InMemory` implements all of the following from one method, `load`.

Every data module has

- `data_shape`: shape of one example, [C, H, W] for images.

Callbacks and commands use these members where the module has them:

- `name`: short name of the data set, used in protocols, log lines and messages.
- `provenance`: one sentence with the content, the sizes of the splits and the source.
- `value_range`: (lowest, highest) returned value; G must be able to produce this range.
- `display_range`: (black, white) values of displayed images; `value_range` if it is missing.
- `images(split)`: all examples of "train", "val" or "test", float32 [n, *data_shape] on the CPU. Metrics against real
  images, the collapse monitor and image callbacks need it.
- `uint8_images(split)`: the same as displayed images, uint8 [n, C, H, W] on the CPU; computed from `images(split)` if
  it is missing.
- `labels(split)`: class labels of the examples, int64 [n] on the CPU; `num_classes`: labels are 0 to num_classes - 1.
  Class-conditional and semi-supervised models need them.
- `density`: p_data as a torch Distribution; `means` and `std`: modes of a mixture. `DensityPlot` and `ModeCoverage`
  need them.
- `drawn`: whether the examples are computed from a seed instead of read from files.
"""

from torch import Tensor

from datamodules.in_memory import InMemory, Split, Splits
from lightning_gan.utils.errors import UserError

__all__ = ["ImageData", "Split", "Splits"]


class ImageData(InMemory):
    """Base class of images that are stored as uint8 and returned as float32 in `value_range`.

    A subclass implements `load`, which returns uint8 images [n, C, H, W]. A subclass whose values are not a linear
    function of the bytes also overrides `convert`, `display_range` and `uint8_images`.
    """

    data_shape: tuple[int, int, int]

    @property
    def display_range(self) -> tuple[float, float]:
        """Values that an image shows as 0 and 255; values outside are clipped."""
        return self.value_range

    def convert(self, stored: Tensor) -> Tensor:
        """Convert uint8 images, [m, C, H, W], to float32: 0 and 255 become the ends of `value_range`."""
        low, high = self.value_range
        x = stored.float().div_(255 / (high - low))
        return x if low == 0 else x.add_(low)

    def uint8_images(self, split: Split) -> Tensor:
        """Return the displayed images of a split, uint8 [n, C, H, W], on the CPU and without a copy."""
        return self._split(split)[0]


def check_value_range(value_range: tuple[float, float]) -> tuple[float, float]:
    """Check that a range is not empty and return it as floats.

    Raises:
        ValueError: If it is empty.
    """
    low, high = value_range
    if not low < high:
        raise UserError(
            f"value_range is [{low:g}, {high:g}]: give [low, high] with low < high, such as [-1, 1]."
        )
    return float(low), float(high)

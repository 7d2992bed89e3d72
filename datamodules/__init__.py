"""Data sets as LightningDataModules; they know nothing of GANs."""

from datamodules.base import ImageData
from datamodules.cifar10 import CIFAR10
from datamodules.cifar10_contrast import CIFAR10Contrast
from datamodules.loader import BatchLoader
from datamodules.mnist import MNIST, FashionMNIST

__all__ = ["CIFAR10", "MNIST", "BatchLoader", "CIFAR10Contrast", "FashionMNIST", "ImageData"]

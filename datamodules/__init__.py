"""Data sets as LightningDataModules; they know nothing of GANs."""

from datamodules.base import ImageData
from datamodules.cifar10 import CIFAR10
from datamodules.cifar10_contrast import CIFAR10Contrast
from datamodules.factors import Factors
from datamodules.in_memory import InMemory
from datamodules.loader import BatchLoader
from datamodules.mnist import MNIST, FashionMNIST
from datamodules.tfd import TFD
from datamodules.toy import Gaussian1D, Ring, ToyData

__all__ = [
    "CIFAR10",
    "MNIST",
    "TFD",
    "BatchLoader",
    "CIFAR10Contrast",
    "Factors",
    "FashionMNIST",
    "Gaussian1D",
    "ImageData",
    "InMemory",
    "Ring",
    "ToyData",
]

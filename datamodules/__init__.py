"""Data sets as LightningDataModules, independent of the models."""

from datamodules.base import ImageData
from datamodules.cifar10 import CIFAR10
from datamodules.cifar10_gcn import CIFAR10GCN
from datamodules.domain_folders import PairedFolders, UnpairedFolders
from datamodules.factors import FactorDigits
from datamodules.high_dimensional import HighDimensionalMixture
from datamodules.image_folder import ImageFolder
from datamodules.in_memory import InMemory
from datamodules.loader import BatchLoader
from datamodules.mnist import MNIST, FashionMNIST
from datamodules.stacked_mnist import StackedMNIST
from datamodules.tfd import TFD
from datamodules.toy import Gaussian1D, Grid, Ring, ToyData
from datamodules.two_domains import TwoDomains
from datamodules.unpaired_digits import UnpairedDigits

__all__ = [
    "CIFAR10",
    "CIFAR10GCN",
    "MNIST",
    "TFD",
    "BatchLoader",
    "FactorDigits",
    "FashionMNIST",
    "Gaussian1D",
    "Grid",
    "HighDimensionalMixture",
    "ImageData",
    "ImageFolder",
    "InMemory",
    "PairedFolders",
    "Ring",
    "StackedMNIST",
    "ToyData",
    "TwoDomains",
    "UnpairedDigits",
    "UnpairedFolders",
]

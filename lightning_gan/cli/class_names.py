"""What a config may call by its bare name: the classes of every room, imported here so that they are known."""

import callbacks
import datamodules
from lightning_gan import (
    losses,
    masks,
    networks,
    optimizers,
    priors,
    regularizers,
    variants,
)
from lightning_gan.features import Classifier, DINOv2, Inception
from lightning_gan.gan import GAN

ROOMS = (
    losses, regularizers, networks, priors, masks, variants, optimizers, datamodules, callbacks,
)  # fmt: skip
CLASSES = [GAN.__name__, *(name for room in ROOMS for name in room.__all__)]
FEATURES = (Classifier, DINOv2, Inception)  # their package imports them at the first use

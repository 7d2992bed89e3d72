"""Classes that a config may name without their module. jsonargparse finds them because they are imported here."""

import callbacks
import datamodules
from lightning_gan import losses, models, networks, priors, regularizers
from lightning_gan.feature_extractors import Classifier, DINOv2, InceptionConfig
from lightning_gan.models import masks
from lightning_gan.models.gan import GAN
from lightning_gan.training import optimizers

SECTIONS = (
    losses, regularizers, networks, priors, masks, models, optimizers, datamodules, callbacks,
)  # fmt: skip
CLASSES = [GAN.__name__, *(name for section in SECTIONS for name in section.__all__)]
FEATURES = (Classifier, DINOv2, InceptionConfig)  # their package imports them lazily

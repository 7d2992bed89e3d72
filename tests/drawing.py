"""Generator with known factors, and a reader of these factors, for tests of latent arithmetic."""

import torch
from torch import Tensor, nn

from datamodules.digit_renderer import draw_digit
from lightning_gan.feature_extractors.factor_classifier import FactorPrediction
from lightning_gan.networks import Generator


class DrawingGenerator(Generator):
    """Generator that draws a 0: thick if z_0 > 0, in the colour of the largest of z_1, z_2 and z_3."""

    value_range = (-1.0, 1.0)

    def __init__(self) -> None:
        super().__init__([3, 32, 32], 4)
        self.weight = nn.Parameter(torch.zeros(()))  # optimizers need a parameter

    def forward(self, z: Tensor) -> Tensor:
        n = len(z)
        width = torch.where(z[:, 0] > 0, 4.2, 1.8)
        colour = torch.eye(3)[z[:, 1:].argmax(1)]
        bytes_ = draw_digit(
            torch.zeros(n), width, torch.zeros(n), colour, torch.ones(n), torch.zeros(n, 2)
        )
        return bytes_ / 127.5 - 1 + self.weight


class InkReader:
    """Factor reader: thickness from the sum of pixels, colour from the largest channel; the digit is an upright 0."""

    def read(self, image_bytes: Tensor) -> FactorPrediction:
        ink = image_bytes.double().sum((2, 3)) / 255
        zeros = torch.zeros(len(ink), dtype=torch.long)
        values = torch.stack([zeros, (ink.amax(1) > 120).long(), zeros + 1, ink.argmax(1)], 1)
        return FactorPrediction(values, torch.ones(values.shape))

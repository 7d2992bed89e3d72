"""Densities that need no training, behind the door that every model here has: `sample(n, seed)`.

They are rulers: a score says little until real data, and a model that knows one image, have it too.
"""

import torch
from torch import Tensor


class TrainingSet:
    """The empirical distribution: what a perfect model's samples score.

    Args:
        images: [N, *data_shape], at least one.
    """

    def __init__(self, images: Tensor) -> None:
        if not len(images):
            raise ValueError("A training set without images came: give at least one.")
        self.images = images

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draw n different images, [n, *data_shape], that depend on the seed alone.

        Raises:
            ValueError: if there are fewer than n.
        """
        if n > len(self.images):
            raise ValueError(
                f"{n:,} different images were asked of {len(self.images):,}: ask for fewer."
            )
        order = torch.randperm(len(self.images), generator=torch.Generator().manual_seed(seed))
        return self.images[order[:n].to(self.images.device)]


class OneImage:
    """All mass on one image: what a generator that collapsed onto it scores.

    Args:
        image: data_shape.
    """

    def __init__(self, image: Tensor) -> None:
        self.image = image

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Repeat the image n times, [n, *data_shape]; the seed changes nothing."""
        return self.image.expand(n, *self.image.shape)

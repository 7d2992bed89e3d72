"""Densities that need no training, behind the door that every model here has: `sample(n, seed)`.

They are rulers: a score says little until real data, and a model that knows one image, have it too.
"""

import torch
from torch import Tensor

from lightning_gan.domains import Count, CountOrZero, Seed, check_arguments
from lightning_gan.errors import UserError


class TrainingSet:
    """The empirical distribution: what a perfect model's samples score.

    Args:
        images: [N, *data_shape], at least one.
    """

    def __init__(self, images: Tensor) -> None:
        if not len(images):
            raise UserError("A training set without images came: give at least one.")
        self.images = images

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draw n different images, [n, *data_shape], that depend on the seed alone.

        Raises:
            ValueError: if there are fewer than n.
        """
        if n > len(self.images):
            raise UserError(
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


class PixelBernoulli:
    """Every pixel black or white by itself, white as often as it is bright on average.

    Args:
        images: [N, *data_shape] in [0, 1], at least one.
    """

    def __init__(self, images: Tensor) -> None:
        if not len(images):
            raise UserError("Pixel means of no images were asked: give at least one.")
        self.mean = images.mean(0)

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draw n images of zeros and ones, [n, *data_shape], that depend on the seed alone."""
        rng = torch.Generator().manual_seed(seed)
        shape = (n, *self.mean.shape)
        return torch.bernoulli(self.mean.expand(shape).cpu(), generator=rng).to(self.mean.device)


class KMeans:
    """Centroids of Lloyd's k-means, each drawn as often as images lie nearest to it.

    Blurred prototypes, which the Parzen window prefers to real images (Theis et al. 2016, sec. 3.3).

    Args:
        images: [N, *data_shape], at least k.
        k: centroids, at least 1; they start as k random images.
        steps: of Lloyd's algorithm, at least 0.
        seed: of the start, 0 to 2^32 - 1.
    """

    @check_arguments
    def __init__(
        self, images: Tensor, k: Count = 1000, steps: CountOrZero = 8, seed: Seed = 0
    ) -> None:
        self.centroids = TrainingSet(images).sample(k, seed).flatten(1)
        self.shape, flat = images.shape[1:], images.flatten(1)
        for _ in range(steps):
            nearest = self._nearest(flat)
            sums = torch.zeros_like(self.centroids).index_add_(0, nearest, flat)
            self.counts = nearest.bincount(minlength=k)
            met = self.counts > 0  # a centroid that is nearest to nothing stays where it is
            self.centroids[met] = sums[met] / self.counts[met, None]

    def _nearest(self, flat: Tensor) -> Tensor:
        """Index of the nearest centroid, [N]; |x|^2 is the same for all of them."""
        half = self.centroids.square().sum(1) / 2
        return torch.cat([(part @ self.centroids.T - half).argmax(1) for part in flat.split(5000)])

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draw n centroids, [n, *data_shape], that depend on the seed alone."""
        rng = torch.Generator().manual_seed(seed)
        drawn = torch.multinomial(self.counts.double().cpu(), n, replacement=True, generator=rng)
        return self.centroids[drawn.to(self.centroids.device)].view(n, *self.shape)

"""Densities that need no training, behind the interface that every model here has: `sample(n, seed)`.

They are baselines: a score says little until real data, and a model that knows one image, have it too.
"""

import warnings
from typing import Annotated

import torch
from torch import Tensor

from lightning_gan.arguments import Count, Domain, Seed, check_arguments
from lightning_gan.utils.errors import UserError

Iterations = Annotated[int, Domain(2, whole=True)]


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
    """Centroids of scikit-learn's k-means, each drawn as often as images were nearest to it in the last iteration.

    They are blurred prototypes, which the Parzen window prefers to real images (Theis et al. 2016, sec. 3.3).

    Args:
        images: images, [N, *data_shape], at least k.
        k: number of centroids, at least 1; they start as k random images.
        steps: number of iterations of Lloyd's algorithm, at least 2.
        seed: seed of the random images, 0 to 2^32 - 1.
    """

    @check_arguments
    def __init__(
        self, images: Tensor, k: Count = 1000, steps: Iterations = 8, seed: Seed = 0
    ) -> None:
        from sklearn.cluster import KMeans as Lloyd  # slow to import

        start = TrainingSet(images).sample(k, seed).flatten(1).cpu().numpy()
        self.shape, flat = images.shape[1:], images.flatten(1)
        with warnings.catch_warnings():  # equal images may leave a centroid without any
            warnings.simplefilter("ignore", UserWarning)
            lloyd = Lloyd(k, init=start, n_init=1, max_iter=steps - 1, tol=0.0)
            nearest = torch.from_numpy(lloyd.fit(flat.cpu().numpy()).labels_).long().to(flat.device)
        # the last iteration moves the centroids and assigns no image anew
        self.counts = nearest.bincount(minlength=k)
        sums = flat.new_zeros(k, flat.shape[1]).index_add_(0, nearest, flat)
        self.centroids = sums / self.counts.clamp_min(1)[:, None]

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draw n centroids, [n, *data_shape], that depend on the seed alone."""
        rng = torch.Generator().manual_seed(seed)
        drawn = torch.multinomial(self.counts.double().cpu(), n, replacement=True, generator=rng)
        return self.centroids[drawn.to(self.centroids.device)].view(n, *self.shape)

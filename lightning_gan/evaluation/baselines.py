"""Baselines: models that need no training, with the method `sample(n, seed)` of all models."""

import warnings
from typing import Annotated

import torch
from torch import Tensor

from lightning_gan.arguments import Count, Domain, Seed, check_arguments
from lightning_gan.utils.errors import UserError

Iterations = Annotated[int, Domain(2, whole=True)]


class TrainingSet:
    """Empirical distribution of the training images: the baseline of a perfect model.

    Args:
        images: Images, [N, *data_shape], at least one.
    """

    def __init__(self, images: Tensor) -> None:
        if not len(images):
            raise UserError("The training set is empty: give at least one image.")
        self.images = images

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draw n different images, [n, *data_shape], determined by the seed.

        Raises:
            UserError: There are fewer than n images.
        """
        if n > len(self.images):
            raise UserError(
                f"{n:,} different images were requested, but there are {len(self.images):,}: request fewer."
            )
        order = torch.randperm(len(self.images), generator=torch.Generator().manual_seed(seed))
        return self.images[order[:n].to(self.images.device)]


class OneImage:
    """Distribution on one image: the baseline of a generator that collapsed to it.

    Args:
        image: Image, data_shape.
    """

    def __init__(self, image: Tensor) -> None:
        self.image = image

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Repeat the image n times, [n, *data_shape]; the seed is not used."""
        return self.image.expand(n, *self.image.shape)


class PixelBernoulli:
    """Independent Bernoulli distribution of each pixel, with its mean as the probability of white.

    Args:
        images: Images in [0, 1], [N, *data_shape], at least one.
    """

    def __init__(self, images: Tensor) -> None:
        if not len(images):
            raise UserError("There are no images to average: give at least one.")
        self.mean = images.mean(0)

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draw n images of zeros and ones, [n, *data_shape], determined by the seed."""
        rng = torch.Generator().manual_seed(seed)
        shape = (n, *self.mean.shape)
        return torch.bernoulli(self.mean.expand(shape).cpu(), generator=rng).to(self.mean.device)


class KMeans:
    """Centroids of scikit-learn's k-means, drawn in proportion to the size of their clusters.

    Centroids are blurred prototypes, which the Parzen window prefers to real images (Theis et al. 2016, sec. 3.3).

    Args:
        images: Images, [N, *data_shape], at least k.
        k: Number of centroids, at least 1; they start as k random images.
        steps: Number of iterations of Lloyd's algorithm, at least 2.
        seed: Seed of the random images, 0 to 2^32 - 1.
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
        # the last iteration moves the centroids and keeps the assignment
        self.counts = nearest.bincount(minlength=k)
        sums = flat.new_zeros(k, flat.shape[1]).index_add_(0, nearest, flat)
        self.centroids = sums / self.counts.clamp_min(1)[:, None]

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draw n centroids, [n, *data_shape], determined by the seed."""
        rng = torch.Generator().manual_seed(seed)
        drawn = torch.multinomial(self.counts.double().cpu(), n, replacement=True, generator=rng)
        return self.centroids[drawn.to(self.centroids.device)].view(n, *self.shape)

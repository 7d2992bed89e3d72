"""Messages about the cost of scores in a feature space, and about the bias of few images."""

import time

import torch

from lightning_gan.feature_extractors import FeatureExtractor

IMAGES = 16  # number of images in the timed pass
SLOW = 30.0  # seconds; the cost of longer evaluations is stated


def estimate_images_per_second(network: FeatureExtractor, shape: tuple[int, ...]) -> float:
    """Measure the speed of a feature extractor on its device with one small pass.

    Args:
        network: Feature extractor, on its device.
        shape: Shape of an image, [C, H, W].

    Returns:
        Images per second.
    """
    images = torch.zeros(IMAGES, *shape, dtype=torch.uint8, device=network.device)
    network(images[:1])  # warm-up: the first pass of a process is slower
    began = time.monotonic()
    network(images)
    return IMAGES / max(time.monotonic() - began, 1e-9)


def describe_evaluation_cost(network_name: str, num_samples: int, n_real: int, speed: float) -> str:
    """Describe how long one evaluation takes; return "" if it takes less than `SLOW` seconds.

    Args:
        network_name: Name of the feature extractor.
        num_samples: Number of samples.
        n_real: Number of real images, whose features are computed once and cached.
        speed: Images per second.
    """
    if num_samples / speed < SLOW:
        return ""
    return (
        f"{num_samples:,} samples through {network_name} take about {_words(num_samples / speed)} at each validation "
        f"here ({speed:.1f} images/s measured), the {n_real:,} real images {_words(n_real / speed)} once; the test "
        f"takes about three times as long. A smaller num_samples of FID, KID, InceptionScore and PrecisionRecall costs "
        f"less; values of different num_samples must not be compared."
    )


def describe_scoring_cost(
    network_name: str, num_samples: int, n_real: int, speed: float, baselines: bool
) -> str:
    """Describe how long one command takes to score samples; return "" if it takes less than `SLOW` seconds.

    Args:
        network_name: Name of the feature extractor.
        num_samples: Number of samples in all sample sets.
        n_real: Number of real images.
        speed: Images per second.
        baselines: Whether baselines are scored as well.
    """
    seconds = (num_samples + n_real) / speed
    if seconds < SLOW:
        return ""
    more = (
        "; the baselines take several times as long, unless an earlier command cached their scores "
        "(--baselines false leaves them out)"
    )
    return (
        f"{num_samples:,} samples and {n_real:,} real images through {network_name} take about {_words(seconds)} here "
        f"({speed:.1f} images/s measured){more if baselines else ''}. --num_samples and --num_real take "
        f"fewer; values of "
        f"different numbers of images must not be compared."
    )


def describe_small_sample_effect(n_real: int, num_samples: int, dim: int, split: str) -> str:
    """Describe the bias of an FID of few images; return "" if both sides have more images than features.

    Args:
        n_real: Number of real images.
        num_samples: Number of samples.
        dim: Number of features.
        split: Split of the real images, such as val; "all" if there are no splits.
    """
    few = [f"{n_real:,} {'real' if split == 'all' else split} images"] if n_real <= dim else []
    few += [f"{num_samples:,} samples"] if num_samples <= dim else []
    if not few:
        return ""
    return (
        f"FID of {' and '.join(few)} in {dim:,} features: the covariance of so few images is singular, and FID is "
        f"strongly biased upwards. Compare it only with values of the same numbers of images, or use KID, which is "
        f"unbiased."
    )


def _words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"

"""What scores in a feature space will cost, and what few real images mean, in a sentence each."""

import time

import torch

from lightning_gan.feature_extractors import FeatureExtractor

IMAGES = 16  # in the pass that is timed
SLOW = 30.0  # seconds of a look above which its cost is stated


def estimate_images_per_second(network: FeatureExtractor, shape: tuple[int, ...]) -> float:
    """Speed of a feature network on its device, measured with one small pass after another.

    Args:
        network: feature network on the device to measure.
        shape: shape of an image, [C, H, W].

    Returns:
        Images per second.
    """
    images = torch.zeros(IMAGES, *shape, dtype=torch.uint8, device=network.device)
    network(images[:1])  # the first pass of a process is slower
    began = time.monotonic()
    network(images)
    return IMAGES / max(time.monotonic() - began, 1e-9)


def describe_evaluation_cost(network_name: str, num_samples: int, n_real: int, speed: float) -> str:
    """State how long one evaluation takes; empty if it takes less than `SLOW` seconds.

    Args:
        network_name: name of the feature network.
        num_samples: number of samples.
        n_real: number of real images, whose features are computed once and stored.
        speed: images per second.
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
    """State how long one command takes to score samples; empty if it takes less than `SLOW` seconds.

    Args:
        network_name: name of the feature network.
        num_samples: number of samples of all sample sets.
        n_real: number of real images.
        speed: images per second.
        baselines: whether baselines are scored as well.
    """
    seconds = (num_samples + n_real) / speed
    if seconds < SLOW:
        return ""
    more = (
        "; the baselines that are scored beside them take several times as long, unless they are kept from an earlier "
        "command (--baselines false leaves them out)"
    )
    return (
        f"{num_samples:,} samples and {n_real:,} real images through {network_name} take about {_words(seconds)} here "
        f"({speed:.1f} images/s measured){more if baselines else ''}. --num_samples and --num_real take "
        f"fewer; values of "
        f"different numbers of images must not be compared."
    )


def describe_small_sample_effect(n_real: int, num_samples: int, dim: int, split: str) -> str:
    """State that a Fréchet distance of few images is biased; empty if both sides have more images than features.

    Args:
        n_real: number of real images.
        num_samples: number of samples.
        dim: number of features.
        split: name of the split of the real images, such as val; "all" where there are no splits.
    """
    few = [f"{n_real:,} {'real' if split == 'all' else split} images"] if n_real <= dim else []
    few += [f"{num_samples:,} samples"] if num_samples <= dim else []
    if not few:
        return ""
    return (
        f"FID of {' and '.join(few)} in {dim:,} features: a covariance of so few is singular, and FID is biased far "
        f"upwards. Compare it only with values of the same numbers of images, or use KID, which is unbiased."
    )


def _words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"

"""Command `latent-arithmetic`: add and subtract latent vectors, and generate the result."""

from collections.abc import Sequence

import torch
from torch import Tensor

from datamodules import FactorDigits
from lightning_gan.analysis import latent_space
from lightning_gan.analysis.analogies import (
    POOL,
    AnalogySamples,
    evaluate_analogy,
    format_analogies,
)
from lightning_gan.analysis.concepts import Concepts, Term, parse_terms
from lightning_gan.arguments import Count, CountFromTwo, NonNegative, Seed, check_arguments
from lightning_gan.checkpoints.load import find_display_range, load
from lightning_gan.checkpoints.verify import read_checkpoint
from lightning_gan.feature_extractors import (
    FactorClassifier,
    load_factor_classifier,
    measure_factor_accuracy,
)
from lightning_gan.models.base import AdversarialModel
from lightning_gan.models.noise import require_noise
from lightning_gan.plotting.latent_arithmetic import Sum, draw_sums
from lightning_gan.utils import images
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.machine_limits import check_memory

CONCEPTS = Concepts(FactorDigits.factor_names, FactorDigits.factor_values)


@check_arguments
def latent_arithmetic(
    ckpt_path: str,
    equation: str | None = None,
    group: Count = 3,
    draws: CountFromTwo = 1000,
    num_samples: Count = 64,
    seed: Seed = 0,
    noise: NonNegative = latent_space.NOISE,
    out: str = "arithmetic.png",
) -> None:
    """Add and subtract means of latent vectors, and generate the result: Radford et al. (2016), section 6.3.2.

    The terms of an equation are sample indices as in `sample`, "1,5,9 - 2,4,8 + 3,7,11". For the data set Factors they
    may be words, "thick red - thin red + thin green": groups are then drawn repeatedly, and a classifier reads the
    results. Without an equation this is done for all pairs of factors.

    Args:
        ckpt_path: Checkpoint of the model.
        equation: Groups, separated by " + " and " - ".
        group: Number of samples per group of words, at least 1.
        draws: Number of classified sums per pair of factors, at least 2.
        num_samples: Number of samples that the indices refer to, at least 1.
        seed: Random seed for the noise and the groups, 0 to 2^32 - 1.
        noise: Maximum change of each latent entry in the eight neighbours of the result, at least 0.
        out: PNG file to write; its folder is created if missing.

    Raises:
        UserError: The equation does not fit the checkpoint.
    """
    terms = parse_terms(equation) if equation else []
    path, gan = images.check_png_path(out), require_noise(load(ckpt_path))
    display_range = find_display_range(gan, ckpt_path)
    if terms and all(word.isdecimal() for term in terms for word in term.words):
        sums = [_sum_samples(gan, terms, display_range, num_samples, seed, noise)]
        title = f"{equation} (step {gan.g_updates}, seed {seed})"
    else:
        _check_words(ckpt_path, terms)
        samples = AnalogySamples(gan, _load_classifier(), display_range, POOL, seed)
        forms = (
            [[terms] * draws]
            if terms
            else [
                samples.draw_exchanges(p, CONCEPTS, group, draws, seed)
                for p in CONCEPTS.list_pairs()
            ]
        )
        found = [evaluate_analogy(samples, CONCEPTS, form, group, seed) for form in forms]
        print(format_analogies(samples, CONCEPTS, forms, found))
        sums = [
            _make_sum(gan, samples.z, form[0], f.indices[0], f.y[0], display_range, seed, noise)
            for form, f in zip(forms, found, strict=True)
        ]
        title = "First sum of each pair of factors" if not terms else "First sum"
    print(f"{title} in {images.save_image(draw_sums(sums), path)}")


def _check_words(ckpt_path: str, terms: Sequence[Term]) -> None:
    """Check that the factors of the data are known, and that an equation leaves one value per factor.

    Raises:
        UserError: One of the two does not hold.
    """
    data = read_checkpoint(ckpt_path)["data"]
    if data != FactorDigits.name:
        raise UserError(
            f"{ckpt_path} was trained on {data or 'data without a name'}, whose factors are unknown: give sample "
            f'indices, such as --equation "1,5,9 - 2,4,8 + 3,7,11", or a checkpoint of factors.yaml.'
        )
    if terms:
        CONCEPTS.compute_target(terms)


def _load_classifier() -> FactorClassifier:
    """Load the classifier of Factors from the cache, or train it, which takes half a minute."""
    data = FactorDigits()
    data.prepare_data()
    data.setup()
    classifier = load_factor_classifier(
        data.uint8_images("train"), data.factors("train"), data.factor_sizes
    )
    *each, _ = measure_factor_accuracy(
        classifier, data.uint8_images("test"), data.factors("test")
    ).tolist()
    rates = ", ".join(f"{n} {rate:.1%}" for n, rate in zip(data.factor_names, each, strict=True))
    print(f"classifier on {len(data.labels('test')):,} test images: {rates}", flush=True)
    return classifier


def _sum_samples(
    gan: AdversarialModel,
    terms: Sequence[Term],
    display_range: tuple[float, float],
    num_samples: int,
    seed: int,
    noise: float,
) -> Sum:
    """Make the sum of an equation of sample indices; groups may differ in size."""
    groups = [torch.tensor([int(word) for word in term.words]) for term in terms]
    largest = max(int(group.max()) for group in groups)
    if largest >= num_samples:
        raise UserError(
            f"The equation has sample {largest}, but there are {num_samples}, counted from 0: give smaller indices, or "
            f"a larger --num_samples."
        )
    n_bytes = 4 * num_samples * gan.generator.z_dim
    check_memory(n_bytes, f"{num_samples:,} samples", "give a smaller --num_samples")
    z = gan.sample_inputs(num_samples, torch.Generator().manual_seed(seed))
    y = latent_space.combine_latents(
        [latent_space.LatentGroup(t.sign, z[g]) for t, g in zip(terms, groups, strict=True)]
    )
    return _make_sum(gan, z, terms, groups, y, display_range, seed, noise)


def _make_sum(
    gan: AdversarialModel,
    z: Tensor,
    terms: Sequence[Term],
    groups: Sequence[Tensor] | Tensor,
    y: Tensor,
    display_range: tuple[float, float],
    seed: int,
    noise: float,
) -> Sum:
    """Make the images of a sum y, shape [d], of groups of rows of z, shape [n, d]."""

    def generate(some: Tensor) -> Tensor:
        return images.to_uint8(gan.generate(z).cpu(), display_range)

    names = [f"{'' if t.sign > 0 else '- '}{' '.join(t.words)}" for t in terms]
    names = [
        names[0],
        *(n if n.startswith("-") else f"+ {n}" for n in names[1:]),
        "=" + _format_result(terms),
    ]
    means = torch.stack([z[rows].mean(0) for rows in groups])
    nine = latent_space.sample_around(y, gan.generator.z_dim, seed, noise)
    return Sum(names, [generate(z[rows]) for rows in groups], generate(means), generate(nine))


def _format_result(terms: Sequence[Term]) -> str:
    """Format the words that result from an equation; empty for sample indices."""
    if terms[0].words[0].isdecimal():
        return ""
    return "".join(f" {CONCEPTS.values[f][v]}" for f, v in CONCEPTS.compute_target(terms).items())

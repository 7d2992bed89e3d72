"""`python -m lightning_gan latent-arithmetic`: sums in z, drawn, and judged where the factors are known."""

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
    """Add and subtract means of z, and draw G of the result: Radford et al. (2016), section 6.3.2.

    Terms are numbers of samples, as `sample --num_samples` and `--seed` number them: "1,5,9 - 2,4,8 + 3,7,11". Where
    the data are Factors they may be words, "thick red - thin red + thin green": groups are then drawn again and
    again, and the results read by a classifier. Without an equation all pairs of factors are judged so.

    Args:
        ckpt_path: A checkpoint of this suite.
        equation: Groups with " + " and " - " between them.
        group: Samples of a group, where words are given, at least 1.
        draws: Sums that are judged, for each pair of factors, at least 2.
        num_samples: Number of samples of `sample`, where numbers are given, at least 1.
        seed: Of the noise, and of the draw of groups, 0 to 2^32 - 1.
        noise: How far each number of z is moved for the eight neighbours of the result, at least 0.
        out: File of the image; its folder is made.
    """
    terms = parse_terms(equation) if equation else []
    path, gan = images.png_path(out), load(ckpt_path)
    shown = find_display_range(gan, ckpt_path)
    if terms and all(word.isdecimal() for term in terms for word in term.words):
        pictured = [_of_numbers(gan, terms, shown, num_samples, seed, noise)]
        said = f"{equation} (step {gan.g_updates}, seed {seed})"
    else:
        _check_words(ckpt_path, terms)
        samples = AnalogySamples(gan, _reader(), shown, POOL, seed)
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
        pictured = [
            _image(gan, samples.z, form[0], f.indices[0], f.y[0], shown, seed, noise)
            for form, f in zip(forms, found, strict=True)
        ]
        said = "The first sum of each kind" if not terms else "The first sum"
    print(f"{said} in {images.save_image(draw_sums(pictured), path)}")


def _check_words(ckpt_path: str, terms: Sequence[Term]) -> None:
    """Words need data whose factors are known, and a sum that leaves one value of a factor.

    Raises:
        ValueError: saying which of both is not so.
    """
    data = read_checkpoint(ckpt_path)["data"]
    if data != FactorDigits.name:
        raise UserError(
            f"{ckpt_path} was trained on {data or 'data without a name'}, whose factors nobody knows: give numbers of "
            f'samples, such as --equation "1,5,9 - 2,4,8 + 3,7,11", or a checkpoint of factors.yaml.'
        )
    if terms:
        CONCEPTS.compute_target(terms)


def _reader() -> FactorClassifier:
    """The classifier of Factors; trained now, in half a minute, where it is not yet in the cache."""
    data = FactorDigits()
    data.prepare_data()
    data.setup()
    reader = load_factor_classifier(
        data.uint8_images("train"), data.factors("train"), data.factor_sizes
    )
    *each, _ = measure_factor_accuracy(
        reader, data.uint8_images("test"), data.factors("test")
    ).tolist()
    rates = ", ".join(f"{n} {rate:.1%}" for n, rate in zip(data.factor_names, each, strict=True))
    print(f"classifier on {len(data.labels('test')):,} test images: {rates}", flush=True)
    return reader


def _of_numbers(
    gan: AdversarialModel,
    terms: Sequence[Term],
    shown: tuple[float, float],
    num_samples: int,
    seed: int,
    noise: float,
) -> Sum:
    """The image of a sum whose terms are numbers of samples; groups may differ in size."""
    groups = [torch.tensor([int(word) for word in term.words]) for term in terms]
    largest = max(int(group.max()) for group in groups)
    if largest >= num_samples:
        raise UserError(
            f"Sample {largest} of {num_samples} was asked, numbered from 0: give smaller numbers, or a larger "
            f"--num_samples."
        )
    n_bytes = 4 * num_samples * gan.generator.z_dim
    check_memory(n_bytes, f"{num_samples:,} samples", "give a smaller --num_samples")
    z = gan.noise(num_samples, torch.Generator().manual_seed(seed))
    y = latent_space.combine_latents(
        [latent_space.LatentGroup(t.sign, z[g]) for t, g in zip(terms, groups, strict=True)]
    )
    return _image(gan, z, terms, groups, y, shown, seed, noise)


def _image(
    gan: AdversarialModel,
    z: Tensor,
    terms: Sequence[Term],
    groups: Sequence[Tensor] | Tensor,
    y: Tensor,
    shown: tuple[float, float],
    seed: int,
    noise: float,
) -> Sum:
    """What `plots_latents` draws of the sum y, [d], of groups of places in z, [n, d]."""

    def drawn(some: Tensor) -> Tensor:
        return images.to_uint8(gan.generate(some).cpu(), shown)

    names = [f"{'' if t.sign > 0 else '- '}{' '.join(t.words)}" for t in terms]
    names = [
        names[0],
        *(n if n.startswith("-") else f"+ {n}" for n in names[1:]),
        "=" + _left(terms),
    ]
    means = torch.stack([z[places].mean(0) for places in groups])
    nine = latent_space.sample_around(y, gan.generator.z_dim, seed, noise)
    return Sum(names, [drawn(z[places]) for places in groups], drawn(means), drawn(nine))


def _left(terms: Sequence[Term]) -> str:
    """The words that a sum leaves; nothing where terms are numbers."""
    if terms[0].words[0].isdecimal():
        return ""
    return "".join(f" {CONCEPTS.values[f][v]}" for f, v in CONCEPTS.compute_target(terms).items())

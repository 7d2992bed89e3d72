"""Latent vector arithmetic, evaluated by a classifier of the factors.

Radford et al. (2016), section 6.3.2, show such sums ("man with glasses - man without glasses + woman without glasses")
as images, with terms selected by hand. Here a classifier selects the terms and classifies the results.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lightning_gan.analysis.concepts import Concepts, Term
from lightning_gan.analysis.latent_space import LatentGroup, combine_latents
from lightning_gan.arguments import Count, Finite, Seed, check_arguments
from lightning_gan.feature_extractors import FactorClassifier
from lightning_gan.models.base import AdversarialModel
from lightning_gan.utils import images
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.text_table import format_table

CLEAR = 0.9  # smallest probability of a value with which a sample is an example of it
POOL = 5_000  # samples from which examples are selected


class AnalogySamples:
    """Samples of a GAN with the factors that a classifier predicts for each.

    Args:
        gan: Trained model.
        classifier: Classifier of the factors.
        display_range: Values of G that an image shows as black and white, finite.
        n: Number of samples, at least 1.
        seed: Random seed for the noise, 0 to 2^32 - 1; sample i is sample i of `gan.sample(n, seed)`.
    """

    @check_arguments
    def __init__(
        self,
        gan: AdversarialModel,
        classifier: FactorClassifier,
        display_range: tuple[Finite, Finite],
        n: Count = POOL,
        seed: Seed = 0,
    ) -> None:
        self.gan, self.classifier, self.display_range = gan, classifier, display_range
        self.z = gan.sample_inputs(n, torch.Generator().manual_seed(seed))
        self.x = gan.generate(self.z).cpu()
        self.values, self.confidence = classifier.read(self.to_uint8(self.x))

    def to_uint8(self, x: Tensor) -> Tensor:
        """Convert outputs of G, [n, C, H, W], to uint8 images."""
        return images.to_uint8(x, self.display_range)

    def compute_clear_share(self) -> float:
        """Return the share of samples with a probability of at least `CLEAR` in every factor."""
        return (self.confidence >= CLEAR).all(1).float().mean().item()

    def compute_share(self, wanted: Mapping[int, int]) -> float:
        """Return the share of samples with the given values of factors."""
        return _are(self.values, [wanted]).all(1).float().mean().item()

    def find_examples(self, words: Sequence[str], concepts: Concepts, group: int) -> Tensor:
        """Return the indices of all samples that clearly show the words.

        Raises:
            ValueError: If there are fewer than `group`.
        """
        found = self._find_clear(concepts.find_factors(words))
        if len(found) < group:
            raise UserError(
                f"{len(found)} of {len(self.z):,} samples are clearly {' '.join(words)}, and a group has {group}: "
                f"train longer, or give words that G draws."
            )
        return found

    def list_drawn(
        self, pair: tuple[int, int], concepts: Concepts, group: int
    ) -> list[tuple[str, str]]:
        """Return the combinations of two factors that at least `group` samples clearly show."""
        return [
            words
            for words in concepts.list_combinations(pair)
            if len(self._find_clear(concepts.find_factors(words))) >= group
        ]

    def draw_exchanges(
        self, pair: tuple[int, int], concepts: Concepts, group: int, n: int, seed: int
    ) -> list[list[Term]]:
        """Draw n random sums (a' b) - (a b) + (a b') of combinations of two factors that G draws.

        Raises:
            ValueError: If there is no such sum.
        """
        sums = concepts.list_exchanges(self.list_drawn(pair, concepts, group))
        picked = torch.randint(len(sums), (n,), generator=torch.Generator().manual_seed(seed))
        return [sums[i] for i in picked.tolist()]

    def _find_clear(self, wanted: Mapping[int, int]) -> Tensor:
        """Return the indices of samples with the given values and a probability of at least `CLEAR`."""
        clear = (self.confidence[:, list(wanted)] >= CLEAR).all(1)
        return (clear & _are(self.values, [wanted]).all(1)).nonzero()[:, 0]


class AnalogyResult(NamedTuple):
    """Results of n sums that leave k factors each.

    Attributes:
        indices: Indices of the samples that were summed, [n, terms, group].
        y: Sums of latent vectors, [n, d].
        right: Whether each factor of G(y) has the value that the sum leaves, [n, k].
        last: Whether all k factors have it in G of the last added group alone, [n].
        pixels: Whether all k factors have it in the same sum of images instead of z, [n].
        chance: Share of plain samples that have it, mean over sums.
    """

    indices: Tensor
    y: Tensor
    right: Tensor
    last: Tensor
    pixels: Tensor
    chance: float


@check_arguments
def evaluate_analogy(
    samples: AnalogySamples,
    concepts: Concepts,
    sums: Sequence[Sequence[Term]],
    group: Count,
    seed: Seed,
) -> AnalogyResult:
    """Draw the groups of n sums of one form, and classify G of each sum.

    Args:
        samples: Samples of the GAN.
        concepts: Words for the factors.
        sums: Sums with the same signs that leave the same number of factors.
        group: Number of different samples whose z are averaged for a term, at least 1.
        seed: Random seed for the choice of groups, 0 to 2^32 - 1.

    Raises:
        ValueError: If there are too few samples of a term, or a sum leaves no valid combination.
    """
    rng = torch.Generator().manual_seed(seed)
    known = {words for terms in sums for _, words in terms}
    found = {words: samples.find_examples(words, concepts, group) for words in known}

    def choose_group(words: tuple[str, ...]) -> Tensor:
        return found[words][torch.randperm(len(found[words]), generator=rng)[:group]]

    indices = torch.stack(
        [torch.stack([choose_group(words) for _, words in terms]) for terms in sums]
    )
    targets = [concepts.compute_target(terms) for terms in sums]
    signs = [term.sign for term in sums[0]]
    last = max(i for i, sign in enumerate(signs) if sign > 0)

    def compare(x: Tensor) -> Tensor:
        return _are(samples.classifier.read(samples.to_uint8(x)).values, targets)

    y = add_groups(samples.z, indices, signs)
    pixels = add_groups(samples.x.flatten(1), indices, signs).view(-1, *samples.x.shape[1:])
    alone = add_groups(samples.z, indices[:, last : last + 1], [1])
    return AnalogyResult(
        indices,
        y,
        compare(samples.gan.generate(y).cpu()),
        compare(samples.gan.generate(alone).cpu()).all(1),
        compare(pixels).all(1),
        sum(samples.compute_share(target) for target in targets) / len(targets),
    )


def add_groups(vectors: Tensor, indices: Tensor, signs: Sequence[int]) -> Tensor:
    """Compute the signed sums of group means, [n, d].

    Args:
        vectors: Vectors, [N, d].
        indices: Indices of the vectors in each group of each sum, [n, terms, group].
        signs: Sign of each term.
    """
    groups = vectors[indices].unbind(1)
    return combine_latents([LatentGroup(sign, z) for sign, z in zip(signs, groups, strict=True)])


def _are(values: Tensor, wanted: Sequence[Mapping[int, int]]) -> Tensor:
    """Compare values, [m, n_factors], with those wanted for each row, or one for all: bool [m, k]."""
    factors = torch.tensor([list(w) for w in wanted]).expand(len(values), -1)
    targets = torch.tensor([list(w.values()) for w in wanted])
    return values.gather(1, factors) == targets


def format_analogies(
    samples: AnalogySamples,
    concepts: Concepts,
    forms: Sequence[Sequence[Sequence[Term]]],
    found: Sequence[AnalogyResult],
) -> str:
    """Format the success rates of each form of sum as a table with standard errors.

    Args:
        samples: Samples of the GAN.
        concepts: Words for the factors.
        forms: Sums of each row.
        found: Results of each row.
    """
    header = ("factors", "all right", "each right", "last group alone", "sum of images", "chance")
    rows = []
    for form, one in zip(forms, found, strict=True):
        names = [concepts.names[factor] for factor in concepts.compute_target(form[0])]
        each = ", ".join(format_success_rate(column) for column in one.right.unbind(1))
        every, last, pixels = map(format_success_rate, (one.right.all(1), one.last, one.pixels))
        rows.append((" ".join(names), every, each, last, pixels, f"{one.chance:.3f}"))
    n, _, group = found[0].indices.shape
    pairs = [
        (concepts.list_combinations(p), samples.list_drawn(p, concepts, group))
        for p in concepts.list_pairs()
    ]
    missing = [" ".join(words) for known, drawn in pairs for words in known if words not in drawn]
    total = sum(len(known) for known, _ in pairs)
    which = f": {', '.join(missing)}" if missing else ""
    return (
        f"{samples.compute_clear_share():.1%} of {len(samples.z):,} samples have a confidence of {CLEAR:g} or more in "
        f"every factor; {len(missing)} of {total} combinations of two factors have fewer than {group} of "
        f"them{which}\n"
        f"{format_table(rows, header)}\n"
        f"each row: {n:,} sums of groups of {group}; ± is the standard error over the sums for this G"
    )


def format_success_rate(right: Tensor) -> str:
    """Format the share of true values in a tensor [n] with its standard error."""
    p = right.float().mean().item()
    return f"{p:.3f} ± {math.sqrt(p * (1 - p) / len(right)):.3f}"

"""Is thick red - thin red + thin green thick and green? Sums of z, judged by a reader that knows the factors.

Radford et al. (2016), section 6.3.2, show such sums ("man with glasses - man without glasses + woman without glasses")
as images, of terms that the user picked. Here a reader picks them, reads the results, and they are counted.
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

CLEAR = 0.9  # probability from which on a sample is taken as an example of a value
POOL = 5_000  # samples of which the examples are taken


class AnalogySamples:
    """Samples of a GAN as they were drawn, and what a reader says of each.

    Args:
        gan: finished.
        reader: of the factors.
        display_range: values of G that an image shows as black and white, finite.
        n: samples, at least 1.
        seed: of the noise, 0 to 2^32 - 1: sample i is sample i of `gan.sample(n, seed)`.
    """

    @check_arguments
    def __init__(
        self,
        gan: AdversarialModel,
        reader: FactorClassifier,
        display_range: tuple[Finite, Finite],
        n: Count = POOL,
        seed: Seed = 0,
    ) -> None:
        self.gan, self.reader, self.display_range = gan, reader, display_range
        self.z = gan.sample_inputs(n, torch.Generator().manual_seed(seed))
        self.x = gan.generate(self.z).cpu()
        self.values, self.confidence = reader.read(self.bytes_of(self.x))

    def bytes_of(self, x: Tensor) -> Tensor:
        """G's values, [n, C, H, W], as bytes."""
        return images.to_uint8(x, self.display_range)

    def clear(self) -> float:
        """Share of the samples of which every factor is read with a probability of `CLEAR` or more."""
        return (self.confidence >= CLEAR).all(1).float().mean().item()

    def share(self, wanted: Mapping[int, int]) -> float:
        """Share of the samples that are read as these values of these factors."""
        return _are(self.values, [wanted]).all(1).float().mean().item()

    def examples(self, words: Sequence[str], concepts: Concepts, group: int) -> Tensor:
        """Places of all samples that are clearly read as these words.

        Raises:
            ValueError: if there are fewer than a group.
        """
        found = self._clearly(concepts.factors_of(words))
        if len(found) < group:
            raise UserError(
                f"{len(found)} of {len(self.z):,} samples are clearly {' '.join(words)}, and a group has {group}: "
                f"train longer, or ask for what this G draws."
            )
        return found

    def drawn(self, pair: tuple[int, int], concepts: Concepts, group: int) -> list[tuple[str, str]]:
        """The combinations of two factors of which there is a group of clear samples."""
        return [
            words
            for words in concepts.combinations(pair)
            if len(self._clearly(concepts.factors_of(words))) >= group
        ]

    def exchanges(
        self, pair: tuple[int, int], concepts: Concepts, group: int, n: int, seed: int
    ) -> list[list[Term]]:
        """Random sums (a' b) - (a b) + (a b') of what is drawn of two factors, n of them.

        Raises:
            ValueError: if there are none.
        """
        sums = concepts.exchanges(self.drawn(pair, concepts, group))
        picked = torch.randint(len(sums), (n,), generator=torch.Generator().manual_seed(seed))
        return [sums[i] for i in picked.tolist()]

    def _clearly(self, wanted: Mapping[int, int]) -> Tensor:
        """Places of the samples that are read as these values with confidence `CLEAR`."""
        sure = (self.confidence[:, list(wanted)] >= CLEAR).all(1)
        return (sure & _are(self.values, [wanted]).all(1)).nonzero()[:, 0]


class AnalogyResult(NamedTuple):
    """What came out of n sums that leave k factors each.

    Attributes:
        places: of the samples that were summed, [n, terms, group].
        y: the sums, [n, d].
        right: whether each factor of G(y) is read as the sum demands, [n, k].
        last: whether all k are in G of the last group that is added alone, [n].
        pixels: whether all k are in the same sum of images instead of z, [n].
        chance: share of plain samples that are read as a sum demands, mean over sums.
    """

    places: Tensor
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
    """Draw the groups of n sums of one form, and let the reader say what stands on G of each sum.

    Args:
        samples: of the GAN.
        concepts: the words.
        sums: n of them, with the same signs and as many factors left.
        group: samples whose z are averaged for a term, all different, at least 1.
        seed: of the draw of groups, 0 to 2^32 - 1.

    Raises:
        ValueError: if samples of a term are too few, or a sum leaves what no image can be.
    """
    rng = torch.Generator().manual_seed(seed)
    known = {words for terms in sums for _, words in terms}
    found = {words: samples.examples(words, concepts, group) for words in known}

    def some(words: tuple[str, ...]) -> Tensor:
        return found[words][torch.randperm(len(found[words]), generator=rng)[:group]]

    places = torch.stack([torch.stack([some(words) for _, words in terms]) for terms in sums])
    targets = [concepts.target(terms) for terms in sums]
    signs = [term.sign for term in sums[0]]
    last = max(i for i, sign in enumerate(signs) if sign > 0)

    def right(image_bytes: Tensor) -> Tensor:
        return _are(samples.reader.read(samples.bytes_of(image_bytes)).values, targets)

    y = add_latents(samples.z, places, signs)
    pixels = add_latents(samples.x.flatten(1), places, signs).view(-1, *samples.x.shape[1:])
    alone = add_latents(samples.z, places[:, last : last + 1], [1])
    return AnalogyResult(
        places,
        y,
        right(samples.gan.generate(y).cpu()),
        right(samples.gan.generate(alone).cpu()).all(1),
        right(pixels).all(1),
        sum(samples.share(target) for target in targets) / len(targets),
    )


def add_latents(vectors: Tensor, places: Tensor, signs: Sequence[int]) -> Tensor:
    """Sums of means of some of the vectors, [N, d], picked by places, [n, terms, group]: [n, d]."""
    picked = vectors[places].unbind(1)
    return combine_latents([LatentGroup(sign, z) for sign, z in zip(signs, picked, strict=True)])


def _are(values: Tensor, wanted: Sequence[Mapping[int, int]]) -> Tensor:
    """Whether values, [m, n_factors], are those that are wanted of each row, or of all: [m, k]."""
    factors = torch.tensor([list(w) for w in wanted]).expand(len(values), -1)
    targets = torch.tensor([list(w.values()) for w in wanted])
    return values.gather(1, factors) == targets


def format_analogies(
    samples: AnalogySamples,
    concepts: Concepts,
    forms: Sequence[Sequence[Sequence[Term]]],
    found: Sequence[AnalogyResult],
) -> str:
    """A row for each form of sum: what came out of how many, with standard errors.

    Args:
        samples: of the GAN.
        concepts: the words.
        forms: for each row, its sums.
        found: for each row, what came out of them.
    """
    header = (
        "what must be right",
        "all of it",
        "each",
        "last group alone",
        "sum of images",
        "chance",
    )
    rows = []
    for form, one in zip(forms, found, strict=True):
        names = [concepts.names[factor] for factor in concepts.target(form[0])]
        each = ", ".join(compute_success_rate(column) for column in one.right.unbind(1))
        others = (
            compute_success_rate(one.last),
            compute_success_rate(one.pixels),
            f"{one.chance:.3f}",
        )
        rows.append((" ".join(names), compute_success_rate(one.right.all(1)), each, *others))
    n, _, group = found[0].places.shape
    pairs = [
        (concepts.combinations(p), samples.drawn(p, concepts, group)) for p in concepts.pairs()
    ]
    missing = [" ".join(words) for every, drawn in pairs for words in every if words not in drawn]
    of = sum(len(every) for every, _ in pairs)
    which = f": {', '.join(missing)}" if missing else ""
    return (
        f"{samples.clear():.1%} of {len(samples.z):,} samples are read with a confidence of {CLEAR:g} or more in every "
        f"factor; less than {group} clear ones of {len(missing)} of {of} combinations of two factors{which}\n"
        f"{format_table(rows, header)}\n"
        f"each row: {n:,} sums of groups of {group}; ± is the standard error over them, for this one G"
    )


def compute_success_rate(right: Tensor) -> str:
    """A share of [n] with its standard error."""
    p = right.float().mean().item()
    return f"{p:.3f} ± {math.sqrt(p * (1 - p) / len(right)):.3f}"

"""Sums of concepts in words, "thick red - thin red + thin green", and what they must leave: thick green."""

from collections.abc import Collection, Sequence
from itertools import combinations, product
from typing import NamedTuple

from lightning_gan.utils.errors import UserError


class Term(NamedTuple):
    """A summand: its sign, 1 or -1, and its words or numbers."""

    sign: int
    words: tuple[str, ...]


def parse_terms(equation: str) -> list[Term]:
    """The summands of "a b - c d + e f"; commas part words as blanks do.

    Raises:
        ValueError: if a summand is missing.
    """
    terms, sign, words = [], 1, list[str]()
    for word in [*equation.replace(",", " ").split(), "+"]:
        if word not in ("+", "-"):
            words.append(word)
            continue
        if not words:
            raise UserError(
                f'There is a summand missing in "{equation}": give groups with " + " or " - " between them, such as '
                f'"thick red - thin red + thin green" or "1,5,9 - 2,4,8 + 3,7,11".'
            )
        terms.append(Term(sign, tuple(words)))
        sign, words = (1 if word == "+" else -1), []
    return terms


class Concepts:
    """The words of some factors.

    Args:
        names: of the factors.
        values: of each factor, in words; no word belongs to two factors.
    """

    def __init__(self, names: Sequence[str], values: Sequence[Sequence[str]]) -> None:
        self.names, self.values = names, values
        self.places = {w: (f, v) for f, words in enumerate(values) for v, w in enumerate(words)}

    def factors_of(self, words: Sequence[str]) -> dict[int, int]:
        """Factor and value of each word.

        Raises:
            ValueError: if a word is unknown, or a factor is named twice.
        """
        for word in words:
            if word not in self.places:
                raise UserError(f"{word!r} is no word of these data: {self.vocabulary()}.")
        found = dict(self.places[word] for word in words)
        if len(found) < len(words):
            raise UserError(
                f'"{" ".join(words)}" names a factor twice, and no image is both: name each once.'
            )
        return found

    def target(self, terms: Sequence[Term]) -> dict[int, int]:
        """What a sum leaves: the words that are added once more than taken away; all others cancel.

        Raises:
            ValueError: if they do not cancel, or leave no word, or two of one factor.
        """
        count = dict.fromkeys(self.places, 0)
        for sign, words in terms:
            self.factors_of(words)
            for word in words:
                count[word] += sign
        left = [word for word, times in count.items() if times]
        factors = {self.places[word][0] for word in left}
        if not left or any(count[w] != 1 for w in left) or len(factors) < len(left):
            what = ", ".join(f"{w} {count[w]:+d}" for w in left) or "nothing"
            raise UserError(
                f'The sum leaves {what}: it must leave one word of a factor, once, as "thick red - thin red + thin '
                f'green" leaves thick and green.'
            )
        return self.factors_of(left)

    def vocabulary(self) -> str:
        """All words."""
        parts = zip(self.names, self.values, strict=True)
        return "; ".join(f"{name}: {', '.join(words)}" for name, words in parts)

    def pairs(self) -> list[tuple[int, int]]:
        """All pairs of factors."""
        return list(combinations(range(len(self.names)), 2))

    def combinations(self, pair: tuple[int, int]) -> list[tuple[str, str]]:
        """All combinations of a word of one factor and one of the other."""
        first, second = (self.values[factor] for factor in pair)
        return list(product(first, second))

    def exchanges(self, drawn: Collection[tuple[str, str]]) -> list[list[Term]]:
        """All sums (a' b) - (a b) + (a b') of combinations that can be drawn; a' b' need not be among them.

        Args:
            drawn: combinations of two factors.

        Raises:
            ValueError: if there is no such sum.
        """
        sums = [
            [Term(1, (new, kept)), Term(-1, (old, kept)), Term(1, (old, other))]
            for old, kept in drawn
            for new in sorted({a for a, b in drawn if b == kept and a != old})
            for other in sorted({b for a, b in drawn if a == old and b != kept})
        ]
        if not sums:
            raise UserError(
                f"This G clearly draws {len(drawn)} combinations of two factors, of which none differ in each of them: "
                f"train longer."
            )
        return sums

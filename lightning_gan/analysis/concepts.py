"""Sums of concepts in words, such as "thick red - thin red + thin green", and their result: thick green."""

from collections.abc import Collection, Sequence
from itertools import combinations, product
from typing import NamedTuple

from lightning_gan.utils.errors import UserError


class Term(NamedTuple):
    """Term of a sum: its sign, 1 or -1, and its words or numbers."""

    sign: int
    words: tuple[str, ...]


def parse_terms(equation: str) -> list[Term]:
    """Parse a sum such as "a b - c d + e f"; words are separated by blanks or commas.

    Raises:
        ValueError: If a term is missing.
    """
    terms, sign, words = [], 1, list[str]()
    for word in [*equation.replace(",", " ").split(), "+"]:
        if word not in ("+", "-"):
            words.append(word)
            continue
        if not words:
            raise UserError(
                f'"{equation}" has an empty term: give groups with " + " or " - " between them, such as "thick red - '
                f'thin red + thin green" or "1,5,9 - 2,4,8 + 3,7,11".'
            )
        terms.append(Term(sign, tuple(words)))
        sign, words = (1 if word == "+" else -1), []
    return terms


class Concepts:
    """Words for the values of factors.

    Args:
        names: Names of the factors.
        values: Words for the values of each factor; no word belongs to two factors.
    """

    def __init__(self, names: Sequence[str], values: Sequence[Sequence[str]]) -> None:
        self.names, self.values = names, values
        self.indices = {w: (f, v) for f, words in enumerate(values) for v, w in enumerate(words)}

    def find_factors(self, words: Sequence[str]) -> dict[int, int]:
        """Return the value of each word's factor, as indices.

        Raises:
            ValueError: If a word is unknown, or two words belong to the same factor.
        """
        for word in words:
            if word not in self.indices:
                raise UserError(
                    f"{word!r} is no word of these data: give words of {self.format_vocabulary()}."
                )
        found = dict(self.indices[word] for word in words)
        if len(found) < len(words):
            raise UserError(f'"{" ".join(words)}" names a factor twice: name each factor once.')
        return found

    def compute_target(self, terms: Sequence[Term]) -> dict[int, int]:
        """Return the factors and values that remain in a sum, as indices; all other words must cancel.

        Raises:
            ValueError: If words do not cancel, or no word or two words of one factor remain.
        """
        count = dict.fromkeys(self.indices, 0)
        for sign, words in terms:
            self.find_factors(words)
            for word in words:
                count[word] += sign
        left = [word for word, times in count.items() if times]
        factors = {self.indices[word][0] for word in left}
        if not left or any(count[w] != 1 for w in left) or len(factors) < len(left):
            what = ", ".join(f"{w} {count[w]:+d}" for w in left) or "nothing"
            raise UserError(
                f'The sum leaves {what}: it must leave one word of a factor, once, as "thick red - thin red + thin '
                f'green" leaves thick and green.'
            )
        return self.find_factors(left)

    def format_vocabulary(self) -> str:
        """Return all words by factor, as text."""
        parts = zip(self.names, self.values, strict=True)
        return "; ".join(f"{name}: {', '.join(words)}" for name, words in parts)

    def list_pairs(self) -> list[tuple[int, int]]:
        """Return all pairs of factors."""
        return list(combinations(range(len(self.names)), 2))

    def list_combinations(self, pair: tuple[int, int]) -> list[tuple[str, str]]:
        """Return all combinations of a word of one factor and a word of the other."""
        first, second = (self.values[factor] for factor in pair)
        return list(product(first, second))

    def list_exchanges(self, drawn: Collection[tuple[str, str]]) -> list[list[Term]]:
        """Return all sums (a' b) - (a b) + (a b') whose terms are drawn combinations; a' b' need not be drawn.

        Args:
            drawn: Combinations of two factors that G draws.

        Raises:
            ValueError: If there is no such sum.
        """
        sums = [
            [Term(1, (new, same)), Term(-1, (old, same)), Term(1, (old, other))]
            for old, same in drawn
            for new in sorted({a for a, b in drawn if b == same and a != old})
            for other in sorted({b for a, b in drawn if a == old and b != same})
        ]
        if not sums:
            raise UserError(
                f"G clearly draws {len(drawn)} combinations of two factors, which form no sum (a' b) - (a b) + (a b'): "
                f"train longer."
            )
        return sums

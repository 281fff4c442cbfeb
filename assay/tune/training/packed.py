"""Samples as rows of token ids: several in one row, each for itself. No torch.

Which samples come depends on the seed and the position alone, so that a run that goes on reads what it would have read.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from assay.engine.dialects import Dialect

from ..material.asked import Sample, asked
from ..material.prepare import Material
from ..material.samples import Row

IGNORED = -100  # what is not learned, as torch's cross entropy has it
ANSWER_MOST = 256  # tokens
# What is given is learned, too, though less: it is the house's own text, and four times as much of it as of answers. Every third token of it, because
# each costs the row of a large table of words.
GIVEN, EVERY = 0.5, 3


@dataclass(frozen=True, slots=True)
class Tokens:
    """One sample: all ids, of which the first `asked` are given."""

    ids: tuple[int, ...]
    asked: int
    kind: str

    def without(self, end: int) -> Tokens:
        """The same without the id that ends it: no server tells how likely that is."""
        return replace(self, ids=self.ids[:-1]) if self.ids[-1] == end and len(self.ids) > self.asked + 1 else self


@dataclass(frozen=True, slots=True)
class Packed:
    """A row: `ids`, the `wanted` next id at each place (IGNORED where none is learned) with the `weight` of each, and the lengths of its samples."""

    ids: tuple[int, ...]
    wanted: tuple[int, ...]
    weights: tuple[float, ...]
    lengths: tuple[int, ...]

    @property
    def learned(self) -> float:
        """The sum of what its places weigh."""
        return sum(weight for weight, one in zip(self.weights, self.wanted, strict=True) if one != IGNORED)


Encode = Callable[[str], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Reader:
    """Makes tokens of rows. `end` is the id that ends an answer."""

    material: Material
    dialect: Dialect
    encode: Encode
    end: int
    context: int

    def tokens(self, row: Row, *, seed: int, token_limit: int = 0) -> Tokens:
        """One sample; a longer one loses the beginning of what is given."""
        one = asked(row, self.material.texts[row.text].text, self.dialect, seed=seed, token_limit=token_limit)
        return self.of(one)

    def of(self, one: Sample) -> Tokens:
        """The same of a sample."""
        given = list(self.encode(one.prompt))
        answer = list(self.encode(one.answer))[: min(ANSWER_MOST, self.context // 2)]
        answer += [self.end] if one.is_ended else []
        given = given[-(self.context - len(answer)) :]
        return Tokens((*given, *answer), len(given), one.kind)

    def rows(self, position: int, count: int, seed: int) -> tuple[list[Packed], int]:
        """`count` rows of the samples from a position on, and the position behind them. The order is a new one each time all samples have been read."""
        made = list[Packed]()
        for _ in range(count):
            found, length = list[Tokens](), 0
            while True:
                one = self._at(position, seed)
                if length + len(one.ids) > self.context:
                    break
                found.append(one)
                length, position = length + len(one.ids), position + 1
            made.append(packed(found))
        return made, position

    def _at(self, position: int, seed: int) -> Tokens:
        epoch, place = divmod(position, len(self.material.train))
        return self.tokens(self.material.train[_order(len(self.material.train), seed, epoch)[place]], seed=seed + epoch)


@lru_cache(maxsize=2)
def _order(count: int, seed: int, epoch: int) -> list[int]:
    made = list(range(count))
    random.Random(f"{seed} {epoch}").shuffle(made)  # noqa: S311  an order of samples is no secret
    return made


def answers(row: Packed) -> Packed:
    """A row of which nothing that is given counts."""
    return replace(
        row,
        wanted=tuple(one if weight == 1.0 else IGNORED for one, weight in zip(row.wanted, row.weights, strict=True)),
    )


def packed(found: Sequence[Tokens]) -> Packed:
    """Several samples behind each other."""
    ids, wanted, weights = list[int](), list[int](), list[float]()
    for one in found:
        ids += one.ids
        for at in range(1, len(one.ids)):
            weight = 1.0 if at >= one.asked else GIVEN if at % EVERY == 0 else 0.0
            wanted.append(one.ids[at] if weight else IGNORED)
            weights.append(weight)
        wanted.append(IGNORED)
        weights.append(0.0)
    return Packed(tuple(ids), tuple(wanted), tuple(weights), tuple(len(one.ids) for one in found))

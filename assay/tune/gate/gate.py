"""The gate: two ways of writing at the same held-out places, one after the other at each, and a table.

Bits are of the answers' own characters: what stands before the cursor counts for neither. Tests are run where the samples came from a folder whose tests reach them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..material.prepare import Material
from ..material.samples import Row
from . import author
from .author import Place, Way
from .figures import DECIDES, Figure, Pairs, figure, similarity

BITS, EACH = 3, 40  # as many times as many places for bits, which are quick; places for each of what is written
LINE_KINDS, HOLE_KINDS = ("line",), ("expression", "argument", "block", "body", "edit")
Say = Callable[[str], None]


class Passes(Protocol):
    """Whether the row's file with a text at its place passes its tests; None where that cannot be told: none reach it, or they fail without it as with it."""

    async def __call__(self, row: Row, text: str) -> bool | None: ...

    async def close(self) -> None:
        """End what was started for that."""
        ...


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared."""

    before: Way
    after: Way


@dataclass(frozen=True, slots=True)
class Pace:
    """Between two places: every tenth is told, and `quiet` comes back when nobody is to be kept waiting (None: nobody is)."""

    say: Say
    quiet: Callable[[], Awaitable[None]] | None = None

    async def at(self, what: str, number: int, of: int) -> None:
        """The next place of a measure."""
        if number % 10 == 0:
            self.say(f"{what}: {number} of {of}")
        if self.quiet is not None:
            await self.quiet()


async def held(
    sides: Sides, material: Material, pace: Pace, *, each: int = EACH, passes: Passes | None = None
) -> list[Figure]:
    """The rows of the table. Raises EngineError."""
    rows = [row for row in material.judged if row.kind != "onward"]
    random.Random(5).shuffle(rows)  # noqa: S311  a choice of places is no secret
    found = [await _bits(sides, material, [row for row in rows if not _is_in_word(row, material)][: BITS * each], pace)]
    lines = _chosen(rows, LINE_KINDS, each)
    found += await _lines(sides, material, lines, pace)
    found += await _holes(sides, material, _chosen(rows, HOLE_KINDS, each), pace)
    found.append(await _names(sides, material, _chosen(rows, ("attribute",), each), pace))
    found.append(await _tests(sides, material, lines, passes, pace))
    return found


def _is_in_word(row: Row, material: Material) -> bool:
    """Whether the cursor stands inside a word: its tokens there are not those of what is to be written."""
    before = material.texts[row.text].text[: row.start][-1:]
    return (before.isalnum() or before == "_") and (row.answer[0].isalnum() or row.answer[0] == "_")


def _chosen(rows: Sequence[Row], kinds: Sequence[str], count: int) -> list[Row]:
    return [row for row in rows if row.kind in kinds][:count]


async def _bits(sides: Sides, material: Material, rows: Sequence[Row], pace: Pace) -> Figure:
    pairs = Pairs()
    for number, row in enumerate(rows):
        await pace.at("bits", number, len(rows))
        place, bits = Place.of(row, material.texts[row.text].text), list[float]()
        for way in (sides.before, sides.after):
            asked = author.prompt(way, place, heals=False)
            (nats,) = await way.engine.score(asked.text, [asked.healed + place.answer])
            bits.append(-nats / math.log(2))
        if all(map(math.isfinite, bits)):
            _put(pairs, _file(row, material), *bits)
            pairs.weights.append(await sides.before.engine.count(place.answer))
    return figure(DECIDES, "bits", "less", pairs)


async def _lines(sides: Sides, material: Material, rows: Sequence[Row], pace: Pace) -> list[Figure]:
    exact, alike, saved = Pairs(), Pairs(), Pairs()
    for number, row in enumerate(rows):
        await pace.at("lines", number, len(rows))
        place = Place.of(row, material.texts[row.text].text)
        texts = [await author.written(way, place) for way in (sides.before, sides.after)]
        keys = [
            await author.keys(way, place, text) for way, text in zip((sides.before, sides.after), texts, strict=True)
        ]
        _put(exact, _file(row, material), *(float(text == place.answer) for text in texts))
        _put(alike, _file(row, material), *(similarity(text, place.answer) for text in texts))
        _put(saved, _file(row, material), *(float(len(place.answer) - count) for count in keys))
        saved.weights.append(len(place.answer))
    return [
        figure("lines exact", "%", "more", exact),
        figure("lines, similarity", "%", "more", alike),
        figure("keystrokes saved", "%", "more", saved),
    ]


async def _holes(sides: Sides, material: Material, rows: Sequence[Row], pace: Pace) -> list[Figure]:
    exact, alike = Pairs(), Pairs()
    for number, row in enumerate(rows):
        await pace.at("holes", number, len(rows))
        place = Place.of(row, material.texts[row.text].text)
        texts = [await author.written(way, place) for way in (sides.before, sides.after)]
        _put(exact, _file(row, material), *(float(text == place.answer) for text in texts))
        _put(alike, _file(row, material), *(similarity(text, place.answer) for text in texts))
    return [figure("holes exact", "%", "more", exact), figure("holes, similarity", "%", "more", alike)]


async def _names(sides: Sides, material: Material, rows: Sequence[Row], pace: Pace) -> Figure:
    right = Pairs()
    for number, row in enumerate(rows):
        await pace.at("names", number, len(rows))
        place = Place.of(row, material.texts[row.text].text)
        texts = [await author.written(way, place) for way in (sides.before, sides.after)]
        _put(right, _file(row, material), *(float(_name(text) == _name(place.answer)) for text in texts))
    return figure("names after dots", "%", "more", right)


async def _tests(sides: Sides, material: Material, rows: Sequence[Row], passes: Passes | None, pace: Pace) -> Figure:
    """Of the lines those that tests reach: the true one passes, so that a failing one says something."""
    good = Pairs()
    for number, row in enumerate(rows if passes is not None else ()):
        assert passes is not None
        await pace.at("tests", number, len(rows))
        if await passes(row, row.answer) is not True:
            continue
        place = Place.of(row, material.texts[row.text].text)
        texts = [await author.written(way, place) for way in (sides.before, sides.after)]
        _put(good, _file(row, material), *[float(await passes(row, text) is True) for text in texts])
    unit = "%" if good.before else "not measured: no tests reach these places"
    return figure("lines that pass tests", unit, "more", good)


def _put(pairs: Pairs, file: str, before: float, after: float) -> None:
    pairs.before.append(before)
    pairs.after.append(after)
    pairs.groups.append(file)


def _file(row: Row, material: Material) -> str:
    """The file that a row is of, in whatever state."""
    one = material.texts[row.text]
    return f"{one.project}\0{one.path}"


def _name(text: str) -> str:
    return text[: next((at for at, one in enumerate(text) if not (one.isalnum() or one == "_")), len(text))]

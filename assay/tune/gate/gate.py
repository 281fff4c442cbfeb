"""The gate: two ways of writing at the same held-out places, one after the other at each, and a table.

Bits are of the answers' own characters: what stands before the cursor counts for neither. Tests are run where the samples came from a folder whose tests reach them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..material.prepare import Material
from ..material.samples import Row
from . import author
from .author import Place, Way
from .figures import DECIDES, Figure, figure, similarity

BITS, EACH = 120, 40  # places for bits, and for each of what is written
LINE_KINDS, HOLE_KINDS = ("line",), ("expression", "argument", "block", "body", "edit")
Say = Callable[[str], None]


class Passes(Protocol):
    """Whether the row's file with a text at its place passes its tests; None where none reach it."""

    async def __call__(self, row: Row, text: str) -> bool | None: ...

    async def close(self) -> None:
        """End what was started for that."""
        ...


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared."""

    before: Way
    after: Way


async def held(
    sides: Sides, material: Material, say: Say, *, each: int = EACH, passes: Passes | None = None
) -> list[Figure]:
    """The rows of the table. Raises EngineError."""
    rows = [row for row in material.held if row.kind != "onward"]
    random.Random(5).shuffle(rows)  # noqa: S311  a choice of places is no secret
    found = [await _bits(sides, material, rows[:BITS], say)]
    lines = _chosen(rows, LINE_KINDS, each)
    found += await _lines(sides, material, lines, say)
    found += await _holes(sides, material, _chosen(rows, HOLE_KINDS, each), say)
    found.append(await _names(sides, material, _chosen(rows, ("attribute",), each), say))
    found.append(await _tests(sides, material, lines, passes, say))
    return found


def _chosen(rows: Sequence[Row], kinds: Sequence[str], count: int) -> list[Row]:
    return [row for row in rows if row.kind in kinds][:count]


async def _bits(sides: Sides, material: Material, rows: Sequence[Row], say: Say) -> Figure:
    bits: tuple[list[float], list[float]] = ([], [])
    tokens = list[float]()
    for number, row in enumerate(rows):
        _tell(say, "bits", number, len(rows))
        place = Place.of(row, material.texts[row.text].text)
        for way, into in zip((sides.before, sides.after), bits, strict=True):
            asked = author.prompt(place, way.dialect, heals=False)
            (nats,) = await way.engine.score(asked.text, [asked.healed + place.answer])
            into.append(-nats / math.log(2))
        tokens.append(await sides.before.engine.count(place.answer))
    kept = [at for at in range(len(rows)) if all(math.isfinite(side[at]) for side in bits)]
    return figure(
        DECIDES, "bits", "less", [bits[0][at] for at in kept], [bits[1][at] for at in kept], [tokens[at] for at in kept]
    )


async def _lines(sides: Sides, material: Material, rows: Sequence[Row], say: Say) -> list[Figure]:
    exact, alike, saved = _two(), _two(), _two()
    characters = list[float]()
    for number, row in enumerate(rows):
        _tell(say, "lines", number, len(rows))
        place = Place.of(row, material.texts[row.text].text)
        characters.append(len(place.answer))
        for at, way in enumerate((sides.before, sides.after)):
            text = await author.written(way, place)
            exact[at].append(float(text == place.answer))
            alike[at].append(similarity(text, place.answer))
            saved[at].append(len(place.answer) - await author.keys(way, place, text))
    return [
        figure("lines exact", "%", "more", *exact),
        figure("lines, similarity", "%", "more", *alike),
        figure("keystrokes saved", "%", "more", *saved, characters),
    ]


async def _holes(sides: Sides, material: Material, rows: Sequence[Row], say: Say) -> list[Figure]:
    exact, alike = _two(), _two()
    for number, row in enumerate(rows):
        _tell(say, "holes", number, len(rows))
        place = Place.of(row, material.texts[row.text].text)
        for at, way in enumerate((sides.before, sides.after)):
            text = await author.written(way, place)
            exact[at].append(float(text == place.answer))
            alike[at].append(similarity(text, place.answer))
    return [figure("holes exact", "%", "more", *exact), figure("holes, similarity", "%", "more", *alike)]


async def _names(sides: Sides, material: Material, rows: Sequence[Row], say: Say) -> Figure:
    right = _two()
    for number, row in enumerate(rows):
        _tell(say, "names", number, len(rows))
        place = Place.of(row, material.texts[row.text].text)
        for at, way in enumerate((sides.before, sides.after)):
            right[at].append(float(_name(await author.written(way, place)) == _name(place.answer)))
    return figure("names after dots", "%", "more", *right)


async def _tests(sides: Sides, material: Material, rows: Sequence[Row], passes: Passes | None, say: Say) -> Figure:
    """Of the lines those that tests reach: the true one passes, so that a failing one says something."""
    good = _two()
    name = "lines that pass tests"
    for number, row in enumerate(rows if passes is not None else ()):
        assert passes is not None
        _tell(say, "tests", number, len(rows))
        if await passes(row, row.answer) is not True:
            continue
        place = Place.of(row, material.texts[row.text].text)
        for at, way in enumerate((sides.before, sides.after)):
            good[at].append(float(await passes(row, await author.written(way, place)) is True))
    return figure(name, "%" if good[0] else "not measured: no tests reach these places", "more", *good)


def _two() -> tuple[list[float], list[float]]:
    return [], []


def _name(text: str) -> str:
    return text[: next((at for at, one in enumerate(text) if not (one.isalnum() or one == "_")), len(text))]


def _tell(say: Say, what: str, number: int, of: int) -> None:
    if number % 10 == 0:
        say(f"{what}: {number} of {of}")

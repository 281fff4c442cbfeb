"""Look for small expressions over a function's parameters that give what its examples show: from the bottom up, what gives the same for all examples once, the cheapest first.

Costs are small whole numbers: an operation that a description speaks of is cheap, one that is seldom meant is dear. What goes through the elements of something has a search of its own over them.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from .operations import BINARY, KINDS, LARGE, LONG, LOOSE, TERNARY, TIGHT, UNARY, Operation, kinds_of

MOST = (11, 5, 4)  # the dearest expression, at the top and in what goes through elements
ELEMENTS = 80  # of all examples together, that a search goes through
THROUGH = 14  # expressions whose elements are gone through
PAIRED = 12  # conditions, and bodies, that are put together
INNER = 700  # expressions of one element that are put into each form
SHARE = 0.12  # of the time, for the elements of one
FOUND, MANY = 12, 60  # that are told, and that are enough
FURTHER, UNUSED, SAYS = (
    4,
    3,
    2,
)  # how much dearer others may be that are looked for, what each parameter costs that is not used, and what each word of the description is worth that speaks for it
TEXT = 4000  # characters of the values of one
VARIABLES = ("x", "y", "item", "part", "one")
CHEAP, OTHERS = (0, 1, 2), ("", " ", 10, 3)  # literals that nobody named
USUAL = frozenset(
    "list tuple string convert check whether all number value values of and or not element elements index".split()
)  # words that speak for too much
GONE_THROUGH = frozenset(("list", "tuple", "str", "set", "dict", "range"))


class Entry(NamedTuple):
    """An expression with what it gives for each example; `uses`: the parameters that stand in it, as bits; `says`: the words of the description that speak for something in it, as bits."""

    source: str
    level: int
    values: tuple[Any, ...]
    kind: str
    uses: int
    says: int = 0


class Found(NamedTuple):
    """An expression that gives what all examples show."""

    cost: int
    source: str


class About(NamedTuple):
    """What a search knows beside the values: literals and words of the description, until when (of time.monotonic) it looks, and what tells whether values are those that are looked for."""

    constants: Sequence[Any]
    words: set[str]
    until: float
    fits: Callable[[tuple[Any, ...]], bool] | None = None


class Search:
    """One search over values by the names of variables."""

    def __init__(self, names: Sequence[str], rows: Sequence[Sequence[Any]], about: About, depth: int = 0) -> None:
        """`rows`: a value of each variable, for each example; `depth`: in how many others it looks at one element."""
        self.names, self.rows, self.about, self.depth = names, rows, about, depth
        self.until = about.until
        self.by: dict[tuple[int, str], list[Entry]] = {}
        self.seen: set[Any] = set()
        self.level = 1  # what costs less was all looked at
        self.goals: set[Any] = set()
        self.news: list[tuple[int, Entry]] = []
        self.hits: list[tuple[int, Entry]] = []  # that fit
        every = (*UNARY, *BINARY, *(TERNARY if not depth else ()))
        self.operations = [(_cost(one, about.words), one, kinds_of(one)) for one in every]
        self.bits = {word: 1 << at for at, word in enumerate(sorted(about.words - USUAL))}
        self.says = {one: sum(self.bits.get(word, 0) for word in one.words.split()) for one in every}
        for at, name in enumerate(names):
            self._add(1, name, tuple(row[at] for row in rows), 1 << at)
        usual = (*CHEAP, *OTHERS) if not depth else CHEAP
        for one in (*about.constants, *usual):
            cost = 1 if one in about.constants else 2 if one in CHEAP else 3
            self._add(cost, repr(one), (one,) * len(rows), 0)

    def run(self) -> Iterator[tuple[int, Entry]]:
        """Expressions with their costs, the cheap ones first, until the time is up."""
        yield from self._news()
        for cost in range(2, MOST[self.depth] + 1):
            self.level = cost
            for own, operation, kinds in self.operations:
                if own < cost:
                    for of in kinds:
                        self._apply(cost, own, operation, of)
                    yield from self._news()
                if time.monotonic() > self.until:
                    return
            if self.depth < 2:
                yield from self._through(cost)

    def _news(self) -> Iterator[tuple[int, Entry]]:
        found, self.news = self.news, []
        return iter(found)

    def _apply(self, cost: int, own: int, operation: Operation, kinds: tuple[str, ...]) -> None:
        left = cost - own
        by, make = self.by, self._make
        if len(kinds) == 1:
            for at, one in enumerate(by.get((left, kinds[0]), ())):
                make(cost, operation, (one,))
                if not at % 256 and time.monotonic() > self.until:
                    return
        elif len(kinds) == 2:
            for first in range(1, left):
                ones, others = by.get((first, kinds[0])), by.get((left - first, kinds[1]))
                if ones and others:
                    for one in ones:
                        for other in others:
                            make(cost, operation, (one, other))
                    if time.monotonic() > self.until:
                        return
        else:
            for first in range(1, left - 1):
                for second in range(1, left - first):
                    third = left - first - second
                    for one in by.get((first, kinds[0]), ()):
                        for two in by.get((second, kinds[1]), ()):
                            for three in by.get((third, kinds[2]), ()):
                                make(cost, operation, (one, two, three))
                    if time.monotonic() > self.until:
                        return

    def _make(self, cost: int, operation: Operation, of: tuple[Entry, ...]) -> None:
        run = operation.run
        uses, says = 0, self.says[operation]
        for one in of:
            uses |= one.uses
            says |= one.says
        if not uses:
            return  # a constant of constants
        try:
            values = tuple([run(*each) for each in zip(*[one.values for one in of])])
        except Exception:
            return
        parts = [one.source if one.level >= need else f"({one.source})" for one, need in zip(of, operation.binds)]
        self._put(cost, Entry(operation.written, operation.level, values, "", uses, says), parts)

    def _add(self, cost: int, written: str, values: tuple[Any, ...], uses: int, says: int = 0) -> None:
        self._put(cost, Entry(written, TIGHT, values, "", uses, says))

    def _put(self, cost: int, entry: Entry, parts: list[str] | None = None) -> None:
        """Keep an expression, written with its `parts`, where it gives something new."""
        values, uses = entry.values, entry.uses
        kind = type(values[0]).__name__ if values else "NoneType"
        if kind not in KINDS or any(type(value).__name__ != kind or _is_large(value) for value in values):
            return
        try:
            key = (kind, repr(values), uses > 0)  # what uses no parameter is another matter
        except Exception:
            return
        if len(key[1]) > TEXT or (key in self.seen and key not in self.goals):
            return
        entry = entry._replace(source=entry.source if parts is None else entry.source.format(*parts), kind=kind)
        if key in self.seen:  # all forms of what is looked for are told, one of all else is enough
            self.hits.append((cost, entry))
            return
        self.seen.add(key)
        self.by.setdefault((cost, kind), []).append(entry)
        self.news.append((cost, entry))
        if uses and self.about.fits is not None and not self.depth and self.about.fits(values):
            self.goals.add(key)
            self.hits.append((cost, entry))

    # ---- through elements

    def _through(self, cost: int) -> Iterator[tuple[int, Entry]]:
        """What goes through the elements of those that cost so much."""
        if cost - 1 > (3 if not self.depth else 1):
            return
        able = [one for kind in GONE_THROUGH for one in self.by.get((cost - 1, kind), ()) if one.uses]
        for over in able[:THROUGH]:
            if time.monotonic() > self.until:
                return
            self._of_elements(cost - 1, over)
            yield from self._news()

    def _of_elements(self, cost: int, over: Entry) -> None:
        every = [list(value) for value in over.values]
        if not any(every) or sum(map(len, every)) > ELEMENTS * (1 + self.depth):
            return
        name = next(one for one in VARIABLES[self.depth :] if one not in self.names)
        rows = [[one, *self.rows[at]] for at, of in enumerate(every) for one in of]
        now = time.monotonic()
        until = min(self.until, now + (self.until - now) * SHARE)
        inner = Search([name, *self.names], rows, self.about._replace(until=until), self.depth + 1)
        ends = [0, *itertools.accumulate(map(len, every))]
        loop = _Loop(cost, over, name, every, list(zip(ends, ends[1:])))
        conditions: list[tuple[int, Entry]] = []
        bodies: list[tuple[int, Entry]] = []
        able = (one for one in inner.run() if one[1].uses & 1)
        for own, entry in itertools.islice(able, INNER):
            if entry.kind == "bool":
                self._of_condition(loop, own, entry)
                conditions.append((own, entry))
            elif entry.source != name:
                self._of_body(loop, own, entry)
                bodies.append((own, entry))
        for own, condition in conditions[:PAIRED]:
            for more, body in bodies[:PAIRED]:
                made = tuple(
                    [x for x, is_so in zip(values, holds) if is_so]
                    for values, holds in zip(loop.parts(body), loop.parts(condition))
                )
                written = f"[{loop.spelled(body)} for {name} in {loop.source} if {loop.spelled(condition)}]"
                self._add(cost + own + more + 2, written, made, loop.uses(body, condition), loop.says(body, condition))

    def _of_condition(self, loop: _Loop, own: int, entry: Entry) -> None:
        """What holds for all of the elements or for some, how many they are, and which."""
        total, uses, parts, says = loop.cost + own + 1, loop.uses(entry), loop.parts(entry), loop.says(entry)
        name, source, told = loop.name, loop.source, loop.spelled(entry)
        kept = tuple([x for x, is_so in zip(of, part) if is_so] for of, part in zip(loop.every, parts))
        self._add(total, f"[{name} for {name} in {source} if {told}]", kept, uses, says)
        self._add(
            total + 1, f"all({told} for {name} in {source})", tuple(map(all, parts)), uses, says | self._bit("all")
        )
        self._add(
            total + 1, f"any({told} for {name} in {source})", tuple(map(any, parts)), uses, says | self._bit("any")
        )
        if not self.depth:
            self._add(
                total + 1,
                f"sum({told} for {name} in {source})",
                tuple(map(sum, parts)),
                uses,
                says | self._bit("count"),
            )
        if loop.over.kind == "dict":
            made = tuple({x: value[x] for x in of} for value, of in zip(loop.over.values, kept))
            written = f"{{{name}: {source}[{name}] for {name} in {source} if {told}}}"
            self._add(total + 1, written, made, uses, says)

    def _bit(self, word: str) -> int:
        return self.bits.get(word, 0)

    def _of_body(self, loop: _Loop, own: int, entry: Entry) -> None:
        """What is made of each element, and what is ordered by it."""
        total, uses, parts, says = loop.cost + own + 1, loop.uses(entry), loop.parts(entry), loop.says(entry)
        name, source, told = loop.name, loop.source, loop.spelled(entry)
        self._add(total, f"[{told} for {name} in {source}]", tuple(map(list, parts)), uses, says)
        for word, (written, choose) in _KEYED.items():
            with contextlib.suppress(Exception):  # there may be no order
                made = tuple(choose(of, part) for of, part in zip(loop.every, parts))
                said = sum(map(self._bit, _SAID[word]))
                self._add(total + (0 if said else 2), written.format(source, name, told), made, uses, says | said)
        if loop.over.kind not in ("str", "dict"):
            with contextlib.suppress(TypeError):  # an element may be no key
                keyed = tuple(dict(zip(of, part)) for of, part in zip(loop.every, parts))
                self._add(total + 1, f"{{{name}: {told} for {name} in {source}}}", keyed, uses, says)


class _Loop(NamedTuple):
    """What goes through the elements of `over`, which cost so much: the name for one, the elements of each example, and where theirs are among all."""

    cost: int
    over: Entry
    name: str
    every: list[list[Any]]
    ends: list[tuple[int, int]]

    @property
    def source(self) -> str:
        """What is gone through."""
        return self.over.source if self.over.level > LOOSE else f"({self.over.source})"

    @staticmethod
    def spelled(entry: Entry) -> str:
        """An expression of one element, as it stands in a comprehension."""
        return entry.source if entry.level > LOOSE else f"({entry.source})"

    def parts(self, entry: Entry) -> list[tuple[Any, ...]]:
        """What it gives, by examples."""
        return [entry.values[first:last] for first, last in self.ends]

    def says(self, *entries: Entry) -> int:
        """The words of the description in it."""
        found = self.over.says
        for one in entries:
            found |= one.says
        return found

    def uses(self, *entries: Entry) -> int:
        """The parameters in it."""
        found = self.over.uses
        for one in entries:
            found |= one.uses >> 1
        return found


def _by_key(of: list[Any], part: tuple[Any, ...]) -> list[Any]:
    return [of[at] for at in sorted(range(len(of)), key=part.__getitem__)]


_KEYED: dict[str, tuple[str, Callable[[list[Any], tuple[Any, ...]], Any]]] = {
    "sort": ("sorted({0}, key=lambda {1}: {2})", _by_key),
    "max": (
        "max({0}, key=lambda {1}: {2})",
        lambda of, part: of[max(range(len(of)), key=part.__getitem__)],
    ),
    "min": (
        "min({0}, key=lambda {1}: {2})",
        lambda of, part: of[min(range(len(of)), key=part.__getitem__)],
    ),
}
_SAID = {
    "sort": frozenset("sort sorted arrange order ascending".split()),
    "max": frozenset("max maximum largest longest biggest highest most".split()),
    "min": frozenset("min minimum smallest shortest lowest least".split()),
}


def _cost(operation: Operation, words: set[str]) -> int:
    if words.isdisjoint(operation.words.split()):
        return 2 + operation.rare
    return 1 if operation.rare < 2 else 2


def _is_large(value: Any) -> bool:
    return _size(value, LONG) > LONG


def _size(value: Any, most: int) -> int:
    """How many parts a value has, those of its parts among them; more than `most` where it is at least that."""
    if isinstance(value, (int, float)):
        return 1 if -LARGE < value < LARGE else most + 1
    if isinstance(value, str):
        return 1 + len(value) // 8
    total = 1
    if isinstance(value, (list, tuple, set)):
        if len(value) > most:
            return most + 1
        for one in value:
            total += _size(one, most - total)
            if total > most:
                break
    elif isinstance(value, dict):
        for key, one in value.items():
            total += _size(key, most - total) + _size(one, most - total)
            if total > most:
                break
    elif isinstance(value, range):
        total = len(value)
    return total


def found(names: Sequence[str], rows: Sequence[Sequence[Any]], checks: Sequence[Any], about: About) -> list[Found]:
    """Expressions that fit, the likeliest first. `checks`: for each example what tells whether a value is what it shows: 0 where not, 1 where it is, more where it is nearly."""

    def grade(values: tuple[Any, ...]) -> int | None:
        """How far they are from what is shown: 0 the same, more for a number of another type, None for something else."""
        worst = 0
        for check, value in zip(checks, values):
            try:
                found = check(value)
            except Exception:
                return None
            if not found:
                return None
            worst = max(worst, int(found) - 1)
        return worst

    every = (1 << len(names)) - 1
    search = Search(names, rows, about._replace(fits=lambda values: grade(values) is not None))
    result: dict[str, Found] = {}
    first = None
    for _ in search.run():
        for own, entry in search.hits:
            unused = bin(every & ~entry.uses).count("1")
            total = own + UNUSED * unused + (grade(entry.values) or 0) - SAYS * bin(entry.says).count("1")
            result.setdefault(entry.source, Found(total, entry.source))
            first = own if first is None else min(first, own)
        search.hits.clear()
        if first is not None and (search.level > first + FURTHER or len(result) >= MANY):
            break
    return sorted(result.values(), key=lambda one: one.cost)[:FOUND]

"""Tests of a function by the calls through which the project's tests reach it: for what no call of its own notices, or nobody can make one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from analyzers import subjects
from analyzers.mixed import Mix
from analyzers.mutants.usual import Usual
from analyzers.subjects import Subject
from sandbox.api import Entry

from ..rendering.rows import Row
from . import kept, recorded
from .asking import Asking, Tell
from .suite import Place, Suite

GROUPS = 2  # functions through which it is tried
KNOWN, MIXED = 16, 240  # calls of one as they were seen, the shortest ones, and those like them
MADE = 0.15  # of them make the instance in another way
ROWS = 5


@dataclass(frozen=True, slots=True)
class Way:
    """Calls in the names of a file, by which something else is reached. `subject` is what is called first; on an instance the calls are scenarios (`is_steps`), each of what makes it and of one step."""

    file: str
    subject: Subject
    calls: tuple[tuple[str, str], ...]  # what makes the instance, or "", and the call

    @property
    def is_steps(self) -> bool:
        """Whether there is an instance."""
        return bool(self.calls[0][0])


@dataclass(frozen=True, slots=True)
class Through:
    """Calls of another function, and which mutants a test of them notices."""

    file: str
    subject: Subject
    rows: tuple[Row, ...]
    noticed: frozenset[int]


async def found(
    asking: Asking, place: Place, subject: Subject, suite: Suite, mutants: Sequence[Usual], tell: Tell
) -> Through | None:
    """What notices some of the mutants; None where nothing does. Raises SandboxUnavailable."""
    for way in await asyncio.to_thread(lambda: list(ways(subject, suite, place.texts))):
        own = asking.by(way.file, is_steps=way.is_steps)
        calls = await asyncio.to_thread(_calls, way, subject)
        told = await own.steady(calls)
        kills = await own.kills(mutants, calls, told, tell)
        rows, noticed = kept.chosen(calls, told, kills, frozenset())
        if kills and rows:
            return Through(way.file, way.subject, rows[:ROWS], _noticed(rows[:ROWS], calls, kills) & noticed)
    return None


def _noticed(rows: Sequence[Row], calls: Sequence[str], kills: Mapping[int, set[int]]) -> frozenset[int]:
    return frozenset().union(*(kills.get(calls.index(one.call), set()) for one in rows))


def ways(subject: Subject, suite: Suite, texts: Mapping[str, str]) -> Iterator[Way]:
    """The functions, and methods of instances, by which tests reach a function, those of most entries first."""
    starts = {one.starts for one in (subject, *subject.methods) if one.starts}
    direct = [one for start in sorted(starts) for one in suite.entries.get(start, ())]
    # What made an instance reached it: then what the instance is asked may tell.
    used = [one for of in suite.entries.values() for one in of if one.maker is not None and one.maker in direct]
    known: dict[str, tuple[Subject, ...]] = {}
    groups: dict[tuple[str, str], tuple[Subject, dict[tuple[str, str], None]]] = {}
    for entry in (*direct, *used):
        for name in {entry.file, entry.maker.file if entry.maker else entry.file, entry.module or entry.file}:
            if name not in known:
                known[name] = subjects.of_text(texts.get(name, ""))
        made = _written(entry, known)
        if made is not None and made[0] in texts:  # what ran in the container tells what it likes
            file, called, call = made
            groups.setdefault((file, called.name), (called, {}))[1][call] = None
    for (file, _), (called, calls) in sorted(groups.items(), key=lambda one: -len(one[1][1]))[:GROUPS]:
        yield Way(file, called, tuple(sorted(calls, key=lambda one: sum(map(len, one)))[:KNOWN]))


def _written(entry: Entry, known: Mapping[str, Sequence[Subject]]) -> tuple[str, Subject, tuple[str, str]] | None:
    """The file in whose names an entry is written, what is called there, and how; None for what nobody can write."""
    own = next((one for one in known[entry.file] if one.starts == entry.line), None)
    if entry.maker is None and not entry.name:
        text = recorded.text(own, entry.taken, bound=0) if own is not None and not own.methods else None
        return (entry.file, own, ("", f"{own.name}({text})")) if own is not None and text is not None else None
    method = next((two for one in known[entry.file] for two in one.methods if two.starts == entry.line), None)
    text = recorded.text(method, entry.taken, bound=1) if method is not None else None
    if method is None or text is None:
        return None
    call = method.form.replace("{}", text)
    if entry.name:
        if not entry.name.isidentifier():
            return None
        named = call.replace("o", entry.name, 1) if call.startswith("o") else ""
        plain = replace(method, name=entry.name, form="", methods=())
        return (entry.module, plain, ("", named)) if named else None
    maker = entry.maker
    of = next((one for one in known[maker.file] if one.starts == maker.line), None) if maker is not None else None
    made = (
        recorded.text(of, maker.taken, bound=1 if of.methods else 0) if of is not None and maker is not None else None
    )
    return (
        (maker.file, of, (f"{of.name}({made})", call))
        if of is not None and maker is not None and made is not None
        else None
    )


def _calls(way: Way, subject: Subject) -> list[str]:
    """As they were seen, and others like them."""
    mix = Mix.of((one for call in way.calls for one in call), subject.literals)
    found = dict.fromkeys(map(_source, way.calls))
    for turn in range(MIXED * 3):
        if len(found) >= MIXED + len(way.calls):
            break
        made, call = way.calls[turn % len(way.calls)]
        if made and turn % int(1 / MADE) == 1:
            other = mix.other(made), call
        else:
            other = made, mix.other(mix.other(call) or call if turn % 3 == 0 else call)
        if all(other) or (not made and other[1]):
            found[_source(other)] = None
    return list(found)


def _source(call: tuple[str, str]) -> str:
    made, step = call
    return f"[o := {made}, repr({step})][1:]" if made else step

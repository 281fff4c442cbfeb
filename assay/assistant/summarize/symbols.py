"""The way of a summary: the symbols of a file with their facts, who calls them and which tests were seen to enter them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from analyzers import callers, facts, sentence
from analyzers.facts import Facts

from ..record.coverage import CoverageMap
from ..workbench import Workbench
from ..world.world import World
from .seen import Ended, without_denied


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function or class: `summary` in a sentence, and whether the facts or the model gave it; `callers` as "path::dotted.name"; `tests` that passed when
    they were recorded and entered it, None where nothing is recorded of the text as it is; `tests_then`: those that entered it before its text changed; `seen`: how its calls ended when its tests ran, None where they did not."""

    facts: Facts
    summary: str
    source: Literal["facts", "model"] = "facts"
    callers: tuple[str, ...] = ()
    tests: tuple[str, ...] | None = None
    tests_then: tuple[str, ...] = ()
    seen: Ended | None = None


async def of_file(bench: Workbench, world: World, name: str, text: str) -> list[Symbol] | None:
    """The symbols of the file `name` (relative POSIX path) of a project with this text, in its order. None for a text that does not parse."""
    files = {**(await bench.projects.whole(world)).texts, name: text}
    return await asyncio.to_thread(lambda: _symbols(files, name, bench.maps.load(world.root)))


def _symbols(files: Mapping[str, str], name: str, known: CoverageMap) -> list[Symbol] | None:
    found = facts.of_text(files[name])
    if found is None:
        return None
    called = callers.of_file(files, name) if found else {}
    entered = known.entering(name, files[name])
    before = known.entering(name, files[name], is_changed=True)
    return [
        Symbol(
            one, sentence.of(one), "facts", called.get(one.path, ()), entered.get(one.path), before.get(one.path, ())
        )
        for one in found
    ]


def confirmed(symbols: Sequence[Symbol], seen: Mapping[int, Ended]) -> list[Symbol]:
    """The symbols with what their tests showed, by first lines, and without the facts that a run denies."""
    found = []
    for one in symbols:
        ended = seen.get(one.facts.line)
        if ended is None or one.facts.kind == "class":
            found.append(one)
            continue
        facts = without_denied(one.facts, ended.by)
        found.append(replace(one, facts=facts, summary=sentence.of(facts), seen=ended))
    return found


def at_line(symbols: Sequence[Symbol], line: int) -> Symbol | None:
    """The innermost symbol around a line (from 1)."""
    around = [one for one in symbols if one.facts.line <= line <= one.facts.end]
    return max(around, key=lambda one: one.facts.line, default=None)


def named(symbols: Sequence[Symbol], name: str) -> list[Symbol]:
    """Those of a dotted name or the end of one, and what is in them."""
    exact = [one for one in symbols if one.facts.path == name or one.facts.path.endswith(f".{name}")]
    paths = tuple(one.facts.path for one in exact)
    return [one for one in symbols if one.facts.path in paths or any(one.facts.path.startswith(f"{p}.") for p in paths)]

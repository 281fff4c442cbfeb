"""What somebody asks for: tests of functions of a file, and how the files of tests are then; or what no test notices of a part of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from analyzers import encodings, homes
from analyzers.mutants import usual
from analyzers.mutants.usual import Usual
from analyzers.subjects import Subject

from ..workbench import Workbench
from ..world.change import Change
from ..world.state import State
from . import regress, suite
from .asking import Tell
from .suite import Fate, Place, Suite
from .way import Made, made

MUTANTS = 400  # of one file


@dataclass(frozen=True, slots=True)
class Survey:
    """Mutants of a part of a file with what becomes of them, and the tests that were asked."""

    mutants: tuple[Usual, ...]
    fates: tuple[Fate, ...]
    suite: Suite

    @property
    def survivors(self) -> list[tuple[Usual, Fate]]:
        """Those that no test notices."""
        return [(one, fate) for one, fate in zip(self.mutants, self.fates, strict=True) if fate != "noticed"]


async def of_functions(bench: Workbench, at: Place, chosen: Sequence[Subject], tell: Tell, line: int = 0) -> list[Made]:
    """Tests of each, one after the other: what is written for one is there for the next. `at.over` has the file of tests as it is; `line` as `made` has it. Raises SandboxUnavailable."""
    known = await suite.seen(bench, at)
    found = list[Made]()
    for subject in chosen:
        found.append(one := await made(bench, at, subject, tell, known, line))
        if one.written is not None:
            at = replace(at, over={**at.over, one.written.name: one.written.text})
    return found


async def survey(bench: Workbench, at: Place, first: int, last: int, tell: Tell) -> Survey:
    """What the tests that are there notice of these lines (from 1). Raises SandboxUnavailable."""
    every = await asyncio.to_thread(usual.of_lines, at.text, first, last, MUTANTS)
    tell("tests", 0, 0)
    known = await suite.seen(bench, at)
    return await _of_mutants(bench, at, every, known, lambda done, of: tell("mutants", done, of))


async def surveys(bench: Workbench, state: State, files: Mapping[str, str], tell: Tell) -> dict[str, Survey]:
    """The same of whole files, after one run of the tests that reach any of them. Raises SandboxUnavailable."""
    tell("tests", 0, 0)
    known = await suite.seen_of(bench, state, files)
    every = await asyncio.to_thread(
        lambda: {name: usual.of_lines(text, 1, text.count("\n") + 1, MUTANTS) for name, text in files.items()}
    )
    total, before, found = sum(map(len, every.values())), 0, dict[str, Survey]()

    def told(done: int, _: int) -> None:
        tell("mutants", before + done, total)

    for name, mutants in every.items():
        found[name] = await _of_mutants(bench, Place(state, name, files[name]), mutants, known[name], told)
        before += len(mutants)
    return found


async def _of_mutants(bench: Workbench, at: Place, mutants: Sequence[Usual], known: Suite, tell: suite.Tell) -> Survey:
    return Survey(tuple(mutants), tuple(await suite.fates(bench, at, mutants, known, tell)), known)


def there(state: State, name: str, documents: Mapping[str, str] = {}) -> dict[str, str]:
    """The file of tests of a module as it is, in an editor or on the disk, for what goes into a container may be without its secrets; nothing where there is none that can be read."""
    target = homes.test_file({**state.texts, **documents}, name)
    if target in documents:
        return {target: documents[target]}
    path = state.root / Path(target)
    try:
        return {target: encodings.decoded(path.read_bytes())} if path.is_file() else {}
    except (
        OSError,
        UnicodeDecodeError,
    ):  # what is written then finds another file than it expects, and leaves it alone
        return {}


def files(made: Iterable[Made]) -> dict[str, tuple[str, str]]:
    """By the names of the files that tests were written for: their texts before the first and behind the last."""
    found: dict[str, tuple[str, str]] = {}
    for one in made:
        if one.written is not None:
            first = found.get(one.written.name, (one.written.before, ""))[0]
            found[one.written.name] = first, one.written.text
    return found


async def of_change(bench: Workbench, state: State, change: Change, tell: Tell) -> dict[str, list[Made]]:
    """By the files of a change tests of what it does in each, and of what is new in it. Raises SandboxUnavailable."""
    found, over = dict[str, list[Made]](), dict[str, str]()
    for both in await asyncio.to_thread(regress.sides, state, change):
        known = await asyncio.to_thread(there, state, both.after.name)
        over = {**{target: change.texts.get(target, text) for target, text in known.items()}, **over}
        if both_made := await of_both(bench, both.beside(over), tell):
            found[both.after.name] = both_made
            over |= {name: text for name, (_, text) in files(both_made).items()}
    return found


async def of_both(bench: Workbench, both: regress.Both, tell: Tell) -> list[Made]:
    """Tests of what a change does in one file, and of the functions that are new with it. Raises SandboxUnavailable."""
    found = list[Made]()
    for subject in await asyncio.to_thread(regress.changed, both):
        found.append(one := await regress.made(bench, both, subject, tell))
        both = both.beside({name: text for name, (_, text) in files([one]).items()})
    for subject in await asyncio.to_thread(regress.added, both):
        found.append(one := await made(bench, both.after, subject, tell))
        both = both.beside({name: text for name, (_, text) in files([one]).items()})
    return found

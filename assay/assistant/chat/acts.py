"""What a pair does when it is asked to: each ends as a change that is proposed with its verdict, or as what was found by running. Nothing is written."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path

from analyzers import subjects
from analyzers.questions import question
from analyzers.questions.code import Code, Place, Thing
from analyzers.questions.naming import meant, things
from analyzers.text import applied
from sandbox.api import SandboxUnavailable

from ..changes import gathered
from ..changes.gathered import NothingChanged
from ..hints import check as checking
from ..hints import explain as explaining
from ..hints.check import Scope
from ..nouns import Tell
from ..review import handed
from ..review import shapes as handed_told
from ..test import asked as tests_asked
from ..test import shapes as tests_told
from ..test import suite
from ..workbench import Workbench
from ..world.world import World
from ..write import asked, plan, sources
from ..write import shapes as written_told
from ..write import tests as own_tests
from ..write.asked import Unclear
from ..write.candidate import Target
from . import refactorings, safety
from .ground import Ground
from .reply import Here, Line, Proposed, Reply
from .wanted import Wanted

HINTS = 12
# Words of what is asked for: functions may be called so.
_OWN = frozenset("is it the this a an safe to change refactor edit touch remove delete modify can i safely what would break breaks happens if when any bug bugs find see there are in with wrong problems problem test tests".split())  # fmt: skip


async def done(
    bench: Workbench, known: Ground, world: World, cache: Path, task: tuple[Wanted, Here | None, str], tell: Tell
) -> Reply | None:
    """What came of it; None where it was no task after all."""
    wanted, here, said = task
    match wanted.act:
        case "rename":
            return await _judged(bench, world, await refactorings.rename(bench, known, world, wanted, tell), tell)
        case "extract":
            return await _judged(bench, world, await refactorings.extract(bench, known, world, wanted, here), tell)
        case "write":
            return await _written(bench, known, world, cache, (wanted, here), tell)
        case "test":
            return await _tested(bench, known, world, (wanted, here), tell)
        case "explain":
            return await _explained(bench, known, (wanted, here), tell)
        case "safe":
            one = subject(known.code, said, here)
            return await safety.of(bench, known, one, tell) if one is not None else None
        case "hints":
            return await _hints(bench, known, world, cache, (subject(known.code, said, here), here), tell)


def subject(code: Code, said: str, here: Here | None) -> Thing | None:
    """What is spoken of: the first name that is there, else what somebody is in."""
    named = [one.things[0] for one in meant(code, question.read(said)) if one.things]
    if named:
        return named[0]
    for word in re.findall(r"[A-Za-z_]\w+", said):
        if word.lower() in _OWN:
            continue
        known = [one for one in things(code, word, question.read(said)) if one.facts is not None and not code.is_test(one.file)]  # fmt: skip
        if known:
            return known[0]
    return code.around(here.file, here.first) if here is not None and here.first else None


def _unsaid(noun: str) -> Reply:
    return Reply((), (f"Name the {noun} that is meant.",))


async def _judged(bench: Workbench, world: World, made: Reply, tell: Tell) -> Reply:
    """The reply with the verdict of its change."""
    if made.change is None:
        return made
    try:
        change = gathered.of_edits(world.root, made.change.files, world.documents)
        found = await handed.judged(bench, change, lambda done, of: tell("tests", done, of))
    except NothingChanged as error:
        return replace(made, change=None, notes=(*made.notes, str(error)))
    except SandboxUnavailable as error:
        return replace(made, notes=(*made.notes, f"It was not run: {error}"))
    renamed = {name for name, (before, after) in made.change.files.items() if before.count("\n") == after.count("\n")}
    if made.kind == "rename":  # what a test expects of it has its new name
        found = replace(found, findings=tuple(one for one in found.findings if one.kind != "weakened-test" or one.file not in renamed))  # fmt: skip
    told = tuple(handed_told.lines(found))
    return replace(made, change=replace(made.change, verdict=found.verdict, told=told))


def _file(code: Code, name: str, here: Here | None) -> str:
    wanted = name or (here.file if here is not None else "")
    found = [one for one in code.texts if wanted and (one == wanted or one.endswith(f"/{wanted}"))]
    return wanted if wanted in found else found[0] if len(found) == 1 else ""


async def _written(
    bench: Workbench, known: Ground, world: World, cache: Path, task: tuple[Wanted, Here | None], tell: Tell
) -> Reply:
    wanted, here = task
    name = _file(known.code, wanted.file, here)
    if not name:
        return Reply((), ("Say which file it is for: “write a function that … in src/app.py”.",))
    text = known.text(name)
    try:
        is_name = all(part.isidentifier() for part in wanted.of.strip("`").split("."))
        meant_ = asked.named(text, wanted.of.strip("`")) if is_name else asked.described(text, wanted.of)
    except Unclear as error:
        return Reply((), (str(error),))
    at = Target(known.state, name, text, meant_.span, dict(world.documents), meant_.indent)
    wish = (await asyncio.to_thread(asked.with_tests, meant_, at.texts, name)).wish
    found = await plan.carried_out(bench, world, at, wish, sources.every(cache), tell)
    was = await asyncio.to_thread(own_tests.before, at, found.files)
    lines = [Line(line.strip(), (), "run") for line in (*written_told.wish_lines(wish), *written_told.lines(found))]
    files = {one: (was[one], after) for one, after in found.files.items()}
    change = Proposed(f"write {wish.full_name}", files, getattr(found, "verdict", None)) if files else None
    return Reply(tuple(lines), (), (wish.full_name,), change, "write")


async def _tested(bench: Workbench, known: Ground, world: World, task: tuple[Wanted, Here | None], tell: Tell) -> Reply:
    wanted, here = task
    every = things(known.code, wanted.of, question.read(f"{wanted.of} in {wanted.file}" if wanted.file else wanted.of))
    every = [each for each in every if not wanted.file or each.file == wanted.file or each.file.endswith(f"/{wanted.file}")]  # fmt: skip
    one = next(iter(every), None) if wanted.of else subject(known.code, "", here)
    if one is None or known.code.is_test(one.file):
        return Reply(
            (), (f"Nothing here is called `{wanted.of}`." if wanted.of else "Name the function that is meant.",)
        )
    text = known.text(one.file)
    top = one.path.partition(".")[0]
    picked = [each for each in await asyncio.to_thread(subjects.of_text, text) if each.name in (one.path, top)]
    if not picked:
        return Reply((), (f"`{one.path}` cannot be called by a test that stands alone.",), (one.path,))
    over = {**world.documents, **tests_asked.there(known.state, one.file, world.documents)}
    made = await tests_asked.of_functions(bench, suite.Place(known.state, one.file, text, over), picked, tell)
    lines = [Line(line.strip(), (one.place,) if n == 0 else (), "run") for n, line in enumerate(line for each in made for line in tests_told.lines(each))]  # fmt: skip
    files = tests_asked.files(made)
    change = Proposed(f"test {one.path}", files, None, (tests_told.glance(made),)) if files else None
    return Reply(tuple(lines), (), (one.path,), change, "test")


async def _explained(bench: Workbench, known: Ground, task: tuple[Wanted, Here | None], tell: Tell) -> Reply | None:
    wanted, here = task
    text = wanted.of
    if "\n" not in text:
        one = next(iter(things(known.code, text, question.read(text))), None) if text else subject(known.code, "", here)
        if one is None or not known.code.is_test(one.file):
            return None
        text = f"FAILED {one.file}::{one.path.replace('.', '::')} - it fails\n"
    found = await explaining.explain(bench, known.root, text, tell)
    places = (Place(found.name, found.line),) if found.name else ()
    change = None
    if found.fix is not None and found.name:
        before = known.text(found.name)
        files = {found.name: (before, applied(before, found.fix.edits))}
        change = Proposed(f"fix {found.name}:{found.line}", files, found.fix.verdict, (found.fix.title,))
    around = known.code.around(found.name, found.line) if found.name else None
    return Reply((Line(found.cause, places, "run"),), (), (around.path,) if around else (), change, "explain")


async def _hints(
    bench: Workbench, known: Ground, world: World, cache: Path, task: tuple[Thing | None, Here | None], tell: Tell
) -> Reply:
    one, here = task
    file = one.file if one is not None else here.file if here is not None else ""
    if not file or not file.endswith(".py"):
        return _unsaid("file or function")
    report = await checking.of_files(bench, Scope(world.root, {file: known.text(file)}, cache), tell)
    text, lines = known.text(file), []
    for hint in report.all:
        line = text.count("\n", 0, hint.span.start) + 1
        if one is None or one.kind == "module" or one.line <= line <= one.end:
            lines.append(Line(hint.message, (Place(file, line),), "run" if hint.kind == "proved" else "likely" if hint.kind == "suspected" else "fact"))  # fmt: skip
    notes = [*report.notes]
    if not lines:
        notes.insert(0, f"Nothing is found in {f'`{one.path}`' if one is not None else file}: no rule, no pattern and no run says anything.")  # fmt: skip
    return Reply(tuple(lines[:HINTS]), tuple(notes), (one.path,) if one is not None else (), kind="hints")

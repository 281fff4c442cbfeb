"""Tests of what a change does: calls that give something else without it, so that each test fails before and passes after."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from analyzers import lint, scenarios, subjects, syntax
from analyzers.subjects import Subject
from sandbox.api import Job, Step

from ..rendering import written
from ..rendering.rows import Row
from ..rendering.written import Written
from ..trials import answers
from ..trials.answers import Answer
from ..workbench import Workbench
from ..world.change import Change, Edited
from ..world.state import State, written_over
from .asking import ONE_S, RUN_S, RUNS, Asking, Tell, runs
from .suite import Place
from .way import Made, expectable, further, last, prepared, tried, unwritten

ROWS = 3  # calls of one function
DRAWN, ROUNDS, BASES = (
    300,
    5,
    60,
)  # calls that are tried where none of the first shows a difference, so many times; ways to use an instance that others go on from


@dataclass(frozen=True, slots=True)
class Both:
    """A file with a change and without it."""

    after: Place
    before: Place

    def beside(self, over: Mapping[str, str]) -> Both:
        """The same with other files that were written meanwhile."""
        return Both(*(replace(one, over={**one.over, **over}) for one in (self.after, self.before)))


def sides(state: State, change: Change) -> list[Both]:
    """The Python files that a change edits or makes, tests left out, each among the others with the change and without it."""
    edits = [
        one
        for one in change.files
        if one.kind in ("edited", "new") and one.is_python and one.name and not state.is_run(one.name)
    ]
    after = {one.name: one.after for one in change.files if one.name and not one.is_gone}
    before = {one.name: one.before.text for one in change.files if one.name and one.kind != "new"}
    return [_both(state, one, after, before) for one in edits]


def _both(state: State, one: Edited, after: dict[str, str], before: dict[str, str]) -> Both:
    return Both(
        Place(state, one.name, one.after, {name: text for name, text in after.items() if name != one.name}),
        Place(state, one.name, one.before.text, {name: text for name, text in before.items() if name != one.name}),
    )


def changed(both: Both) -> tuple[Subject, ...]:
    """The functions at the top of the file that the change concerns: those whose own code it changes, and those that use what it changes."""
    was, now = _codes(both.before.text), _codes(both.after.text)
    others = {name for name in {*was, *now} if was.get(name) != now.get(name)}
    concerned = set(others)
    while more := {name for name, code in now.items() if name not in concerned and concerned & _names(code)}:
        concerned |= more
    found = [one for one in subjects.of_text(both.after.text) if one.name in concerned and one.name in was]
    return tuple(sorted(found, key=lambda one: one.name not in others))


def added(both: Both) -> tuple[Subject, ...]:
    """The functions and classes at the top of the file that are new with the change, private ones left out."""
    was = _codes(both.before.text)
    found = subjects.of_text(both.after.text)
    return tuple(one for one in found if one.name not in was and not one.name.startswith("_"))


async def made(bench: Workbench, both: Both, subject: Subject, tell: Tell) -> Made:
    """Tests of a function that fail without the change and pass with it. Raises SandboxUnavailable."""
    begun = time.monotonic()
    tell("inputs tried", 0, 0)
    is_steps = bool(subject.methods)
    asking, once = (Asking(bench, one, is_steps=is_steps) for one in (both.after, both.before))
    calls, unlikely, told = await tried(asking, subject)
    told = expectable(subject, calls, told)
    rows = _rows(calls, told, await once.once(calls) if calls else (), unlikely)
    count = len(calls)
    if not rows:
        extra, more = await prepared(Asking(bench, both.after, is_steps=True), subject, calls, told)
        was = Asking(bench, both.before, is_steps=True)
        rows = _rows(extra, more, await was.once(extra) if extra else (), unlikely)
        count += len(extra)
    for turn in range(ROUNDS):
        if rows:
            break
        tell("inputs tried", turn + 1, ROUNDS)
        extra, is_afterwards = await asyncio.to_thread(_others, subject, calls, told, turn)
        now, was = (
            (asking, once)
            if not is_afterwards
            else (Asking(bench, one, is_steps=True) for one in (both.after, both.before))
        )
        more = await now.steady(extra)
        more = await asyncio.to_thread(last, extra, more) if is_steps else more
        more = expectable(subject, extra, more)
        rows = _rows(extra, more, await was.once(extra) if extra else (), unlikely)
        count += len(extra)
    done = partial(Made, subject, rows=rows, tried=count)
    if not rows:
        why = f"None of {count} calls that were tried gives something else without the change."
        return done(why=why, took_s=time.monotonic() - begun)
    style = partial(lint.formatted, folder=both.after.state.root)
    file = await asyncio.to_thread(written.written, both.after.texts, both.after.name, subject, rows, style)
    if file is None:
        return done(why=await asyncio.to_thread(unwritten, both.after), took_s=time.monotonic() - begun)
    ran = await runs(bench, both.after, file, tell)
    if ran.passed < RUNS or not await _fails(bench, both.before, file):
        why = ran.why if ran.passed < RUNS else "What was written passes without the change, too."
        return done(why=why, runs=ran.passed, took_s=time.monotonic() - begun)
    return done(written=file, runs=ran.passed, took_s=time.monotonic() - begun)


def _others(subject: Subject, calls: Sequence[str], told: Sequence[Answer], turn: int) -> tuple[list[str], bool]:
    """Other calls than those that showed no difference: further ones, what goes on from those that ended well, and what arguments are afterwards (then True)."""
    able = [call for call, one in zip(calls, told, strict=True) if one.kind == "value"]
    if subject.methods and turn % 2:
        return list(scenarios.longer(subject, able[-BASES:], DRAWN, turn)), False
    if not subject.methods and turn == 1:
        return list(scenarios.given_again(able, DRAWN)), True
    return further(subject, calls, DRAWN, turn), False


def _rows(
    calls: Sequence[str], after: Sequence[Answer], before: Sequence[Answer], unlikely: frozenset[str]
) -> tuple[Row, ...]:
    """The simplest calls that give something else without the change, with different ends as far as there are some."""
    able = [
        (call, now, was)
        for call, now, was in zip(calls, after, before, strict=True)
        if now.is_testable and answers.notices(now, was)
    ]
    able.sort(key=lambda one: (one[0] in unlikely, len(one[0]) + len(one[1].gives)))
    found: dict[str, Row] = {}
    for call, now, _ in able:
        if len(found) < ROWS:
            found.setdefault(now.gives if now.kind == "value" else now.kinds[0], Row(call, now, "changed"))
    return tuple(found.values())


async def _fails(bench: Workbench, place: Place, file: Written) -> bool:
    """Whether each of the written tests is red without the change."""
    texts = {place.name: place.text, **place.over, file.name: file.text}
    files = written_over(place.state, {name: bench.projects.sent(text) for name, text in texts.items()})
    tests = tuple(f"{file.name}::{one}" for one in file.tests)
    (outcome,) = await bench.sandbox.run(Job(place.state.project, (Step("pytest", RUN_S, files, tests, test_s=ONE_S),)))
    green = {one.id.partition("[")[0] for one in outcome.tests.tests if one.is_green}
    return outcome.tests.finished and green.isdisjoint(tests)


def _codes(text: str) -> dict[str, str]:
    """What a module's top names are made of, as it is written."""
    tree, found, rows = syntax.module(text), dict[str, str](), text.split("\n")
    for node in tree.body if tree is not None else ():
        for name in subjects.binds(node):
            first = min((one.lineno for one in getattr(node, "decorator_list", ())), default=node.lineno)
            found[name] = found.get(name, "") + "\n".join(rows[first - 1 : node.end_lineno])
    return found


def _names(code: str) -> set[str]:
    return set(re.findall(r"\w+", code))

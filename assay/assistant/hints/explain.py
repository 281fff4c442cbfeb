"""From a traceback or pytest's output to the cause: which line, why, and a fix that was checked where there is one."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from analyzers import reach, syntax, tracebacks
from analyzers.changed import places_in
from analyzers.text import Snapshot
from analyzers.tracebacks import Frame, Trouble
from sandbox.api import Job, SandboxUnavailable, Step

from ..nouns import Tell
from ..workbench import Workbench
from ..world.state import State, written_over
from . import calls, failing, fixes, static
from .failing import Wanted
from .hint import Fix, Hint
from .ranking import own_nodes

TESTS_LIMIT = 20  # failed tests that are run again
FIX_S = 15.0  # somebody asked, and waits for it


@dataclass(frozen=True, slots=True)
class Explanation:
    """One or two sentences on the cause; the place of it in the project (line from 1, 0 where there is none), and a checked fix of that file."""

    cause: str
    name: str = ""
    line: int = 0
    fix: Fix | None = None


async def explain(bench: Workbench, root: Path, text: str, tell: Tell) -> Explanation:
    """What the last exception or the failed tests in `text` come from, in the project at `root`."""
    told = tracebacks.parse(text)
    if told.is_nothing:
        return Explanation("There is no traceback and no failed test in this text.")
    state = await bench.projects.state(root)
    frames = _own(told.frames, state)
    hints, note = await _proved(bench, state, told, frames, tell)
    if hints:
        best = await _with_fix(bench, root, state, hints)
        line = state.texts[best.name].count("\n", 0, best.span.start) + 1
        more = _of_line(state.texts[best.name], line, told) if best.evidence.source == "call" else ""
        return Explanation(best.message + more, best.name, line, best.fix)
    if not frames:
        if told.tests and not note and (green := await _green(bench, state, told.tests)):
            which = f"`{told.tests[0]}` passes" if len(told.tests) == 1 else f"All {green} tests that are there pass"
            return Explanation(f"{which} in the sandbox as the project is now.")
        why = f"{told.exception}: {told.message}".rstrip(": ") if told.exception else f"{told.tests[0]} fails"
        return Explanation(f"{why}. None of its places is in a file of this project.{note}")
    name, frame = next(
        (one for one in reversed(frames) if not reach.is_test_file(one[0], state.test_files)), frames[-1]
    )
    suspicion = await _suspicion(bench, root, state, name, frame.line)
    cause = (
        f"{told.exception}: {told.message}".rstrip(": ")
        + f" at {name}:{frame.line}"
        + _of_line(state.texts[name], frame.line, told)
        + note
    )
    if suspicion is not None:
        return Explanation(f"{cause} {suspicion.message}", name, frame.line, suspicion.fix)
    return Explanation(cause, name, frame.line)


def says_nothing(text: str) -> bool:
    """Whether there is nothing to explain in a text."""
    return tracebacks.parse(text).is_nothing


def _own(frames: Sequence[Frame], state: State) -> list[tuple[str, Frame]]:
    """The frames in files of the project, by their names there: as they are written, or by the end of their paths (another machine's)."""
    found = []
    for frame in frames:
        path = frame.path.replace("\\", "/")
        name = path.removeprefix(f"{state.root.as_posix()}/")
        if name not in state.texts and "site-packages" not in path and "/lib/python" not in path:
            parts = PurePosixPath(path).parts
            ends = ("/".join(parts[n:]) for n in range(1, len(parts)))
            name = next((end for end in ends if end in state.texts), name)
        if name in state.texts and frame.line <= state.texts[name].count("\n") + 1:
            found.append((name, frame))
    return found


async def _proved(
    bench: Workbench, state: State, told: Trouble, frames: Sequence[tuple[str, Frame]], tell: Tell
) -> tuple[list[Hint], str]:
    """What a run of the named tests, or of the files' own calls, proves; and why nothing was run, where nothing was."""
    if bench.settings.policy == "static":
        return [], ""
    tests = [test for test in told.tests[:TESTS_LIMIT] if test.partition("::")[0] in state.texts]
    tests += [
        f"{name}::{frame.function}"
        for name, frame in frames
        if frame.function.startswith("test") and reach.is_test_file(name, state.test_files)
    ]
    code = {name: text for name, text in state.texts.items() if not reach.is_test_file(name, state.test_files)}
    named = dict.fromkeys(name for name, _ in reversed(frames) if name in code)
    try:
        if tests:
            found, note = await failing.proved(
                bench, state, Wanted(code, FIX_S, tests=tuple(dict.fromkeys(tests))), tell
            )
            return found, f" {note}" if note else ""
        found = [hint for name in named for hint in await calls.proved(bench, state, name, code[name])]
    except SandboxUnavailable as error:
        return [], f" Nothing was run: {error}"
    # Where it was raised tells more than the call that led there.
    return sorted(found, key=lambda hint: not hint.function), ""


async def _green(bench: Workbench, state: State, tests: Sequence[str]) -> int:
    """How many of some tests ran, where all of them are there and pass as the project is now; else 0."""
    named = tuple(test for test in tests if test.partition("::")[0] in state.texts)
    if len(named) != len(tests) or len(named) > TESTS_LIMIT or bench.settings.policy == "static":
        return 0
    step = Step("pytest", failing.RUN_S, written_over(state, {}), named, quiet_s=failing.QUIET_S)
    try:
        (outcome,) = await bench.sandbox.run(Job(state.project, (step,)))
    except SandboxUnavailable:
        return 0
    ran = outcome.tests.tests
    return len(named) if ran and all(test.is_green for test in ran) else 0


async def _with_fix(bench: Workbench, root: Path, state: State, hints: Sequence[Hint]) -> Hint:
    """The best hint, one with a fix before others."""
    best = next((hint for hint in hints if hint.fix is not None), hints[0])
    checked = await fixes.checked(bench, root, state.texts, best)
    return checked if checked is not None else replace(best, fix=None)


async def _suspicion(bench: Workbench, root: Path, state: State, name: str, line: int) -> Hint | None:
    """What a pattern suspects on the line itself, with its fix checked."""
    text = state.texts[name]
    found = await static.suspected(Snapshot((root / name).as_uri(), str(root / name), 0, text), name, least=0.0)
    there = next((hint for hint in found if text.count("\n", 0, hint.span.start) + 1 == line), None)
    return await fixes.checked(bench, root, state.texts, there) if there is not None else None


def _of_line(text: str, line: int, told: Trouble) -> str:
    """What the exception says about the statement on a line, in words."""
    tree = syntax.module(text)
    statement = None
    if tree is not None:
        statement = next((place.node for place in places_in(tree) if place.lines[0] <= line <= place.lines[-1]), None)
    if statement is None:
        return "."
    own = own_nodes(statement)
    divided = [
        node.right
        for node in own
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod)
    ]
    looked_up = [node for node in own if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)]
    asked = [node.value for node in own if isinstance(node, ast.Attribute)]
    # Only where there is one that it can be.
    match told.exception, divided, looked_up, asked:
        case "ZeroDivisionError", [right], _, _:
            return f": `{ast.unparse(right)}` is 0 there."
        case "IndexError" | "KeyError", _, [one], _:
            return f": `{ast.unparse(one.value)}` has nothing at `{ast.unparse(one.slice)}`."
        case "AttributeError", _, _, [value] if "NoneType" in told.message:
            return f": `{ast.unparse(value)}` is None there."
    return f": `{ast.unparse(statement).splitlines()[0][:80]}`."

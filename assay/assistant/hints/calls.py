"""Proofs by calls that stand in the file with literal arguments: each is made in the sandbox, and one that raises what nobody meant is a bug.

No bug is an exception that the code raises by a `raise` or `assert` of its own, that the function says it raises, or that the machine is to blame
for: the sandbox has no network, no terminal, and only the project's own files.
"""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterator

from analyzers import calls, reach, secrets, syntax
from analyzers.calls import LiteralCall
from analyzers.places import Places
from analyzers.text import Span
from sandbox.api import Frame, Job, Raised, Step

from ..proof.plan import digest, place_of
from ..workbench import Workbench
from ..world import withheld
from ..world.state import State, written_over
from .hint import Evidence, Hint, printable

CALLS_S = 20.0  # of one file
# What says nothing about the code: another machine, more time, or what is not written yet.
OF_THE_MACHINE = frozenset(
    "OSError ImportError EOFError NotImplementedError MemoryError SystemExit KeyboardInterrupt NameError Warning".split()
)
SURE, SOUGHT = 0.95, 0.5
SOUGHT_LIMIT, SOUGHT_S = 20, 60.0  # functions of one file, and the time for all of them
CODE = "failing-call"


async def proved(bench: Workbench, state: State, name: str, text: str) -> list[Hint]:
    """Hints about the calls in the file `name`, whose text is `text`, and about the lines that raise. Raises SandboxUnavailable."""
    text = bench.projects.sent(text)  # as long as it was, so that places stay
    if reach.is_test_file(name, state.test_files):
        return []
    tree = await asyncio.to_thread(syntax.module, text)
    wanted = await asyncio.to_thread(calls.literal_calls, tree, text) if tree is not None else ()
    if tree is None or not wanted:
        return []
    files = written_over(state, {name: text})
    step = Step("calls", CALLS_S, files, path=name, calls=tuple(call.source for call in wanted))
    key = digest("calls", place_of(bench, state.project), state.project.digest, step)
    if (known := bench.memory.calls.get(key)) is None:
        (outcome,) = await bench.sandbox.run(Job(state.project, (step,), is_urgent=False))
        known = dict(outcome.raised)
        if not outcome.timed_out:
            bench.memory.calls.put(key, known)
    found: dict[Span, Hint] = {}
    for number, raised in sorted(known.items()):
        if number < len(wanted) and _is_bug(tree, name, raised) and not await _is_wanting(state, raised):
            for hint in _hints(name, text, wanted[number], raised):
                found.setdefault(hint.span, hint)
    return list(found.values())


async def sought(bench: Workbench, state: State, name: str, text: str) -> list[Hint]:
    """Hints about the functions of a file for which inputs of their types were found that raise what nobody meant. Only for somebody who asked: most
    functions can be made to raise. Raises SandboxUnavailable."""
    tree = await asyncio.to_thread(syntax.module, text)
    if tree is None or reach.is_test_file(name, state.test_files):
        return []
    functions = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.args.args and not node.decorator_list
    ]
    wanted = tuple(node.name for node in functions)[:SOUGHT_LIMIT]
    if not wanted:
        return []
    files = written_over(state, {name: bench.projects.sent(text)})
    step = Step("inputs", SOUGHT_S, files, path=name, calls=wanted)
    (outcome,) = await bench.sandbox.run(Job(state.project, (step,), is_urgent=False))
    found = []
    for raised in outcome.raised.values():
        if raised.source and _is_bug(tree, name, raised) and not await _is_wanting(state, raised):
            detail = printable(secrets.redact(raised.detail))
            inner = [frame for frame in raised.frames if frame.path == name][-1]
            evidence = Evidence("input", detail, input=raised.source)
            message = f"`{raised.source}` raises {detail} here; the input was looked for, and nothing in the project is known to give it."
            function = inner.function.replace(".<locals>", "")
            found.append(
                Hint(name, _span(text, inner), "proved", "failing-input", message, SOUGHT, evidence, function=function)
            )
    return found


def _is_bug(tree: ast.Module, name: str, raised: Raised) -> bool:
    """Whether the exception is one that nobody meant."""
    own = [frame for frame in raised.frames if frame.path == name]
    if raised.is_meant or not own or not raised.kinds:
        return False
    if raised.kinds[0] != "UnboundLocalError" and not OF_THE_MACHINE.isdisjoint(raised.kinds):
        return False
    functions = dict(syntax.functions(tree))
    entered = {frame.function.replace(".<locals>", "") for frame in own}
    return not any(calls.documented(functions[one], raised.kinds) for one in entered if one in functions)


async def _is_wanting(state: State, raised: Raised) -> bool:
    """Whether the call looked for what no container has."""
    return bool(raised.sought) and bool(await asyncio.to_thread(withheld.of_names, state, raised.sought))


def _hints(name: str, text: str, call: LiteralCall, raised: Raised) -> Iterator[Hint]:
    """One about the call, and one about the place of this file that raises."""
    detail = printable(secrets.redact(raised.detail))
    source = secrets.redact(call.source)
    evidence = Evidence("call", detail, input=source)
    yield Hint(name, call.span, "proved", CODE, f"This call raises {detail}", SURE, evidence)
    inner = [frame for frame in raised.frames if frame.path == name][-1]
    message = f"`{source}` raises {detail}"
    yield Hint(
        name,
        _span(text, inner),
        "proved",
        CODE,
        message,
        SURE,
        evidence,
        function=inner.function.replace(".<locals>", ""),
    )


def _span(text: str, frame: Frame) -> Span:
    places = Places(text)
    line, column, end_line, end_column = frame.place
    start = places.offset(line, column)
    return Span(start, max(start, places.offset(end_line, end_column)))

"""What a container is told, and what it answers, in the shapes of both sides: `api`'s here, the runner's there."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any, TypeVar

from .api import (
    Entry,
    Frame,
    Harness,
    Observed,
    Raised,
    Running,
    SandboxUnavailable,
    Step,
    StepOutcome,
    Taken,
    TestReport,
    TestResult,
)

TEXT_LIMIT = 2000  # characters of one text of a call's report


def order(step: Step, nonce: str, *, paths: tuple[str, ...], has_plugins: bool) -> dict[str, Any]:
    """A step as the runner reads it; `paths` are folders of dependencies that its Python does not know of, `has_plugins` whether the project's are there."""
    return {
        "kind": step.kind,
        "timeout_s": step.timeout_s,
        "quiet_s": step.quiet_s,
        "files": dict(step.files),
        "tests": list(step.tests),
        "doctests": step.doctests,
        "pieces": [asdict(piece) for piece in step.pieces],
        "without": list(step.without),
        "traces": step.traces,
        "records": step.records,
        "path": step.path,
        "script": step.path,
        "watched": list(step.watched),
        "observes": step.observes,
        "takes": step.takes,
        "stops": step.stops,
        "alone": step.alone,
        "lates": step.lates,
        "call_s": step.call_s,
        "elsewhere": step.elsewhere,
        "test_s": step.test_s,
        "calls": list(step.calls),
        "search": asdict(step.search) if step.search is not None else None,
        "nonce": nonce,
        "paths": list(paths),
        "plugins": has_plugins,
    }


def running(raw: dict[str, Any]) -> Running:
    """How far a step is. Raises SandboxUnavailable for what has another shape."""
    try:
        return Running(int(raw["tests"]), float(raw["waited_ms"]))
    except (KeyError, TypeError, ValueError) as error:
        raise SandboxUnavailable("Sandbox failed: the container's answer has the wrong shape.") from error


def outcome(raw: dict[str, Any], nonce: str) -> StepOutcome:
    """How a step ended. Container output is data: types are enforced here and nowhere else. Raises SandboxUnavailable for another shape."""
    try:
        return StepOutcome(
            exit=int(raw["exit"]),
            signal=int(raw["signal"]),
            timed_out=bool(raw["timed_out"]),
            oom=bool(raw["oom"]),
            stdout=str(raw["stdout"]),
            stderr=str(raw["stderr"]),
            truncated=bool(raw["truncated"]),
            ms=float(raw["ms"]),
            touched=tuple(str(name) for name in raw["touched"]),
            hung=bool(raw["hung"]),
            tests=_report(str(raw["report"]), nonce, is_cut=bool(raw["timed_out"]), hung=bool(raw["hung"])),
            raised=_raised(str(raw["report"])),
            returned=_returned(str(raw["report"])),
            outside=_outside(str(raw["report"])),
            took_s=_took(str(raw["report"])),
            found=_found(str(raw["report"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SandboxUnavailable("Sandbox failed: the container's answer has the wrong shape.") from error


def _report(text: str, nonce: str, *, is_cut: bool, hung: bool) -> TestReport:
    """The report's lines as results. Where the run was cut off (`is_cut`), what was not done is left, but for the test that hung."""
    tests: dict[str, TestResult] = {}
    running = ""
    errors: list[str] = []
    control, finished = "", False
    harness = Harness()
    unseen: set[str] = set()
    import_hit: tuple[int, ...] = ()
    functions: list[str] = []
    entered: dict[str, set[str]] = {}
    lines: dict[str, dict[str, frozenset[int]]] = {}
    seen: dict[str, dict[str, dict[int, Observed]]] = {}
    taken: dict[str, dict[int, tuple[Taken, ...]]] = {}
    entries: dict[str, dict[int, tuple[Entry, ...]]] = {}
    names: list[str] = []
    sought: dict[str, frozenset[str]] = {}
    for event in _events(text):
        match event:
            case {"lines": {**by_file}, "by": str(name)}:
                lines[name] = {str(file): frozenset(_bits(mask)) for file, mask in by_file.items()}
            case {"observed": {**by_file}, "by": str(name)}:
                seen[name] = {str(file): _observed(found) for file, found in by_file.items()}
            case {"taken": {**by_file}}:
                taken = {str(file): _by_line(found, _call) for file, found in by_file.items()}
            case {"entries": {**by_file}}:
                entries = {str(file): _by_line(found, _entry) for file, found in by_file.items()}
            case {"collected": [*ids]}:
                tests |= {str(name): TestResult(str(name), "missing") for name in ids}
            case {"start": str(name)}:
                running = name
                if name in tests:
                    tests[name] = TestResult(name, "missing")
            case {"collect_error": str(name), "detail": str(detail)}:
                errors.append(f"{name}: {detail}" if name else detail)
            case {"harness": {"python": str(python), "pytest": str(version), "own": bool(is_own)}}:
                harness = Harness(python[:40], version[:40], is_own)
            case {"unseen": str(name)}:
                unseen.add(name)
            case {"sought": [*numbers], "names": [*new], "by": str(node)}:
                names += [str(name)[:TEXT_LIMIT] for name in new]
                own_names = (names[n] for n in _numbers(numbers) if 0 <= n < len(names))
                sought[node] = sought.get(node, frozenset()).union(own_names)
            case {"import_hit": mask}:
                import_hit = _bits(mask)
            case {"functions": [*found]}:
                functions += [f"{one[0]}::{one[1]}" for one in found if isinstance(one, list) and len(one) == 2]
            case {"entered": [*numbers], "by": str(node)}:
                own = (functions[n] for n in _numbers(numbers) if 0 <= n < len(functions))
                entered.setdefault(node, set()).update(own)
            case {"control": str(outcome)}:
                control = outcome
            case {"end": mark}:
                finished = mark == nonce
            case {"test": str(name), "outcome": str(outcome), "when": str(when)}:
                earlier = tests.get(name)
                hit = _bits(event.get("hit")) or (earlier.hit if earlier is not None else ())
                if earlier is not None and earlier.outcome == "failed" and outcome == "passed":
                    tests[name] = replace(earlier, hit=hit)  # a part of it failed
                elif when == "call" or outcome != "passed":
                    detail, where = str(event.get("detail", "")), str(event.get("where", ""))
                    tests[name] = TestResult(
                        name,
                        outcome,
                        hit,
                        detail,
                        where,
                        bool(event.get("inside")),
                        when == "setup",
                        bool(event.get("meant")),
                        _seconds(event.get("s")),
                    )
            case _:
                continue
    if is_cut:
        done = {name for name, one in tests.items() if one.outcome != "missing" or (hung and name == running)}
        tests = {name: one if name in done else replace(one, outcome="left") for name, one in tests.items()}
    by_node = {node: frozenset(names) for node, names in entered.items()}
    last = running if not finished and tests.get(running, _NONE).outcome == "missing" else ""
    return TestReport(
        tuple(tests.values()),
        tuple(errors),
        control,
        finished,
        import_hit,
        by_node,
        last,
        lines,
        seen,
        harness,
        frozenset(unseen),
        sought,
        taken,
        entries,
    )


def _observed(found: object) -> dict[int, Observed]:
    """How calls of a file's functions ended, by their first lines."""
    known: dict[int, Observed] = {}
    for one in found if isinstance(found, list) else ():
        match one:
            case [int(first), [*types], [*raised], bool(yields)]:
                exceptions = [
                    (tuple(str(kind)[:TEXT_LIMIT] for kind in kinds), line, is_own)
                    for kinds, line, is_own in (r for r in raised if isinstance(r, list) and len(r) == 3)
                    if isinstance(kinds, list) and kinds and isinstance(line, int) and isinstance(is_own, bool)
                ]
                returned = frozenset(str(kind)[:TEXT_LIMIT] for kind in types)
                known[first] = Observed(returned, frozenset(exceptions), yields)
    return known


Read = TypeVar("Read")


def _by_line(found: object, read: Callable[[object], Read | None]) -> dict[int, tuple[Read, ...]]:
    """What is told of a file's functions, by their first lines; what cannot be read is left out."""
    known: dict[int, tuple[Read, ...]] = {}
    for one in found if isinstance(found, list) else ():
        match one:
            case [int(first), [*told]]:
                known[first] = tuple(made for each in told if (made := read(each)) is not None)
    return known


def _call(call: object) -> Taken | None:
    match call:
        case [[*args], more, {**keywords}, named]:
            by_name = {str(key): _text(value) for key, value in keywords.items()}
            return Taken(tuple(map(_text, args)), str(more), by_name, str(named))
    return None


def _entry(found: object) -> Entry | None:
    """One whose instance was made by an entry on an instance is none."""
    match found:
        case [str(file), int(line), call, on] if (taken := _call(call)) is not None:
            match on:
                case None:
                    return Entry(file, line, taken)
                case [str(module), str(name)]:
                    return Entry(file, line, taken, module=module, name=name)
                case [_, _, _, None] if (maker := _entry(on)) is not None:
                    return Entry(file, line, taken, maker)
    return None


def _text(value: object) -> str | None:
    return value[:TEXT_LIMIT] if isinstance(value, str) else None


def _events(text: str) -> Iterator[Any]:
    """The lines of a report that are JSON."""
    for line in text.splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            yield json.loads(line)


def _raised(text: str) -> dict[int, Raised]:
    """What calls ended with, by number."""
    found: dict[int, Raised] = {}
    for event in _events(text):
        match event:
            case {
                "call": int(number),
                "kinds": [*kinds],
                "detail": str(detail),
                "frames": [*frames],
                "meant": bool(is_meant),
            }:
                names = tuple(str(kind)[:TEXT_LIMIT] for kind in kinds)
                own = tuple(f for one in frames if (f := _frame(one)))
                source = str(event.get("source", ""))[:TEXT_LIMIT]
                sought = frozenset(str(one)[:TEXT_LIMIT] for one in _listed(event.get("sought")))
                found[number] = Raised(names, detail[:TEXT_LIMIT], own, is_meant, source, sought)
    return found


def _listed(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def _frame(raw: object) -> Frame | None:
    match raw:
        case [str(path), str(function), int(line), int(column), int(end_line), int(end_column)]:
            return Frame(path, function, (line, column, end_line, end_column))
    return None


def _returned(text: str) -> dict[int, str]:
    """What calls gave that ended by themselves, by number."""
    found: dict[int, str] = {}
    for event in _events(text):
        match event:
            case {"call": int(number), "returned": str(value)}:
                found[number] = value[:TEXT_LIMIT]
    return found


def _outside(text: str) -> frozenset[int]:
    """Calls that asked something of the system, by number."""
    return frozenset(
        event["call"]
        for event in _events(text)
        if isinstance(event, dict) and event.get("outside") is True and isinstance(event.get("call"), int)
    )


def _took(text: str) -> dict[int, float]:
    """Seconds of calls, by number."""
    return {
        event["call"]: _seconds(event["took"])
        for event in _events(text)
        if isinstance(event, dict) and "took" in event and isinstance(event.get("call"), int)
    }


def _found(text: str) -> tuple[str, ...]:
    """Expressions that were looked for, in their order."""
    found = (
        event["found"] for event in _events(text) if isinstance(event, dict) and isinstance(event.get("found"), str)
    )
    return tuple(one[:TEXT_LIMIT] for one in found)


_NONE = TestResult("", "")


def _numbers(found: object) -> tuple[int, ...]:
    return tuple(sorted({n for n in found if isinstance(n, int)})) if isinstance(found, list) else ()


def _seconds(found: object) -> float:
    return float(found) if isinstance(found, int | float) and 0 <= found < 1e6 else 0.0


def _bits(found: object) -> tuple[int, ...]:
    """Numbers that came as bits, in hexadecimal."""
    if not isinstance(found, str) or not re.fullmatch(r"[0-9a-f]{1,65536}", found):
        return ()
    return tuple(n for n, bit in enumerate(reversed(bin(int(found, 16))[2:])) if bit == "1")

"""How made tests are told: to scripts as the JSON of docs/protocol.md, to people in lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analyzers.mutants.usual import Usual

from .asked import Survey
from .asking import RUNS, Stage
from .suite import Fate
from .way import Made

SHOWN = 5  # survivors of a function
STAGES: dict[Stage, str] = {
    "tests": "running the tests that are there",
    "inputs tried": "trying inputs",
    "mutants": "asking small changes of the code the same",
    "runs": "running the new tests",
}


def made_json(made: Mapping[str, Sequence[Made]]) -> dict[str, Any]:
    """The answer of `assay test --json` about functions by their files, without its schema number."""
    return {"files": [_file(name, of) for name, of in made.items()]}


def survey_json(name: str, found: Survey) -> dict[str, Any]:
    """The answer of `assay mutants --json` without its schema number."""
    left = found.survivors
    return {
        "file": name,
        "mutants": len(found.mutants),
        "noticed": len(found.mutants) - len(left),
        "tests": len(found.suite.lines),
        "red": list(found.suite.red),
        "survivors": [{"line": one.line, "told": one.told, "reached": fate == "alive"} for one, fate in left],
    }


def lines(one: Made) -> Iterator[str]:
    """What was found of a function."""
    if one.why:
        yield f"{one.subject.name}: {one.why}"
    if one.written is not None:
        count = len(one.rows)
        noticed = one.mutants - len(one.survivors)
        was = f", {one.before} before" if one.before else ""
        calls = f"{count} call{'s' * (count != 1)} of {one.tried} that were tried"
        what = (
            f"{calls} give{'s' * (count == 1)} something else without the change"
            if one.rows[0].source == "changed"
            else f"with {calls} tests notice {noticed} of {one.mutants} small changes{was}"
        )
        yield f"{one.subject.name}: {what}; passed {one.runs} of {RUNS} runs, {one.took_s:.0f} s"
        for two in one.survivors[:SHOWN]:
            yield f"  line {two.line}: no test notices if {two.told}"
        if len(one.survivors) > SHOWN:
            yield f"  and {len(one.survivors) - SHOWN} more"
    for question in one.questions:
        says = "hint" if question.documented.startswith("-> ") else "docstring"
        yield f"  ? {question.call}: its {says} says {question.documented}, and it gives {question.found}"


def glance(made: Sequence[Made]) -> str:
    """What was found of all of them, in one line."""
    done = [one for one in made if one.written is not None]
    asks = sum(len(one.questions) for one in made)
    more = f"; {asks} call{'s' * (asks != 1)} give{'s' * (asks == 1)} something else than is documented" if asks else ""
    if not made:
        return "no function or class that can be tried is concerned"
    if done and all(row.source == "changed" for one in done for row in one.rows):
        names = ", ".join(one.subject.name for one in done)
        return f"tests of {names} fail without the change and passed {RUNS} of {RUNS} runs{more}"
    if len(made) == 1 and not done:
        return f"no tests of {made[0].subject.name}: {made[0].why}{more}"
    noticed, of = sum(one.mutants - len(one.survivors) for one in done), sum(one.mutants for one in done)
    told = made[0].subject.name if len(made) == 1 else f"{len(done)} of {len(made)} functions and classes"
    return f"tests of {told} notice {noticed} of {of} small changes and passed {RUNS} of {RUNS} runs{more}"


def survived(one: Usual, fate: Fate) -> str:
    """What is said of a mutant that no test notices."""
    return f"no test notices if {one.told}" if fate == "alive" else "no test executes this"


def total(name: str, found: Survey) -> Iterator[str]:
    """How many are noticed, and which tests could notice nothing."""
    count = len(found.mutants)
    noticed = count - len(found.survivors)
    share = f" ({noticed / count:.0%})" if count else ""
    yield f"{noticed} of {count} small changes{share} are noticed by the {len(found.suite.lines)} tests that reach {name}."
    if found.suite.red:
        yield f"{len(found.suite.red)} of its tests are red and notice nothing: {', '.join(found.suite.red[:3])}"


def _file(name: str, made: Sequence[Made]) -> dict[str, Any]:
    last = next((one.written for one in reversed(made) if one.written is not None), None)
    return {
        "file": name,
        "test": None if last is None else {"file": last.name, "text": last.text},
        "functions": [_function(one) for one in made],
    }


def _function(one: Made) -> dict[str, Any]:
    return {
        "name": one.subject.name,
        "line": one.subject.lines[0],
        "tests": list(one.written.tests) if one.written is not None else [],
        "why": one.why or None,
        "calls": [
            {
                "call": row.call,
                "kind": row.answer.kind,
                "expected": row.answer.kinds[0] if row.answer.kind == "raised" else row.answer.gives,
                "source": row.source,
            }
            for row in one.rows
        ],
        "questions": [{"call": two.call, "documented": two.documented, "found": two.found} for two in one.questions],
        "mutants": one.mutants,
        "before": one.before,
        "survivors": [{"line": two.line, "told": two.told} for two in one.survivors],
        "tried": one.tried,
        "runs": {"passed": one.runs, "of": RUNS},
        "seconds": round(one.took_s, 1),
    }

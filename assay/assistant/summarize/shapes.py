"""Summaries as JSON, as lines for a terminal, and as Markdown for a hover."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from analyzers.facts import Facts, Parameter
from analyzers.facts.returns import Returned

from .symbols import Symbol

TYPES = 5  # seen types that are named
TOLD = 3  # callers, tests or callees that are named
_PREFIX = {"*": "*", "**": "**"}


def summary_json(symbols: Sequence[Symbol]) -> dict[str, Any]:
    """The answer of `assay summarize --json` without its schema number, as docs/protocol.md has it."""
    return {
        "symbols": [
            {
                "name": one.facts.path,
                "kind": one.facts.kind,
                "line": one.facts.line,
                "summary": one.summary,
                "source": one.source,
                "facts": _facts_json(one),
            }
            for one in symbols
        ]
    }


def _facts_json(symbol: Symbol) -> dict[str, Any]:
    facts = symbol.facts
    effects = facts.effects
    return {
        "endLine": facts.end,
        "parameters": [
            {"name": p.name, "kind": p.kind, "annotation": p.annotation or None, "default": p.default or None}
            for p in facts.parameters
        ],
        "returns": [{"type": r.type or None, "text": r.text or None} for r in facts.returns],
        "annotation": facts.annotation or None,
        "yields": facts.yields,
        "async": facts.is_async,
        "raises": [
            {
                "name": r.name,
                "line": r.line,
                "condition": r.condition or None,
                "passedOn": r.is_passed_on,
                "seenIn": list(symbol.seen.shows(r.name)) if symbol.seen is not None else None,
            }
            for r in facts.raises
        ],
        "raisesByCallee": [{"name": name, "callee": callee} for name, callee in facts.raises_by_callee],
        "setsAttributes": list(effects.attributes),
        "changesArguments": list(effects.arguments),
        "changesGlobals": list(effects.globals),
        "outside": [{"what": what, "call": call} for what, call in effects.outside],
        "callees": list(facts.callees),
        "conditions": list(facts.conditions),
        "callers": list(symbol.callers),
        "tests": None if symbol.tests is None else list(symbol.tests),
        "seen": None
        if symbol.seen is None
        else {
            "returned": {name: list(tests) for name, tests in symbol.seen.returned.items()},
            "raised": {name: list(tests) for name, tests in symbol.seen.raised.items()},
        },
        "complexity": facts.complexity,
        "bases": list(facts.bases),
        "methods": list(facts.methods),
    }


def lines(symbol: Symbol) -> Iterator[str]:
    """What is known of a symbol besides its sentence, a line for each kind of fact that there is."""
    facts = symbol.facts
    if facts.yields:
        yield "Yields values."
    elif any(one.type != "None" for one in facts.returns):
        yield f"Returns {_given(facts)}."
    if (
        symbol.seen is not None
        and symbol.seen.returned
        and not facts.yields
        and any(not one.type for one in facts.returns)
    ):
        yield f"In its tests it returned {_listed([_kind(name) for name in symbol.seen.returned][:TYPES])}."
    for name in dict.fromkeys(one.name for one in facts.raises):
        places = [one for one in facts.raises if one.name == name]
        where = f" where {code(places[0].condition)}" if len(places) == 1 and places[0].condition else ""
        told = f"Passes {code(name)} on" if all(one.is_passed_on for one in places) else f"Raises {code(name)}{where}"
        yield f"{told}{_seen(symbol, name)}."
    for name, callee in facts.raises_by_callee:
        yield f"Raises {code(name)} by {code(callee)}{_seen(symbol, name)}."
    effects = facts.effects
    for word, names in (
        ("Sets", [f"self.{name}" for name in effects.attributes]),
        ("Changes its argument", list(effects.arguments)),
        ("Changes the module's", list(effects.globals)),
    ):
        if names:
            yield f"{word} {_listed([code(name) for name in names])}."
    if effects.outside:
        yield f"{_capital(_listed([f'{what} ({code(call)})' for what, call in effects.outside]))}."
    if facts.kind == "class" and facts.methods:
        yield f"Methods: {_listed([code(name) for name in facts.methods])}."
    if symbol.callers:
        yield f"Called by {_some(symbol.callers)}."
    if symbol.tests is not None:
        yield (
            f"Entered by {_some(symbol.tests)}, which passed when it was recorded."
            if symbol.tests
            else "No recorded test enters it."
        )
    if facts.kind != "class":
        yield f"Complexity {facts.complexity}."


def _seen(symbol: Symbol, name: str) -> str:
    tests = symbol.seen.shows(name) if symbol.seen is not None else ()
    return f": seen in {code(tests[0].rpartition('::')[2])}" if tests else ""


def _kind(name: str) -> str:
    return "`None`" if name == "NoneType" else f"{'an' if name == 'int' else 'a'} {code(name)}"


def lens(symbol: Symbol) -> str:
    """What stands above a function: the tests that entered it when they passed last, with a mark where it has changed since, and how many call it; "" where nothing is known."""
    if symbol.facts.kind == "class":
        return ""
    told = []
    if symbol.tests:
        told.append(f"✓ {_count(len(symbol.tests), 'test')}")
    elif symbol.tests_then:
        told.append(f"? {_count(len(symbol.tests_then), 'test')}, before it changed")
    elif symbol.tests is not None:
        told.append("no test")
    if symbol.callers:
        told.append(_count(len(symbol.callers), "caller"))
    return ", ".join(told)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def markdown(symbol: Symbol) -> str:
    """For a hover: the facts as a list, below the sentence where the author wrote no docstring, or a model was asked for it; signature and docstring are the editor's own server's to show."""
    told = [f"- {line}" for line in lines(symbol)]
    if symbol.source == "model":
        return "\n".join([f"{_plain(symbol.summary)} _(the model)_", "", *told])
    return "\n".join(told if symbol.facts.docstring else [symbol.summary, "", *told])


def _plain(text: str) -> str:
    """A model's text, in which nothing is a link, a picture or HTML; what it puts between backticks stays code."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(part if number % 2 else _MARKS.sub(r"\\\1", part) for number, part in enumerate(parts))


_MARKS = re.compile(r"([\\`\[\]()<>!*_#|~:@]|(?<=www)\.)")


def code(text: str) -> str:
    """A text of the workspace as a code span of Markdown, which no backtick in it ends."""
    runs = [len(run) for run in re.findall(r"`+", text)]
    fence = "`" * (max(runs, default=0) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def signature(facts: Facts) -> str:
    """The name with its parameters as they are written, for a heading."""
    return f"{facts.path}({', '.join(_parameter(one) for one in facts.parameters)})"


def _parameter(one: Parameter) -> str:
    said = _PREFIX.get(one.kind, "") + one.name + (f": {one.annotation}" if one.annotation else "")
    return said + (f" = {one.default}" if one.default and one.annotation else f"={one.default}" if one.default else "")


def _given(facts: Facts) -> str:
    told = list(dict.fromkeys(_returned(one) for one in facts.returns))
    if len(told) > TOLD:
        return f"{', '.join(told[:TOLD])}, or one of {len(told) - TOLD} more"
    return " or ".join(told)


def _returned(one: Returned) -> str:
    if one.text in ("None", "True", "False"):
        return code(one.text)
    if one.type:
        return f"{'an' if one.type == 'int' else 'a'} {code(one.type)}"
    return code(one.text) if one.text else "what a longer expression gives"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
    return f"{', '.join(map(code, names[:TOLD]))}{more}"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

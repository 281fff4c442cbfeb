"""Docstrings out of facts: a new one in a style, and one that is brought up to date without a word of its author's changed."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Sequence

from analyzers import words
from analyzers.facts import Facts, Parameter
from analyzers.facts.bound import arguments
from analyzers.places import Places
from analyzers.text import Edit, Span

from . import Docstring, Section, Style, parsed

Function = ast.FunctionDef | ast.AsyncFunctionDef
QUOTES = '"""'
_QUOTES = re.compile(r"^([rR]?)(\"\"\"|''')")


def new(function: Function, facts: Facts, sentence: str, style: Style, places: Places) -> Edit | None:
    """The edit that writes a docstring for a function without one; None where its body stands on the line of its head."""
    first = function.body[0]
    is_told = ast.get_docstring(function, clean=False) is not None
    if first.lineno == function.lineno or is_told or "\r" in places.text:
        return None
    indent = places.text[places.offset(first.lineno, 0) : places.span(first).start]
    if indent.strip():
        return None
    unit = "\t" if "\t" in indent else "    "  # a file keeps its own way of indenting
    lines = [_within_quotes(line.replace("    ", unit)) for line in _written(facts, sentence, style)]
    return Edit(_above(function, places), _literal(lines, indent, '"""', "") + "\n")


def _within_quotes(line: str) -> str:
    """A line as it stands in a docstring, so that it reads as it is."""
    return line.replace("\\", "\\\\").replace(QUOTES, '\\"\\"\\"')


def updated(function: Function, facts: Facts, places: Places) -> Edit | None:
    """The edit that adds what a docstring with sections does not tell (parameters, exceptions) and takes out parameters that are gone; None where there is
    nothing to do, or the docstring is written in another way than between three quotes."""
    told = function.body[0]
    docstring = ast.get_docstring(function, clean=False)
    if docstring is None or not isinstance(told, ast.Expr):
        return None
    span = places.span(told.value)
    match = _QUOTES.match(places.text[span.start : span.end])
    if match is None or "\\" in places.text[span.start : span.end] or "\r" in places.text:
        return None
    doc = parsed(inspect.cleandoc(docstring))
    lines = _brought_up(doc, facts, arguments(function.args))
    if lines is None or lines == list(doc.lines):
        return None
    line_start = places.text.rfind("\n", 0, span.start) + 1
    indent = places.text[line_start : span.start]
    if indent.strip():
        return None
    begins_below = docstring[:1] == "\n"
    as_it_is = _literal(doc.lines, indent, match[2], match[1], begins_below=begins_below).removeprefix(indent)
    if as_it_is.removesuffix(match[2]).rstrip() != places.text[span.start : span.end].removesuffix(match[2]).rstrip():
        return None  # tabs, or spaces at the ends of lines: it would not stay as its author wrote it
    return Edit(span, _literal(lines, indent, match[2], match[1], begins_below=begins_below).removeprefix(indent))


def _written(facts: Facts, sentence: str, style: Style) -> list[str]:
    parameters = [(one, _of_parameter(one)) for one in facts.parameters]
    raises = _raises(facts)
    given = _given(facts)
    lines = [sentence]
    if style == "rest":
        entries = [*(f":param {one.name}: {said}" for one, said in parameters)]
        entries += [f":returns: {given}"] if given else []
        entries += [f":raises {name}: {said}" for name, said in raises]
        return lines + (["", *entries] if entries else [])
    if parameters:
        lines += _section(
            "Args" if style == "google" else "Parameters",
            [_entry(_starred(one), one.annotation, said, style) for one, said in parameters],
            style,
        )
    if given:
        lines += _section(
            "Yields" if facts.yields else "Returns",
            [[f"    {given}"] if style == "google" else [facts.annotation or _type(facts), f"    {given}"]],
            style,
        )
    if raises:
        lines += _section("Raises", [_entry(name, "", said, style) for name, said in raises], style)
    return lines


def _section(head: str, entries: Sequence[Sequence[str]], style: Style) -> list[str]:
    heading = [f"{head}:"] if style == "google" else [head, "-" * len(head)]
    return ["", *heading, *(line for entry in entries for line in entry)]


def _entry(name: str, kind: str, said: str, style: Style) -> list[str]:
    if style == "numpy":
        return [f"{name} : {kind}" if kind else name, f"    {said}"]
    return [f"    {name}: {said}"]


def _of_parameter(one: Parameter) -> str:
    name = words.spoken(words.of_name(one.name)) or one.name
    if one.kind == "*":
        return f"More {name}." if not name.startswith("more") else "More of them."
    if one.kind == "**":
        return f"More {name} by their names."
    return f"The {name}, {one.default} by default." if one.default and len(one.default) <= 20 else f"The {name}."


def _raises(facts: Facts) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for one in facts.raises:
        if one.name not in found:
            found[one.name] = f"If ``{one.condition}``." if one.condition else "If it cannot be done."
        elif one.condition:
            found[one.name] = "If it cannot be done."
    for name, callee in facts.raises_by_callee:
        found.setdefault(name, f"As ``{callee}`` raises it.")
    return list(found.items())


def _given(facts: Facts) -> str:
    if facts.yields:
        return "What it finds, one after the other."
    types = [one.type or "" for one in facts.returns]
    if not any(one != "None" for one in types):
        return ""
    if set(types) == {"bool"}:
        return "Whether it is so."
    name = words.of_name(facts.name)
    rest = name[1:] if name and (name[0] in words.VERBS or name[0] in ("is", "has", "to", "from")) else name
    said = f"The {words.spoken(rest)}" if rest else "The result"
    return f"{said}, or None." if "None" in types else f"{said}."


def _type(facts: Facts) -> str:
    types = dict.fromkeys(one.type or "object" for one in facts.returns)
    return " or ".join(types) if types else "object"


def _brought_up(doc: Docstring, facts: Facts, names: set[str]) -> list[str] | None:
    """The lines with what is missing, and without parameters that are certainly gone; None where the docstring has no section to go by."""
    lines: list[str | None] = list(doc.lines)
    added: dict[int, list[str]] = {}
    section, raises = doc.section("parameters"), doc.section("raises")
    if section is not None and section.entries and doc.style is not None and _is_understood(doc, section):
        known = {one.name for one in doc.entries("parameters")}
        takes_any = any(one.kind in ("*", "**") for one in facts.parameters)
        for entry in section.entries if known & names and not takes_any else ():
            is_shared = any(other.first == entry.first and other.name in names for other in section.entries)
            said = " ".join(doc.lines[entry.first : entry.last + 1]).lower()
            is_name = entry.name.isidentifier() and entry.name.islower() and entry.name != "optional"
            if is_name and entry.name not in names and not is_shared and "removed" not in said:
                lines[entry.first : entry.last + 1] = [None] * (entry.last + 1 - entry.first)
        missing = [one for one in facts.parameters if one.name not in known]
        added[section.entries[-1].last] = [
            line
            for one in missing
            for line in _more(section, _starred(one), one.annotation, _of_parameter(one), doc.style)
        ]
    if raises is not None and raises.entries and doc.style is not None and _is_understood(doc, raises):
        told = {one.name.rpartition(".")[2] for one in doc.entries("raises")}
        own = {one.name for one in facts.raises}
        more = [(name, said) for name, said in _raises(facts) if name in own and name.rpartition(".")[2] not in told]
        added[raises.entries[-1].last] = [
            line for name, said in more for line in _more(raises, name, "", said, doc.style)
        ]
    if section is None and raises is None:
        return None
    made: list[str] = []
    for number, line in enumerate(lines):
        made += [line] if line is not None else []
        made += added.get(number, [])
    return made


def _starred(one: Parameter) -> str:
    return one.kind + one.name if one.kind in ("*", "**") else one.name


def _is_understood(doc: Docstring, section: Section) -> bool:
    """Whether every line of a section is its heading, an entry's, or empty: what is written in another way is left alone. In reST the lines between may be other fields."""
    if doc.style == "rest":
        return True
    first = section.first + (2 if doc.style == "numpy" else 1)
    covered = {row for entry in section.entries for row in range(entry.first, entry.last + 1)}
    return all(row in covered or not doc.lines[row].strip() for row in range(first, section.last + 1))


def _more(section: Section, name: str, kind: str, said: str, style: Style) -> list[str]:
    if style == "rest":
        word = "raises" if section.kind == "raises" else "param"
        return [f":{word} {name.lstrip('*')}: {said}"]
    entry = _entry(name, kind, said, style)
    return [section.indent + line.removeprefix("    ") for line in entry] if style == "google" else entry


def _above(function: Function, places: Places) -> Span:
    """Where a docstring goes: right below the function's head, in the place of empty lines there."""
    first = function.body[0]
    row = min((one.lineno for one in getattr(first, "decorator_list", [])), default=first.lineno)
    rows = places.text.split("\n")
    while row > 2 and (not rows[row - 2].strip() or rows[row - 2].lstrip().startswith("#")):
        row -= 1
    below = row
    while not rows[below - 1].strip():
        below += 1
    return Span(places.offset(row, 0), places.offset(below, 0))


def _literal(lines: Sequence[str], indent: str, quotes: str, prefix: str, *, begins_below: bool = False) -> str:
    """The docstring's literal with its indentation before it."""
    body = f"\n{indent}".join(line for line in lines).replace(f"\n{indent}\n", "\n\n")
    body = "\n".join(row.rstrip() for row in body.split("\n"))
    lead = f"\n{indent}" if begins_below else ""
    tail = f"\n{indent}" if len(lines) > 1 else ""
    return f"{indent}{prefix}{quotes}{lead}{body}{tail}{quotes}"

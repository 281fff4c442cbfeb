"""Rows as the text of tests, in the file where tests of that module are."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from analyzers import homes, prepared, scenarios, syntax
from analyzers.subjects import Subject

from ..trials import answers
from ..trials.answers import Answer
from . import cases, joining
from .rows import Row, Source

# Of pytest, with their types.
FIXTURES = {
    "capsys": "pytest.CaptureFixture[str]", "monkeypatch": "pytest.MonkeyPatch", "recwarn": "pytest.WarningsRecorder", "tmp_path": "Path",
}  # fmt: skip
ALIKE = 3  # rows from which they stand in a table


@dataclass(frozen=True, slots=True)
class Written:
    """A test file with tests added: its new text, what it was ("" for a new one), the names of the tests ("Case::test_…" in a case), and the rows of each."""

    name: str
    text: str
    before: str
    tests: tuple[str, ...]
    rows: tuple[tuple[Row, ...], ...]


def written(
    texts: Mapping[str, str],
    name: str,
    subject: Subject,
    rows: Sequence[Row],
    style: Callable[[str], str] = str,
    by: str = "",
) -> Written | None:
    """The tests of a function of the file `name`, in the project's test file for it or in a new one; `texts` are the project's files, `style` formats code, `by` is the file of what is called, where that is another. None
    for a file that nobody can import by its name, and where no row can be written as the tests of that file are."""
    by = by or name
    module = homes.importable(by, texts)
    if not module or not rows:
        return None
    target = homes.test_file(texts, name)
    before = texts.get(target, "")
    are_cases = cases.are_written(texts, target)
    case = cases.named(subject.name, before) if are_cases else ""
    annotated = "-> None" in before or not (before or are_cases)
    own = homes.bound(texts.get(by, ""))
    raised = {row.answer.kinds[0] for row in rows if row.answer.kind == "raised"}
    used = {one for row in rows for one in _names(row.call) if one in own} - {subject.name}
    lines = {one: line for one in used if (line := homes.origin(texts.get(by, ""), one))}
    own_names = {
        subject.name,
        *(used - set(lines)),
        *(one for one in raised if one in own or not hasattr(builtins, one)),
    }
    wanted, others = sorted(own_names), sorted(set(lines.values()))
    there = homes.bound(before)
    is_local = any(one in there and not homes.imports(before, module, one) for one in wanted) or any(
        name in there and homes.origin(before, name) != line for name, line in lines.items()
    )  # its names are others' in that file
    local = (
        "".join(f"    {one}\n" for one in (*others, f"from {module} import {', '.join(wanted)}")) + "\n"
        if is_local
        else ""
    )
    parts, rows_of, taken = (
        dict[str, str](),
        list[tuple[Row, ...]](),
        set(re.findall(r"^[ \t]*(?:async )?def (\w+)", before, re.MULTILINE)),
    )
    for said, group in _parts(subject, rows):
        made = homes.free(f"test_{_snake(subject.name) if subject.methods else subject.name}_{said}", taken)
        taken.add(made)
        is_scenario = bool(scenarios.steps(group[0].call))
        text = (_scenario if is_scenario else _test)(made, subject, group, annotated=annotated)
        text = re.sub(r"^(def .*:\n)", lambda match: match[1] + local, text, flags=re.MULTILINE)
        if text := cases.method(text) if are_cases else text:
            parts[f"{case}::{made}" if are_cases else made] = text
            rows_of.append(tuple(group))
    if not parts:
        return None
    body = cases.case(case, [*parts.values()]) if are_cases else "\n\n".join(parts.values())
    needs = [] if is_local else [line for name, line in sorted(lines.items()) if name not in there]
    needs += [
        line for name, (sign, line) in _NEEDED.items() if sign in body and name not in there and line not in needs
    ]
    text = joining.joined(before, module, () if is_local else wanted, style(body), needs)
    return Written(target, text, before, tuple(parts), tuple(rows_of))


_NEEDED = {
    "asyncio": ("asyncio.run(", "import asyncio"),
    "unittest": ("unittest.TestCase", "import unittest"),
    "random": ("random.seed(", "import random"),
    "Path": ("tmp_path: Path", "from pathlib import Path"),
}


def _parts(subject: Subject, rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """The rows of each test with what its name says: each scenario is a test of its own."""
    ways = [row for row in rows if scenarios.steps(row.call)]
    yield from _groups([row for row in rows if row not in ways])
    for row in ways:
        raises = f"raises_{_snake(row.answer.kinds[0])}" if row.answer.kind == "raised" else ""
        made, *steps = scenarios.steps(row.call)
        stays = made and not subject.methods and answers.steps_of(row.answer)[-1:] == (made,)
        yield raises or (f"leaves_{_variable(subject, made, steps)}_as_it_is" if stays else _SAID[row.source]), [row]


def _variable(subject: Subject, made: str, steps: Sequence[str]) -> str:
    """What the instance of a scenario is called in its test; of a function the parameter that it is given for."""
    if not subject.methods and made.startswith(f"{subject.name}("):
        return _named_like(subject, subject.result[0].name if subject.result else "found")
    if not subject.methods:
        call = syntax.expression(steps[0]) if steps else None
        args = call.args if isinstance(call, ast.Call) else []
        at = next((number for number, arg in enumerate(args) if isinstance(arg, ast.Name) and arg.id == "o"), None)
        places = [one.name for one in subject.parameters if not one.is_keyword]
        return places[at] if at is not None and at < len(places) else "given"
    return _named_like(subject, subject.name)


def _named_like(subject: Subject, name: str) -> str:
    """The name of an instance of a class."""
    one = _snake(name)
    return f"the_{one}" if keyword.iskeyword(one) or hasattr(builtins, one) or one == subject.name else one


def _scenario(name: str, subject: Subject, rows: Sequence[Row], *, annotated: bool) -> str:
    """The steps one after the other, each with what it is expected to give; one that gave None is only done."""
    (row,) = rows
    made, *steps = scenarios.steps(row.call)
    one = _variable(subject, made, steps)
    gave = answers.steps_of(row.answer) if row.answer.kind == "value" else ()
    lines = (
        []
        if not made
        else [f"    {one} = {made}\n"]
        if steps or row.answer.kind != "raised"
        else [f"    with pytest.raises({row.answer.kinds[0]}):\n        {made}\n"]
    )
    for number, step in enumerate(steps):
        told = prepared.as_written(_named(step, one))
        if row.answer.kind == "raised":
            is_last = number == len(steps) - 1
            lines.append(
                f"    with pytest.raises({row.answer.kinds[0]}):\n        {told}\n" if is_last else f"    {told}\n"
            )
            continue
        source = gave[number] if number < len(gave) else ""
        lines.append(_statement(told, Row(told, Answer("value", source), row.source)) if source else f"    {told}\n")
    note = _NOTES[row.source].format(subject.name) if row.answer.kind == "value" or row.source == "changed" else ""
    ends = " -> None" if annotated else ""
    body = "".join(lines)
    needed = [one for one in FIXTURES if re.search(rf"\b{one}\b", body)]
    given = ", ".join(f"{one}: {FIXTURES[one]}" if annotated else one for one in needed)
    return f"def {name}({given}){ends}:\n{note}{body}"


def _named(step: str, one: str) -> str:
    """A step with the instance by its name in the test."""
    tree = syntax.expression(step)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Name) and node.id == "o":
            node.id = one
    return ast.unparse(tree) if tree is not None else step


def _groups(rows: Sequence[Row]) -> Iterable[tuple[str, list[Row]]]:
    """Rows that belong into one test, with what its name says."""
    for source, said in _SAID.items():
        of = [row for row in rows if row.source == source]
        if values := [row for row in of if row.answer.kind == "value"]:
            yield said, values
        for kind in dict.fromkeys(row.answer.kinds[0] for row in of if row.answer.kind == "raised"):
            yield (
                f"raises_{_snake(kind)}",
                [row for row in of if row.answer.kind == "raised" and row.answer.kinds[0] == kind],
            )


_SAID: Mapping[Source, str] = {
    "documented": "as_documented",
    "changed": "as_changed",
    "today": "as_it_is_today",
    "asked": "as_asked_for",
}
_NOTES: Mapping[Source, str] = {
    "documented": "",
    "asked": "",
    "changed": "    # Without the change `{}` gives something else.\n",
    "today": "    # What `{}` gives today: nothing says that it should.\n",
}


def _test(name: str, subject: Subject, rows: Sequence[Row], *, annotated: bool) -> str:
    ends = " -> None" if annotated else ""
    note = (
        _NOTES[rows[0].source].format(subject.name)
        if rows[0].answer.kind == "value" or rows[0].source == "changed"
        else ""
    )
    table = _table(subject, rows) if len(rows) >= ALIKE else None
    if table is None:
        return f"def {name}(){ends}:\n{note}" + "".join(
            _statement(row.call, row, is_async=subject.is_async) for row in rows
        )
    names, values = table
    is_raised = rows[0].answer.kind == "raised"
    if not is_raised:
        names, values = (
            [*names, _other("expected", names)],
            [[*of, _expected(row.answer.gives)] for of, row in zip(values, rows, strict=True)],
        )
    keys = ", ".join(f'"{one}"' for one in names)
    lines = "".join(f"        {_row(of)},\n" for of in values)
    given = ", ".join(names if is_raised else names[:-1])
    head = f"@pytest.mark.parametrize(\n    {f'({keys})' if len(names) > 1 else keys},\n    [\n{lines}    ],\n)\n"
    typed = ", ".join(f"{one}: object" if annotated else one for one in names)
    body = _statement(
        f"{subject.name}({given})",
        rows[0],
        "" if is_raised else names[-1],
        is_close=any(answers.is_close(row.answer.gives) for row in rows if not is_raised),
        is_async=subject.is_async,
    )
    return f"{head}def {name}({typed}){ends}:\n{note}{body}"


def _table(subject: Subject, rows: Sequence[Row]) -> tuple[list[str], list[list[str]]] | None:
    """Names and values of arguments where all rows give the same ones by place; booleans and None are expected by `is`, so they stand alone together."""
    calls = [syntax.expression(row.call) for row in rows]
    given = [(len(one.args), tuple(word.arg for word in one.keywords)) for one in calls if isinstance(one, ast.Call)]
    if len(set(given)) != 1 or given[0][1] or not given[0][0]:
        return None
    close = {row.answer.kind == "value" and answers.is_close(row.answer.gives) for row in rows}
    numbers = all(answers.is_close(f"[1.0, {row.answer.gives}]") for row in rows) if True in close else True
    if len({_sign(row) for row in rows}) != 1 or (len(close) > 1 and not numbers):
        return None
    names = [one.name for one in subject.parameters][: given[0][0]]
    if len(names) != given[0][0]:
        return None
    return names, [[ast.unparse(arg) for arg in one.args] for one in calls if isinstance(one, ast.Call)]


def _row(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"({', '.join(values)})"


def _sign(row: Row) -> str:
    """How a value is compared: "repr" of an object that is known by what it tells of itself, "list" of what is computed step by step."""
    gives = row.answer.gives
    if row.answer.kind != "value":
        return "=="
    if gives in ("True", "False", "None"):
        return "is"
    return "repr" if answers.is_repr(gives) else "list" if answers.listed(gives) else "=="


def _expected(gives: str) -> str:
    return repr(gives) if answers.is_repr(gives) else answers.listed(gives) or gives


def _statement(call: str, row: Row, expected: str = "", *, is_close: bool | None = None, is_async: bool = False) -> str:
    call = f"asyncio.run({call})" if is_async else call
    if row.answer.kind == "raised":
        return f"    with pytest.raises({row.answer.kinds[0]}):\n        {call}\n"
    is_close = answers.is_close(row.answer.gives) if is_close is None else is_close
    value = expected or _expected(row.answer.gives)
    if (sign := _sign(row)) in ("repr", "list"):
        return f"    assert {sign}({call}) == {value}\n"
    if isinstance(syntax.expression(call), ast.Compare | ast.BoolOp | ast.UnaryOp | ast.IfExp):
        call = f"({call})"  # Python would read one comparison of all
    return f"    assert {call} {_sign(row)} {f'pytest.approx({value})' if is_close else value}\n"


def _names(call: str) -> set[str]:
    """The names that a call uses."""
    tree = syntax.expression(call)
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} if tree is not None else set()


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _other(name: str, names: Sequence[str]) -> str:
    return name if name not in names else f"{name}_value"

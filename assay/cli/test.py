"""`assay test`: tests for the functions of a file, each kept for what it notices, as a change to review."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated

import typer

from analyzers import encodings, reach, subjects
from analyzers.subjects import Subject
from assay.assistant.test import shapes, suite
from assay.assistant.test.suite import Place
from assay.assistant.test.way import RUNS, Made, made
from assay.assistant.workbench import Workbench
from assay.cli import out, place
from assay.cli.ask import PYTHON, Json
from assay.cli.check import Progress
from sandbox.api import SandboxUnavailable

SHOWN = 5  # survivors of a function


def test(
    where: Annotated[str, typer.Argument(metavar="FILE[::FUNCTION]", help="A Python file, or one function of it.")],
    as_json: Json = False,
    write: Annotated[bool, typer.Option("--write", help="Write the tests into the file that is named.")] = False,
) -> None:
    """Make tests for the functions of a file: of what they give today, and of what their docstrings show.

    Inputs are tried in the sandbox, and a call becomes a test for the small changes of the code that it notices. What is offered was run five times,
    each time in a fresh container. No model is asked. Where a docstring says otherwise than the code it is a question, and no test.
    Exits 1 where there is nothing to offer, else 0; 2 misuse.
    """
    path, _, wanted = where.partition("::")
    whole = Path(path).resolve()
    if not whole.is_file() or whole.suffix not in PYTHON:
        out.fail("not-python", f"{path} is no Python file ({' or '.join(PYTHON)}).", as_json=as_json)
    root = place.project_of(whole)
    name = whole.relative_to(root).as_posix()
    try:
        text = place.read(whole).text
    except place.BadPlace as error:
        out.fail("bad-input", str(error), as_json=as_json)
    every = subjects.of_text(text)
    chosen = (
        [one for one in every if one.name == wanted]
        if wanted
        else [one for one in every if not one.name.startswith("_")]
    )
    if not chosen:
        known = ", ".join(one.name for one in every) or "none"
        out.fail(
            "bad-place",
            f"{path} has no such function at its top; it has {known}."
            if wanted
            else f"{path} has no functions at its top.",
            as_json=as_json,
        )

    async def work(bench: Workbench) -> list[Made]:
        bench.projects.open_folder(root)
        state = await bench.projects.state(root)
        if reach.is_test_file(name, state.test_files):
            out.fail("bad-input", f"{path} has tests itself.", as_json=as_json)
        return await _each(bench, Place(state, name, text), chosen)

    try:
        found = out.with_bench(work, root=root, patience_s=None)
    except SandboxUnavailable as error:
        out.fail("no-sandbox", str(error), status=out.UNVERIFIED, as_json=as_json)
    if as_json:
        out.emit(shapes.made_json(name, found))
    else:
        for one in found:
            for line in _told(one):
                typer.echo(line)
    files = {one.written.name: one.written for one in found if one.written is not None}
    firsts = {one.written.name: one.written.before for one in reversed(found) if one.written is not None}
    for target, last in files.items():
        if not as_json:
            _show(target, firsts[target], last.text)
        if write:
            _write(root / target, firsts[target], last.text, as_json=as_json)
    if not files:
        raise typer.Exit(out.FAILED)


async def _each(bench: Workbench, at: Place, chosen: list[Subject]) -> list[Made]:
    """One function after the other, each beside the tests of those before."""
    found, tests = list[Made](), dict[str, str]()
    known = await suite.seen(bench, at)
    for subject in chosen:
        with Progress() as tell:
            one = await made(bench, Place(at.state, at.name, at.text, tests), subject, tell, known)
        found.append(one)
        if one.written is not None:
            tests = {**tests, one.written.name: one.written.text}
    return found


def _told(one: Made) -> list[str]:
    """What was found of a function, for a person."""
    noticed = one.mutants - len(one.survivors)
    lines = [f"{one.subject.name}: {one.why}"] if one.why else []
    if one.written is not None:
        count = len(one.rows)
        was = f", {one.before} before" if one.before else ""
        lines.append(
            f"{one.subject.name}: with {count} call{'s' * (count != 1)} of {one.tried} that were tried tests notice {noticed} of {one.mutants} small changes{was}; "
            f"passed {one.runs} of {RUNS} runs, {one.took_s:.0f} s"
        )
        lines += [f"  line {two.line}: no test notices if {two.told}" for two in one.survivors[:SHOWN]]
        if len(one.survivors) > SHOWN:
            lines.append(f"  and {len(one.survivors) - SHOWN} more")
    lines += [f"  ? {two.call}: its docstring says {two.documented}, and it gives {two.found}" for two in one.questions]
    return lines


def _show(name: str, before: str, after: str) -> None:
    for line in difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{name}", f"b/{name}", lineterm=""):
        typer.echo(line)


def _write(path: Path, before: str, after: str, *, as_json: bool) -> None:
    """Write a test file, as long as it is what it was when the tests were made."""
    try:
        now = path.read_bytes() if path.exists() else b""
        if now != encodings.encoded(before):
            out.fail("changed", f"{path} was changed meanwhile; it is left as it is.", as_json=as_json)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encodings.encoded(after))
    except OSError as error:
        out.fail("not-written", f"{path} cannot be written ({error.strerror}).", as_json=as_json)
    out.say(f"{path} is written.")

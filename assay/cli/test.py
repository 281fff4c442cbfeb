"""`assay test`: tests for the functions of a file, or for what a change does, each kept for what it notices, as a change to review."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from analyzers import encodings, homes, reach, subjects
from assay.assistant.test import regress, shapes, suite
from assay.assistant.test.asking import RUNS
from assay.assistant.test.suite import Place
from assay.assistant.test.way import Made, made
from assay.assistant.workbench import Workbench
from assay.assistant.world.state import State
from assay.cli import out, place
from assay.cli.ask import Json
from assay.cli.check import Progress
from assay.cli.verify import Against, Diff, Staged, of_several, refusals
from sandbox.api import SandboxUnavailable

SHOWN = 5  # survivors of a function
Found = dict[str, list[Made]]


def test(
    where: Annotated[
        str, typer.Argument(metavar="FILE[::FUNCTION]", help="A Python file, or one function of it.")
    ] = "",
    as_json: Json = False,
    write: Annotated[bool, typer.Option("--write", help="Write the tests into the file that is named.")] = False,
    diff: Diff = "",
    staged: Staged = False,
    against: Against = "",
) -> None:
    """Make tests for the functions of a file: of what they give today, and of what their docstrings show. Or for a change: tests that fail without it and pass with it.

    Inputs are tried in the sandbox, and a call becomes a test for the small changes of the code that it notices and the tests that are there do not. What is offered was run five times,
    each time in a fresh container. No model is asked. Where a docstring says otherwise than the code it is a question, and no test.
    Exits 1 where there is nothing to offer, else 0; 2 misuse.
    """
    if sum((bool(where), bool(diff), staged, bool(against))) != 1:
        out.fail("bad-input", "Name a FILE, or one of --diff, --staged and --against.", as_json=as_json)
    root, work = _of_file(where, as_json=as_json) if where else _of_change(diff, against, as_json=as_json)
    try:
        found = out.with_bench(work, root=root, patience_s=None)
    except SandboxUnavailable as error:
        out.fail("no-sandbox", str(error), status=out.UNVERIFIED, as_json=as_json)
    every = [one for of in found.values() for one in of]
    if not every:
        out.say(
            "The change alters no function or class that was there before, in a file of code: there is nothing to try."
        )
    for line in [] if as_json else [line for one in every for line in _told(one)]:
        typer.echo(line)
    files = {one.written.name: one.written for one in every if one.written is not None}
    firsts = {one.written.name: one.written.before for one in reversed(every) if one.written is not None}
    for target, last in files.items():
        if not as_json:
            _show(target, firsts[target], last.text)
        if write:
            _write(root / target, firsts[target], last.text, as_json=as_json)
    if as_json:
        out.emit(shapes.made_json(found))
    if not files:
        raise typer.Exit(out.FAILED)


def _of_file(where: str, *, as_json: bool) -> tuple[Path, Callable[[Workbench], Awaitable[Found]]]:
    """The project of a file, and what makes tests of its functions."""
    path, _, wanted = where.partition("::")
    code = place.code(path, as_json=as_json)
    root, name, text = code.root, code.name, code.text
    every = subjects.of_text(text)
    public = [one for one in every if not one.name.startswith("_")]
    chosen = [one for one in every if one.name == wanted] if wanted else public
    if not chosen:
        known = ", ".join(one.name for one in every) or "none"
        no = f"no such function at its top; it has {known}" if wanted else "no functions at its top"
        out.fail("bad-place", f"{path} has {no}.", as_json=as_json)

    async def work(bench: Workbench) -> Found:
        bench.projects.open_folder(root)
        state = await bench.projects.state(root)
        if reach.is_test_file(name, state.test_files):
            out.fail("bad-input", f"{path} has tests itself.", as_json=as_json)
        at = Place(state, name, text)
        found, over = list[Made](), _on_disk(state, name)
        known = await suite.seen(bench, at)
        for subject in chosen:
            with Progress() as tell:
                one = await made(bench, Place(state, name, text, over), subject, tell, known)
            found.append(one)
            over |= _over(one)
        return {name: found}

    return root, work


def _of_change(diff: str, against: str, *, as_json: bool) -> tuple[Path, Callable[[Workbench], Awaitable[Found]]]:
    """The project of a change, and what makes tests of what it does."""
    with refusals(as_json=as_json):
        change = of_several(diff, against)

    async def work(bench: Workbench) -> Found:
        bench.projects.open_folder(change.root)
        state = await bench.projects.state(change.root)
        found, over = Found(), dict[str, str]()
        for both in regress.sides(state, change):
            there = _on_disk(state, both.after.name)
            over = {**{target: change.texts.get(target, text) for target, text in there.items()}, **over}
            for subject in regress.changed(both):
                with Progress() as tell:
                    one = await regress.made(bench, both.beside(over), subject, tell)
                found.setdefault(both.after.name, []).append(one)
                over |= _over(one)
        return found

    return change.root, work


def _on_disk(state: State, name: str) -> dict[str, str]:
    """The test file of a module as it is: what goes into a container may be without its secrets."""
    target = homes.test_file(state.texts, name)
    try:
        return {target: place.read(state.root / target).text} if (state.root / target).is_file() else {}
    except place.BadPlace:
        return {}


def _over(one: Made) -> dict[str, str]:
    return {one.written.name: one.written.text} if one.written is not None else {}


def _told(one: Made) -> Sequence[str]:
    """What was found of a function, for a person."""
    lines = [f"{one.subject.name}: {one.why}"] if one.why else []
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
        lines.append(f"{one.subject.name}: {what}; passed {one.runs} of {RUNS} runs, {one.took_s:.0f} s")
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

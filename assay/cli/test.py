"""`assay test`: tests for the functions of a file, or for what a change does, each kept for what it notices, as a change to review."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from analyzers import encodings, reach, subjects
from assay.assistant.test import asked, shapes
from assay.assistant.test.suite import Place
from assay.assistant.test.way import Made
from assay.assistant.workbench import Workbench
from assay.cli import out, place
from assay.cli.ask import Json
from assay.cli.progress import Progress
from assay.cli.verify import Against, Diff, Staged, of_several, refusals
from sandbox.api import SandboxUnavailable

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
    changed: Annotated[bool, typer.Option("--changed", help="What differs on disk from the last commit: the same as --against HEAD.")] = False,
) -> None:  # fmt: skip
    """Make tests for the functions of a file: of what they give today, and of what their docstrings show. Or for a change: tests that fail without it and pass with it.

    Inputs are tried in the sandbox, and a call becomes a test for the small changes of the code that it notices and the tests that are there do not. What is offered was run five times,
    each time in a fresh container. No model is asked. Where a docstring says otherwise than the code it is a question, and no test.
    Exits 1 where there is nothing to offer, else 0; 2 misuse.
    """
    if sum((bool(where), bool(diff), staged, bool(against), changed)) != 1:
        out.fail("bad-input", "Name a FILE, or one of --changed, --diff, --staged and --against.", as_json=as_json)
    against = "HEAD" if changed else against
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
    for line in [] if as_json else [line for one in every for line in shapes.lines(one)]:
        typer.echo(line)
    files = asked.files(every)
    for target, (before, after) in files.items():
        if not as_json:
            _show(target, before, after)
        if write:
            _write(root / target, before, after, as_json=as_json)
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
        alone = f"only private functions at its top; name one of them, as in {path}::{every[0].name}" if every else ""
        no = f"no such function at its top; it has {known}" if wanted else alone or "no functions at its top"
        out.fail("bad-place", f"{path} has {no}.", as_json=as_json)

    async def work(bench: Workbench) -> Found:
        bench.projects.open_folder(root)
        state = await bench.projects.state(root)
        if reach.is_test_file(name, state.test_files):
            out.fail("bad-input", f"{path} has tests itself.", as_json=as_json)
        at = Place(state, name, text, asked.there(state, name))
        with Progress(shapes.STAGES) as tell:
            return {name: await asked.of_functions(bench, at, chosen, tell)}

    return root, work


def _of_change(diff: str, against: str, *, as_json: bool) -> tuple[Path, Callable[[Workbench], Awaitable[Found]]]:
    """The project of a change, and what makes tests of what it does."""
    with refusals(as_json=as_json):
        change = of_several(diff, against)

    async def work(bench: Workbench) -> Found:
        bench.projects.open_folder(change.root)
        state = await bench.projects.state(change.root)
        with Progress(shapes.STAGES) as tell:
            return await asked.of_change(bench, state, change, tell)

    return change.root, work


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

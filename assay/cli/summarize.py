"""`assay summarize`: what the functions and classes of a file do, from their facts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.assistant.summarize import seen, shapes, symbols
from assay.assistant.summarize.symbols import Symbol
from assay.assistant.workbench import Workbench
from assay.cli import out, place
from assay.cli.ask import PYTHON, Json
from assay.cli.check import Progress
from sandbox.api import SandboxUnavailable


def summarize(
    where: Annotated[
        str,
        typer.Argument(
            metavar="FILE[::SYMBOL]", help="A Python file, and in it a function or class by its dotted name."
        ),
    ],
    as_json: Json = False,
    run: Annotated[
        bool,
        typer.Option("--run", help="Run the tests that reach the file, and hold the facts against what they show."),
    ] = False,
) -> None:
    """Say what functions and classes do: a sentence, and the facts that their text and the recorded tests show.

    Without --run nothing is run, and no model is asked. Exits 2 where there is no such file or symbol, 3 where tests are to run and no sandbox is there.
    """
    name, _, wanted = where.partition("::")
    path = Path(name).resolve()
    if path.suffix not in PYTHON:
        out.fail("not-python", f"{name} is not a Python file ({' or '.join(PYTHON)}).", as_json=as_json)
    try:
        snapshot = place.read(path)
    except place.BadPlace as error:
        out.fail("bad-place", str(error), as_json=as_json)
    root = place.project_of(path)

    async def work(bench: Workbench) -> list[Symbol] | None:
        bench.workspace.open_folder(root)
        name = path.relative_to(root).as_posix()
        found = await symbols.of_file(bench, root, name, snapshot.text, {})
        if found is None or not run:
            return found
        with Progress() as tell:
            return symbols.confirmed(found, await seen.of_file(bench, root, name, snapshot.text, {}, tell))

    try:
        found = out.with_bench(work, root=root, patience_s=None if run else out.PATIENCE_S)
    except SandboxUnavailable as error:
        out.fail("no-sandbox", str(error), as_json=as_json, status=out.UNVERIFIED)
    if found is None:
        out.fail("bad-input", f"{name} does not parse: `assay check {name}` says where.", as_json=as_json)
    if wanted and not (found := symbols.named(found, wanted)):
        out.fail("bad-place", f"{name} has no function or class `{wanted}`.", as_json=as_json)
    if as_json:
        out.emit(shapes.summary_json(found))
        return
    for one in found:
        typer.echo(f"{path.name}:{one.facts.line}: {shapes.signature(one.facts)}")
        typer.echo(f"  {one.summary}")
        for line in shapes.lines(one):
            typer.echo(f"  - {line}")
    if not found:
        typer.echo(f"{name} has no functions or classes.", err=True)

"""`assay mutants`: which small changes of the code no test would notice."""

from __future__ import annotations

from typing import Annotated

import typer

from analyzers import reach
from assay.assistant.test import asked, shapes
from assay.assistant.test.suite import Place
from assay.assistant.workbench import Workbench
from assay.cli import out, place
from assay.cli.ask import Json
from assay.cli.progress import Progress
from sandbox.api import SandboxUnavailable


def mutants(
    path: Annotated[str, typer.Argument(help="A Python file.")],
    as_json: Json = False,
    lines: Annotated[
        str, typer.Option(metavar="FIRST-LAST", help="Only the code of these lines; without, the whole file.")
    ] = "",
) -> None:
    """Say which small changes of a file no test of the project notices: its mutation score, and what survives.

    Every mutant is held in the sandbox against the tests that execute its statement, and against no others. One that survives may be a gap in the tests, or no change of what the code does.
    Exits 0 whatever survives, 2 on misuse, 3 without a sandbox.
    """
    code = place.code(path, as_json=as_json)
    root, name, text = code.root, code.name, code.text
    first, last = _range(lines, text, as_json=as_json)

    async def work(bench: Workbench) -> asked.Survey:
        bench.projects.open_folder(root)
        at = Place(await bench.projects.state(root), name, text)
        if reach.is_test_file(name, at.state.test_files):
            out.fail("bad-input", f"{path} has tests itself.", as_json=as_json)
        with Progress(shapes.STAGES) as tell:
            return await asked.survey(bench, at, first, last, tell)

    try:
        found = out.with_bench(work, root=root, patience_s=None)
    except SandboxUnavailable as error:
        out.fail("no-sandbox", str(error), status=out.UNVERIFIED, as_json=as_json)
    if as_json:
        out.emit(shapes.survey_json(name, found))
        return
    # One line a survivor; code that no test executes is told once a line.
    survivors = dict.fromkeys(f"{name}:{one.line}: {shapes.survived(one, fate)}" for one, fate in found.survivors)
    for line in (*survivors, *shapes.total(name, found)):
        typer.echo(line)


def _range(lines: str, text: str, *, as_json: bool) -> tuple[int, int]:
    """The lines that are looked at, from 1."""
    count = text.count("\n") + 1
    if not lines:
        return 1, count
    first, _, last = lines.partition("-")
    if not first.isdigit() or not (last or first).isdigit() or not 1 <= int(first) <= int(last or first):
        out.fail("bad-place", f"{lines} are no lines: 10, or 10-20.", as_json=as_json)
    return int(first), min(count, int(last or first))

"""`assay mutants`: which small changes of the code no test would notice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path, PurePosixPath
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

NO_CODE = ("conftest.py", "setup.py", "noxfile.py")  # they steer the tests, or make the package


def mutants(
    path: Annotated[str, typer.Argument(help="A Python file, or a folder with some.")],
    as_json: Json = False,
    lines: Annotated[
        str, typer.Option(metavar="FIRST-LAST", help="Only the code of these lines of a file; without, all of it.")
    ] = "",
) -> None:
    """Say which small changes of a file, or of all files of a folder, no test of the project notices: the mutation score, and what survives.

    Every mutant is held in the sandbox against the tests that execute its statement, and against no others. One that survives may be a gap in the tests, or no change of what the code does.
    Exits 0 whatever survives, 2 on misuse, 3 without a sandbox.
    """
    is_folder = Path(path).is_dir()
    root, work = _of_folder(path, lines, as_json=as_json) if is_folder else _of_file(path, lines, as_json=as_json)
    try:
        found = out.with_bench(work, root=root, patience_s=None)
    except SandboxUnavailable as error:
        out.fail("no-sandbox", str(error), status=out.UNVERIFIED, as_json=as_json)
    if as_json:
        told = [shapes.survey_json(name, one) for name, one in found.items()]
        out.emit({"files": told} if is_folder else told[0])
        return
    for name, one in found.items():
        # One line a survivor; code that no test executes is told once a line.
        survivors = dict.fromkeys(f"{name}:{two.line}: {shapes.survived(two, fate)}" for two, fate in one.survivors)
        for line in (*survivors, *(shapes.total(name, one) if one.mutants else ())):
            typer.echo(line)
    if is_folder:
        count = sum(len(one.mutants) for one in found.values())
        noticed = count - sum(len(one.survivors) for one in found.values())
        typer.echo(
            f"{noticed} of {count} small changes{f' ({noticed / count:.0%})' if count else ''} of {len(found)} files are noticed."
        )


Found = dict[str, asked.Survey]


def _of_file(path: str, lines: str, *, as_json: bool) -> tuple[Path, Callable[[Workbench], Awaitable[Found]]]:
    code = place.code(path, as_json=as_json)
    root, name, text = code.root, code.name, code.text
    first, last = _range(lines, text, as_json=as_json)

    async def work(bench: Workbench) -> Found:
        bench.projects.open_folder(root)
        at = Place(await bench.projects.state(root), name, text)
        if reach.is_test_file(name, at.state.test_files):
            out.fail("bad-input", f"{path} has tests itself.", as_json=as_json)
        with Progress(shapes.STAGES) as tell:
            return {name: await asked.survey(bench, at, first, last, tell)}

    return root, work


def _of_folder(path: str, lines: str, *, as_json: bool) -> tuple[Path, Callable[[Workbench], Awaitable[Found]]]:
    if lines:
        out.fail("bad-input", "--lines is of one file.", as_json=as_json)
    whole = Path(path).resolve()
    root = place.project_of(whole)
    below = "" if whole == root else f"{whole.relative_to(root).as_posix()}/"

    async def work(bench: Workbench) -> Found:
        bench.projects.open_folder(root)
        state = await bench.projects.state(root)
        names = [one for one in state.texts if one.startswith(below) and not reach.is_test_file(one, state.test_files)]
        files = {one: place.read(root / one).text for one in sorted(names) if PurePosixPath(one).name not in NO_CODE}
        if not files:
            out.fail("bad-place", f"{path} has no Python files that are no tests.", as_json=as_json)
        with Progress(shapes.STAGES) as tell:
            return await asked.surveys(bench, state, files, tell)

    return root, work


def _range(lines: str, text: str, *, as_json: bool) -> tuple[int, int]:
    """The lines that are looked at, from 1."""
    count = text.count("\n") + 1
    if not lines:
        return 1, count
    first, _, last = lines.partition("-")
    if not first.isdigit() or not (last or first).isdigit() or not 1 <= int(first) <= int(last or first):
        out.fail("bad-place", f"{lines} are no lines: 10, or 10-20.", as_json=as_json)
    return int(first), min(count, int(last or first))

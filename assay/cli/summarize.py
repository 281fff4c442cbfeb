"""`assay summarize`: what the functions and classes of a file do, from their facts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.assistant.summarize import modules, seen, shapes, symbols
from assay.assistant.summarize.modules import Module
from assay.assistant.summarize.symbols import Symbol
from assay.assistant.workbench import Workbench
from assay.cli import out, place
from assay.cli.ask import Json
from assay.cli.progress import Progress
from sandbox.api import SandboxUnavailable


class _Withheld(Exception):
    """The file may not go into a container."""


def summarize(
    where: Annotated[
        str,
        typer.Argument(
            metavar="FILE[::SYMBOL]|FOLDER",
            help="A Python file, and in it a function or class by its dotted name; or a folder, whose modules are told.",
        ),
    ],
    as_json: Json = False,
    run: Annotated[
        bool,
        typer.Option("--run", help="Run the tests that reach the file, and hold the facts against what they show."),
    ] = False,
) -> None:
    """Say what functions and classes do: a sentence, and the facts that their text and the recorded tests show.

    Without --run nothing is run, and no model is asked. Exits 2 where there is no such file or symbol, 3 where tests are to run and no sandbox is
    there, or the file may not go into one.
    """
    name, _, wanted = where.partition("::")
    path = Path(name).resolve()
    if path.is_dir() and run:
        out.fail("bad-input", "`--run` takes a file.", as_json=as_json)
    if path.is_dir() and not wanted:
        _folder(path, name, as_json=as_json)
        return
    if path.suffix not in place.PYTHON:
        out.fail("not-python", f"{name} is not a Python file ({' or '.join(place.PYTHON)}).", as_json=as_json)
    try:
        snapshot = place.read(path)
    except place.BadPlace as error:
        out.fail("bad-place", str(error), as_json=as_json)
    root = place.project_of(path)

    async def work(bench: Workbench) -> tuple[Module, list[Symbol] | None]:
        bench.projects.open_folder(root)
        name = path.relative_to(root).as_posix()
        module = await modules.of_file(bench, root, name, snapshot.text)
        found = await symbols.of_file(bench, bench.projects.world(root), name, snapshot.text)
        if found is None or not run:
            return module, found
        if not (await bench.projects.rules(root)).allows(name):
            raise _Withheld
        with Progress() as tell:
            return module, symbols.confirmed(
                found, await seen.of_file(bench, bench.projects.world(root), name, snapshot.text, tell)
            )

    try:
        module, found = out.with_bench(work, root=root, patience_s=None if run else out.PATIENCE_S)
    except _Withheld:
        why = "it is ignored, or a secret by its name, and such files go into no container"
        out.fail("withheld", f"{name} was not run: {why}.", as_json=as_json, status=out.UNVERIFIED)
    except SandboxUnavailable as error:
        out.fail("no-sandbox", str(error), as_json=as_json, status=out.UNVERIFIED)
    if found is None:
        out.fail("bad-input", f"{name} does not parse: `assay check {name}` says where.", as_json=as_json)
    if wanted and not (found := symbols.named(found, wanted)):
        out.fail("bad-place", f"{name} has no function or class `{wanted}`.", as_json=as_json)
    told = [] if wanted else [module]
    if as_json:
        answer = shapes.summary_json(found)
        out.emit({"symbols": [*map(modules.module_json, told), *answer["symbols"]]})
        return
    _print(told)
    for one in found:
        typer.echo(f"{path.name}:{one.facts.line}: {shapes.signature(one.facts)}")
        typer.echo(f"  {one.summary}")
        for line in shapes.lines(one):
            typer.echo(f"  - {line}")


def _folder(path: Path, name: str, *, as_json: bool) -> None:
    root = place.project_of(path)
    below = path.relative_to(root).as_posix()

    async def work(bench: Workbench) -> list[Module]:
        bench.projects.open_folder(root)
        return await modules.of_folder(bench, root, "" if below == "." else below)

    found = out.with_bench(work, root=root)
    if not found:
        out.fail("bad-place", f"{name} has no Python files but tests.", as_json=as_json)
    if as_json:
        out.emit({"symbols": [modules.module_json(one) for one in found]})
    else:
        _print(found)


def _print(found: list[Module]) -> None:
    for one in found:
        typer.echo(f"{one.file}: {one.kind} {one.name}")
        typer.echo(f"  {one.summary}")
        for line in modules.lines(one):
            typer.echo(f"  - {line}")

"""`assay suggest`: functions of the project and of what is installed that do what a description says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from assay.assistant.finding import search
from assay.assistant.finding.search import Item
from assay.assistant.suggest import asked, shapes
from assay.assistant.workbench import Workbench
from assay.cli import out, place
from assay.cli.ask import Json
from assay.cli.progress import Progress
from assay.folders import folders

_PLACE = re.compile(r"\S.*\.pyi?:\d+:\d+")
ABOUT_SHOWN = 160  # characters of what a function says of itself


def suggest(
    text: Annotated[
        str,
        typer.Argument(
            metavar="DESCRIPTION|FILE:LINE:COL",
            help="What it should do, in a sentence; or a place that says it: a comment, a name that does not exist yet, an unfinished line.",
        ),
    ],
    folder: Annotated[Path, typer.Option("--in", help="A folder of the project.", exists=True)] = Path(),
    count: Annotated[int, typer.Option(help="How many are told.", min=1, max=50)] = 5,
    as_json: Json = False,
) -> None:
    """Find what is there for a description: functions of the project, of the packages in its virtual environment, and of the standard library.

    Files are read, nothing is run or asked of a model. The first time takes some seconds for each thousand files. Exits 0 whether or not there is something.
    """
    if not text.strip():
        out.fail("bad-input", "The description is empty.", as_json=as_json)
    root = place.project_of(folder.resolve())
    if _PLACE.fullmatch(text):
        try:
            at = place.parse(text)
        except place.BadPlace as error:
            out.fail("bad-place", str(error), as_json=as_json)
        root, text = at.root, asked.description(at.snapshot, at.offset)
        if not text:
            out.fail("bad-place", "There is nothing at this place that says what is wanted.", as_json=as_json)
        if not as_json:
            out.say(f"what is there for: {text}")

    async def work(bench: Workbench) -> list[Item]:
        bench.projects.open_folder(root)
        with Progress() as tell:
            return await search.suggest(bench, root, folders().cache, text, count, tell)

    try:
        found = out.with_bench(work, root=root, patience_s=None)
    except OSError as error:
        out.fail("no-index", f"{error}.", as_json=as_json)
    if as_json:
        out.emit(shapes.items_json(found))
        return
    for one in found:
        typer.echo(f"{one.full_name}{'' if one.kind == 'property' else one.signature[one.signature.find('(') :]}")
        typer.echo(f"  {one.source}{f' {one.version}' if one.version else ''}: {one.about[:ABOUT_SHOWN]}")
        typer.echo(f"  from {one.module} import {one.signature.partition('(')[0].partition('.')[0]}; {one.call}")
    if not found:
        typer.echo("Nothing that is installed here says that it does this.", err=True)

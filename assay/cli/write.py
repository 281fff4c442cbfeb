"""`assay write`: a function from what somebody says, chosen among candidates by what they do, as a change to review; `assay log` and `assay undo`: what was written into a project, and taking it back."""

from __future__ import annotations

import datetime
import difflib
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from analyzers import encodings
from assay.assistant.record.checkpoints import Checkpoint, Checkpoints, NotWritten
from assay.assistant.workbench import Workbench
from assay.assistant.write import asked, model, plan, shapes, small
from assay.assistant.write.asked import Asked, Unclear
from assay.assistant.write.candidate import Target
from assay.assistant.write.plan import Built
from assay.assistant.write.way import Written
from assay.cli import out, place
from assay.cli.ask import Json
from assay.cli.progress import Progress
from assay.folders import folders
from sandbox.api import SandboxUnavailable

SOURCES = (small.candidates, model.candidates)


def write(
    what: Annotated[
        str,
        typer.Argument(
            metavar="SENTENCE|FILE::NAME|FILE:LINE:COL",
            help="What it is to do, in a sentence (with --into); or a function that has a head and no body, or is called and not there; or a place: a comment, such a function, such a call.",
        ),
    ],
    into: Annotated[str, typer.Option("--into", metavar="FILE[::AFTER]", help="The file that a sentence is for, and the function or class that it goes behind.")] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Write it into the file; `assay undo` takes it back.")] = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Write a function: several candidates, from small expressions and from the model, all run on the examples and on each other's inputs; the one with evidence is shown as a change.

    What was understood is told first, and what was assumed. What breaks an example or a demand ("must not use …", "raises …") is never offered. Exits 1 where nothing is offered, else 0; 2 misuse, 3 without a sandbox.
    """
    code, wanted = _asked(what, into, as_json=as_json)
    steps = plan.planned(wanted.wish)
    for line in (
        []
        if as_json
        else [*shapes.wish_lines(replace(wanted.wish, steps=())), *(shapes.plan_lines(steps) if steps else ())]
    ):
        out.say(line)

    async def work(bench: Workbench) -> Written | Built:
        bench.projects.open_folder(code.root)
        state, world = await bench.projects.state(code.root), bench.projects.world(code.root)
        at = Target(state, code.name, code.text, wanted.span)
        with Progress(shapes.STAGES) as tell:
            return await plan.carried_out(bench, world, at, wanted.wish, SOURCES, tell)

    try:
        found = out.with_bench(work, root=code.root, patience_s=None)
    except SandboxUnavailable as error:
        out.fail("no-sandbox", str(error), status=out.UNVERIFIED, as_json=as_json)
    if as_json:
        out.emit(shapes.written_json(found))
    else:
        for line in shapes.lines(found):
            out.say(line)
        _show(code.name, code.text, found.offered)
    if apply and found.offered:
        _apply(code, found.offered, wanted.wish.name, as_json=as_json)
    if not found.is_done:
        raise typer.Exit(out.FAILED)


def _asked(what: str, into: str, *, as_json: bool) -> tuple[place.Code, Asked]:
    """The file and what is asked for; ends the command with one sentence where that is not clear."""
    try:
        if into:
            path, _, after = into.partition("::")
            code = place.code(path, as_json=as_json)
            return code, asked.described(code.text, what, after)
        path, mark, name = what.partition("::")
        if mark:
            code = place.code(path, as_json=as_json)
            return code, asked.named(code.text, name)
        at = place.parse(what)
        code = place.code(at.snapshot.path, as_json=as_json)
        return code, asked.placed(at.snapshot, at.offset)
    except place.BadPlace as error:
        told = (
            str(error) if ":" in what and " " not in what else "A sentence needs the file that it is for: --into FILE."
        )
        out.fail("bad-place", told, as_json=as_json)
    except Unclear as error:
        out.fail("bad-input", str(error), as_json=as_json)


def _show(name: str, before: str, after: str) -> None:
    if after:
        for line in difflib.unified_diff(
            before.splitlines(), after.splitlines(), f"a/{name}", f"b/{name}", lineterm=""
        ):
            typer.echo(line)


def _apply(code: place.Code, after: str, name: str, *, as_json: bool) -> None:
    both = encodings.encoded(code.text), encodings.encoded(after)
    try:
        Checkpoints(folders().cache, code.root).apply(f"write {name}", {code.name: both})
    except NotWritten as error:
        out.fail("not-written", str(error), as_json=as_json)
    out.say(f"{code.root / code.name} is written; `assay undo` takes it back.")


def log(
    folder: Annotated[Path, typer.Option("--in", help="A folder of the project.", exists=True)] = Path(),
    as_json: Json = False,
) -> None:
    """What was written into this project by Assay, the newest first."""
    root = place.project_of(folder.resolve())
    found = Checkpoints(folders().cache, root).log()
    if as_json:
        out.emit({"changes": [_json(one) for one in found]})
        return
    for one in found:
        at = datetime.datetime.fromtimestamp(one.at).astimezone().strftime("%Y-%m-%d %H:%M")
        state = "  (taken back)" if one.undone else "" if one.is_whole else "  (cut off; `assay undo` takes it back)"
        typer.echo(f"{one.id}  {at}  {one.title}: {', '.join(file.name for file in one.files)}{state}")
    if not found:
        typer.echo("Nothing was written into this project yet.", err=True)


def undo(
    count: Annotated[int, typer.Argument(metavar="[N]", help="How many changes are taken back.", min=1)] = 1,
    folder: Annotated[Path, typer.Option("--in", help="A folder of the project.", exists=True)] = Path(),
    as_json: Json = False,
) -> None:
    """Take back the newest changes that Assay wrote into this project. Lines that were edited since stay, where they are others; where they are the same the change is left as it is, and said so.

    Exits 1 where nothing can be taken back.
    """
    root = place.project_of(folder.resolve())
    try:
        found = Checkpoints(folders().cache, root).undo(count)
    except NotWritten as error:
        out.fail("not-written", str(error), status=out.FAILED, as_json=as_json)
    if as_json:
        out.emit({"undone": [_json(one) for one in found]})
        return
    for one in found:
        typer.echo(f"taken back: {one.title} ({', '.join(file.name for file in one.files)})")


def _json(one: Checkpoint) -> dict[str, object]:
    return {
        "id": one.id,
        "at": one.at,
        "title": one.title,
        "files": [file.name for file in one.files],
        "whole": one.is_whole,
        "undone": one.undone,
    }

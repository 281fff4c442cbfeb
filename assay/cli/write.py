"""`assay write`: a function from what somebody says, chosen among candidates by what they do, as a change to review; `assay log` and `assay undo`: what was written into a project, and taking it back."""

from __future__ import annotations

import asyncio
import datetime
import difflib
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from analyzers import encodings, sessions
from analyzers.wishes.wish import Wish
from assay.assistant.record.checkpoints import Checkpoint, Checkpoints, NotWritten
from assay.assistant.workbench import Workbench
from assay.assistant.write import asked, plan, shapes, sources, tests, way
from assay.assistant.write.asked import Asked, Unclear
from assay.assistant.write.candidate import Target
from assay.assistant.write.plan import Built
from assay.assistant.write.way import Written
from assay.cli import out, place
from assay.cli.ask import Json
from assay.cli.progress import Progress
from assay.folders import folders
from sandbox.api import SandboxUnavailable


def write(
    what: Annotated[
        str,
        typer.Argument(
            metavar="SENTENCE|FILE::NAME|FILE:LINE:COL|-",
            help="What it is to do, in a sentence (with --into; - reads it from standard input); or a function or method (FILE::Class.method) that has a head and no body, or is called and not there; or a place: a comment, such a function, such a call.",
        ),
    ],
    into: Annotated[str, typer.Option("--into", metavar="FILE[::AFTER]", help="The file that a sentence is for, and the function, class or method (Class.method) that it goes behind.")] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Write it into the files; `assay undo` takes it back.")] = False,
    only_plan: Annotated[bool, typer.Option("--plan", help="Tell how it was understood, and the steps as a text that can be changed and given back (`assay write - --into FILE`), and write nothing.")] = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Write a function: several candidates, from what is there, by rule, from small expressions and from the model, all run on the examples and on each other's inputs; the one with evidence is shown as a change.

    What was understood is told first, and what was assumed; tests of the project that call it are examples. What breaks an example or a demand ("must not use …", "raises …") is never offered. On a terminal you are asked which of the two best
    is right where they differ, and a description with steps can be changed before anything is written. Exits 1 where nothing is offered, else 0; 2 misuse, 3 without a sandbox.
    """
    said = sys.stdin.read() if what == "-" else what
    code, wanted = _asked(said, into, as_json=as_json)
    is_talk = not as_json and sys.stdin.isatty() and sys.stderr.isatty() and what != "-"
    if is_talk and wanted.wish.steps and not only_plan:
        wanted = _edited(code, wanted, as_json=as_json)

    async def work(bench: Workbench) -> Written | Built | None:
        bench.projects.open_folder(code.root)
        state, world = await bench.projects.state(code.root), bench.projects.world(code.root)
        at = Target(state, code.name, code.text, wanted.span, indent=wanted.indent)
        meant = await asyncio.to_thread(asked.with_tests, wanted, at.texts, code.name)
        if not as_json:
            _understood(meant.wish)
        if only_plan:
            if as_json:
                out.emit({"wish": shapes.wish_json(meant.wish), "plan": plan.as_text(meant.wish)})
            return None
        with Progress(shapes.STAGES) as tell:
            found = await plan.carried_out(bench, world, at, meant.wish, sources.every(folders().cache), tell)
        if is_talk and isinstance(found, Written) and (number := _chosen(found)) is not None:
            found = await way.settled(bench, world, found, number)
        return found

    try:
        found = out.with_bench(work, root=code.root, patience_s=None)
    except SandboxUnavailable as error:
        out.fail("no-sandbox", str(error), status=out.UNVERIFIED, as_json=as_json)
    if found is None:
        if not as_json:
            typer.echo(plan.as_text(wanted.wish))
        return
    was = tests.before(found.target, found.files)
    if as_json:
        out.emit(shapes.written_json(found))
    else:
        for line in shapes.lines(found):
            out.say(line)
        for name, text in found.files.items():
            _show(name, was[name], text)
    if apply and found.files:
        _apply(code, was, found.files, wanted.wish.full_name, as_json=as_json)
    if not found.is_done:
        raise typer.Exit(out.FAILED)


def _understood(wish: Wish) -> None:
    steps = plan.planned(wish)
    for line in (*shapes.wish_lines(replace(wish, steps=())), *(shapes.plan_lines(steps) if steps else ())):
        out.say(line)


def _edited(code: place.Code, wanted: Asked, *, as_json: bool) -> Asked:
    """What is wanted once somebody has seen its plan, and changed it where they wanted another."""
    steps = plan.planned(wanted.wish)
    for line in shapes.plan_lines(steps) if steps else ():
        out.say(line)
    answer = typer.prompt("Enter writes it; e changes the plan; q ends", default="", show_default=False, err=True)
    if answer.strip().lower() == "q":
        raise typer.Exit(out.FAILED)
    if answer.strip().lower() == "e" and (text := _in_editor(plan.as_text(wanted.wish))):
        try:
            return plan.changed(code.text, wanted, text)
        except Unclear as error:
            out.fail("bad-input", str(error), as_json=as_json)
    return wanted


def _in_editor(text: str) -> str:
    """A text as somebody leaves it in the editor that the environment names; "" where nothing is left of it."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plan.txt"
        file.write_text(f"{text}\n", "utf-8")
        try:
            subprocess.run([*command, str(file)], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            out.say(f"the editor {command[0]} did not end well ({error}); the plan stays as it is")
            return text
        return file.read_text("utf-8", "replace").strip()


def _chosen(found: Written) -> int | None:
    """Which of the two best somebody holds for right; None for nobody's choice."""
    split, ways = found.chosen.split, shapes.ways(found)
    if split is None or ways is None:
        return None
    out.say(f"{sessions.told(split.call)}: which one is right?")
    for number, one in enumerate(ways, 1):
        out.say(f"  {number}: it {one}")
    answer = typer.prompt("1, 2, or Enter for the first as it is", default="", show_default=False, err=True)
    return {"1": 0, "2": 1}.get(answer.strip())


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


def _apply(code: place.Code, was: Mapping[str, str], files: Mapping[str, str], name: str, *, as_json: bool) -> None:
    both = {
        one: (encodings.encoded(was[one]) if was[one] or (code.root / one).exists() else None, encodings.encoded(text))
        for one, text in files.items()
    }
    try:
        Checkpoints(folders().cache, code.root).apply(f"write {name}", both)
    except NotWritten as error:
        out.fail("not-written", str(error), as_json=as_json)
    written = ", ".join(str(code.root / one) for one in files)
    out.say(f"{written} {'is' if len(files) == 1 else 'are'} written; `assay undo` takes it back.")


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
        out.emit({"undone": [_json(one.change) | {"wasThere": one.was_there} for one in found]})
        return
    for one in found:
        names = ", ".join(file.name for file in one.change.files)
        if one.was_there:
            typer.echo(f"taken back: {one.change.title} ({names})")
        else:
            typer.echo(
                f"{one.change.title}: nothing of it is in {names}; an editor has not saved it, or it was taken back by hand"
            )


def _json(one: Checkpoint) -> dict[str, object]:
    return {
        "id": one.id,
        "at": one.at,
        "title": one.title,
        "files": [file.name for file in one.files],
        "whole": one.is_whole,
        "undone": one.undone,
    }

"""`assay chat`: questions about a project answered from facts with their places, and what a pair is asked to do, as changes with their verdicts."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from analyzers import encodings
from assay.assistant.chat import shapes, way
from assay.assistant.chat.kept import Conversation
from assay.assistant.chat.reply import Here, Proposed, Reply
from assay.assistant.chat.way import Asking
from assay.assistant.record.checkpoints import Checkpoints, NotWritten
from assay.assistant.workbench import Workbench
from assay.cli import out, place
from assay.cli.ask import Json
from assay.cli.progress import WORDS, Progress
from assay.folders import folders
from sandbox.api import SandboxUnavailable

HELP = "  /apply writes the last change · /undo takes it back · /pin keeps the last answer in mind · /history · /clear forgets · /quit"


def chat(
    what: Annotated[str, typer.Argument(metavar="[QUESTION|-]", help="What you want to know or have done; - reads it from standard input. Without it, a conversation.")] = "",
    folder: Annotated[Path, typer.Option("--in", help="A folder or file of the project.", exists=True)] = Path(),
    at: Annotated[str, typer.Option("--at", metavar="FILE[:FIRST[-LAST]]", help="Where you are: what “this function” and “these lines” mean.")] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Write the change that is proposed; `assay undo` takes it back.")] = False,
    history: Annotated[bool, typer.Option("--history", help="What was said about this project.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Forget what was said about this project.")] = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Ask about the code, or have something done, as of a pair at the screen.

    Questions are answered from the project's own texts, each statement with its places: where something is, what it does, who calls it, what it raises, which tests name it, where a message comes from, who changed it. What a model adds is held
    against the code, and marked where nothing bears it out. “Rename X to Y”, “extract lines 3-9 of FILE into NAME”, “write …”, “test X”, “why does test_x fail?” and “is X safe to change?” are done, as a change with its verdict that you write or leave.

    What was said is kept in your cache, never in the project. Exits 1 where nothing is known, or where a change is failed; 2 misuse, 3 without a sandbox where one is needed.
    """
    root, here = _place(folder, at, as_json=as_json)
    kept = Conversation(folders().cache, root)
    if clear:
        count = kept.clear()
        out.emit({"forgotten": count}) if as_json else typer.echo(f"{count} turns are forgotten.")
        return
    if history:
        _history(kept, as_json=as_json)
        return
    said = sys.stdin.read() if what == "-" else what
    if not said.strip():
        if what or as_json or not sys.stdin.isatty():
            out.fail("bad-input", "Say what you want to know: assay chat “who calls parse?”", as_json=as_json)
        _talk(root, here, kept)
        return
    try:
        found = out.with_bench(lambda bench: _reply(bench, root, here, kept, said), root=root, patience_s=None)
    except SandboxUnavailable as error:
        out.fail("no-sandbox", str(error), status=out.UNVERIFIED, as_json=as_json)
    if as_json:
        out.emit(shapes.reply_json(found))
    else:
        _show(found)
    if apply and found.change is not None:
        _apply(root, found.change, as_json=as_json)
    if found.is_empty or (found.change is not None and (shapes.change_json(found.change)["state"] == "failed")):
        raise typer.Exit(out.FAILED)


async def _reply(bench: Workbench, root: Path, here: Here | None, kept: Conversation, said: str) -> Reply:
    bench.projects.open_folder(root)
    turns = await asyncio.to_thread(kept.turns)
    about = turns[-1].about if turns else ()
    with Progress({**WORDS, **shapes.STAGES}) as tell:
        asking = Asking(
            bench.projects.world(root), folders().cache, here, about, await asyncio.to_thread(kept.for_model)
        )
        found = await way.reply(bench, asking, said, tell)
    await asyncio.to_thread(kept.add, said, shapes.plain(found), found.about)
    return found


def _place(folder: Path, at: str, *, as_json: bool) -> tuple[Path, Here | None]:
    if not at:
        return place.project_of(folder.resolve()), None
    name, _, lines = at.partition(":")
    code = place.code(name, as_json=as_json)
    first, _, last = lines.partition("-")
    if lines and not (first.isdecimal() and (not last or last.isdecimal())):
        out.fail("bad-place", f"{at!r} is not FILE:FIRST-LAST, for example src/app.py:10-14.", as_json=as_json)
    return code.root, Here(code.name, int(first or 0), int(last or first or 0))


def _history(kept: Conversation, *, as_json: bool) -> None:
    if as_json:
        out.emit({"turns": [shapes.turn_json(one) for one in kept.turns()]})
        return
    for one in kept.turns():
        typer.echo(f"> {one.asked}{'  (pinned)' * one.is_pinned}")
        for line in one.lines:
            typer.echo(line)
    if not kept.turns():
        typer.echo("Nothing was said about this project yet.", err=True)


def _show(found: Reply) -> None:
    for line in shapes.lines(found):
        typer.echo(line)


def _talk(root: Path, here: Here | None, kept: Conversation) -> None:
    """A conversation, until it is ended."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  lines that were typed can be had again
    typer.echo(f"Ask about {root.name}, or say what is to be done.\n{HELP}", err=True)

    async def talk(bench: Workbench) -> None:
        last: Proposed | None = None
        while True:
            try:
                said = (await asyncio.to_thread(input, "> ")).strip()
            except (EOFError, KeyboardInterrupt):
                return
            if said in ("/quit", "/q", "/exit"):
                return
            if said.startswith("/"):
                _command(said, root, kept, last)
                continue
            if not said:
                continue
            try:
                found = await _reply(bench, root, here, kept, said)
            except SandboxUnavailable as error:
                typer.echo(f"Nothing could be run: {error}", err=True)
                continue
            _show(found)
            if found.change is not None:
                last = found.change
                typer.echo("  /apply writes it", err=True)

    out.with_bench(talk, root=root, patience_s=None)


def _command(said: str, root: Path, kept: Conversation, last: Proposed | None) -> None:
    match said:
        case "/apply" if last is not None:
            with contextlib.suppress(typer.Exit):
                _apply(root, last, as_json=False)
        case "/apply":
            typer.echo("There is no change to write.", err=True)
        case "/undo":
            try:
                (one,) = Checkpoints(folders().cache, root).undo()
                typer.echo(f"taken back: {one.change.title}")
            except NotWritten as error:
                typer.echo(str(error), err=True)
        case "/pin":
            pinned = kept.pin()
            typer.echo(f"kept in mind: {pinned.asked}" if pinned is not None else "Nothing was said yet.", err=True)
        case "/history":
            _history(kept, as_json=False)
        case "/clear":
            typer.echo(f"{kept.clear()} turns are forgotten.", err=True)
        case _:
            typer.echo(HELP, err=True)


def _apply(root: Path, change: Proposed, *, as_json: bool) -> None:
    both = {
        name: (encodings.encoded(before) if before or (root / name).exists() else None, encodings.encoded(after))
        for name, (before, after) in change.files.items()
    }
    try:
        Checkpoints(folders().cache, root).apply(change.title, both)
    except NotWritten as error:
        out.fail("not-written", str(error), as_json=as_json)
    out.say(f"{', '.join(change.files)} {'is' if len(both) == 1 else 'are'} written; `assay undo` takes it back.")

"""`assay explain`: the cause of a traceback or of failed tests, from what a terminal or a log showed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from assay.assistant.hints import explain as explaining
from assay.assistant.hints import shapes
from assay.assistant.hints.explain import Explanation
from assay.assistant.shapes import SIGNS, state, title
from assay.assistant.workbench import Workbench
from assay.cli import out, place
from assay.cli.ask import Json
from assay.cli.progress import Progress

SIZE_LIMIT = 8 << 20  # bytes of standard input that are read


def explain(
    folder: Annotated[
        Path, typer.Argument(help="A folder or file of the project that it happened in.", exists=True)
    ] = Path(),
    as_json: Json = False,
) -> None:
    """Explain a traceback or pytest's output, which comes on standard input: the cause, its line, and a checked fix where there is one.

    Exits 0 whatever it is, 2 where there is nothing to explain in it.
    """
    if sys.stdin.isatty():
        out.say("waiting for a traceback or pytest's output on standard input; Ctrl-D ends it")
    text = sys.stdin.buffer.read(SIZE_LIMIT).decode("utf-8", "replace")
    root = place.project_of(folder.resolve())

    async def work(bench: Workbench) -> tuple[Explanation, dict[str, str]]:
        bench.projects.open_folder(root)
        with Progress() as tell:
            found = await explaining.explain(bench, root, text, tell)
        return found, dict((await bench.projects.state(root)).texts)

    found, texts = out.with_bench(work, root=root, patience_s=None)
    if not found.name and explaining.says_nothing(text):
        out.fail("bad-input", found.cause, as_json=as_json)
    if as_json:
        out.emit(shapes.explanation_json(found, texts))
        return
    typer.echo(found.cause)
    if found.name:
        rows = texts[found.name].split("\n")
        typer.echo(f"  {found.name}:{found.line}: {rows[found.line - 1].strip()}")
    if found.fix is not None and found.fix.verdict is not None:
        typer.echo(f"  fix {SIGNS[state(found.fix.verdict)]} {found.fix.title} ({title(found.fix.verdict)})")

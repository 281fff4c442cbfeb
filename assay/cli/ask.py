"""`assay complete`, `assay verify`, `assay why`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from analyzers import environment, files, workspaces
from assay.assistant.complete.path import complete as completing
from assay.assistant.complete.way import Typing
from assay.assistant.drafting.ask import Ask
from assay.assistant.nouns import Completion
from assay.assistant.record import trace_text
from assay.assistant.record.trace import Traces
from assay.assistant.shapes import completion_json, title
from assay.assistant.suggest.popup import Popup
from assay.assistant.workbench import Workbench
from assay.cli import out, place
from assay.folders import folders

JEDI_S = 3.0  # so long its process may take to start and to say which names may stand behind a dot
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text; docs/protocol.md has the shapes.")]


def complete(
    where: Annotated[str, typer.Argument(metavar="FILE:LINE:COL", help="Where; LINE and COL count from 1.")],
    as_json: Json = False,
) -> None:
    """Complete at a place in a file, and say what was checked.

    Exits 0 whether or not there is a suggestion, 2 when the place does not exist.
    """
    try:
        found = place.parse(where)
    except place.BadPlace as error:
        out.fail("bad-place", str(error), as_json=as_json)

    async def work(bench: Workbench) -> Completion:
        popup = Popup()
        names = await popup.behind_dot(
            bench, bench.projects.world(found.root), found.snapshot, found.offset, patience_s=JEDI_S
        )
        popup.close()
        return await completing(
            bench, Typing(), Ask(found.snapshot, found.offset, bench.projects.world(found.root), names=names)
        )

    answer = out.with_bench(work, root=found.root, is_brief=True)
    if as_json:
        typer.echo(json.dumps(completion_json(answer, found.snapshot), ensure_ascii=False))
        return
    for suggestion in answer.suggestions:
        typer.echo(suggestion.text)
        for statement in suggestion.imports:
            typer.echo(f"— at the top of the file: {statement}", err=True)
        typer.echo(f"— {title(suggestion.verdict)}. {suggestion.verdict.why}", err=True)
    if not answer.suggestions:
        typer.echo(f"Nothing to suggest: {answer.why} (`assay why {answer.trace_id}` tells more.)", err=True)


def why(
    trace: Annotated[
        str,
        typer.Argument(
            metavar="[TRACE]", help="A trace id, or its beginning; without, the last request in this project."
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Why this suggestion, or why nothing: what happened to a request, from its trace."""
    traces = Traces(folders().traces_file, 200)
    found = traces.find(trace) if trace else traces.latest(str(files.project_root(Path.cwd() / "x.py")))
    if found is None:
        out.fail("no-trace", f"There is no trace {trace}." if trace else "Nothing was asked here yet.", as_json=as_json)
    if as_json:
        out.emit({"trace": found})
        return
    for line in trace_text.lines(found):
        typer.echo(line)
    where, root = folders(), files.project_root(Path.cwd() / "x.py")
    settings = out.settings(where)
    told = environment.Told(settings.text("project.environment"), settings.text("project.interpreter"))
    if own := environment.find(root, workspaces.top(root), told):
        typer.echo(f"\nTests run with {own.told}{f', but: {own.flaw}' if own.flaw else ''}.")

"""`assay review`: what is to be said of a change before it is merged: for people, scripts, code hosts and pull requests."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from assay import __version__
from assay.assistant.changes.gathered import Gathered
from assay.assistant.review import remarks, shapes, way
from assay.assistant.review.way import Review
from assay.assistant.workbench import Workbench
from assay.cli import out
from assay.cli.ask import Json
from assay.cli.progress import WORDS, Progress
from assay.cli.verify import Diff, Staged, gathered_of, refusals
from assay.folders import folders
from sandbox.api import SandboxUnavailable


def review(
    what: Annotated[str, typer.Argument(metavar="[RANGE]", help="What differs on disk from a commit: main, HEAD~3, or main...HEAD for where a branch began. HEAD without.")] = "",
    diff: Diff = "",
    staged: Staged = False,
    form: Annotated[Literal["text", "json", "sarif", "markdown"], typer.Option("--format", help="How it is told; markdown is one comment of a pull request.")] = "text",
    fail_on: Annotated[Literal["error", "warning", "note"], typer.Option("--fail-on", help="The least severity for which the command exits 1.")] = "error",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Review a change: its verdict, what makes it look better than it is, hints on its lines, dangerous calls and secrets, docstrings that it leaves wrong, functions that behave otherwise with an input that shows it, and what no test would notice.

    Every remark has its evidence; there is no praise, and there are no nits. Exits 1 where there is a remark of the severity of --fail-on, or the verdict is failed; else 0; 2 misuse, 3 without a sandbox.
    """
    form = "json" if as_json else form
    if sum((bool(what), bool(diff), staged)) > 1:
        out.fail("bad-input", "Name a RANGE, or one of --diff and --staged.", as_json=form == "json")
    with refusals(as_json=form == "json"):
        found = gathered_of(diff, "" if diff or staged else what or "HEAD")
    try:
        made = out.with_bench(lambda bench: _reviewed(bench, found), root=found.change.root, patience_s=None)
    except SandboxUnavailable as error:
        out.fail("no-sandbox", str(error), status=out.UNVERIFIED, as_json=form == "json")
    match form:
        case "json":
            out.emit(shapes.review_json(made))
        case "sarif":
            typer.echo(json.dumps(shapes.review_sarif(made, __version__), ensure_ascii=False))
        case "markdown":
            typer.echo(shapes.review_markdown(made))
        case _:
            for line in shapes.review_lines(made):
                typer.echo(line)
    least = remarks.SEVERITIES.index(fail_on)
    if any(remarks.SEVERITIES.index(one.severity) <= least for one in made.remarks):
        raise typer.Exit(out.FAILED)


async def _reviewed(bench: Workbench, found: Gathered) -> Review:
    bench.projects.open_folder(found.change.root)
    with Progress({**WORDS, "behaviour": "asking functions with and without the change", "mutants": "trying small changes of its lines"}) as tell:  # fmt: skip
        return await way.reviewed(bench, found, folders().cache, tell)

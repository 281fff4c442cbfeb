"""`assay report`: what was committed in a time, by area, each sentence with its commits."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.assistant.changes import history
from assay.assistant.changes.history import RangeError, Touched
from assay.assistant.review import report as reporting
from assay.assistant.review.report import Report, Sentence
from assay.assistant.workbench import Workbench
from assay.cli import out, place
from assay.cli.ask import Json

SHOWN = 6  # commits that a line names


def report(
    since: Annotated[str, typer.Option("--since", metavar="WHEN", help="A date (2026-11-01), a time (2w, 10 days ago), or a commit.")] = "7d",
    folder: Annotated[Path, typer.Option("--in", help="A folder of the project.", exists=True)] = Path(),
    url: Annotated[str, typer.Option("--url", metavar="PREFIX", help="What stands before a commit's id in a link: https://host/owner/name/commit/")] = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Report what was committed, by area: with what is changed again and again, and code that changed without tests. Each sentence names the commits that it rests on; it is Markdown.

    Exits 0, 2 where there is no repository or no such commit.
    """
    root = place.project_of(folder.resolve())

    async def work(bench: Workbench) -> Report:
        state = await bench.projects.state(root)
        return reporting.of(history.since(root, since, time.time()), state.texts, state.test_files)

    try:
        found = out.with_bench(work, root=root, is_brief=True)
    except RangeError as error:
        out.fail("bad-range", str(error), as_json=as_json)
    if as_json:
        out.emit({name: [_json(one) for one in getattr(found, name)] for name in ("areas", "hot", "untested")} | {"commits": [_commit(one) for one in found.commits]})  # fmt: skip
        return
    people = sorted({one.author for one in found.commits})
    typer.echo(f"# Since {since}: {len(found.commits)} commits by {', '.join(people) or 'nobody'}")
    for title, sentences in (("By area", found.areas), ("Changed again and again", found.hot), ("Without tests", found.untested)):  # fmt: skip
        if sentences:
            typer.echo(f"\n## {title}\n")
        for one in sentences:
            typer.echo(f"- {one.text} ({_links(one.commits, url)})")


def _links(commits: tuple[Touched, ...], url: str) -> str:
    shown = [f"[{one.short}]({url}{one.id})" if url else one.short for one in commits[:SHOWN]]
    more = f" and {len(commits) - SHOWN} more" if len(commits) > SHOWN else ""
    return f"{', '.join(shown)}{more}"


def _json(one: Sentence) -> dict[str, Any]:
    return {"text": one.text, "commits": [each.id for each in one.commits], "files": list(one.files)}


def _commit(one: Touched) -> dict[str, Any]:
    return {"id": one.id, "title": one.title, "author": one.author, "at": one.at, "files": list(one.files), "merge": one.is_merge}  # fmt: skip

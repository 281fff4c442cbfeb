"""`assay message`: a commit message for what is staged, from what differs."""

from __future__ import annotations

import typer

from assay.assistant.changes.gathered import Gathered
from assay.assistant.review import handed
from assay.assistant.review import message as writing
from assay.assistant.workbench import Workbench
from assay.cli import out
from assay.cli.ask import Json
from assay.cli.verify import Against, Diff, gathered_of, refusals


def message(diff: Diff = "", against: Against = "", as_json: Json = False) -> None:
    """Write a commit message for what is staged (or for a diff, or what differs from a commit): which functions are added, changed, renamed and removed, and which take other arguments. It says what differs, and claims no reason.

    Exits 0, 2 where there is no change.
    """
    if diff and against:
        out.fail("bad-input", "Name one of --diff and --against.", as_json=as_json)
    with refusals(as_json=as_json):
        found = gathered_of(diff, against)

    async def work(bench: Workbench) -> str:
        return await _message(bench, found)

    text = out.with_bench(work, root=found.change.root, is_brief=True)
    if as_json:
        subject, _, body = text.partition("\n\n")
        out.emit({"subject": subject, "body": body})
    else:
        typer.echo(text)


async def _message(bench: Workbench, found: Gathered) -> str:
    state = await bench.projects.state(found.change.root)
    return writing.of(handed.both(state, found.change))

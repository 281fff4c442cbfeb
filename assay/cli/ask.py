"""`assay complete`, `assay verify`, `assay why`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from analyzers import files
from analyzers.text import Snapshot, changed_span
from assay import compose
from assay.assistant.complete.path import complete as completing
from assay.assistant.complete.way import Typing
from assay.assistant.nouns import Ask, Completion, Failed, Passed, Unverified, Verdict, one_file
from assay.assistant.proof import asked
from assay.assistant.record import trace_text
from assay.assistant.record.trace import Traces
from assay.assistant.shapes import SIGNS, completion_json, state, title, verdict_json
from assay.assistant.suggest.popup import Popup
from assay.assistant.workbench import Workbench
from assay.cli import out, patch_text, place

PYTHON = (".py", ".pyi")
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
        names = await popup.behind_dot(bench, found.root, found.snapshot, found.offset, {}, patience_s=JEDI_S)
        popup.close()
        return await completing(bench, Typing(), Ask(found.snapshot, found.offset, found.root, names=names))

    answer = out.with_bench(work, root=found.root)
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


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file that would change.")],
    patch: Annotated[
        bool, typer.Option("--patch", help="Standard input is a unified diff, not the whole text.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a change to FILE, whose whole new text comes on standard input.

    Exits 0 passed, 1 failed, 3 unverified, 2 misuse.
    """
    if file.suffix not in PYTHON:
        out.fail("not-python", f"{file} is not a Python file ({' or '.join(PYTHON)}).", as_json=as_json)
    if sys.stdin.isatty():
        out.say(f"waiting for {'a patch' if patch else 'the whole new text'} on standard input; Ctrl-D ends it")
    try:
        given = sys.stdin.buffer.read().decode("utf-8")
        if not given.strip():
            raise place.BadPlace(
                f"Standard input is empty: {'a unified diff' if patch else 'the whole new text of the file'} is expected there."
            )
        before = place.read(file) if file.exists() else Snapshot(file.absolute().as_uri(), str(file.absolute()), 0, "")
        after = patch_text.apply(before.text, given) if patch else given
    except UnicodeDecodeError:
        out.fail("not-text", "Standard input is not UTF-8 text.", as_json=as_json)
    except (place.BadPlace, patch_text.PatchError) as error:
        out.fail("bad-input", str(error), as_json=as_json)
    if not file.exists():
        out.say(f"{file} does not exist yet: it is checked as a new file")
    _, span = changed_span(before.text, after)
    root = files.project_root(Path(before.path))

    async def work(bench: Workbench) -> tuple[Verdict, str]:
        return await asked.verify(bench, one_file(before, after, span, root), _progress())

    verdict, trace_id = out.with_bench(work, root=root)
    if as_json:
        out.emit({"verdict": verdict_json(verdict), "traceId": trace_id})
    else:
        _print(verdict)
    match verdict:
        case Passed():
            raise typer.Exit(0)
        case Failed():
            raise typer.Exit(out.FAILED)
        case _:
            raise typer.Exit(out.UNVERIFIED)


def _print(verdict: Verdict) -> None:
    """The verdict for a person: what it is and why, then each check."""
    reason = f" ({verdict.reason})" if isinstance(verdict, Unverified) else ""
    typer.echo(f"{state(verdict)}{reason}: {verdict.why}")
    for check in verdict.checks:
        typer.echo(f"  {SIGNS[check.state]} {check.name:6} {check.ms:6.0f} ms  {check.detail}".rstrip())
        if check.counts is not None:
            counts = check.counts
            by = "the coverage map" if counts.chosen == "map" else "names and imports"
            told = f"{counts.run} of {counts.reaching} tests ran, chosen by {by}; {counts.executed} of {counts.changed} changed lines executed"
            typer.echo(f"{'':21}{told}")


def _progress() -> Callable[[int, int], None]:
    """How far the tests are, told once a second."""
    last = time.monotonic()

    def tell(begun: int, of: int) -> None:
        nonlocal last
        if time.monotonic() - last >= out.PATIENCE_S:
            last = time.monotonic()
            out.say(f"tests: {begun} of about {of} …")

    return tell


def why(
    trace: Annotated[
        str,
        typer.Argument(
            metavar="[TRACE]", help="A trace id, or its beginning; without, the last request here, else anywhere."
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Why this suggestion, or why nothing: what happened to a request, from its trace."""
    traces = Traces(compose.folders().traces_file, 200)
    found = traces.find(trace) if trace else traces.latest(str(files.project_root(Path.cwd() / "x.py")))
    if found is None:
        out.fail("no-trace", f"There is no trace {trace}." if trace else "Nothing was asked yet.", as_json=as_json)
    if as_json:
        out.emit({"trace": found})
        return
    for line in trace_text.lines(found):
        typer.echo(line)

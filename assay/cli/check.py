"""`assay check`: hints about the bugs in files, as a table, as JSON or as SARIF; and the first fix that was checked, applied."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from analyzers import encodings, files
from analyzers.text import applied
from assay import __version__
from assay.assistant.changes import patch, revisions
from assay.assistant.hints import check as checking
from assay.assistant.hints import fixes, shapes
from assay.assistant.hints.check import Report, Scope
from assay.assistant.hints.hint import Fix, Hint
from assay.assistant.nouns import Failed, Passed
from assay.assistant.shapes import SIGNS, state, title
from assay.assistant.workbench import Workbench
from assay.cli import out, place
from assay.cli.ask import Json
from assay.cli.progress import Progress
from assay.folders import folders

STATIC = {"verify.policy": "static"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The files of one project that are looked at."""

    root: Path
    texts: dict[str, str]
    unread: tuple[str, ...]


def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATHS]", help="Files and folders; without, the current folder.")
    ] = None,
    as_json: Json = False,
    form: Annotated[
        Literal["text", "json", "sarif"], typer.Option("--format", help="How the hints are told.")
    ] = "text",
    static: Annotated[bool, typer.Option("--static", help="Run nothing: rules and patterns alone.")] = False,
    inputs: Annotated[
        bool,
        typer.Option("--inputs", help="Look for inputs, by type hints, that make functions raise what nobody meant."),
    ] = False,
    diff: Annotated[
        str,
        typer.Option(
            metavar="RANGE",
            help="Only hints on lines that differ from a commit: HEAD, main, or main...HEAD for where a branch began.",
        ),
    ] = "",
    fix: Annotated[
        bool, typer.Option("--fix", help="Apply the first fix that was checked, and show its diff first.")
    ] = False,
    unverified: Annotated[
        bool, typer.Option("--unverified", help="With --fix, write one that no test proves, without asking.")
    ] = False,
) -> None:
    """Look for bugs: what ruff's rules say, what a run proves, and what patterns suspect, each with its reason.

    Tests, examples in docstrings and calls with literal arguments run in the sandbox; a fix is offered when the tests that reach it pass with it.
    --fix writes one that was proved; one that was not only after a question, or with --unverified.
    Exits 1 when there is a hint of class proved or rule, else 0; 2 misuse.
    """
    form = "json" if as_json else form
    chosen = _chosen(paths or [Path()], as_json=form != "text")
    if fix and sum(len(one.texts) for one in chosen) != 1:
        out.fail("bad-input", "`--fix` takes one file.", as_json=form != "text")
    reports = [(one, _report(one, is_static=static, seeks_inputs=inputs)) for one in chosen]
    if diff:
        try:
            reports = [
                (one, checking.within(report, revisions.changed(one.root.resolve(), diff, one.texts), one.texts))
                for one, report in reports
            ]
        except revisions.RangeError as error:
            out.fail("bad-range", str(error), as_json=form != "text")
    report, texts = _joined(reports)
    match form:
        case "json":
            out.emit(shapes.report_json(report, texts))
        case "sarif":
            typer.echo(json.dumps(shapes.sarif(report, texts, __version__), ensure_ascii=False))
        case _:
            for line in _table(report, texts):
                typer.echo(line)
    if fix:
        one, own = next((one, own) for one, own in reports if one.texts)
        found = _found(one, own, is_static=static)
        if found is not None:
            _write(one, found, takes_unverified=unverified, to_stderr=form != "text")
    if any(hint.kind != "suspected" for hint in report.all):
        raise typer.Exit(out.FAILED)


def _chosen(paths: list[Path], *, as_json: bool) -> list[Chosen]:
    """The Python files that the paths name, by their projects."""
    by_root: dict[Path, dict[str, str]] = {}
    unread: dict[Path, list[str]] = {}
    for path in paths:
        whole = path.resolve()  # ruff tells real paths, and `..` is none
        if not whole.exists():
            out.fail("bad-place", f"{path} does not exist.", as_json=as_json)
        if whole.is_file() and whole.suffix not in place.PYTHON:
            out.fail("not-python", f"{path} is not a Python file ({' or '.join(place.PYTHON)}).", as_json=as_json)
        root = place.project_of(whole)
        for name in _names(root, whole):
            try:
                by_root.setdefault(root, {})[name] = place.read(root / name).text
            except place.BadPlace as error:
                if whole.is_file():
                    out.fail("bad-input", str(error), as_json=as_json)
                unread.setdefault(root, []).append(str(error))
        by_root.setdefault(root, {})
    return [Chosen(root, texts, tuple(unread.get(root, ()))) for root, texts in by_root.items()]


def _names(root: Path, path: Path) -> Iterator[str]:
    if path.is_file():
        yield path.relative_to(root).as_posix()
        return
    below = path.relative_to(root).as_posix()
    for entry in files.walk(root, files.Rules(root)):
        if entry.name.endswith(place.PYTHON) and (below == "." or entry.name.startswith(f"{below}/")):
            yield entry.name


def _report(chosen: Chosen, *, is_static: bool, seeks_inputs: bool) -> Report:
    async def work(bench: Workbench) -> Report:
        bench.projects.open_folder(chosen.root)
        scope = Scope(chosen.root, chosen.texts, folders().cache, seeks_inputs=seeks_inputs)
        with Progress() as tell:
            found = await checking.of_files(bench, scope, tell)
        return Report(found.hints, (*chosen.unread, *found.notes))

    return out.with_bench(work, root=chosen.root, changed=STATIC if is_static else {}, patience_s=None)


def _joined(reports: list[tuple[Chosen, Report]]) -> tuple[Report, dict[str, str]]:
    """All projects' hints, with names from here where there are several."""
    if len(reports) == 1:
        return reports[0][1], reports[0][0].texts
    hints: dict[str, tuple[Hint, ...]] = {}
    texts: dict[str, str] = {}
    notes: list[str] = []
    for chosen, report in reports:
        for name, text in chosen.texts.items():
            texts[_told_path(chosen.root / name)] = text
        for name, found in report.hints.items():
            told = _told_path(chosen.root / name)
            hints[told] = tuple(replace(hint, name=told) for hint in found)
        notes += report.notes
    return Report(hints, tuple(dict.fromkeys(notes))), texts


def _told_path(path: Path) -> str:
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix()


def _table(report: Report, texts: dict[str, str]) -> Iterator[str]:
    """The hints for a person, file by file, the best first; then how many there are, and what could not be looked at."""
    for name in sorted(report.hints):
        document = shapes.document(texts, name)
        yield name
        for hint in report.hints[name]:
            at = shapes.place(document, hint.span)
            yield f"  {at['line']}:{at['column']}".ljust(10) + f"{hint.kind:9} {hint.code:14} {hint.message}"
            if hint.fix is not None and hint.fix.verdict is not None:
                sign = SIGNS[state(hint.fix.verdict)]
                yield f"{'':10}{'':9} {'':14} fix {sign} {hint.fix.title} ({title(hint.fix.verdict)})"
                if hint.fix.note:
                    yield f"{'':10}{'':9} {'':14}     {hint.fix.note}"
        yield ""
    count = len(report.all)
    if count:
        yield f"{count} hint{'s' if count != 1 else ''} in {len(report.hints)} file{'s' if len(report.hints) != 1 else ''}: {shapes.counted(report.all)}."
    else:
        yield f"No hints in {len(texts)} file{'s' if len(texts) != 1 else ''}."
    for note in report.notes:
        yield f"Note: {note}"


def _found(chosen: Chosen, report: Report, *, is_static: bool) -> Fix | None:
    """The first fix that the checks let stand, one that they prove before one that they do not."""
    (name,) = chosen.texts

    async def work(bench: Workbench) -> Fix | None:
        first = None
        bench.projects.open_folder(chosen.root)
        for hint in report.hints.get(name, ()):
            if hint.fix is None:
                continue
            judged = await fixes.checked(bench, chosen.root, chosen.texts, hint)
            if judged is None or judged.fix is None or isinstance(judged.fix.verdict, Failed):
                continue
            if isinstance(judged.fix.verdict, Passed):
                return judged.fix
            first = first or judged.fix
        return first

    found = out.with_bench(work, root=chosen.root, changed=STATIC if is_static else {})
    if found is None:
        out.say("no fix was found that the checks let stand")
    return found


def _write(chosen: Chosen, fix: Fix, *, takes_unverified: bool, to_stderr: bool) -> None:
    """Show a fix, and write it: one that is not proved only where somebody says so."""
    (name,) = chosen.texts
    text = chosen.texts[name]
    assert fix.verdict is not None
    after = applied(text, fix.edits)
    for line in difflib.unified_diff(patch.lines_of(text), patch.lines_of(after), name, name):
        typer.echo(line.rstrip("\n"), err=to_stderr)
    typer.echo(f"{state(fix.verdict)}: {fix.why}", err=to_stderr)
    path, is_proved = chosen.root / name, isinstance(fix.verdict, Passed)
    if not (
        is_proved or takes_unverified or (sys.stdin.isatty() and typer.confirm("Write it all the same?", err=True))
    ):
        out.say(f"{path} is left as it is: the fix is not proved. `--unverified` writes it.")
        return
    try:
        if path.read_bytes() != encodings.encoded(text):
            out.fail("changed", f"{path} was changed meanwhile; it is left as it is.", as_json=to_stderr)
        path.write_bytes(encodings.encoded(after))
    except OSError as error:
        out.fail("not-written", f"{path} cannot be written ({error.strerror}).", as_json=to_stderr)
    how = "its tests pass" if is_proved else "it is not proved"
    out.say(f"{path} is written; {how}.")

"""`assay verify`: the verdict on a change of one file or several, from standard input, a diff, the index, or since a commit."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from analyzers import files
from analyzers.text import Snapshot, changed_span
from assay.assistant.nouns import Change, Edited, Failed, FileKind, Passed, Unverified, Verdict, edited
from assay.assistant.proof import asked
from assay.assistant.shapes import SIGNS, state, verdict_json
from assay.assistant.workbench import Workbench
from assay.cli import out, place, revisions
from assay.cli import patch as patches
from assay.cli.ask import PYTHON, Json
from assay.cli.patch import Patched, PatchError
from assay.cli.revisions import RangeError


def verify(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The file that would change.")] = None,
    patch: Annotated[
        bool, typer.Option("--patch", help="Standard input is a unified diff of FILE, not its whole text.")
    ] = False,
    diff: Annotated[
        str,
        typer.Option(
            metavar="DIFF", help="A unified diff of any number of files, by their names from here; - is standard input."
        ),
    ] = "",
    staged: Annotated[bool, typer.Option("--staged", help="What is staged for the next commit.")] = False,
    against: Annotated[
        str,
        typer.Option(
            metavar="REV",
            help="What differs on disk from a commit: HEAD, main, or main...HEAD for where a branch began.",
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Check a change: FILE with its whole new text on standard input, or several files by --diff, --staged or --against.

    One verdict is about all of it. Nothing is written, and what is not part of the change is taken as it is on disk.
    Exits 0 passed, 1 failed, 3 unverified, 2 misuse.
    """
    if sum((file is not None, bool(diff), staged, bool(against))) != 1:
        out.fail("bad-input", "Name a FILE, or one of --diff, --staged and --against.", as_json=as_json)
    try:
        if file is not None:
            change = _of_file(file, is_patch=patch, as_json=as_json)
        else:
            change = _of_several(_patched(diff, against), as_json=as_json)
    except UnicodeDecodeError:
        out.fail("not-text", "The change is not UTF-8 text.", as_json=as_json)
    except (place.BadPlace, PatchError, RangeError) as error:
        out.fail("bad-input", str(error), as_json=as_json)

    async def work(bench: Workbench) -> tuple[Verdict, str]:
        if file is None:  # somebody stands in this folder; of a lone script only the files beside it count
            bench.workspace.open_folder(change.root)
        return await asked.verify(bench, change, _progress())

    verdict, trace_id = out.with_bench(work, root=change.root)
    if as_json:
        told = [{"file": one.name, "kind": one.kind} for one in change.files]
        out.emit({"verdict": verdict_json(verdict), "files": told, "traceId": trace_id})
    else:
        _print(verdict)
    _end(verdict)


def _end(verdict: Verdict) -> NoReturn:
    match verdict:
        case Passed():
            raise typer.Exit(0)
        case Failed():
            raise typer.Exit(out.FAILED)
        case _:
            raise typer.Exit(out.UNVERIFIED)


def _of_file(file: Path, *, is_patch: bool, as_json: bool) -> Change:
    """The change of one file by standard input. Raises BadPlace and PatchError."""
    if file.suffix not in PYTHON:
        out.fail("not-python", f"{file} is not a Python file ({' or '.join(PYTHON)}).", as_json=as_json)
    what = "a unified diff" if is_patch else "the whole new text of the file"
    given = _given("-", what)
    before = place.read(file) if file.exists() else Snapshot(file.absolute().as_uri(), str(file.absolute()), 0, "")
    after = patches.apply(before.text, given) if is_patch else given
    if not file.exists():
        out.say(f"{file} does not exist yet: it is checked as a new file")
    root = files.project_root(Path(before.path))
    kind: FileKind = "edited" if file.exists() else "new"
    return Change(root, (edited(root, before, after, changed_span(before.text, after)[1], kind=kind),))


def _given(name: str, what: str) -> str:
    """The text of a file, or of standard input for "-". Raises BadPlace."""
    if name == "-" and sys.stdin.isatty():
        out.say(f"waiting for {what} on standard input; Ctrl-D ends it")
    text = sys.stdin.buffer.read().decode("utf-8") if name == "-" else place.read(Path(name)).text
    if not text.strip():
        raise place.BadPlace(f"{'Standard input' if name == '-' else name} is empty: {what} is expected there.")
    return text


def _patched(diff: str, against: str) -> tuple[Path, list[Patched]]:
    """The project around the current folder, and what changes of its files. Raises PatchError, RangeError and BadPlace."""
    here = Path.cwd().resolve()
    root = place.project_of(here)
    if not diff:
        return root, revisions.against(root, against) if against else revisions.staged(root)
    found = patches.of_files(_given(diff, "a unified diff"), lambda name: _text(here / name))
    return root, [Patched(_inside(root, here / one.name), one.before, one.after) for one in found]


def _text(path: Path) -> str:
    """A file's text as it is, its line ends included. Raises OSError and UnicodeDecodeError."""
    return path.read_bytes().decode("utf-8")


def _inside(root: Path, path: Path) -> str:
    whole = path.resolve()
    if not whole.is_relative_to(root):
        raise place.BadPlace(f"{path} is outside the project {root}.")
    return whole.relative_to(root).as_posix()


def _of_several(found: tuple[Path, list[Patched]], *, as_json: bool) -> Change:
    """The change of all files that may go into a container; what may not, and is no Python, is left out and said."""
    root, patched = found
    rules = files.Rules(root)
    chosen = [one for one in patched if one.name.endswith(PYTHON) or rules.allows(one.name)]
    for one in patched:
        if one not in chosen:
            out.say(f"{one.name} is left out: it is ignored, or a secret by its name")
    if not chosen:
        out.fail("no-change", f"Nothing of {root} is changed.", as_json=as_json)
    return Change(root, tuple(_edited(root, one) for one in chosen))


def _edited(root: Path, one: Patched) -> Edited:
    path, before, after = root / one.name, one.before or "", one.after or ""
    kind: FileKind = "new" if one.before is None else "gone" if one.after is None else "edited"
    return edited(root, Snapshot(path.as_uri(), str(path), 0, before), after, changed_span(before, after)[1], kind=kind)


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

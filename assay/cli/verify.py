"""`assay verify`: the verdict on a change of one file or several, from standard input, a diff, the index, or since a commit."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from analyzers import encodings, files
from analyzers.text import Snapshot, changed_span
from assay.assistant.changes import gathered
from assay.assistant.changes import patch as patches
from assay.assistant.changes.gathered import Gathered, NothingChanged
from assay.assistant.changes.patch import PatchError
from assay.assistant.changes.revisions import RangeError
from assay.assistant.nouns import Failed, Passed, Unverified, Verdict
from assay.assistant.review import handed, shapes
from assay.assistant.review.handed import HandedIn
from assay.assistant.shapes import SIGNS, change_json, state
from assay.assistant.workbench import Workbench
from assay.assistant.world.change import Change, FileKind, edited
from assay.assistant.world.world import World
from assay.cli import out, place
from assay.cli.ask import Json

# A change of several files, as people have it.
Diff = Annotated[
    str,
    typer.Option(
        metavar="DIFF", help="A unified diff of any number of files, by their names from here; - is standard input."
    ),
]
Staged = Annotated[bool, typer.Option("--staged", help="What is staged for the next commit.")]
Against = Annotated[
    str,
    typer.Option(
        metavar="REV", help="What differs on disk from a commit: HEAD, main, or main...HEAD for where a branch began."
    ),
]


def verify(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The file that would change.")] = None,
    patch: Annotated[
        bool, typer.Option("--patch", help="Standard input is a unified diff of FILE, not its whole text.")
    ] = False,
    diff: Diff = "",
    staged: Staged = False,
    against: Against = "",
    hook: Annotated[bool, typer.Option("--hook", help="For an agent's hook: one paragraph, and exit 1 where there is a finding, too.")] = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Check a change: FILE with its whole new text on standard input, or several files by --diff, --staged or --against.

    One verdict is about all of it, and what makes the change look better than it is is named beside it: weakened tests, swallowed errors, answers made for the tests' inputs, mocks that prove nothing, half a rename.
    Nothing is written, and what is not part of the change is taken as it is on disk. Exits 0 passed, 1 failed, 3 unverified, 2 misuse.
    """
    if sum((file is not None, bool(diff), staged, bool(against))) != 1:
        out.fail("bad-input", "Name a FILE, or one of --diff, --staged and --against.", as_json=as_json)
    with refusals(as_json=as_json):
        found = (
            Gathered(_of_file(file, is_patch=patch, as_json=as_json))
            if file is not None
            else gathered_of(diff, against)
        )
    change = found.change

    async def work(bench: Workbench) -> HandedIn:
        if file is None:  # somebody stands in this folder; of a lone script only the files beside it count
            bench.projects.open_folder(change.root)
        if bench.settings.policy != "static":
            await bench.sandbox.warm(await bench.projects.bare(change.root))  # it starts while the files are read
        return await handed.judged(bench, found, _progress())

    judged = out.with_bench(work, root=change.root, is_brief=True)
    if hook:
        typer.echo(shapes.paragraph(judged))
    elif as_json:
        out.emit(change_json(change, judged.verdict) | shapes.beside_json(judged))
    else:
        _print(judged.verdict)
        for line in shapes.beside(judged):
            typer.echo(line)
    if hook and judged.findings:
        raise typer.Exit(out.FAILED)
    _end(judged.verdict)


@contextlib.contextmanager
def refusals(*, as_json: bool) -> Iterator[None]:
    """A change that cannot be had ends the command with one sentence."""
    try:
        yield
    except UnicodeDecodeError:
        out.fail("not-text", "The change is not UTF-8 text.", as_json=as_json)
    except NothingChanged as error:
        out.fail("no-change", str(error), as_json=as_json)
    except (place.BadPlace, PatchError, RangeError) as error:
        out.fail("bad-input", str(error), as_json=as_json)


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
    if file.suffix not in place.PYTHON:
        out.fail("not-python", f"{file} is not a Python file ({' or '.join(place.PYTHON)}).", as_json=as_json)
    what = "a unified diff" if is_patch else "the whole new text of the file"
    given = _given("-", what)
    before = place.read(file) if file.exists() else Snapshot(file.absolute().as_uri(), str(file.absolute()), 0, "")
    after = patches.apply(before.text, given) if is_patch else given
    if not file.exists():
        out.say(f"{file} does not exist yet: it is checked as a new file")
    root = files.project_root(Path(before.path))
    kind: FileKind = "edited" if file.exists() else "new"
    world = World(root)
    return Change(world, (edited(world, before, after, changed_span(before.text, after)[1], kind=kind),))


def _given(name: str, what: str) -> str:
    """The text of a file, or of standard input for "-". Raises BadPlace."""
    if name == "-" and sys.stdin.isatty():
        out.say(f"waiting for {what} on standard input; Ctrl-D ends it")
    text = encodings.decoded(sys.stdin.buffer.read()) if name == "-" else place.read(Path(name)).text
    if not text.strip():
        raise place.BadPlace(f"{'Standard input' if name == '-' else name} is empty: {what} is expected there.")
    return text


def of_several(diff: str, against: str) -> Change:
    """The change of all files that may go into a container: by a diff, since a commit, or what is staged. Raises PatchError, RangeError, BadPlace and NothingChanged."""
    return gathered_of(diff, against).change


def gathered_of(diff: str, against: str) -> Gathered:
    """The same with what is left out of it, which is told. Raises likewise."""
    here = Path.cwd().resolve()
    root = place.project_of(here)
    if diff:
        found = gathered.of_diff(root, here, _given(diff, "a unified diff"), {})
    else:
        found = gathered.of_revision(root, against, {}) if against else gathered.of_index(root, {})
    for name in found.left_out:
        out.say(f"{name} is left out: it is ignored, or a secret by its name")
    return found


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
            if counts.harness:
                typer.echo(f"{'':21}{counts.harness}")


def _progress() -> Callable[[int, int], None]:
    """How far the tests are, told once a second."""
    last = time.monotonic()

    def tell(begun: int, of: int) -> None:
        nonlocal last
        if time.monotonic() - last >= out.PATIENCE_S:
            last = time.monotonic()
            out.say(f"tests: {begun} of about {of} …")

    return tell

"""FILE:LINE:COL as people write it, and files as snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analyzers import encodings, files
from analyzers.text import Snapshot
from assay.cli import out

PYTHON = (".py", ".pyi")


class BadPlace(Exception):
    """A place that does not exist; the message says which part."""


@dataclass(frozen=True, slots=True)
class Place:
    """A snapshot of a file, an offset in it in code points, and the project's root."""

    snapshot: Snapshot
    offset: int
    root: Path


def parse(text: str) -> Place:
    """Read "FILE:LINE:COL"; LINE and COL count from 1, COL in code points. Raises BadPlace."""
    head, _, column = text.rpartition(":")
    name, _, line = head.rpartition(":")
    if not name or not line.isdecimal() or not column.isdecimal():
        raise BadPlace(f"{text!r} is not FILE:LINE:COL, for example src/app.py:12:5.")
    snapshot = read(Path(name))
    wanted_line, wanted_column = int(line) - 1, int(column) - 1
    if not 0 <= wanted_line < len(snapshot.line_starts):
        raise BadPlace(f"{name} has {len(snapshot.line_starts)} lines; there is no line {line}.")
    span = snapshot.line_span(wanted_line)
    if not 0 <= wanted_column <= span.end - span.start:
        raise BadPlace(f"Line {line} of {name} has {span.end - span.start} characters; there is no column {column}.")
    return Place(snapshot, span.start + wanted_column, files.project_root(Path(snapshot.path)))


def read(path: Path) -> Snapshot:
    """The file as it is on disk, line ends and byte-order mark included. Raises BadPlace."""
    path = path.absolute()
    if path.exists() and not path.is_file():
        raise BadPlace(f"{path} is a folder." if path.is_dir() else f"{path} is no regular file.")
    try:
        text = encodings.decoded(path.read_bytes())
    except OSError as error:
        raise BadPlace(f"{path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise BadPlace(f"{path} is not UTF-8 text, nor of an encoding that its first lines name.") from None
    return Snapshot(path.as_uri(), str(path), 0, text)


@dataclass(frozen=True, slots=True)
class Code:
    """A Python file that somebody named: its project's root, its name below it, and its text."""

    root: Path
    name: str
    text: str


def code(path: str, *, as_json: bool) -> Code:
    """The Python file at `path`; ends the command with one sentence where it is none, or cannot be read."""
    whole = Path(path).resolve()
    if not whole.exists():
        out.fail("bad-place", f"There is no file {path}.", as_json=as_json)
    if whole.is_dir():
        out.fail("not-python", f"{path} is a folder; name a Python file.", as_json=as_json)
    if not whole.is_file() or whole.suffix not in PYTHON:
        out.fail("not-python", f"{path} is no Python file ({' or '.join(PYTHON)}).", as_json=as_json)
    root = project_of(whole)
    try:
        return Code(root, whole.relative_to(root).as_posix(), read(whole).text)
    except BadPlace as error:
        out.fail("bad-input", str(error), as_json=as_json)


def project_of(path: Path) -> Path:
    """The project of a path; a folder that nothing marks as part of one is a project itself."""
    folder = path if path.is_dir() else path.parent
    found = files.project_root(folder / "x.py")
    return found if files.has_root_mark(found) else folder

"""An index of what a tree of Python files offers: SQLite's full-text search, one file a tree below the user's cache; safe to delete.

It follows the tree: a file that is as it was is not read again, and one that is gone is forgotten. Reading and writing block: call from a thread.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from analyzers import encodings, secrets, signatures, words

VERSION = 1
FILES_LIMIT = 20_000  # of one tree, by their names
FILE_LIMIT = 1 << 20  # bytes; a larger one is data
TREES_LIMIT = 60  # the latest ones
BATCH = 50  # files between two commits: who interrupts it loses no more
_SKIPPED = frozenset(
    "tests test testing _vendor vendor vendored _vendored __pycache__ node_modules idlelib lib2to3 turtledemo ensurepip pip site-packages dist-packages".split()
)
_WORD = re.compile(r"[^\W_]+")
# Of a query nothing is lost with these; most docstrings have them.
STOP = frozenset(
    "a an and any are as at be been by can do does each else for from get given has have if in instead into is it its may must no not of off on one only or other should so some such than "
    "that the their them then there these they this those to use used uses using was way we what when where whether which will with without you your returns".split()
)


@dataclass(frozen=True, slots=True)
class Offered:
    """One thing that a tree offers. `module` is its dotted name, `path` the dotted name in it; `score` is of the index, higher is better."""

    module: str
    path: str
    kind: str
    line: int
    parameters: str
    about: str
    required: tuple[str, ...]
    score: float


class Index:
    """Of the tree at `root`, or of the `part` of it that has a name of its own; `private`: names that begin with one underscore count as well, as they do in one's own project."""

    def __init__(self, folder: Path, root: Path, *, private: bool = False, part: str = "") -> None:
        self._root, self._private = root, private
        mark = hashlib.sha256(f"{VERSION}\0{root}\0{private}{part}".encode()).hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = folder / f"{mark}.sqlite"
        for old in sorted(folder.glob("*.sqlite"), key=lambda one: one.stat().st_mtime)[:-TREES_LIMIT]:
            if old != self._file:
                old.unlink(missing_ok=True)

    @property
    def is_there(self) -> bool:
        """Whether it was made."""
        return self._file.is_file()

    def follow(self, names: Callable[[], Iterator[str]], tell: Callable[[int, int], None]) -> None:
        """Have it be as the files are: `names` gives their relative POSIX paths. Raises OSError where it can neither be written nor made anew."""
        try:
            self._follow(names, tell)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise OSError(f"the index of functions is not to be had now ({error})") from error
            self._remove()
            self._follow(names, tell)

    def _follow(self, names: Callable[[], Iterator[str]], tell: Callable[[int, int], None]) -> None:
        with closing(self._opened()) as base:
            known = {name: (size, stamp) for name, size, stamp in base.execute("SELECT name, size, stamp FROM files")}
            now = dict(self._stats(names()))
            gone = [name for name in known if name not in now]
            new = [name for name, stats in now.items() if known.get(name) != stats]
            for name in gone:
                self._forget(base, name)
            for number, name in enumerate(new):
                if number % BATCH == 0:
                    base.commit()
                    tell(number, len(new))
                self._take(base, name, now[name])
            base.commit()

    def found(self, query: str, most: int) -> list[Offered]:
        """What fits a query best by the words of names, parameters and docstrings (BM25), the best first."""
        wanted = terms(query)
        if not wanted or not self._file.is_file():
            return []
        match = _text(" OR ".join(f'"{word}"' for word in wanted))
        try:
            return self._matching(match, most)
        except sqlite3.DatabaseError as error:
            raise OSError(f"the index of functions is not to be had now ({error})") from error

    def _matching(self, match: str, most: int) -> list[Offered]:
        with closing(self._opened()) as base:
            rows = base.execute(
                "SELECT module, path, kind, line, parameters, about, required, -bm25(items, 4.0, 1.0, 2.0) FROM items WHERE items MATCH ? ORDER BY bm25(items, 4.0, 1.0, 2.0) LIMIT ?",
                (match, most),
            ).fetchall()
        return [Offered(m, p, k, line, s, a, tuple(r.split()), score) for m, p, k, line, s, a, r, score in rows]

    def _opened(self) -> sqlite3.Connection:
        """The database. One that is damaged is made anew; one that somebody else is at is waited for."""
        for is_last in (False, True):
            base = sqlite3.connect(self._file, timeout=10.0)
            try:
                base.execute("PRAGMA journal_mode=WAL")
                base.execute("CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY, size INTEGER, stamp INTEGER)")
                base.execute(
                    "CREATE VIRTUAL TABLE IF NOT EXISTS items USING fts5(words, inputs, about, module UNINDEXED, path UNINDEXED, kind UNINDEXED, line UNINDEXED, parameters UNINDEXED, "
                    "required UNINDEXED, file UNINDEXED, tokenize='porter unicode61')"
                )
                base.execute("CREATE TABLE IF NOT EXISTS places (file TEXT, item INTEGER)")
                base.execute("CREATE INDEX IF NOT EXISTS of_file ON places (file)")
            except sqlite3.DatabaseError as error:
                base.close()
                if is_last or isinstance(error, sqlite3.OperationalError):
                    raise OSError(f"the index of functions cannot be opened ({error})") from error
                self._remove()
            else:
                return base
        raise AssertionError

    def _remove(self) -> None:
        for ending in ("", "-wal", "-shm"):
            self._file.with_name(self._file.name + ending).unlink(missing_ok=True)

    def _stats(self, names: Iterator[str]) -> Iterator[tuple[str, tuple[int, int]]]:
        for number, name in enumerate(names):
            if number >= FILES_LIMIT:
                return
            if _text(name) != name:
                continue  # no text
            try:
                found = os.stat(self._root / name)
            except OSError:
                continue
            if found.st_size <= FILE_LIMIT:
                yield name, (found.st_size, found.st_mtime_ns)

    def _forget(self, base: sqlite3.Connection, name: str) -> None:
        rows = base.execute("SELECT item FROM places WHERE file = ?", (name,)).fetchall()
        base.executemany("DELETE FROM items WHERE rowid = ?", rows)
        base.execute("DELETE FROM places WHERE file = ?", (name,))
        base.execute("DELETE FROM files WHERE name = ?", (name,))

    def _take(self, base: sqlite3.Connection, name: str, stats: tuple[int, int]) -> None:
        if not base.in_transaction:
            base.execute("BEGIN IMMEDIATE")  # another window may be at the same file
        self._forget(base, name)
        try:
            text = encodings.decoded((self._root / name).read_bytes())
        except (OSError, UnicodeDecodeError):
            text = ""
        module = signatures.module_of(name)
        text = secrets.redact(text) if self._private else text
        for one in signatures.of_text(text, private=self._private):
            said = f"{words.spoken(words.of_name(one.path.rpartition('.')[2]))} {' '.join(words.of_name(one.path))} {' '.join(words.of_name(module))}"
            inputs = " ".join(word for given in _WORD.findall(one.parameters) for word in words.of_name(given))
            added = base.execute(
                "INSERT INTO items (words, inputs, about, module, path, kind, line, parameters, required, file) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    said,
                    inputs,
                    one.about,
                    module,
                    one.path,
                    one.kind,
                    one.line,
                    one.parameters,
                    " ".join(one.required),
                    name,
                ),
            )
            base.execute("INSERT INTO places VALUES (?, ?)", (name, added.lastrowid))
        base.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", (name, *stats))


def _text(text: str) -> str:
    """Without halves of characters, which no database takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def terms(text: str) -> list[str]:
    """The words of a query that say something, each once."""
    found = [word for part in _WORD.findall(text) for word in (part.lower(), *(w.lower() for w in words.of_name(part)))]
    return [word for word in dict.fromkeys(found) if word not in STOP and (len(word) > 1 or word.isdigit())]


def names_below(root: Path) -> Iterator[str]:
    """The Python files of installed packages, without tests and what packages carry along of others."""
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda one: one.name)
        except OSError:
            continue
        for entry in entries:
            name = f"{folder}/{entry.name}".lstrip("/")
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _SKIPPED and entry.name.isidentifier():
                    folders.append(name)
            elif entry.name.endswith(".py") and entry.is_file(follow_symlinks=False):
                yield name

"""The coverage map: which test enters which function of a project, kept on disk by content. Names and digests, no source.

Functions, not lines: a test that enters a function may run each of its lines once they change, and an edit elsewhere in the file moves none.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from analyzers import syntax
from analyzers.changed import Changed
from analyzers.memo import MIB, remembered

VERSION = 2
SIZE_LIMIT = 64 << 20  # bytes of one project's map; 10 000 tests of 500 functions each take about 40 MB
MAPS_LIMIT = 100  # projects, the latest ones
TESTS_LIMIT = 2000  # of one change, by name; beyond it whole files are asked for
REST, WHOLE = "", "*"  # the names of what stands in no function, and of all of a file


@dataclass(frozen=True, slots=True)
class Reached:
    """The tests that a map knows to reach a change, as node ids without parameters, those of fewest functions first; `files` that held such tests,
    and are not as they were; and all files about which it knows nothing, or nothing that still holds."""

    tests: tuple[str, ...]
    unknown: frozenset[str]
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CoverageMap:
    """`files`: digests of functions by dotted name, by file, as they were when it was recorded. `entered`: functions as "path::name" by test id
    without parameters; None for a test that was red then, or started processes, and may have entered more. `shared`: those entered as tests were imported.
    `cached` are functions that keep what they computed. `owed` are tests and test files whose record no longer holds. `place` says what it was recorded in."""

    place: str = ""
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    entered: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    owed: frozenset[str] = frozenset()
    cached: frozenset[str] = frozenset()

    def reaching(self, path: str, changed: Changed, texts: Mapping[str, str], before: str) -> Reached | None:
        """The tests that reach a change of the file at `path`, whose text was `before`; None where the map cannot tell. `texts` are the project's."""
        if not self.entered:
            return None
        wanted = self._functions(path, changed, texts, before)
        if wanted is None or not wanted.isdisjoint(self.shared):
            return None
        now = {**texts, path: before}
        stale = self._stale(now)
        found: list[tuple[int, str]] = []
        is_known = False
        for test, entered in self.entered.items():
            if test.partition("::")[0] not in now:
                continue
            reaches = entered is not None and not wanted.isdisjoint(entered)
            if reaches and entered is not None and not self.cached.isdisjoint(entered):
                return None  # what one test had computed, others may find
            is_known = is_known or reaches
            if reaches or entered is None or test in self.owed or not stale.isdisjoint(entered):
                found.append((len(entered or ()), test))
        if not is_known or len(found) > TESTS_LIMIT:
            return None
        unknown = self.owed.union(name for name in now if not self._holds(name, now[name]))
        tests = [test for _, test in sorted(found)]
        return Reached(
            tuple(test for test in tests if test.partition("::")[0] not in unknown),
            unknown,
            tuple(dict.fromkeys(file for test in tests if (file := test.partition("::")[0]) in unknown)),
        )

    def entering(self, path: str, text: str, *, is_changed: bool = False) -> dict[str, tuple[str, ...]]:
        """The tests that passed and entered each function of the file at `path`, by dotted name, as far as the function is as it was then: node ids without
        parameters. With `is_changed` those functions that are not as they were then. A function about which nothing is known is left out."""
        then, now = self.files.get(path, {}), digests(text)
        found: dict[str, list[str]] = {
            name: []
            for name, digest in now.items()
            if name in then and (then[name] != digest) == is_changed and name not in (REST, WHOLE)
        }
        head = f"{path}::"
        for test, entered in self.entered.items():
            for one in entered or ():
                if one.startswith(head) and (name := one[len(head) :]) in found and test not in self.owed:
                    found[name].append(test)
        return {name: tuple(sorted(tests)) for name, tests in found.items()} if self.entered else {}

    def _functions(self, path: str, changed: Changed, texts: Mapping[str, str], before: str) -> set[str] | None:
        """What a test must have entered to reach the change: the changed functions, and for a new one those that use its name. None for what
        stands in no function, and for a method that is new: they may take the place of another."""
        known = self.files.get(path, {})
        if any(piece.is_top and piece.owner not in {*known, *changed.functions} for piece in changed.pieces):
            return None
        innermost = {name for name in changed.functions if not any(o.startswith(f"{name}.") for o in changed.functions)}
        owners = innermost | {piece.owner for piece in changed.pieces if piece.owner}
        new = {owner for owner in owners if owner not in known}
        if any("." in owner for owner in new):
            return None
        wanted = {f"{path}::{name}" for owner in owners for name in _within(known, owner)}
        return wanted | {
            use for file, text in {**texts, path: before}.items() for use in _users(file, text, frozenset(new))
        }

    def _stale(self, texts: Mapping[str, str]) -> set[str]:
        """The recorded functions that are not as they were: who entered them may enter others now."""
        stale: set[str] = set()
        for file, known in self.files.items():
            if file not in texts or not self._holds(file, texts[file]):
                now = digests(texts[file]) if file in texts else {}
                # Something that is not in a function, or a method that is new and may take another's place: all may be otherwise.
                is_all = now.get(REST) != known.get(REST) or any("." in name for name in now.keys() - known.keys())
                stale |= {f"{file}::{name}" for name, digest in known.items() if is_all or now.get(name) != digest}
        return stale

    def _holds(self, file: str, text: str) -> bool:
        """Whether a file is as it was recorded."""
        return self.files.get(file, {}).get(WHOLE) == _digest(text)

    def owing(self, place: str, tests: Iterable[str], texts: Mapping[str, str]) -> tuple[str, ...]:
        """What is to be recorded of these test files: those of which nothing is known, else the tests whose record no longer holds."""
        if place != self.place:
            return tuple(tests)
        is_changed = not all(self._holds(name, text) for name, text in texts.items())
        stale, known = self._stale(texts), {test.partition("::")[0] for test in self.entered}
        whole = [
            file for file in tests
            if file not in known or file in self.owed or not self._holds(file, texts[file])
        ]  # fmt: skip
        single = (
            test
            for test, entered in self.entered.items()
            if test.partition("::")[0] in texts
            and test.partition("::")[0] not in whole
            and (test in self.owed or (is_changed if entered is None else not stale.isdisjoint(entered)))
        )
        return (*whole, *single)

    def joined(
        self,
        place: str,
        texts: Mapping[str, str],
        made: Mapping[str, frozenset[str] | None],
        shared: frozenset[str],
        part: Iterable[str],
        owed: Iterable[str],
    ) -> CoverageMap:
        """With what was recorded (`made`) of a `part` of `texts`; `owed` is what is still to be recorded of them."""
        older = self if place == self.place else CoverageMap()
        files = {one for one in part if "::" not in one}
        kept = {
            test: functions
            for test, functions in older.entered.items()
            if test.partition("::")[0] in texts and test.partition("::")[0] not in files
        }
        now = {name: older.files[name] if older._holds(name, text) else digests(text) for name, text in texts.items()}
        return CoverageMap(place, now, {**kept, **made}, older.shared | shared, frozenset(owed), _cached(texts))


def _cached(texts: Mapping[str, str]) -> frozenset[str]:
    """The functions with a decorator that is named like a cache."""
    found = set()
    for file, text in texts.items():
        tree = syntax.module(text) if "cache" in text else None
        for name, node in syntax.functions(tree) if tree is not None else ():
            if any("cache" in ast.unparse(decorator) for decorator in node.decorator_list):
                found.add(f"{file}::{name}")
    return frozenset(found)


def _within(known: Mapping[str, str], owner: str) -> list[str]:
    return [name for name in known if name == owner or name.startswith(f"{owner}.")]


@remembered(16 * MIB)
def digests(text: str) -> dict[str, str]:
    """Of each function of a file by its dotted name, of what stands in none (REST), and of all of it (WHOLE)."""
    tree = syntax.module(text)
    if tree is None:
        return {REST: _digest(text), WHOLE: _digest(text)}
    rows = text.split("\n")
    rest = list(rows)
    found: dict[str, str] = {}
    for name, node in syntax.functions(tree):
        first, last = _first(node) - 1, node.end_lineno or node.lineno
        found[name] = _digest(found.get(name, "") + "\n".join(rows[first:last]))
        rest[first:last] = [""] * (last - first)
    return found | {REST: _digest("\n".join(row for row in rest if row.strip())), WHOLE: _digest(text)}


def _first(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min((d.lineno for d in node.decorator_list), default=node.lineno)


def _users(file: str, text: str, names: frozenset[str]) -> set[str]:
    """The functions of a file that use one of these names."""
    if not any(name in text for name in names):
        return set()
    return {f"{file}::{function}" for function, words in _words(text) if not names.isdisjoint(words)}


@remembered(16 * MIB, shared=(str,))  # Python interns the names of a tree
def _words(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    tree = syntax.module(text)
    if tree is None:
        return ()
    found = []
    for name, node in syntax.functions(tree):
        words = {
            n.id if isinstance(n, ast.Name) else n.attr
            for n in ast.walk(node)
            if isinstance(n, ast.Name | ast.Attribute)
        }
        words |= {n.arg for n in ast.walk(node) if isinstance(n, ast.keyword) and n.arg}
        words |= {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        found.append((name, frozenset(words)))
    return tuple(found)


@remembered(2 * MIB)
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Maps:
    """The maps of all projects, one file each below `folder`; all safe to delete. Reading and writing block: call from a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._maps: dict[Path, tuple[int, CoverageMap]] = {}

    def load(self, root: Path) -> CoverageMap:
        """The project's map as far as it is recorded; an empty one where there is none that can be read."""
        path = self._path(root)
        try:
            stamp = path.stat().st_mtime_ns
            if (kept := self._maps.get(root)) is not None and kept[0] == stamp:
                return kept[1]
            found = _parsed(path.read_text("utf-8"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
            return CoverageMap()
        self._maps[root] = (stamp, found)
        return found

    def save(self, root: Path, made: CoverageMap) -> None:
        """Write it, whole or not at all."""
        text = _told(made)
        if len(text) > SIZE_LIMIT:
            return
        path = self._path(root)
        with contextlib.suppress(OSError):  # without a place to keep it, it is made anew next time
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            other = path.with_suffix(f".{os.getpid()}")
            other.write_text(text, "utf-8")
            os.replace(other, path)
            self._maps[root] = (path.stat().st_mtime_ns, made)
            every = sorted(self._folder.glob("*.json"), key=lambda one: one.stat().st_mtime)
            for old in every[:-MAPS_LIMIT]:
                old.unlink()

    def _path(self, root: Path) -> Path:
        return self._folder / f"{_digest(str(root))}.json"


def _told(made: CoverageMap) -> str:
    functions = sorted(made.shared.union(*(one for one in made.entered.values() if one is not None)))
    number = {name: n for n, name in enumerate(functions)}
    tests = {t: None if e is None else sorted(number[name] for name in e) for t, e in made.entered.items()}
    shared = sorted(number[name] for name in made.shared)
    table = {
        "version": VERSION,
        "place": made.place,
        "files": made.files,
        "functions": functions,
        "tests": tests,
        "shared": shared,
        "owed": sorted(made.owed),
        "cached": sorted(made.cached),
    }
    return json.dumps(table, separators=(",", ":"))


def _parsed(text: str) -> CoverageMap:
    table = json.loads(text)
    if table["version"] != VERSION:
        return CoverageMap()
    functions = [str(name) for name in table["functions"]]
    tests = {str(t): None if e is None else frozenset(functions[n] for n in e) for t, e in table["tests"].items()}
    files = {str(f): {str(n): str(d) for n, d in known.items()} for f, known in table["files"].items()}
    return CoverageMap(
        str(table["place"]),
        files,
        tests,
        frozenset(functions[n] for n in table["shared"]),
        frozenset(map(str, table["owed"])),
        frozenset(map(str, table["cached"])),
    )

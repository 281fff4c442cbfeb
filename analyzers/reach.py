"""Which tests reach a change: by the import graph and by name, from the source alone. Nothing is imported.

What is chosen here is a guess that the run itself checks: only a test that executed a changed line counts.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from . import syntax

CALLS_LIMIT = 4  # calls between a test and a changed function that are followed by name
DEPTH_LIMIT = 4  # imports between a test and the changed file


@dataclass(frozen=True, slots=True)
class ChangedLines:
    """1-based lines of the new text: in function bodies, and at module or class level; and the functions around them."""

    body: tuple[int, ...]
    module: tuple[int, ...]
    functions: tuple[str, ...]

    @property
    def all(self) -> frozenset[int]:
        return frozenset(self.body) | frozenset(self.module)


def changed_lines(after: ast.Module, first: int, last: int) -> ChangedLines:
    """Lines of the innermost statements that overlap lines `first` to `last` (1-based, inclusive)."""
    body: set[int] = set()
    module: set[int] = set()
    names: list[str] = []
    for name, function in syntax.functions(after):
        if function.lineno <= last and (function.end_lineno or 0) >= first:
            names.append(name)
            for statement in _innermost(function.body, first, last):
                if not _is_docstring(statement):
                    body |= _own_lines(statement)
    inside = {line for name, f in syntax.functions(after) for line in range(f.body[0].lineno, (f.end_lineno or 0) + 1)}
    for statement in _innermost(after.body, first, last):
        module |= {line for line in _own_lines(statement) if line not in inside}
    return ChangedLines(tuple(sorted(body)), tuple(sorted(module - body)), tuple(sorted(names, key=len, reverse=True)))


def tests(files: Mapping[str, str], path: str, changed: ChangedLines, after: ast.Module) -> tuple[str, ...]:
    """The tests in `files` (relative POSIX path → text, the changed file at `path` with its new text) that may reach the
    change: node ids without parameters, the likeliest first; doctests of the changed functions lead them."""
    graph = imports(files)
    importers = _importers(graph, path)
    rank = _ranks(
        {part for name in changed.functions for part in name.split(".")}, [files[f] for f in importers if f in files]
    )
    ranked: list[tuple[int, int, str]] = []
    for file, depth in sorted(importers.items(), key=lambda item: item[1]):
        if not is_test_file(file):
            continue
        for test, words in _tests_of(file, files[file]):
            ranked.append((min((rank[w] for w in words if w in rank), default=CALLS_LIMIT), depth, test))
    ranked.sort(key=lambda item: item[:2])
    return (*_doctests(path, changed, after), *(test for _, _, test in ranked))


def is_test_file(path: str) -> bool:
    """By pytest's own default patterns, and the names that unittest and Django are used to."""
    name = PurePosixPath(path).name
    return name.endswith(".py") and (
        name.startswith("test_") or name.endswith("_test.py") or name in ("test.py", "tests.py")
    )


def _ranks(names: set[str], texts: list[str]) -> dict[str, int]:
    """Names by how many calls they are away from `names`: 0 for those themselves, 1 for functions that mention them, …"""
    rank = dict.fromkeys(names, 0)
    for calls in range(1, CALLS_LIMIT):
        edge = {name for name, known in rank.items() if known == calls - 1}
        found = {name for text in texts for name, words in _functions_of(text) if not edge.isdisjoint(words)}
        rank |= {name: calls for name in found if name not in rank}
    return rank


@lru_cache(maxsize=1024)
def _functions_of(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """The functions of a file that are no tests, by their own names, and the words in each; a method also names its class."""
    tree = syntax.module(text)
    found = []
    for path, node in syntax.functions(tree) if tree is not None else ():
        words = frozenset(w for child in ast.walk(node) for w in _mentioned(child))
        found += [(part, words) for part in path.split(".")[-2:] if not part.startswith(("test", "__"))]
    return tuple(found)


def _mentioned(node: ast.AST) -> tuple[str, ...]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return (name,)
        case _:
            return ()


def imports(files: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Which project files each project file imports. A conftest.py counts as imported by the tests below it."""
    modules: dict[str, list[str]] = {}
    for file in files:
        if file.endswith(".py"):
            for name in module_names(file):
                modules.setdefault(name, []).append(file)
    graph = {}
    for file, text in files.items():
        if file.endswith(".py"):
            found = {_nearest(file, modules[name]) for name in _imported(file, text) if name in modules}
            if is_test_file(file):
                found |= {
                    str(p / "conftest.py") for p in PurePosixPath(file).parents if str(p / "conftest.py") in files
                }
            graph[file] = frozenset(found - {file})
    return graph


def _nearest(file: str, candidates: list[str]) -> str:
    """The candidate with the shortest way from `file` through the folders: where two have one name, the neighbour."""
    if len(candidates) == 1:
        return candidates[0]
    own = PurePosixPath(file).parent.parts

    def way(other: str) -> int:
        parts = PurePosixPath(other).parent.parts
        shared = next(
            (i for i, (a, b) in enumerate(zip(own, parts, strict=False)) if a != b), min(len(own), len(parts))
        )
        return len(own) + len(parts) - 2 * shared

    return min(candidates, key=way)


def module_names(file: str) -> tuple[str, ...]:
    """Dotted names under which a file may be imported: from the root, from src, and by its own name."""
    parts = list(PurePosixPath(file).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    if not parts:
        return ()
    names = [".".join(parts)]
    if parts[0] in ("src", "lib", "python") and len(parts) > 1:
        names.append(".".join(parts[1:]))
    if len(parts) > 1:
        names.append(parts[-1])
    return tuple(names)


def _importers(graph: Mapping[str, Iterable[str]], path: str) -> dict[str, int]:
    reverse: dict[str, set[str]] = {}
    for file, wanted in graph.items():
        for imported in wanted:
            reverse.setdefault(imported, set()).add(file)
    found, edge = {path: 0}, [path]
    for depth in range(1, DEPTH_LIMIT + 1):
        edge = [f for old in edge for f in sorted(reverse.get(old, ())) if f not in found]
        found |= dict.fromkeys(edge, depth)
    return found


_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]+)|import[ \t]+([^\n#]+))", re.M
)


@lru_cache(maxsize=8192)
def _imported(file: str, text: str) -> frozenset[str]:
    package = list(PurePosixPath(file).parent.parts)
    names: set[str] = set()
    for source, targets, plain in _IMPORT.findall(text):
        if plain:
            for item in plain.split(","):
                parts = item.split(" as ")[0].strip().split(".")
                names |= {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
            continue
        dots = len(source) - len(source.lstrip("."))
        base = ".".join([*package[: len(package) - dots + 1], source.lstrip(".")]).strip(".") if dots else source
        names.add(base)
        names |= {f"{base}.{t.split(' as ')[0].strip()}".strip(".") for t in targets.strip("() \n").split(",")}
    return frozenset(names)


@lru_cache(maxsize=1024)
def _tests_of(file: str, text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Node ids of a test file and the words in each test's source."""
    tree = syntax.module(text)
    if tree is None:
        return ()
    found, lines = [], text.split("\n")
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            found.append((f"{file}::{node.name}", _words(lines, node)))
        elif isinstance(node, ast.ClassDef) and (node.name.startswith("Test") or _is_test_case(node)):
            for child in node.body:
                if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.name.startswith("test"):
                    found.append((f"{file}::{node.name}::{child.name}", _words(lines, child)))
    return tuple(found)


def _is_test_case(node: ast.ClassDef) -> bool:
    return any("TestCase" in ast.unparse(base) for base in node.bases)


def _words(lines: list[str], node: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", "\n".join(lines[node.lineno - 1 : node.end_lineno])))


def _doctests(path: str, changed: ChangedLines, after: ast.Module) -> list[str]:
    functions = dict(syntax.functions(after))
    module = max(module_names(path), key=len, default="")
    if module.startswith("src."):
        module = module.removeprefix("src.")
    return [
        f"{path}::{module}.{name}"
        for name in changed.functions
        if name in functions and ">>>" in (ast.get_docstring(functions[name]) or "")
    ]


def _innermost(body: list[ast.stmt], first: int, last: int) -> list[ast.stmt]:
    found = []
    for statement in body:
        if statement.lineno > last or (statement.end_lineno or statement.lineno) < first:
            continue
        inner = [
            deeper
            for name in ("body", "orelse", "finalbody", "handlers", "cases")
            for child in getattr(statement, name, [])
            for deeper in _innermost(
                child.body if isinstance(child, ast.ExceptHandler | ast.match_case) else [child], first, last
            )
        ]
        inside = getattr(statement, "body", None)
        header_end = inside[0].lineno - 1 if isinstance(inside, list) and inside else 0
        if not inner or statement.lineno >= first or header_end >= first:
            found.append(statement)
        found += inner
    return found


def _own_lines(statement: ast.stmt) -> set[int]:
    """A statement's lines without the statements inside it; for a definition only its header."""
    body = getattr(statement, "body", None)
    if isinstance(body, list) and body:
        end = max(statement.lineno, body[0].lineno - 1)
    else:
        end = statement.end_lineno or statement.lineno
    return set(range(statement.lineno, end + 1))


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )

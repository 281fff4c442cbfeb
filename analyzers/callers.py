"""Who calls the functions of a file, as far as names say it for certain: plainly, through an import, or on `self` in the same class. Nothing is imported.

A call on an object whose class is not written there is left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from . import reach, syntax
from .facts import Function, bound, parsed
from .facts.flow import own
from .memo import MIB, Bounded, key_of, remembered

FILES_LIMIT = 500  # importing files that are looked at


def of_file(files: Mapping[str, str], path: str) -> dict[str, tuple[str, ...]]:
    """For each function and class of the file at `path` by its dotted name: its callers as "path::dotted.name", those in the same file first. `files` are the
    project's Python texts by relative POSIX path."""
    tree = parsed(files[path])
    if tree is None:
        return {}
    every = list(_defined(tree))
    defined = frozenset(name for name, _ in every)
    classes = frozenset(name for name, node in every if isinstance(node, ast.ClassDef))
    found: dict[str, dict[str, None]] = {}
    for caller, callee in _calls(files[path]):
        for name in _in_same_file(caller, callee, defined, classes):
            if name != caller:
                found.setdefault(name, {})[f"{path}::{caller}"] = None
    graph = reach.imports(files)
    near = [file for file, away in reach.importers(graph, path).items() if away == 1 and file.endswith(".py")]
    modules = frozenset(reach.module_names(path))
    for file in sorted(near)[:FILES_LIMIT]:
        names = _imported(file, files[file])
        for caller, callee in _calls(files[file]):
            if (name := _elsewhere(callee, names, modules)) in defined:
                found.setdefault(name, {})[f"{file}::{caller}"] = None
    return {name: tuple(callers) for name, callers in found.items()}


def _in_same_file(caller: str, callee: str, defined: frozenset[str], classes: frozenset[str]) -> Iterator[str]:
    head, _, rest = callee.partition(".")
    if head in ("self", "cls") and rest and "." not in rest:
        parts = caller.split(".")
        for end in range(len(parts) - 1, 0, -1):
            holder = ".".join(parts[:end])
            if holder in classes:
                if f"{holder}.{rest}" in defined:
                    yield f"{holder}.{rest}"
                return
    elif callee in defined:
        yield callee


def _elsewhere(callee: str, names: Mapping[str, str], modules: frozenset[str]) -> str:
    """The dotted name inside the module that a callee means, "" where it means something else."""
    head, _, rest = callee.partition(".")
    if head not in names:
        return ""
    whole = f"{names[head]}.{rest}" if rest else names[head]
    for module in modules:
        if whole.startswith(f"{module}."):
            return whole[len(module) + 1 :]
    return ""


def _defined(tree: ast.AST, path: str = "") -> Iterator[tuple[str, ast.AST]]:
    left = [(ast.iter_child_nodes(tree), path)]
    while left:
        children, around = left[-1]
        child = next(children, None)
        if child is None:
            left.pop()
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{around}{child.name}"
            yield name, child
            left.append((ast.iter_child_nodes(child), f"{name}."))
        elif isinstance(child, ast.If | ast.Try | ast.With | ast.ExceptHandler):
            left.append((ast.iter_child_nodes(child), around))


@remembered(16 * MIB)
def _calls(text: str) -> tuple[tuple[str, str], ...]:
    """(caller, callee as it is written) of all calls of plain and dotted names in functions; a name that is bound in the function is left out."""
    tree = parsed(text)
    if tree is None:
        return ()
    rows = text.split("\n")
    functions = ((name, node) for name, node in _defined(tree) if isinstance(node, Function))
    return tuple((name, callee) for name, node in functions for callee in _callees(node, rows))


_kept = Bounded[tuple[str, ...]](4 * MIB)  # callees by a function's text: after an edit all but one are as they were


def _callees(node: ast.FunctionDef | ast.AsyncFunctionDef, rows: list[str]) -> tuple[str, ...]:
    key = key_of("\n".join(rows[node.lineno - 1 : node.end_lineno])), node.col_offset
    if (known := _kept.get(key)) is None:
        nodes = list(own(node))
        own_names = bound.of(node, nodes).names | bound.arguments(node.args) - {"self", "cls"}
        found = (bound.dotted(one.func) for one in nodes if isinstance(one, ast.Call))
        known = tuple(dict.fromkeys(name for name in found if name and name.partition(".")[0] not in own_names))
        _kept.put(key, known)
    return known


@remembered(16 * MIB)
def _imported(file: str, text: str) -> dict[str, str]:
    """The names that a module's own imports bind, with the dotted name that each means."""
    tree = syntax.module(text)
    if tree is None:
        return {}
    package = list(PurePosixPath(file).parent.parts)
    found: dict[str, str] = {}
    inside = {id(one) for _, function in syntax.functions(tree) for one in ast.walk(function) if one is not function}
    for node in ast.walk(tree):
        if id(node) in inside:
            continue
        match node:
            case ast.Import(names=names):
                for one in names:
                    if one.asname:
                        found[one.asname] = one.name
                    else:
                        found[one.name.partition(".")[0]] = one.name.partition(".")[0]
            case ast.ImportFrom(module=module, names=names, level=level):
                base = [*package[: len(package) - level + 1]] if level else []
                whole = ".".join([*base, *([module] if module else [])])
                for one in names:
                    found[one.asname or one.name] = f"{whole}.{one.name}".lstrip(".")
    return found

"""What a project has, for who asks: its functions, classes, methods, attributes, constants and modules, each with its place, and where names are used."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from analyzers import facts, reach, signatures, syntax, uses, words
from analyzers.facts import Facts
from analyzers.memo import MIB, remembered
from analyzers.uses import Use

Kind = Literal["function", "method", "property", "class", "constant", "attribute", "module"]
_ASIDE = frozenset("docs doc examples example benchmarks benchmark bench scripts tools tasks ci .github".split())
VALUE_LIMIT = 200  # characters of a value that is told


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line (from 1) of a file of the project, by relative POSIX path."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that has a name: its dotted `path` in its module (of a module the dotted name), the line that names it (of a function the one with `def`) and its last one. `value` is what a
    constant or an attribute is set to, as it is written."""

    kind: Kind
    path: str
    file: str
    line: int
    end: int
    facts: Facts | None = None
    value: str = ""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition(".")[2]

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.file, self.line)

    @property
    def owner(self) -> str:
        """The path of what it stands in."""
        return self.path.rpartition(".")[0] if self.kind != "module" else ""


@dataclass(frozen=True, slots=True)
class At:
    """A use, and the file that it is in."""

    file: str
    use: Use

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.file, self.use.line)


@dataclass(frozen=True, eq=False)
class Code:
    """The Python texts of a project by relative POSIX path. Everything is found when it is first asked for, and kept."""

    texts: Mapping[str, str]
    patterns: tuple[str, ...] = reach.PATTERNS

    def is_test(self, file: str) -> bool:
        """Whether a file is of the project's tests."""
        folders = file.split("/")[:-1]
        return reach.is_test_file(file, self.patterns) or any(one in ("tests", "test", "testing") for one in folders)

    @cached_property
    def things(self) -> tuple[Thing, ...]:
        """All of them, file by file, code before tests."""
        names = sorted(self.texts, key=lambda file: (self.is_test(file), file))
        return tuple(one for file in names if file.endswith(".py") for one in of_file(file, self.texts[file]))

    @cached_property
    def by_name(self) -> dict[str, tuple[Thing, ...]]:
        """Things by the last part of their paths."""
        found: dict[str, list[Thing]] = {}
        for one in self.things:
            found.setdefault(one.name, []).append(one)
        return {name: tuple(every) for name, every in found.items()}

    @cached_property
    def spelled(self) -> dict[tuple[str, ...], tuple[Thing, ...]]:
        """Functions and classes of the code by the stems of the words of their names, of those with several words."""
        found: dict[tuple[str, ...], list[Thing]] = {}
        for one in self.things:
            if one.kind in ("function", "method", "class", "property") and not self.is_test(one.file):
                said = tuple(words.stem(word.lower()) for word in words.of_name(one.name))
                if len(said) > 1:
                    found.setdefault(said, []).append(one)
        return {said: tuple(every) for said, every in found.items()}

    def is_aside(self, file: str) -> bool:
        """Whether a file is no part of what the project offers: examples, pages, scripts, what builds it."""
        first, _, rest = file.partition("/")
        has_packages = any(name.endswith("/__init__.py") for name in self.texts)
        return (has_packages and not rest) or first in _ASIDE

    @cached_property
    def parameters(self) -> frozenset[str]:
        """The names of all parameters."""
        return frozenset(p.name for one in self.things if one.facts is not None for p in one.facts.parameters)

    @cached_property
    def every_use(self) -> dict[str, tuple[At, ...]]:
        """Uses but texts by the last part of their names, code before tests."""
        found: dict[str, list[At]] = {}
        for file in sorted(self.texts, key=lambda file: (self.is_test(file), file)):
            for use in uses.of_text(self.texts[file]):
                if use.kind != "text":
                    found.setdefault(use.last, []).append(At(file, use))
        return {name: tuple(every) for name, every in found.items()}

    def used(self, name: str, *kinds: str) -> Iterator[At]:
        """Uses of a last name, of these kinds, also under another one that an import gives it."""
        yield from (one for one in self.every_use.get(name, ()) if one.use.kind in kinds)
        for file, bound in self.renamed.get(name, ()):
            yield from (one for one in self.every_use.get(bound, ()) if one.use.kind in kinds and one.file == file and one.use.name == bound)  # fmt: skip

    @cached_property
    def renamed(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """By a name the files that import it under another one, with that."""
        found: dict[str, list[tuple[str, str]]] = {}
        for file in self.texts:
            for bound, whole in self.imported(file).items() if file.endswith(".py") else ():
                if (last := whole.rpartition(".")[2]) not in (bound, "*"):
                    found.setdefault(last, []).append((file, bound))
        return {name: tuple(every) for name, every in found.items()}

    def texts_used(self) -> Iterator[At]:
        """The texts in the code, code before tests."""
        for file in sorted(self.texts, key=lambda file: (self.is_test(file), file)):
            yield from (At(file, use) for use in uses.of_text(self.texts[file]) if use.kind == "text")

    def around(self, file: str, line: int) -> Thing | None:
        """The innermost function or class around a line."""
        inside = [one for one in self.in_file(file) if one.facts is not None and one.facts.line <= line <= one.end]
        return max(inside, key=lambda one: one.line, default=None)

    def in_file(self, file: str) -> tuple[Thing, ...]:
        """What is in a file."""
        return of_file(file, self.texts[file]) if file in self.texts and file.endswith(".py") else ()

    def owner(self, at: At) -> str:
        """Where a use is, as people say it: the path of the function or class, else the module's file."""
        return at.use.owner or at.file.rpartition("/")[2]

    def row(self, place: Place) -> str:
        """A line as it is written."""
        rows = self.texts.get(place.file, "").split("\n")
        return rows[place.line - 1].strip() if 0 < place.line <= len(rows) else ""

    def bases(self, one: Thing) -> Iterator[Thing]:
        """The classes of the project that a class comes from, the nearest first, as far as their names say it."""
        seen, left = {(one.file, one.path)}, [one]
        while left:
            at = left.pop(0)
            for base in at.facts.bases if at.facts is not None else ():
                name = base.partition("[")[0].rpartition(".")[2]
                known = [other for other in self.by_name.get(name, ()) if other.kind == "class"]
                for other in sorted(known, key=lambda other: (other.file != at.file, self.is_test(other.file)))[:1]:
                    if (other.file, other.path) not in seen:
                        seen.add((other.file, other.path))
                        left.append(other)
                        yield other

    @cached_property
    def imported(self) -> Callable[[str], dict[str, str]]:
        """By file: the names that its imports bind, with the dotted name that each means."""
        known: dict[str, dict[str, str]] = {}

        def of(file: str) -> dict[str, str]:
            if file not in known:
                package = file.split("/")[:-1]
                found: dict[str, str] = {}
                for use in uses.of_text(self.texts[file]):
                    if use.kind == "import":
                        level = len(use.name) - len(use.name.lstrip("."))
                        lead = package[: len(package) - level + 1] if level else []
                        whole = ".".join([*lead, use.name.lstrip(".")])
                        if use.extra == use.name and "." in use.name:  # `import a.b` binds `a`
                            found.setdefault(use.name.partition(".")[0], use.name.partition(".")[0])
                        else:
                            found[use.extra] = whole
                known[file] = found
            return known[file]

        return of


@remembered(24 * MIB)
def of_file(file: str, text: str) -> tuple[Thing, ...]:
    """The things of one file, in its order; the module first."""
    rows = text.split("\n")
    found = [Thing("module", signatures.module_of(file) or file, file, 1, len(rows))]
    if not syntax.has_plain_lines(text):  # nobody could say on which line something is
        return tuple(found)
    try:
        found[0] = replace(found[0], value=_about(text))
        known = facts.of_text(text) or ()
    except RecursionError:  # hundreds of attributes or operators in one
        return tuple(found)
    for one in known:
        line = _head(rows, one)
        if not any(row.strip().endswith("overload") for row in rows[one.line - 1 : line - 1]):  # it has no body
            found.append(Thing(one.kind, one.path, file, line, one.end, one))
    return (*found, *_assigned(file, text))


def _assigned(file: str, text: str) -> list[Thing]:
    """Constants of the module, attributes of classes, and those that methods set on `self`; the first place of each."""
    tree = syntax.module(text)
    if tree is None:
        return []
    found: dict[str, Thing] = {}

    def put(kind: Kind, path: str, node: ast.AST, value: ast.AST | None) -> None:
        told = ast.unparse(value) if value is not None else ""
        line, end = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
        found.setdefault(path, Thing(kind, path, file, line, end, value=told if len(told) <= VALUE_LIMIT else f"{told[:VALUE_LIMIT]}…"))  # fmt: skip

    def walk(body: list[ast.stmt], path: str, *, in_class: bool) -> None:
        for node in body:
            for target, value in _targets(node):
                if isinstance(target, ast.Name):
                    put("attribute" if in_class else "constant", f"{path}{target.id}", node, value)
            if isinstance(node, ast.ClassDef):
                walk(node.body, f"{path}{node.name}.", in_class=True)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and in_class and node.args.args:
                own = node.args.args[0].arg
                for inner in ast.walk(node):
                    for target, value in _targets(inner):
                        match target:
                            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name == own:
                                put("attribute", f"{path}{attr}", inner, value)
            elif isinstance(node, ast.If | ast.Try | ast.With):
                walk([*node.body, *getattr(node, "orelse", [])], path, in_class=in_class)
                for handler in getattr(node, "handlers", []):
                    walk(handler.body, path, in_class=in_class)

    try:
        walk(tree.body, "", in_class=False)
    except RecursionError:
        return []
    return sorted(found.values(), key=lambda one: one.line)


def _targets(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from ((one, None) for one in target.elts) if isinstance(target, ast.Tuple) else [(target, value)]
        case ast.AnnAssign(target=target, value=value):
            yield target, value
        case ast.AugAssign(target=target):
            yield target, None


def _head(rows: list[str], one: Facts) -> int:
    """The line that names a function or class: its decorators stand above it."""
    for line in range(one.line, min(one.end, len(rows)) + 1):
        row = rows[line - 1].lstrip()
        if row.startswith(("def ", "async def ", "class ")) and one.name in row:
            return line
    return one.line


def _about(text: str) -> str:
    tree = syntax.module(text)
    return (ast.get_docstring(tree) or "") if tree is not None else ""

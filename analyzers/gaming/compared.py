"""A change as texts before and after, and what was found in it. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from .. import reach, syntax

Kind = Literal[
    "weakened-test", "swallowed-exception", "special-case", "mock", "half-rename", "broken-caller", "unwritten"
]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about a change (`told`), what it is about, and where: a file of it and a line of its new text (from 1), or of the old one where nothing of it is left (`is_gone`)."""

    kind: Kind
    file: str
    line: int
    told: str
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """The texts of a project by relative POSIX path before a change and after it, and the names of the files that it changes; `patterns` are those of test files."""

    before: Mapping[str, str]
    after: Mapping[str, str]
    changed: tuple[str, ...]
    patterns: tuple[str, ...] = reach.PATTERNS
    _seen: dict[str, dict[str, Function]] = field(default_factory=dict, repr=False, compare=False)

    def is_test(self, name: str) -> bool:
        """Whether tests stand in a file, or what they share."""
        return (
            reach.is_test_file(name, self.patterns)
            or name.rpartition("/")[2] == "conftest.py"
            or name.startswith("tests/")
        )

    def files(self, *, tests: bool) -> Iterator[str]:
        """The changed Python files that hold tests, or the others."""
        yield from (name for name in self.changed if name.endswith((".py", ".pyi")) and self.is_test(name) == tests)

    def old(self, name: str) -> dict[str, Function]:
        """The functions of a file before the change by their dotted names; none where it was not there, or does not parse."""
        return functions(self.before.get(name, ""))

    def new(self, name: str) -> dict[str, Function]:
        """The same after the change."""
        return functions(self.after.get(name, ""))


def functions(text: str) -> dict[str, Function]:
    """The functions of a text by their dotted names."""
    tree = syntax.module(text) if text else None
    return dict(syntax.functions(tree)) if tree is not None else {}


def dotted(node: ast.AST | None) -> str:
    """A name with its attributes as source ("pytest.mark.skip"), "" for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            before = dotted(value)
            return f"{before}.{attr}" if before else ""
    return ""


def own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions and classes in it."""
    left = list(ast.iter_child_nodes(node))
    while left:
        one = left.pop()
        yield one
        if not isinstance(one, Function | ast.ClassDef | ast.Lambda):
            left.extend(ast.iter_child_nodes(one))


def short(node: ast.AST, most: int = 70) -> str:
    """A node as source on one line, cut where it is long."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def counted(number: int, noun: str) -> str:
    """A number with its noun: "3 assertions", "an assertion"."""
    one = f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
    return one if number == 1 else f"{number} {noun}s"


def words(node: ast.AST) -> set[str]:
    """The names that a piece of code speaks of."""
    found = set()
    for one in ast.walk(node):
        match one:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.FunctionDef(name=name):
                found.add(name)
            case ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.keyword(arg=str(name)):
                found.add(name)
            case ast.alias(name=name):
                found.add(name.rpartition(".")[2])
    return found


def names_gone(change: Compared) -> frozenset[str]:
    """The names that the code of a change does not speak of any more: who asked for them has to ask for others."""
    old, new = set[str](), set[str]()
    for name in change.files(tests=False):
        for texts, found in ((change.before, old), (change.after, new)):
            tree = syntax.module(texts.get(name, ""))
            found.update(words(tree) if tree is not None else ())
    return frozenset(old - new)


def parameters(node: Function) -> str:
    """How a function is called, without its hints."""
    args = node.args
    names = [one.arg for one in (*args.posonlyargs, *args.args)]
    return repr((names, len(args.defaults), [one.arg for one in args.kwonlyargs], args.vararg is None, args.kwarg is None))  # fmt: skip


def fewer(was: Function, now: Function) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The parameters that a function does not take by name any more, and those that every call has to give now and had not to."""
    old, new = was.args, now.args
    before = [one.arg for one in (*old.args, *old.kwonlyargs)]
    after = {one.arg for one in (*new.args, *new.kwonlyargs)}
    taken = () if new.kwarg is not None else tuple(one for one in before if one not in after and one not in ("self", "cls"))  # fmt: skip

    def needed(args: ast.arguments) -> list[str]:
        plain = [*args.posonlyargs, *args.args]
        found = [one.arg for one in plain[: len(plain) - len(args.defaults)]]
        return found + [
            one.arg for one, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if default is None
        ]

    return taken, tuple(one for one in needed(new) if one not in needed(old) and one not in ("self", "cls"))


def is_literal(node: ast.AST) -> bool:
    """Whether it names no call and nothing variable."""
    return all(isinstance(one, ast.Constant | ast.Tuple | ast.List | ast.Dict | ast.Set | ast.UnaryOp | ast.USub | ast.Load) for one in ast.walk(node))  # fmt: skip

"""Where a docstring and its function say different things: a parameter that is gone, an exception that nothing here raises."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from analyzers import facts, syntax
from analyzers.facts import Facts
from analyzers.facts.bound import arguments
from analyzers.facts.flow import own
from analyzers.places import Places
from analyzers.text import Span

from . import Entry, parsed


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What a docstring says that the code does not, where it says it in the text, and of which function."""

    function: str
    span: Span
    message: str
    code: str
    is_sure: bool = True  # else the exception may come from somewhere that nobody here knows


_SECTION = re.compile(
    r"(?m)^[ \t]*(?:(?:Args|Arguments|Params|Keyword Arg\w*|Raises):|Parameters|Params|Raises\n|:(?:param|raise|except|key|arg)\w* )"
)


def of_text(text: str, others: Collection[str] | None = None) -> list[Disagreement]:
    """All of a module; `others` are the other texts of its project, whose exceptions may come through it: where they are not known (None), of exceptions that the module
    does not know nothing is said either."""
    if _SECTION.search(text) is None:
        return []
    tree = syntax.module(text) if syntax.has_plain_lines(text) else None
    found = facts.of_text(text)
    if tree is None or found is None:
        return []
    by_place = {(one.path, one.line): one for one in found if one.kind != "class"}
    words, places, made = _words(tree), Places(text), list[Disagreement]()

    def is_known(name: str) -> bool:
        is_near = name in words or hasattr(builtins, name) or others is None
        return is_near or any(f"class {name}" in other for other in others or ())

    for path, node in syntax.functions(tree):
        first = min((one.lineno for one in node.decorator_list), default=node.lineno)
        if (known := by_place.get((path, first))) is not None:  # of one that is too deep to look at nothing is known
            made += _of_function(node, known, is_known, places)
    return made


def _of_function(
    node: ast.FunctionDef | ast.AsyncFunctionDef, known: Facts, is_known: Callable[[str], bool], places: Places
) -> Iterator[Disagreement]:
    told = node.body[0]
    docstring = ast.get_docstring(node, clean=False)
    if docstring is None or not isinstance(told, ast.Expr):
        return
    doc = parsed(inspect.cleandoc(docstring))
    whole = places.span(told.value)

    def at(entry: Entry) -> Span:
        """The name, where its entry stands in the text."""
        found = places.text.find(doc.lines[entry.first].strip(), whole.start, whole.end)
        start = places.text.find(entry.name, max(found, whole.start), whole.end)
        return Span(start, start + len(entry.name)) if start >= 0 else whole

    names = arguments(node.args)
    takes_any = node.args.kwarg is not None or node.args.vararg is not None
    for entry in doc.entries("parameters") if not takes_any else ():
        said = " ".join(doc.lines[entry.first : entry.last + 1]).lower()
        is_name = entry.name.isidentifier() and not entry.name[:1].isupper() and entry.name != "optional"
        if is_name and entry.name not in names and "removed" not in said:
            message = f"The docstring tells of `{entry.name}`, which is no parameter of `{known.name}`."
            yield Disagreement(known.path, at(entry), message, "docstring-parameter")
    may_raise = _may_raise(node)
    raised = {one.name.rpartition(".")[2] for one in known.raises} | {
        name.rpartition(".")[2] for name, _ in known.raises_by_callee
    }
    for entry in doc.entries("raises"):
        is_class = entry.name[:1].isupper() and entry.name.isidentifier()
        if is_class and entry.name not in raised and (not is_known(entry.name) or not may_raise):
            message = f"The docstring tells of `{entry.name}`, which nothing in `{known.name}` raises."
            yield Disagreement(known.path, at(entry), message, "docstring-raises", not may_raise)


def _words(tree: ast.Module) -> frozenset[str]:
    """The names and attributes that a module's code mentions or imports: what is raised elsewhere is mostly known here as well."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.alias(name=name, asname=other):
                found |= {name.rpartition(".")[2], other or ""}
            case ast.ImportFrom(names=names) if any(one.name == "*" for one in names):
                return _Everything(found)
    return frozenset(found)


class _Everything(frozenset[str]):
    """A module that imports everything may know any name."""

    def __contains__(self, _: object) -> bool:
        return True


def _may_raise(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether something in a function could raise besides its `raise` statements: it is an abstract one, or does more than bind names and constants."""
    harmless = (
        ast.Pass,
        ast.Return,
        ast.Constant,
        ast.Name,
        ast.Expr,
        ast.Assign,
        ast.AnnAssign,
        ast.If,
        ast.Raise,
        ast.Tuple,
        ast.List,
        ast.Dict,
    )
    contexts = (
        ast.expr_context,
        ast.boolop,
        ast.operator,
        ast.unaryop,
        ast.cmpop,
        ast.Is,
        ast.IsNot,
        ast.Not,
        ast.BoolOp,
        ast.IfExp,
    )
    nodes = [one for one in own(node) if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
    does = [one for one in nodes if not isinstance(one, ast.Constant | ast.Pass)]
    if not does or (len(node.body) <= 2 and any(isinstance(one, ast.Raise) for one in node.body)):
        return True  # it only says what those that replace it do
    if any(isinstance(one, ast.Raise) and not _is_plain(one) for one in nodes):
        return True  # whatever that is
    raising = {id(inner) for one in nodes if isinstance(one, ast.Raise) for inner in ast.walk(one)}
    return any(
        not isinstance(one, (*harmless, *contexts))
        and id(one) not in raising
        and not (isinstance(one, ast.UnaryOp) and isinstance(one.op, ast.Not))
        and not (isinstance(one, ast.Compare) and all(isinstance(op, ast.Is | ast.IsNot) for op in one.ops))
        for one in nodes
    )


def _is_plain(node: ast.Raise) -> bool:
    """Whether a class is written there."""
    what = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(what, ast.Name | ast.Attribute) and ast.unparse(what).rpartition(".")[2][:1].isupper()

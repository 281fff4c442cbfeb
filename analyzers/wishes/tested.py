"""What tests that are there show of a function that nobody wrote yet: calls with what they are to give, for most of them as sessions (analyzers/sessions.py). Pure; nothing is run."""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace

from .. import documented, homes, inputs, sessions, syntax
from ..documented import Example
from .wish import Wish

MOST, ROWS = 12, 12  # examples that are taken, and rows of one table
_EQUAL = frozenset(("assertEqual", "assertEquals", "assertIs", "assertListEqual", "assertDictEqual", "assertTupleEqual", "assertSetEqual"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Names:
    """How a test file calls what a module has: names that it imports from it, by the module's own, and names of the module itself."""

    imported: Mapping[str, str]
    modules: frozenset[str]


def with_tests(wish: Wish, files: Mapping[str, str], name: str) -> Wish:
    """With the examples that tests among the `files` (text by path) show of it, as a function of the file `name`; what contradicts an example of its own is left to whoever reads both."""
    module = homes.importable(name, files)
    bound = homes.bound(files.get(name, ""))
    found: dict[str, Example] = {}
    checks: dict[str, None] = {}
    for other, text in sorted(files.items()):
        if other == name or wish.name not in text or not module or not homes.speaks_of(text, module):
            continue
        for shown in _of_file(text, module, wish, bound):
            if isinstance(shown, Example):
                found.setdefault(shown.call, shown)
            else:
                checks[shown] = None
    own = {one.call for one in wish.examples}
    new = tuple(one for one in found.values() if one.call not in own)[:MOST]
    more = tuple(one for one in checks if one not in wish.checks)[:MOST]
    return replace(
        wish, examples=(*wish.examples, *new), checks=(*wish.checks, *more), tested=(*wish.tested, *found, *more)
    )


def _of_file(text: str, module: str, wish: Wish, bound: frozenset[str]) -> Iterator[Example | str]:
    tree = syntax.module(text)
    if tree is None:
        return
    names = _imported(tree, module)
    functions = [one for one in tree.body if isinstance(one, ast.FunctionDef)]
    functions += [one for of in tree.body if isinstance(of, ast.ClassDef) for one in of.body if isinstance(one, ast.FunctionDef)]  # fmt: skip
    known = bound | {wish.owner.partition(".")[0] or wish.name} | set(dir(builtins))
    for function in functions:
        if function.name.startswith("test"):
            for row in _rows(function):
                yield from _of_test(function, row, names, wish, known)


def _imported(tree: ast.Module, module: str) -> _Names:
    imported, modules = dict[str, str](), set[str]()
    package, _, last = module.rpartition(".")
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=of, names=names) if of == module:
                imported |= {one.asname or one.name: one.name for one in names}
            case ast.ImportFrom(module=of, names=names) if package and of == package:
                modules |= {one.asname or one.name for one in names if one.name == last}
            case ast.Import(names=names):
                modules |= {one.asname or one.name for one in names if one.name == module}
    return _Names(imported, frozenset(modules))


def _rows(function: ast.FunctionDef) -> list[dict[str, ast.expr]]:
    """What a test is given, for each time that it runs: of tables with literals. Nothing for one that takes something else."""
    given = {one.arg for one in (*function.args.args, *function.args.kwonlyargs)} - {"self"}
    rows: list[dict[str, ast.expr]] = [{}]
    for one in function.decorator_list:
        match one:
            case ast.Call(func=ast.Attribute(attr="parametrize"), args=[names, ast.List(elts=values) | ast.Tuple(elts=values), *_]):  # fmt: skip
                told = inputs.literal(ast.unparse(names))
                each = [part.strip() for part in told.split(",")] if isinstance(told, str) else list(told) if isinstance(told, list | tuple) else []  # fmt: skip
                table = [row for value in values if (row := _row(each, value)) is not None]
                rows = [before | row for before in rows for row in table][:ROWS]
    return [row for row in rows if set(row) == given]


def _row(names: list[str], value: ast.expr) -> dict[str, ast.expr] | None:
    match value:
        case ast.Call(func=ast.Attribute(attr="param"), args=args):
            parts = list(args)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) if len(names) > 1:
            pass
        case _:
            parts = [value]
    return dict(zip(names, parts, strict=True)) if len(parts) == len(names) else None


def _of_test(
    function: ast.FunctionDef, row: Mapping[str, ast.expr], names: _Names, wish: Wish, known: Set[str]
) -> Iterator[Example | str]:
    """What one run of a test shows, as far as its statements are ones that a session can do."""
    before: list[ast.stmt] = []
    written = _Written(row, names)
    for one in function.body:
        if isinstance(one, ast.Import | ast.ImportFrom):
            continue  # what it imports of the module was read
        statement = written.visit(copy.deepcopy(one))
        shown = _shown(statement)
        if shown is None:
            if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr):
                return
            before.append(statement)
            continue
        told, gives, raised = shown
        expected = None if not gives or documented.is_literal(gives) else syntax.expression(gives)
        whole = ast.Compare(told, [ast.Eq()], [expected]) if expected is not None else told
        steps = _needed(before, whole)
        call = sessions.joined(steps, whole)
        if not raised and _may_change(before, told):
            before.append(ast.Expr(told))  # what it does is done for what comes behind it
        if call is None or not sessions.mentions(call, wish.name) or not _is_known(steps, whole, known):
            continue
        if raised:
            if raised.isidentifier():
                yield Example(call, "", raised)
        elif gives and expected is None:
            yield Example(call, gives)
        else:
            yield call if expected is not None else f"bool({call})"


def _may_change(before: list[ast.stmt], told: ast.expr) -> bool:
    """Whether an expression uses what the steps bind to more than a number or a text, so that it may leave it changed."""
    bound = {target.id for one in before if isinstance(one, ast.Assign) and not isinstance(one.value, ast.Constant) for target in one.targets if isinstance(target, ast.Name)}  # fmt: skip
    return any(isinstance(node, ast.Name) and node.id in bound for node in ast.walk(told))


def _needed(before: list[ast.stmt], told: ast.expr) -> list[ast.stmt]:
    """The steps that an expression rests on: all but names that nothing uses."""
    used = {node.id for one in (*before, told) for node in ast.walk(one) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}  # fmt: skip
    return [one for one in before if not (isinstance(one, ast.Assign) and all(isinstance(t, ast.Name) and t.id not in used for t in one.targets))]  # fmt: skip


def _shown(node: ast.stmt) -> tuple[ast.expr, str, str] | None:
    """What a statement of a test says: an expression with what it gives ("" for what is true), or with what it raises; None for what says nothing."""
    match node:
        case ast.Assert(test=test):
            return _compared(test)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name), args=args)):
            if name in _EQUAL and len(args) >= 2:
                return _compared(ast.Compare(args[0], [ast.Eq()], [args[1]]))
            if name in ("assertTrue", "assertFalse") and args:
                return (args[0], "", "") if name == "assertTrue" else (ast.UnaryOp(ast.Not(), args[0]), "", "")
        case ast.With(items=[ast.withitem(context_expr=ast.Call(func=ast.Attribute(attr="raises" | "assertRaises"), args=[kind, *_]))], body=[ast.Expr(value=value)]):  # fmt: skip
            return value, "", ast.unparse(kind).rpartition(".")[2]
    return None


def _compared(test: ast.expr) -> tuple[ast.expr, str, str]:
    match test:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            if documented.is_literal(ast.unparse(left)) and not documented.is_literal(ast.unparse(right)):
                left, right = right, left
            return left, ast.unparse(right), ""
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return ast.Call(ast.Name("bool", ast.Load()), [inner], []), "False", ""
    return test, "", ""


def _is_known(steps: list[ast.stmt], told: ast.expr, known: Set[str]) -> bool:
    """Whether the module's namespace has all names that it uses and the steps do not bind, and the steps bind none of it: what runs behind them would find theirs."""
    bound = {node.id for one in steps for node in ast.walk(one) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}  # fmt: skip
    inner = bound | {node.id for one in (told,) for node in ast.walk(one) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}  # fmt: skip
    used = {node.id for one in (*steps, told) for node in ast.walk(one) if isinstance(node, ast.Name)}
    return used <= known | inner and not bound & known


class _Written(ast.NodeTransformer):
    """A test's statements in the module's own names, with what it is given in its place."""

    def __init__(self, row: Mapping[str, ast.expr], names: _Names) -> None:
        self._row, self._names = row, names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self._row and isinstance(node.ctx, ast.Load):
            return copy.deepcopy(self._row[node.id])
        if isinstance(node.ctx, ast.Load) and node.id in self._names.imported:
            return ast.Name(self._names.imported[node.id], ast.Load())
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and ast.unparse(node.value) in self._names.modules:
            return ast.Name(node.attr, ast.Load())
        self.generic_visit(node)
        return node

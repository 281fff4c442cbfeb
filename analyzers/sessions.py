"""Sessions: several steps, one after the other, with what the last one gives, as one expression: "[cart := Cart(), cart.add(3), cart.total()][-1]". So docstrings and tests show what a member of a class does. Pure; nothing is run."""

from __future__ import annotations

import ast
import doctest
import re
from collections.abc import Iterator, Sequence

from . import documented, scenarios, syntax
from .documented import Example

_ANY = "  # doctest: +IGNORE_EXCEPTION_DETAIL"  # what an exception says is nobody's business
STEPS = 12  # before the one that tells


def joined(steps: Sequence[ast.stmt], last: ast.expr) -> str | None:
    """One expression that does the steps and gives what the last one does; None where a step is no expression, and binds more than a name."""
    if len(steps) > STEPS:
        return None
    made: list[ast.expr] = []
    for one in steps:
        match one:
            case ast.Assign(targets=[ast.Name() as name], value=value):
                made.append(ast.NamedExpr(ast.Name(name.id, ast.Store()), value))
            case ast.AnnAssign(target=ast.Name() as name, value=ast.expr() as value):
                made.append(ast.NamedExpr(ast.Name(name.id, ast.Store()), value))
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.Expr(value=ast.Await() | ast.Yield() | ast.YieldFrom()):
                return None
            case ast.Expr(value=value):
                made.append(value)
            case _:
                return None
    if not made:
        return ast.unparse(last)
    return f"{ast.unparse(ast.List([*made, last], ast.Load()))}[-1]"


def steps(source: str) -> tuple[str, ...]:
    """What a session does, step by step as statements; the expression alone for what is none."""
    tree = syntax.expression(source)
    match tree:
        case ast.Subscript(value=ast.List(elts=[_, _, *_] as parts), slice=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1))):  # fmt: skip
            return tuple(_statement(one) for one in parts)
    return (source,)


def _statement(node: ast.expr) -> str:
    if isinstance(node, ast.NamedExpr):
        return f"{node.target.id} = {ast.unparse(node.value)}"
    return ast.unparse(node)


def told(source: str) -> str:
    """A session, or a scenario (analyzers/scenarios.py), as people read it: "cart = Cart(); cart.total()"."""
    if is_way(source):
        made, *done = scenarios.steps(source)
        return "; ".join([*([f"o = {made}"] if made else []), *done])
    return "; ".join(steps(source))


def is_way(source: str) -> bool:
    """Whether it is a scenario, that tells of each step what it gave."""
    return len(steps(source)) == 1 and bool(scenarios.steps(source))


def mentions(source: str, name: str) -> bool:
    """Whether an expression uses a function or member of that name."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", source) is not None


def of_doctest(doc: str, name: str) -> tuple[Example, ...]:
    """What a docstring's doctests show of a member: each line that uses it with what it gives, behind the lines above it."""
    return tuple(_of_doctest(doc, name))


def _of_doctest(doc: str, name: str) -> Iterator[Example]:
    try:
        shown = doctest.DocTestParser().get_examples(doc)
    except ValueError:  # its indentation is not doctest's
        return
    before: list[ast.stmt] = []
    for one in shown:
        tree = syntax.module(one.source)
        if tree is None:
            return
        match tree.body:
            case [ast.Expr(value=value)] if mentions(one.source, name):
                call = joined(before, value)
                if call is None:
                    return
                if one.exc_msg:
                    yield Example(call, "", one.exc_msg.partition(":")[0].strip().rpartition(".")[2])
                    continue
                if documented.is_literal(gives := one.want.strip() or "None") and (gives != "None" or _is_last(shown, one)):  # fmt: skip
                    yield Example(call, gives)
        if one.exc_msg:
            continue  # what raised left nothing that later lines rest on
        before += tree.body


def _is_last(shown: Sequence[doctest.Example], one: doctest.Example) -> bool:
    return one is shown[-1]


def of_prose(doc: str, owner: str, name: str) -> tuple[Example, ...]:
    """What a sentence shows of a member: "Cart([1, 2]).total() is 3"."""
    found: dict[Example, None] = {}
    for match in re.finditer(rf"(?<![\w.]){re.escape(owner)}[.(]", doc):
        one = documented.written(doc, match.start())
        if one is not None and mentions(one.call, name) and _is_plain(one.call, owner):
            found[one] = None
    return tuple(found)


def _is_plain(source: str, owner: str) -> bool:
    """Whether it uses no name but the owner's."""
    tree = syntax.expression(source)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} if tree is not None else set()
    return names == {owner}


def as_doctest(one: Example) -> str:
    """An example as a docstring shows it."""
    if is_way(one.call):
        return _scenario_as_doctest(scenarios.steps(one.call), one)
    *before, last = steps(one.call)
    lines = [f">>> {step}" if " = " in step or step.startswith("print(") else f">>> _ = {step}" for step in before]
    lines.append(f">>> {last}{_ANY * bool(one.raised)}")
    if one.raised:
        lines += ["Traceback (most recent call last):", "    ...", f"{one.raised}: ..."]
    elif one.gives != "None":
        lines.append(one.gives)
    return "\n".join(lines)


def _scenario_as_doctest(parts: Sequence[str], one: Example) -> str:
    """The steps of a scenario, each with what it gave as text."""
    made, *done = parts
    gave = documented.value(one.gives)
    texts = gave if isinstance(gave, list) else []
    lines = [f">>> o = {made}"] if made else []
    for number, step in enumerate(done):
        is_silent = bool(one.raised) and number < len(done) - 1  # what it gave is not known
        is_raising = bool(one.raised) and number == len(done) - 1
        lines.append(f">>> _ = {step}" if is_silent else f">>> {step}{_ANY * is_raising}")
        if number < len(texts) and texts[number] != "None":
            lines.append(str(texts[number]))
    if one.raised:
        lines += ["Traceback (most recent call last):", "    ...", f"{one.raised}: ..."]
    return "\n".join(lines)

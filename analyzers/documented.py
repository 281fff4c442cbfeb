"""What a docstring shows: calls with what they give, and what a text looks like."""

from __future__ import annotations

import ast
import doctest
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from . import syntax

SOURCE_LIMIT = 300  # characters of an example


@dataclass(frozen=True, slots=True)
class Example:
    """A call with what a docstring says that it gives, as source; `raised` is the exception's name where it says that."""

    call: str
    gives: str
    raised: str = ""


def examples(doc: str, name: str) -> tuple[Example, ...]:
    """The examples of a docstring that call `name`, each call once: as doctest has them, and as people write them ("f(2) == 4", "f(2) -> 4")."""
    found: dict[str, Example] = {}
    for one in shown(doc, name):
        found.setdefault(one.call, one)
    return tuple(found.values())


def shown(doc: str, name: str) -> tuple[Example, ...]:
    """The same with all that is said of a call, though it contradicts itself."""
    found: dict[Example, None] = {}
    try:
        told = doctest.DocTestParser().get_examples(doc)
    except ValueError:  # its indentation is not doctest's
        told = []
    for one in told:
        call = one.source.strip()
        if one.exc_msg:
            example = Example(call, "", one.exc_msg.partition(":")[0].strip().rpartition(".")[2])
        else:
            example = Example(call, one.want.strip() or "None")
        if _calls(call, name) and (example.raised or is_literal(example.gives)):
            found[example] = None
    calls = {one.call for one in found}
    for match in itertools.islice(re.finditer(rf"(?<![\w.*+/%-]){re.escape(name)}\(", doc), EXAMPLES):
        if doc[: match.start()].rstrip().endswith(tuple("*+/%-")):
            continue
        said = written(doc, match.start())
        if said is not None and said.call not in calls and _calls(said.call, name):
            found[said] = None
    return tuple(found)


_TYPES = {
    "int": int, "str": str, "bool": bool, "float": (float, int), "complex": (complex, float, int), "bytes": bytes, "list": list, "List": list, "dict": dict, "Dict": dict, "set": set, "Set": set,
    "tuple": tuple, "Tuple": tuple, "frozenset": frozenset, "FrozenSet": frozenset,
}  # fmt: skip


def breaks(hint: str, value: object) -> bool:
    """Whether a literal's value is of another type than the hint (as source) says: of those that have a literal, alone, in unions and as optional; of others nothing is known."""
    tree = syntax.expression(hint)
    try:
        allowed = _allowed(tree) if tree is not None else None
    except RecursionError:  # hundreds of types in one
        return False
    return allowed is not None and not isinstance(value, allowed)


def _allowed(node: ast.expr) -> tuple[type, ...] | None:
    match node:
        case ast.Constant(value=None):
            return (type(None),)
        case ast.Constant(value=str(text)):
            inner = syntax.expression(text)
            return _allowed(inner) if inner is not None else None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _union((left, right))
        case ast.Subscript(value=ast.Name(id="Optional") | ast.Attribute(attr="Optional"), slice=inner):
            return _union((inner, ast.Constant(None)))
        case ast.Subscript(value=ast.Name(id="Union") | ast.Attribute(attr="Union"), slice=ast.Tuple(elts=inner)):
            return _union(inner)
        case ast.Subscript(value=ast.Name(id=name)) | ast.Name(id=name) if name in _TYPES:
            found = _TYPES[name]
            return found if isinstance(found, tuple) else (found,)
    return None


def _union(nodes: Iterable[ast.expr]) -> tuple[type, ...] | None:
    each = [_allowed(one) for one in nodes]
    return None if None in each else tuple(kind for of in each if of is not None for kind in of)


EXAMPLES, CLOSINGS = 40, 12  # calls of a docstring that are looked at, and brackets at which one may end
_ENDS = re.compile(r"[.,;#)](?:\s|$)|\s+(?=[A-Za-z(])|\s*#")  # what may stand behind a literal: no operator
_SAYS = re.compile(r"\s*(?:==|=>|=|->|➞|→|returns?\b|gives?\b|should (?:return|be|give)\b|is\b)\s*:?\s*")


def written(doc: str, start: int) -> Example | None:
    """The call that begins there with what stands behind it, where that is a literal: "f(2) is 4"."""
    line_end = doc.find("\n", start)
    line = doc[start : line_end if line_end >= 0 else len(doc)][:SOURCE_LIMIT]
    for end in [at + 1 for at, sign in enumerate(line) if sign == ")"][:CLOSINGS]:
        call = line[:end]
        if syntax.compiles(call):
            says = _SAYS.match(line, end)
            if says is None and line[end : end + 1] in (".", "["):
                continue
            if says is None:
                return None
            rest = line[says.end() :].strip()
            for cut in [len(rest), *(one.start() for one in reversed([*_ENDS.finditer(rest)]))]:
                if is_literal(told := rest[:cut].rstrip(" .,;#")):
                    return Example(call, told)
            return None
    return None


def is_literal(source: str) -> bool:
    """Whether a text is one."""
    try:
        ast.literal_eval(source)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _calls(source: str, name: str) -> bool:
    """Whether it is one call of that function with literals alone."""
    if len(source) > SOURCE_LIMIT:
        return False
    tree = syntax.expression(source)
    if not (isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == name):
        return False
    values = [*tree.args, *(one.value for one in tree.keywords if one.arg)]
    return len(values) == len(tree.args) + len(tree.keywords) and all(is_literal(ast.unparse(one)) for one in values)


def quoted(doc: str) -> Iterator[str]:
    """What stands between quotes on one line of a docstring and is no word: people show there what a text looks like."""
    for match in re.finditer(r"(?<!\w)([\"'])((?:(?!\1)[^\n\\]){1,40})\1(?!\w)", doc):
        if len(match[2]) > 2 and not match[2].replace(" ", "").isalnum():
            yield match[2]


def value(source: str) -> object:
    """What a literal is; None for what is none."""
    return ast.literal_eval(source) if is_literal(source) else None


def arguments(call: str) -> tuple[object, ...] | None:
    """The values that a call of literals gives by place; None where it gives others by name."""
    tree = syntax.expression(call)
    if not isinstance(tree, ast.Call) or tree.keywords:
        return None
    try:
        return tuple(ast.literal_eval(one) for one in tree.args)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def with_call_as_name(check: str, name: str) -> tuple[str, str] | None:
    """The first call of a function in an expression, and the expression with `_` in its place; None where there is none, or more than one."""
    tree = syntax.expression(check)
    calls = [node for node in (ast.walk(tree) if tree is not None else ()) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name]  # fmt: skip
    if tree is None or len(calls) != 1:
        return None
    call = ast.unparse(calls[0])
    calls[0].func, calls[0].args, calls[0].keywords = ast.Name("_"), [], []
    return call, ast.unparse(tree).replace("_()", "_", 1)

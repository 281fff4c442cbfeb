"""One of two alike: code that was copied and renamed, in all places but one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from .piece import Passage, Suspicion

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def wrong_variable(piece: Passage) -> Iterator[Suspicion]:
    """Two neighbours of one shape, where the second is the first with a word exchanged everywhere but in one place."""
    for first, second in _neighbours(piece):
        if ast.dump(first) == ast.dump(second) or not _is_one_shape(first, second):
            continue
        yield from (one for one in _compared(first, second) if _is_there(piece, one))


def _is_there(piece: Passage, one: Suspicion) -> bool:
    """Whether what was probably meant is named anywhere around: else it would be no copy's mistake."""
    meant = one.instead.rpartition(".")[2].strip("'\"")
    scope: ast.AST = piece.function(one.node) or piece.tree
    names = {node.id for node in ast.walk(scope) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(scope) if isinstance(node, ast.Attribute)} | {
        node.arg for node in ast.walk(scope) if isinstance(node, ast.arg)
    }
    return meant in names or isinstance(one.node, ast.Constant)


def _neighbours(piece: Passage) -> Iterator[tuple[ast.AST, ast.AST]]:
    for block in piece.blocks():
        yield from (
            pair
            for pair in pairwise(block)
            if all(isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign) for one in pair)
        )
    for node in piece.nodes:
        match node:
            case ast.Call(keywords=keywords):
                yield from pairwise(one for one in keywords if one.arg)
            case ast.BoolOp(values=values):
                yield from pairwise(values)


def _compared(first: ast.AST, second: ast.AST) -> Iterator[Suspicion]:
    names = list(zip(_names(first), _names(second), strict=True))
    targets = len(_names(_target(first)))
    change = _change(names, targets)
    if change is None:
        return
    renamed = [n for n, (a, b) in enumerate(names) if a[0] != b[0] and b[0] == _with(a[0], change)]
    others = [n for n, (a, b) in enumerate(names) if n >= targets and a[0] != b[0] and n not in renamed]
    kept = [n for n, (a, b) in enumerate(names) if a[0] == b[0] and change[0] in _words(a[0])]
    in_value = sum(n >= targets for n in renamed)
    if others or len(kept) != 1 or kept[0] < targets or in_value < (1 if targets else 2):
        return
    name, node = names[kept[0]][1]
    meant = _with(name, change)
    message = f"`{meant}` was probably meant: what stands before it has `{change[0]}` where this has `{change[1]}`, but for this place."
    yield Suspicion("wrong-variable", node, message, 0.75, _replaced(node, meant))


def _change(names: list[tuple[tuple[str, ast.AST], tuple[str, ast.AST]]], targets: int) -> tuple[str, str] | None:
    """The word that stands for another in the second: what is assigned to has it, too."""
    if not targets:
        return next((change for one, other in names if (change := _exchange(one, other))), None)
    (first, _), (second, _) = names[0]
    if (own := _exchange(*names[0])) is not None and own != (first, second):
        return own
    in_value = next((change for one, other in names[targets:] if (change := _exchange(one, other))), own)
    return in_value if in_value and first != second and first.replace(*in_value) == second else None


def _replaced(node: ast.AST, meant: str) -> str:
    match node:
        case ast.Name():
            return meant
        case ast.Attribute(value=value):
            return f"{ast.unparse(value)}.{meant}"
        case ast.Constant():
            return repr(meant)
    return ""


def _target(node: ast.AST) -> ast.AST:
    match node:
        case ast.Assign(targets=[target]):
            return target
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return target
        case ast.keyword(arg=str(name)):
            return ast.Name(name)
    return ast.Pass()


def _names(node: ast.AST) -> list[tuple[str, ast.AST]]:
    """The names in it as they are read, each with its node: a keyword's, variables, attributes, strings that are keys."""
    match node:
        case ast.keyword(arg=arg, value=value):
            return [(arg or "", node), *_names(value)]
        case ast.Call(
            func=ast.Name(), args=args, keywords=keywords
        ):  # what is called is of the code around, and not one of two alike
            return [name for part in (*args, *keywords) for name in _names(part)]
        case ast.Name(id=name):
            return [(name, node)]
        case ast.Attribute(value=value, attr=attr):
            return [*_names(value), (attr, node)]
        case ast.Constant(value=str(text)) if text.isidentifier():
            return [(text, node)]
        case ast.Assign(targets=targets, value=value):
            return [name for part in (*targets, value) for name in _names(part)]
        case ast.AnnAssign(target=target, value=value):
            return [*_names(target), *(_names(value) if value else [])]
    return [name for child in ast.iter_child_nodes(node) for name in _names(child)]


def _is_one_shape(first: ast.AST, second: ast.AST) -> bool:
    return _shape(first) == _shape(second)


def _shape(node: ast.AST) -> str:
    text = ast.dump(node)
    return re.sub(r"(id|attr|arg)='\w+'|value='[A-Za-z_]\w*'", "_", text)


def _exchange(one: tuple[str, ast.AST], other: tuple[str, ast.AST]) -> tuple[str, str] | None:
    """The one word that is another one."""
    first, second = _words(one[0]), _words(other[0])
    if len(first) != len(second):
        return None
    changed = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
    return changed[0] if len(changed) == 1 and _are_names(changed[0]) else None


def _are_names(change: Sequence[str]) -> bool:
    return not any(word.isdigit() for word in change)


def _words(name: str) -> list[str]:
    return _WORD.findall(name)


def _with(name: str, change: tuple[str, str]) -> str:
    return _WORD.sub(lambda found: change[1] if found[0] == change[0] else found[0], name)

"""Tables of cases of a parametrised test: what is in them, and what is not any more. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from .claims import Claim
from .compared import Compared, Finding, Function, counted, dotted, short
from .marks import MARKED


def compared(name: str, path: str, was: Function, now: Function) -> Iterator[Finding]:
    """The cases of a parametrised test: fewer, other answers, or some that are passed over."""
    for old, new in zip(_tables(was), _tables(now), strict=False):
        before, after = [ast.unparse(one) for one in old], [ast.unparse(one) for one in new]
        gone = [one for one in before if one not in after]
        fresh = [one for one in new if ast.unparse(one) not in before]
        for case in list(gone):
            other = next((row for row in fresh if _given(row) and _given(row) == _given(old[before.index(case)])), None)
            if other is not None:
                gone.remove(case)
                fresh.remove(other)
                if MARKED.search(ast.unparse(other)):
                    continue  # told below
                yield Finding("weakened-test", name, other.lineno, f"`{path}` expects another answer in a case: `{short(other)}` where it was `{case[:70]}`.")  # fmt: skip
        if len(gone) > len(fresh):
            yield Finding("weakened-test", name, now.lineno, f"`{path}` has {counted(len(gone) - len(fresh), 'case')} fewer: `{gone[0][:70]}`.")  # fmt: skip
        for one in new:
            if MARKED.search(ast.unparse(one)) and "param" in ast.unparse(one) and ast.unparse(one) not in before:
                yield Finding("weakened-test", name, one.lineno, f"`{path}` passes over a case: `{short(one)}`.")
    if _count(now) < _count(was):
        yield Finding("weakened-test", name, now.lineno, f"`{path}` has no table of cases any more.")


def _count(node: Function) -> int:
    return sum(isinstance(one, ast.Call) and dotted(one.func).endswith("parametrize") for one in node.decorator_list)


def _tables(node: Function) -> list[list[ast.expr]]:
    found = []
    for one in node.decorator_list:
        match one:
            case ast.Call(func=func, args=[_, ast.List(elts=rows) | ast.Tuple(elts=rows), *_]) if dotted(func).endswith("parametrize"):  # fmt: skip
                found.append(rows)
    return found


def _given(row: ast.expr) -> str:
    """What a case is about: all of it but the last, which is what is expected."""
    match row:
        case ast.Tuple(elts=[*given, _]) | ast.List(elts=[*given, _]) if given:
            return ", ".join(map(ast.unparse, given))
        case ast.Call(func=func, args=[*given, _]) if dotted(func).endswith("param") and given:
            return ", ".join(map(ast.unparse, given))
    return ""


def holds(change: Compared, claims: Sequence[Claim]) -> bool:
    """Whether what a test claimed is a case of another one now: what it expected, and what it looked at, stand in the table of a test that came or changed."""
    if not claims:
        return False
    for name in change.files(tests=True):
        old = change.old(name)
        for path, node in change.new(name).items():
            if path in old and ast.dump(old[path]) == ast.dump(node):
                continue
            rows = [ast.unparse(row) for table in _tables(node) for row in table]
            called = {dotted(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)}
            if rows and all(any(claim.expected and claim.expected in row for row in rows) and claim.subject.partition("(")[0] in called for claim in claims):  # fmt: skip
                return True
    return False

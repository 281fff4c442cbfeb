"""Which tests a change brings or alters: they prove nothing of it, and those that stand beside them as they were do. Pure."""

from __future__ import annotations

import ast
import builtins

from . import syntax

Function = ast.FunctionDef | ast.AsyncFunctionDef


def of_file(name: str, before: str | None, after: str) -> tuple[str, ...]:
    """The tests of a file that are not as they were, as the beginnings of their node ids ("test_x.py::TestA::test_b"); the file itself where something that any of them may use is other than before, or where that cannot be told."""
    old = syntax.module(before) if before is not None else None
    new = syntax.module(after)
    if old is None or new is None:
        return (name,)
    try:
        if any(isinstance(one, ast.ImportFrom) and one.names[0].name == "*" for one in (*old.body, *new.body)):
            return () if ast.dump(old) == ast.dump(new) else (name,)  # nobody knows what is bound
        found = _of_body(old.body, new.body, name, _shared(new) | _shared(old))
    except (RecursionError, ValueError):  # hundreds of branches of one `if`, a number of thousands of digits
        return (name,)
    return (name,) if found is None else tuple(found)


def _shared(tree: ast.Module) -> frozenset[str]:
    """The names that the code of a file uses, by itself or as a base: what bears one is not a test of its own alone."""
    return frozenset(one.id for one in ast.walk(tree) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load))


def _of_body(old: list[ast.stmt], new: list[ast.stmt], path: str, shared: frozenset[str]) -> list[str] | None:
    """The tests of a module or class that are not as they were; None where all of them may not be."""
    was = {_named(one): one for one in old if _named(one)}
    now = {_named(one): one for one in new if _named(one)}
    there = {ast.dump(one) for one in old}
    left = {ast.dump(one) for one in new}
    if any(not _is_told_apart(one, shared) and ast.dump(one) not in left for one in old):
        return None  # a fixture, a helper, an import or a constant is gone or other
    bound = set().union(*map(_bound, old)) if old else set()
    found = list[str]()
    for one in new:
        if ast.dump(one) in there:
            continue
        name = _named(one)
        if not _is_told_apart(one, shared):
            if "::" in path or not _is_harmless(one, bound | _given(old)):
                return None  # beside the tests of a class anything may be theirs
            continue
        before = was.get(name)
        if isinstance(one, ast.ClassDef) and isinstance(before, ast.ClassDef):
            is_alike = _head(one) == _head(before)
            inner = _of_body(before.body, one.body, f"{path}::{name}", shared) if is_alike else None
            found += [f"{path}::{name}"] if inner is None else inner
        else:
            found.append(f"{path}::{name}")
    # One of the same name further down takes another's place.
    return None if len(now) != sum(bool(_named(one)) for one in new) else found


def _named(node: ast.stmt) -> str:
    return node.name if isinstance(node, Function | ast.ClassDef) else ""


def _is_told_apart(node: ast.stmt, shared: frozenset[str]) -> bool:
    """Whether it is a test, or a class of tests, that no other test uses."""
    if _named(node) in shared:
        return False
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name.startswith("test")
        case ast.ClassDef(name=name, bases=bases):
            return name.startswith("Test") or name.endswith(("Test", "Tests", "TestCase")) or any("TestCase" in ast.unparse(one) for one in bases)  # fmt: skip
    return False


def _head(node: ast.ClassDef) -> str:
    return repr(([ast.dump(one) for one in (*node.bases, *node.decorator_list)], [ast.dump(one) for one in node.keywords]))  # fmt: skip


def _is_harmless(node: ast.stmt, bound: set[str]) -> bool:
    """Whether what is new beside tests changes none of them: it binds names that were free, and does nothing else."""
    match node:
        case ast.Import() | ast.ImportFrom():
            return not _bound(node) & bound
        case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators) | ast.ClassDef(decorator_list=decorators):  # fmt: skip
            return not _bound(node) & bound and not any("autouse" in ast.unparse(one) for one in decorators) and not _named(node).startswith(("setup", "teardown", "setUp", "tearDown", "pytest_"))  # fmt: skip
        case ast.Assign() | ast.AnnAssign():
            names = _bound(node)
            does = any(isinstance(one, ast.Call | ast.Await | ast.NamedExpr | ast.Yield) for one in ast.walk(node))
            is_plain = all(isinstance(one, ast.Name) for one in (node.targets if isinstance(node, ast.Assign) else [node.target]))  # fmt: skip
            return is_plain and not does and not names & (bound | {"pytestmark", "collect_ignore", "collect_ignore_glob", "pytest_plugins", "__test__"})  # fmt: skip
        case ast.Expr(value=ast.Constant()):
            return True
    return False


def _given(body: list[ast.stmt]) -> set[str]:
    """What functions are given by name, fixtures among them, and the names of Python itself."""
    args = {one.arg for node in body for one in ast.walk(node) if isinstance(one, ast.arg)}
    return args | set(dir(builtins))


def _bound(node: ast.stmt) -> set[str]:
    match node:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {(one.asname or one.name).partition(".")[0] for one in names}
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}

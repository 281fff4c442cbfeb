"""Errors that nobody hears of any more: handlers, and switches of the standard library and of what everybody uses. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .compared import Compared, Finding, Function, dotted, functions, own, short

_ALL = frozenset("Exception BaseException".split())
# Errors of whoever wrote the code: who catches one hides a mistake.
_MISTAKES = frozenset("TypeError AttributeError NameError UnboundLocalError AssertionError RecursionError SyntaxError SystemError".split())  # fmt: skip
_LOGGED = ("exception", "error", "critical", "warning", "warn", "fatal")
# Arguments that have errors passed over, by their value.
_SWITCHES = {"errors": ("ignore",), "ignore_errors": (True,), "return_exceptions": (True,), "check": (False,), "on_error": ("ignore",), "on_bad_lines": ("skip",), "raise_on_error": (False,)}  # fmt: skip
_SILENCED = ("warnings.simplefilter", "warnings.filterwarnings", "logging.disable")


def of(change: Compared) -> Iterator[Finding]:
    """Errors that the code of a change lets nobody hear of, and did before."""
    for name in change.files(tests=False):
        old = change.old(name)
        for path, now in change.new(name).items():
            was = old.get(path)
            if was is None or ast.dump(was) != ast.dump(now):
                yield from _of_function(name, path, was, now)
                if was is not None:
                    yield from _unchecked(name, path, was, now, change.after.get(name, ""))


def _count(node: Function | None) -> int:
    """How many handlers of a function keep everything from whoever calls."""
    handlers = [one for one in own(node) if isinstance(one, ast.ExceptHandler)] if node is not None else []
    return sum(bool(_hides(one, is_wrapped=True)) for one in handlers)


def _is_tried_again(node: Function, guarded: ast.Try) -> bool:
    """Whether a loop goes on after the error, and the function raises where none of its rounds went well."""
    for one in own(node):
        if isinstance(one, ast.For | ast.While) and any(inner is guarded for inner in ast.walk(one)):
            return any(isinstance(other, ast.Raise) and other.lineno > guarded.lineno for other in own(node))
    return False


def _of_function(name: str, path: str, was: Function | None, now: Function) -> Iterator[Finding]:
    is_older = was is not None and _count(was) >= _count(now)  # in other words, or somewhere else in it
    known = {ast.unparse(one) for one in own(was) if isinstance(one, ast.ExceptHandler)} if was is not None else set()
    there = {ast.unparse(one) for one in ast.walk(was) if isinstance(one, ast.stmt)} if was is not None else set()
    for node in own(now):
        match node:
            case (
                ast.Try(body=body, handlers=handlers, finalbody=final)
                | ast.TryStar(body=body, handlers=handlers, finalbody=final)
            ):
                for handler in (
                    [] if is_older or (isinstance(node, ast.Try) and _is_tried_again(now, node)) else handlers
                ):
                    if ast.unparse(handler) not in known and (
                        told := _hides(handler, is_wrapped=_are_known(body, there))
                    ):
                        yield Finding("swallowed-exception", name, handler.lineno, f"`{path}` {told}.")
                if any(isinstance(one, ast.Return | ast.Break | ast.Continue) for one in final) and not _has(was, node):
                    yield Finding("swallowed-exception", name, final[0].lineno, f"`{path}` leaves a `finally` by `{short(final[-1])}`, so every error is lost.")  # fmt: skip
            case ast.Call(func=func, args=args) if dotted(func).rpartition(".")[2] == "suppress":
                kinds = {dotted(one).rpartition(".")[2] for one in args}
                if kinds & (_ALL | _MISTAKES) and not _has(was, node):
                    yield Finding("swallowed-exception", name, node.lineno, f"`{path}` swallows {' and '.join(sorted(kinds))}: `{short(node)}`.")  # fmt: skip
            case ast.Call(keywords=keywords):
                for one in keywords:
                    value = one.value.value if isinstance(one.value, ast.Constant) else None
                    if value is not None and value in _SWITCHES.get(one.arg or "", ()) and _was_heard(was, node, one):
                        yield Finding("swallowed-exception", name, node.lineno, f"`{path}` has errors passed over: `{one.arg}={value!r}` in `{short(node)}`.")  # fmt: skip
                if dotted(node.func) in _SILENCED and "ignore" in ast.unparse(node) and not _has(was, node):
                    yield Finding("swallowed-exception", name, node.lineno, f"`{path}` has warnings passed over: `{short(node)}`.")  # fmt: skip


def _unchecked(name: str, path: str, was: Function, now: Function, text: str) -> Iterator[Finding]:
    """Checks of an answer that are not made any more."""
    for call in ("raise_for_status", "check_returncode"):
        old, new = (sum(isinstance(one, ast.Attribute) and one.attr == call for one in ast.walk(node)) for node in (was, now))  # fmt: skip
        if new < old:
            yield Finding("swallowed-exception", name, now.lineno, f"`{path}` does not call `{call}` any more.")
    raised, left = ([one for one in own(node) if isinstance(one, ast.Raise) and one.exc is not None] for node in (was, now))  # fmt: skip
    called = {dotted(one.func).rpartition(".")[2] for one in own(now) if isinstance(one, ast.Call)}
    helpers = [node for other, node in functions(text).items() if other.rpartition(".")[2] in called]
    inside = [one for node in helpers for one in own(node) if isinstance(one, ast.Raise)]
    kinds = {_raised(one) for one in (*left, *inside)}
    for one in raised:
        kind = _raised(one)
        if kind and kind not in kinds and f"{kind}" in (ast.get_docstring(now) or ""):
            yield Finding("swallowed-exception", name, now.lineno, f"`{path}` does not raise {kind} any more, and its docstring says that it does.")  # fmt: skip
            kinds.add(kind)


def _raised(node: ast.Raise) -> str:
    exc = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return dotted(exc).rpartition(".")[2]


def _are_known(body: list[ast.stmt], there: set[str]) -> bool:
    """Whether what a `try` guards stood in the function before."""
    return any(ast.unparse(one) in there for one in body)


def _has(was: Function | None, node: ast.AST) -> bool:
    return was is not None and any(type(one) is type(node) and ast.unparse(one) == ast.unparse(node) for one in ast.walk(was))  # fmt: skip


def _was_heard(was: Function | None, node: ast.Call, word: ast.keyword) -> bool:
    """Whether the same call was there before without the switch, or with another value."""
    if was is None:
        return False
    name, now = ast.unparse(node.func), ast.unparse(word)
    calls = [one for one in ast.walk(was) if isinstance(one, ast.Call) and ast.unparse(one.func) == name]
    if word.arg == "check":  # without it nothing is raised either
        return any(ast.unparse(other) == "check=True" for one in calls for other in one.keywords)
    return bool(calls) and all(now not in map(ast.unparse, one.keywords) for one in calls)


def _hides(handler: ast.ExceptHandler, *, is_wrapped: bool) -> str:
    """What a handler keeps from whoever calls; "" where it passes it on, or where it is a case that somebody means."""
    inside = [inner for one in handler.body for inner in ast.walk(one)]
    if any(isinstance(one, ast.Raise) for one in inside):
        return ""
    if any(isinstance(one, ast.Call) and dotted(one.func) in ("sys.exit", "exit", "os._exit") for one in inside):
        return ""
    if handler.name and any(isinstance(one, ast.Name) and one.id == handler.name and not _is_logged(inside, one) for one in inside):  # fmt: skip
        return ""  # it is handed on: stored, returned, given to somebody
    kinds = {one.id for one in ast.walk(handler.type) if isinstance(one, ast.Name)} if handler.type is not None else {"everything"}  # fmt: skip
    is_logged = any(isinstance(one, ast.Call) and dotted(one.func).rpartition(".")[2] in _LOGGED for one in inside)
    broad, mistakes = kinds & (_ALL | {"everything"}), kinds & _MISTAKES
    if not broad and not (mistakes and is_wrapped and kinds <= _MISTAKES):
        return ""
    if is_logged and not is_wrapped:
        return ""
    what = " and ".join(sorted(broad or mistakes))
    then = f"`{short(handler.body[-1])}`"
    return f"swallows {what} ({then}{', with a line in the log' if is_logged else ''})"


def _is_logged(inside: list[ast.AST], name: ast.Name) -> bool:
    """Whether a name is used in a call that logs or prints alone."""
    for one in inside:
        if isinstance(one, ast.Call) and any(inner is name for inner in ast.walk(one)):
            return dotted(one.func).rpartition(".")[2] in (*_LOGGED, "print", "debug", "info", "log")
    return False

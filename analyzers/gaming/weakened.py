"""Tests that say less than they did: taken out, passed over, with fewer or weaker assertions, or with other answers expected. Pure."""

from __future__ import annotations

import ast
import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .. import syntax
from . import tables
from .claims import STRENGTHS, Claim, cannot_fail, of_function
from .compared import Compared, Finding, Function, counted, dotted, names_gone, own, short
from .marks import MARKED

ALIKE = 0.6  # of the text of a test, for it to be the same under another name
_PASSED_OVER = ("skip", "skipif", "skipIf", "skipUnless", "xfail", "expectedFailure", "flaky", "skipTest", "importorskip", "SkipTest")  # fmt: skip
_BROAD = frozenset("Exception BaseException OSError Warning".split())
_TOLERANCE = re.compile(r",\s*(?:rel|abs|rel_tol|abs_tol|atol|rtol)\s*=\s*[^,)]+")
_NUMBER = re.compile(r"\b(?:rel|abs|rel_tol|abs_tol|atol|rtol|places|delta|decimal)\s*=\s*([\d.e+-]+)")


def of(change: Compared) -> Iterator[Finding]:
    """What a change takes from the tests that were there, and claims of its own that cannot fail."""
    homes, gone, elsewhere = _homes(change), names_gone(change), _claims_elsewhere(change)
    for name in change.files(tests=True):
        if change.after.get(name) and syntax.module(change.after[name]) is None:
            continue  # the verdict says that it does not parse
        old, new = change.old(name), change.new(name)
        yield from _of_module(change, name)
        for path, was in old.items():
            now, where = new.get(path), name
            if now is None:
                found = _moved(path, was, homes, name)
                if found is None:
                    yield from _taken_out(change, name, path, was)
                    continue
                where, now = found
                if _is_test(path) and not _is_test(_path_in(change, where, now)):
                    yield Finding("weakened-test", where, now.lineno, f"{_told(path)} is called `{now.name}` now, and nothing collects it.")  # fmt: skip
            yield from _of_pair(Pair(where, path, was, now), gone, elsewhere)
        for path, now in new.items():
            yield from _new_claims(name, path, now, old.get(path))


def _homes(change: Compared) -> dict[str, dict[str, Function]]:
    """The functions of changed test files that were not there before: where a test may have gone."""
    found = {}
    for name in change.files(tests=True):
        was = change.old(name)
        found[name] = {path: node for path, node in change.new(name).items() if path not in was}
    return found


def _path_in(change: Compared, name: str, node: Function) -> str:
    return next((path for path, one in change.new(name).items() if one is node), node.name)


def _is_test(path: str) -> bool:
    return path.rpartition(".")[2].startswith("test")


def _told(path: str) -> str:
    return f"`{path}`"


def _moved(path: str, was: Function, homes: Mapping[str, Mapping[str, Function]], name: str) -> tuple[str, Function] | None:  # fmt: skip
    """Where a function went that is not in its place any more: under its name in another file, or under another name with much the same text."""
    last = path.rpartition(".")[2]
    for file, nodes in homes.items():
        for other, node in nodes.items():
            if other.rpartition(".")[2] == last:
                return file, node
    text = ast.unparse(was)
    near = [(difflib.SequenceMatcher(None, text, ast.unparse(node)).ratio(), file, node) for file, nodes in homes.items() for node in nodes.values()]  # fmt: skip
    best = max(near, key=lambda one: one[0], default=None)
    return (best[1], best[2]) if best is not None and best[0] >= ALIKE else None


def _taken_out(change: Compared, name: str, path: str, was: Function) -> Iterator[Finding]:
    """A test that is gone; not one of what is gone with it."""
    claims = of_function(was)
    if not _is_test(path) and not claims:
        return
    if _tests_what_is_gone(change, was) or tables.holds(change, claims):
        return
    what = f" with {counted(len(claims), 'assertion')}" if claims else ""
    yield Finding("weakened-test", name, was.lineno, f"{_told(path)} is taken out{what}.", is_gone=True)


def _tests_what_is_gone(change: Compared, was: Function) -> bool:
    """Whether the test uses something of the project that the change takes away."""
    used = {one.id for one in ast.walk(was) if isinstance(one, ast.Name)} | {one.attr for one in ast.walk(was) if isinstance(one, ast.Attribute)}  # fmt: skip
    for name in change.files(tests=False):
        gone = {path.rpartition(".")[2] for path in change.old(name)} - {path.rpartition(".")[2] for path in change.new(name)}  # fmt: skip
        if gone & used:
            return True
    return False


def _claims_elsewhere(change: Compared) -> Counter[str]:
    """How many more of each claim there are in all tests of a change: one that went into another test is not gone."""
    found: Counter[str] = Counter()
    for name in change.files(tests=True):
        found.update(claim.source for node in change.new(name).values() for claim in of_function(node))
        found.subtract(claim.source for node in change.old(name).values() for claim in of_function(node))
    return found


@dataclass(frozen=True, slots=True)
class Pair:
    """A function of a test file before and after, by its dotted name, and the file in which it is now."""

    name: str
    path: str
    was: Function
    now: Function


def _of_pair(pair: Pair, gone: frozenset[str], elsewhere: Counter[str]) -> Iterator[Finding]:
    """One function of a test file before and after."""
    name, path, was, now = pair.name, pair.path, pair.was, pair.now
    if ast.dump(was) == ast.dump(now):
        return
    yield from _passed_over(name, path, was, now)
    yield from tables.compared(name, path, was, now)
    old, new = of_function(was), of_function(now)
    left, fresh = _without_equal(old, new)
    for claim in fresh:
        if why := cannot_fail(claim):
            yield Finding("weakened-test", name, claim.line, f"{_told(path)} cannot fail: `{claim.source}` ({why}).")
    fresh = [claim for claim in fresh if not cannot_fail(claim)]
    removed: list[Claim] = []
    for claim in left:
        other = _counterpart(claim, fresh)
        if other is None:
            if elsewhere[claim.source] >= 0:
                continue  # it is in another test now
            removed.append(claim)
            continue
        fresh.remove(other)
        if claim.subject != other.subject and gone & set(re.findall(r"\w+", claim.subject)):
            continue
        if told := _weaker(claim, other):
            yield Finding("weakened-test", name, other.line, f"{_told(path)} {told}.")
    if removed and len(removed) > len(fresh):
        fewer = len(removed) - len(fresh)
        quoted = removed[0].source if len(removed[0].source) <= 70 else f"{removed[0].source[:69]}…"
        rest = f" and {fewer - 1} more" if fewer > 1 else ""
        yield Finding("weakened-test", name, now.lineno, f"{_told(path)} has {counted(fewer, 'assertion')} fewer: `{quoted}`{rest}.")  # fmt: skip
    caught = _caught(now)
    if caught is not None and _caught(was) is None:
        yield Finding("weakened-test", name, caught.lineno, f"{_told(path)} catches what its own assertions raise.")
    early = _early(now)
    if early is not None and _early(was) is None:
        yield Finding("weakened-test", name, early.lineno, f"{_told(path)} ends before its assertions.")


def _without_equal(old: Sequence[Claim], new: Sequence[Claim]) -> tuple[list[Claim], list[Claim]]:
    """The claims that are not in both."""
    left, fresh = [], list(new)
    for claim in old:
        same = next((one for one in fresh if one.source == claim.source), None)
        if same is None:
            left.append(claim)
        else:
            fresh.remove(same)
    return left, fresh


def _counterpart(claim: Claim, fresh: Sequence[Claim]) -> Claim | None:
    """The claim that took another's place: about the same, or with the same expected of something else (a name that was changed)."""
    for one in fresh:
        if one.subject == claim.subject:
            return one
    for one in fresh:
        if one.expected == claim.expected and one.strength == claim.strength and one.expected:
            return one
    near = [(difflib.SequenceMatcher(None, claim.subject, one.subject).ratio(), number, one) for number, one in enumerate(fresh)]  # fmt: skip
    best = max(near, default=None, key=lambda one: one[:2])
    return best[2] if best is not None and best[0] >= ALIKE else None


def _weaker(was: Claim, now: Claim) -> str:
    """How a claim says less than the one whose place it took, or something else; "" where it says as much."""
    if was.subject == "what is raised" or now.subject == "what is raised":
        return _wider(was, now)
    old, new = STRENGTHS.index(was.strength), STRENGTHS.index(now.strength)
    if new > old or (was.expected == "True" and now.strength == "truth" and was.subject == now.subject):
        return ""
    if new < old:
        is_same_value = now.strength == "near" and _value(was.expected) in now.expected and was.expected
        return "" if is_same_value else f"asks for less: `{now.source}` where it was `{was.source}`"
    if was.strength == now.strength == "near" and _is_looser(was.expected, now.expected, now.source, was.source):
        return f"allows more: `{now.source}` where it was `{was.source}`"
    is_other = _value(_TOLERANCE.sub("", was.expected)) != _value(_TOLERANCE.sub("", now.expected))
    is_named = now.expected.isidentifier() and not was.expected.isidentifier()  # what it is called now cannot be told
    if was.strength in ("equal", "near", "some") and is_other and not is_named and was.subject == now.subject:
        if was.strength == "some" and was.source.split()[:1] != now.source.split()[:1]:
            return ""
        if _is_derived(now):
            return f"expects what the code gives: `{now.source}` where it was `{was.source}`"
        return f"expects another answer: `{now.source}` where it was `{was.source}`"
    if was.subject != now.subject and was.expected and is_other and _calls_nothing(was.expected) and _calls_nothing(now.expected):  # fmt: skip
        return f"expects another answer: `{now.source}` where it was `{was.source}`"
    return ""


def _value(source: str) -> str:
    """A literal as it compares: `2` and `2.0` are one; anything else as it is."""
    try:
        found = ast.literal_eval(source)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return source
    return repr(int(found)) if isinstance(found, float) and found.is_integer() else repr(found)


def _calls_nothing(source: str) -> bool:
    return not re.search(r"[A-Za-z_]\w*\s*\(", source)


def _is_derived(claim: Claim) -> bool:
    """Whether what is expected is made by the very call that is looked at."""
    return "(" in claim.subject and claim.subject.partition("(")[0] in claim.expected


def _wider(was: Claim, now: Claim) -> str:
    """How a claim about an exception allows more; "" where it does not."""
    if was.subject != now.subject:
        return f"asks for less: `{now.source}` where it was `{was.source}`" if was.subject == "what is raised" else ""
    old, new = (
        {name.rpartition(".")[2] for name in re.findall(r"[A-Za-z_][\w.]*", one.expected)} for one in (was, now)
    )
    if old & _BROAD and not new & _BROAD:
        return ""
    if (new & _BROAD) - old:
        return f"allows any exception: `{now.source}` where it was `{was.source}`"
    if new > old:
        return f"allows more exceptions: `{now.source}` where it was `{was.source}`"
    if new != old:
        return f"expects another exception: `{now.source}` where it was `{was.source}`"
    return f"asks for no message: `{now.source}` where it was `{was.source}`" if was.strength == "equal" and now.strength == "near" else ""  # fmt: skip


def _is_looser(was: str, now: str, source: str, old_source: str) -> bool:
    """Whether a tolerance has grown (places: has fallen)."""
    old, new = (_NUMBER.findall(one) for one in (f"{old_source} {was}", f"{source} {now}"))
    if new and not old:
        return "places" not in source
    try:
        pairs = [(float(a), float(b)) for a, b in zip(old, new, strict=False)]
    except ValueError:
        return False
    return any(b < a if "places" in source or "decimal" in source else b > a for a, b in pairs)


def _passed_over(name: str, path: str, was: Function, now: Function) -> Iterator[Finding]:
    """Marks and calls that keep a test from running, or have it run until it is green."""
    old = {ast.unparse(one) for one in was.decorator_list}
    for one in now.decorator_list:
        called = dotted(one.func if isinstance(one, ast.Call) else one).rpartition(".")[2]
        is_new = ast.unparse(one) not in old and not any(
            told.rpartition(".")[2].partition("(")[0] == "skip" for told in old
        )
        if is_new and (called in _PASSED_OVER or "reruns" in called):
            yield Finding("weakened-test", name, one.lineno, f"{_told(path)} is marked `@{short(one)}`.")
    calls = {ast.unparse(one) for stmt in was.body for one in ast.walk(stmt) if _passes_over(one)}
    for node in (one for stmt in now.body for one in ast.walk(stmt)):
        if _passes_over(node) and ast.unparse(node) not in calls:
            yield Finding("weakened-test", name, getattr(node, "lineno", now.lineno), f"{_told(path)} calls `{short(node)}`.")  # fmt: skip


def _passes_over(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in _PASSED_OVER


def _caught(node: Function) -> ast.stmt | ast.ExceptHandler | None:
    """A handler for what the assertions in its `try` raise."""
    for one in own(node):
        if isinstance(one, ast.Try) and any(isinstance(inner, ast.Assert) for stmt in one.body for inner in ast.walk(stmt)):  # fmt: skip
            for handler in one.handlers:
                kinds = ast.unparse(handler.type) if handler.type is not None else "BaseException"
                is_raised = any(isinstance(inner, ast.Raise) or (isinstance(inner, ast.Call) and dotted(inner.func).endswith(("fail", "skip"))) for inner in ast.walk(handler))  # fmt: skip
                if re.search(r"\b(?:AssertionError|Exception|BaseException)\b", kinds) and not is_raised:
                    return handler
        if isinstance(one, ast.With) and any("suppress" in ast.unparse(item) and re.search(r"AssertionError|Exception", ast.unparse(item)) for item in one.items):  # fmt: skip
            return one
    return None


def _early(node: Function) -> ast.stmt | None:
    """A `return` or a branch that is never entered, with assertions behind or in it."""
    for number, one in enumerate(node.body):
        rest = node.body[number + 1 :]
        if isinstance(one, ast.Return) and any(isinstance(inner, ast.Assert | ast.With) for later in rest for inner in ast.walk(later)):  # fmt: skip
            return one
        if isinstance(one, ast.If | ast.While) and isinstance(one.test, ast.Constant) and not one.test.value:
            return one
    return None


def _new_claims(name: str, path: str, now: Function, was: Function | None) -> Iterator[Finding]:
    """Claims that came with the change, and cannot fail."""
    if was is not None and _is_test(path):
        return  # looked at as a pair
    for claim in of_function(now) if _is_test(path) else ():
        if why := cannot_fail(claim):
            yield Finding("weakened-test", name, claim.line, f"{_told(path)} cannot fail: `{claim.source}` ({why}).")


def _of_module(change: Compared, name: str) -> Iterator[Finding]:
    """Marks of a whole file or class, and hooks that change what tests do."""
    old, new = (syntax.module(texts.get(name, "")) for texts in (change.before, change.after))
    if new is None or old is None or name not in change.before:
        return
    was = {ast.unparse(one) for one in old.body}
    for one in new.body:
        if ast.unparse(one) in was:
            continue
        match one:
            case ast.Assign(targets=[ast.Name(id="pytestmark" | "__test__" | "collect_ignore" | "collect_ignore_glob" as what)]):  # fmt: skip
                if what != "pytestmark" or MARKED.search(ast.unparse(one)):
                    yield Finding("weakened-test", name, one.lineno, f"Tests of a whole file are passed over: `{short(one)}`.")  # fmt: skip
            case ast.Expr(value=ast.Call() as call) if _passes_over(call):
                yield Finding("weakened-test", name, one.lineno, f"Tests of a whole file are passed over: `{short(one)}`.")  # fmt: skip
            case ast.ClassDef(decorator_list=decorators):
                before = next(
                    (node for node in old.body if isinstance(node, ast.ClassDef) and node.name == one.name), None
                )
                own_marks = {ast.unparse(mark) for mark in before.decorator_list} if before is not None else set()
                for mark in decorators:
                    if MARKED.search(ast.unparse(mark)) and ast.unparse(mark) not in own_marks:
                        yield Finding("weakened-test", name, mark.lineno, f"`{one.name}` is marked `@{short(mark)}`.")
                yield from _of_class(name, one, before)
            case ast.FunctionDef(name=hook) if hook.startswith(("pytest_collection", "pytest_runtest", "pytest_pyfunc", "pytest_ignore", "pytest_report", "pytest_sessionfinish", "pytest_exception")):  # fmt: skip
                yield Finding("weakened-test", name, one.lineno, f"`{hook}` changes what tests are run, or what comes of them.")  # fmt: skip


def _of_class(name: str, now: ast.ClassDef, was: ast.ClassDef | None) -> Iterator[Finding]:
    for one in now.body:
        match one:
            case ast.Assign(targets=[ast.Name(id="__test__")], value=ast.Constant(value=False)):
                if was is None or ast.unparse(one) not in map(ast.unparse, was.body):
                    yield Finding("weakened-test", name, one.lineno, f"Nothing collects `{now.name}` any more: `{short(one)}`.")  # fmt: skip

"""Which statements are the likeliest cause of failing tests: by who executed them (Ochiai, from Abreu et al. 2007), and by what they are.

A spectrum knows which tests execute a statement, and so cannot tell apart the statements of one straight piece of code; there the form of a statement
decides, for a plain `return total` is seldom the bug. A condition is as suspicious as what it let happen.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from analyzers import syntax
from analyzers.changed import Statement, places_in
from sandbox.api import TestResult

Spectra = Mapping[str, Mapping[str, frozenset[int]]]  # the lines that each test executes, by test and file
OF_A_BRANCH = 0.97  # of its body's suspicion, for the condition that leads there
OF_A_VALUE = 0.95  # of what uses it, for the statement that gives a name its value
OF_FORM = 0.3  # the part of a suspicion that the form of a statement decides
OF_MUTANTS = (
    0.4  # the part of a suspicion that the mutants of a statement decide (Metallaxis, Papadakis and Le Traon 2015)
)
CRASHED = 0.12  # more for the statement in which an exception that nobody meant was raised
_TELLING = (
    ast.Compare,
    ast.BinOp,
    ast.BoolOp,
    ast.Subscript,
    ast.IfExp,
    ast.UnaryOp,
    ast.Call,
    ast.comprehension,
    ast.AugAssign,
    ast.Slice,
)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A statement of the file `name`: its first line and its own last one, from 1, the function around it, and how suspicious it is (0 to 1)."""

    name: str
    line: int
    last: int
    function: str
    score: float


def ranked(spectra: Spectra, failing: Mapping[str, TestResult], texts: Mapping[str, str]) -> list[Suspect]:
    """The statements in functions that failing tests execute, the most suspicious first; `texts` are the files by name."""
    found = []
    for name in sorted({file for test in failing for file in spectra.get(test, {})}):
        tree = syntax.module(texts.get(name, ""))
        if tree is not None:
            found += _of_file(name, tree, spectra, failing)
    return sorted(found, key=lambda one: (-one.score, one.name, one.line))


def sharpened(suspects: Sequence[Suspect], effects: Mapping[tuple[str, int], float]) -> list[Suspect]:
    """The suspects with what their mutants did (0 to 1, by file and line): where a change changes what fails, and little else, the cause is near."""
    told = [
        replace(one, score=(1 - OF_MUTANTS) * one.score + OF_MUTANTS * effects.get((one.name, one.line), 0.0))
        for one in suspects
    ]
    return sorted(told, key=lambda one: (-one.score, one.name, one.line))


def _of_file(name: str, tree: ast.Module, spectra: Spectra, failing: Mapping[str, TestResult]) -> list[Suspect]:
    places = [
        place for place in places_in(tree) if place.is_inside and isinstance(place.node, ast.stmt | ast.ExceptHandler)
    ]
    by_test = {test: lines.get(name, frozenset()) for test, lines in spectra.items()}
    raw = {id(place.node): _ochiai(place, by_test, failing) for place in places}
    used = _used(places)
    crashed = {
        (one.where.partition(":")[0], one.where.partition(":")[2].replace(".<locals>", ""))
        for one in failing.values()
        if not one.is_meant
    }
    made = []
    for place in reversed(places):  # what stands inside comes before what it stands in
        inner = [raw[id(child)] for child in ast.walk(place.node) if child is not place.node and id(child) in raw]
        users = [raw[id(user)] for user in used.get(id(place.node), ())]
        own = raw[id(place.node)]
        if own > 0 and (inner or users):
            own = raw[id(place.node)] = max(
                [own, *(OF_A_BRANCH * one for one in inner), *(OF_A_VALUE * one for one in users)]
            )
        if own > 0 and _can_be_wrong(place):
            score = own * (1 - OF_FORM + OF_FORM * _form(place.node))
            score += CRASHED if (name, place.scope) in crashed and _may_raise(place.node) else 0.0
            made.append(Suspect(name, place.lines[0], place.lines[-1], place.scope, min(score, 1.0)))
    return made


def _used(places: list[Statement]) -> dict[int, list[ast.AST]]:
    """By a statement that gives a name its value, the statements below it in the same function that use the name."""
    found: dict[int, list[ast.AST]] = {}
    binding: dict[tuple[str, str], list[ast.AST]] = {}
    for place in places:
        own = [one for one in own_nodes(place.node) if isinstance(one, ast.Name)]
        for name in {one.id for one in own if isinstance(one.ctx, ast.Load)}:
            for giver in binding.get((place.scope, name), ()):
                found.setdefault(id(giver), []).append(place.node)
        for name in {one.id for one in own if isinstance(one.ctx, ast.Store)}:
            binding.setdefault((place.scope, name), []).append(place.node)
    return found


def _ochiai(place: Statement, by_test: Mapping[str, frozenset[int]], failing: Mapping[str, TestResult]) -> float:
    lines = set(place.lines)
    red = sum(1 for test in failing if not lines.isdisjoint(by_test.get(test, frozenset())))
    green = sum(1 for test, executed in by_test.items() if test not in failing and not lines.isdisjoint(executed))
    return red / math.sqrt(len(failing) * (red + green)) if red else 0.0


def _can_be_wrong(place: Statement) -> bool:
    """Whether there is anything in it that could be another way."""
    if isinstance(place.node, ast.Pass):
        return True  # nothing is done where something may have to be
    return place.is_code and not isinstance(
        place.node,
        ast.Global
        | ast.Nonlocal
        | ast.Import
        | ast.ImportFrom
        | ast.FunctionDef
        | ast.AsyncFunctionDef
        | ast.ClassDef
        | ast.Try,
    )


def _form(node: ast.AST) -> float:
    """How much of it could be another way, from 0 to 1."""
    own = list(own_nodes(node))
    telling = sum(isinstance(one, _TELLING) for one in own) + 0.5 * sum(
        isinstance(one, ast.Constant) and not isinstance(one.value, str) for one in own
    )
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant | ast.List):
        return 0.45  # an answer that nothing decides
    least = 0.1 if isinstance(node, ast.Raise | ast.Return | ast.Continue) else 0.3
    telling += 0.1 * sum(isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load) for one in own)
    return min(1.0, least + 0.2 * telling)


def _may_raise(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Subscript | ast.Call | ast.BinOp | ast.Attribute) for one in own_nodes(node))


def own_nodes(node: ast.AST) -> list[ast.AST]:
    """The nodes of a statement's own, without those of the statements in it."""
    found, stack = [], [node]
    while stack:
        one = stack.pop()
        found.append(one)
        stack += [
            child
            for child in ast.iter_child_nodes(one)
            if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case)
        ]
    return found

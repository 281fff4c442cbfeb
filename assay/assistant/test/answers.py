"""What calls of a function gave in the sandbox, and whether another answer would be noticed by a test of it."""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from analyzers import inputs, syntax
from sandbox.api import StepOutcome

GIVES_LIMIT = 200  # characters of an answer that a test holds
CLOSE = 1e-6  # by which numbers may differ, as pytest.approx has it
Kind = Literal["value", "raised", "crashed", "other"]


@dataclass(frozen=True, slots=True)
class Answer:
    """How a call ended: the `value` that it gave, as a literal's source; what the code `raised` by a `raise` or `assert` of its own; what `crashed` it, which nobody meant; or what no
    test can hold (an object, no end in time). `kinds` are an exception's names, its own first."""

    kind: Kind
    gives: str = ""
    kinds: tuple[str, ...] = ()
    is_steps: bool = False  # the value is a list of what each step of a scenario gave; a step that gave None is expected to give nothing

    @property
    def is_testable(self) -> bool:
        """Whether a test can expect it."""
        return self.kind in ("value", "raised")

    @property
    def has_float(self) -> bool:
        """Whether it is a number with a fraction, or has some."""
        return self.kind == "value" and any(
            isinstance(one, ast.Constant) and isinstance(one.value, float)
            for one in ast.walk(syntax.abstract(self.gives))
        )


LATE, UNASKED = Answer("other", "late"), Answer("other", "unasked")


def of(outcome: StepOutcome, calls: Sequence[str], *, is_steps: bool = False) -> tuple[Answer, ...]:
    """The answer to each call, in order. Where a step came to its end in a call, that one is late, and those behind it were not asked."""
    found = [_answer(outcome, number) for number in range(len(calls))]
    if is_steps:
        found = [replace(one, is_steps=True) if one.kind == "value" else one for one in found]
    if outcome.timed_out:
        last = max((number for number, one in enumerate(found) if one is not LATE), default=-1)
        found[last + 2 :] = [UNASKED] * len(found[last + 2 :])
    return tuple(found)


def _answer(outcome: StepOutcome, number: int) -> Answer:
    if (raised := outcome.raised.get(number)) is not None:
        is_own = raised.is_meant and bool(raised.frames)
        return Answer("raised" if is_own else "crashed", raised.detail, raised.kinds)
    told = outcome.returned.get(number)
    if told is None:
        return LATE
    return Answer("value", told) if _is_held(told) else Answer("other", told)


def _is_held(told: str) -> bool:
    """Whether the text is a literal that stands for the same value."""
    if len(told) > GIVES_LIMIT:
        return False
    if told in ("set()", "frozenset()"):
        return told == "set()"
    value = inputs.literal(told)
    if value is None:
        return told == "None"
    return repr(value) == told or (isinstance(value, set | dict) and repr(inputs.literal(repr(value))) == repr(value))


def notices(expected: Answer, found: Answer) -> bool:
    """Whether a test that expects the one fails on the other, as `written` writes it."""
    if found is UNASKED:
        return False
    if expected.kind == "raised":
        return not (found.kind in ("raised", "crashed") and expected.kinds[0] in found.kinds)
    if found.kind != "value":
        return not (found.kind == "other" and found.gives == expected.gives)
    if expected.gives == found.gives:
        return False
    one, other = value_of(expected.gives), value_of(found.gives)
    if expected.is_steps and isinstance(one, list) and isinstance(other, list):
        return any(first is not None and _is_other(first, second) for first, second in zip(one, other, strict=False))
    return _is_other(one, other)


def _is_other(one: object, other: object) -> bool:
    if isinstance(one, bool) or one is None:
        return one is not other
    return not same(one, other)


def value_of(source: str) -> object:
    """What a literal is."""
    return set() if source == "set()" else inputs.literal(source)


def same(one: object, other: object) -> bool:
    """As `==` has it, numbers with fractions as pytest.approx does."""
    match one, other:
        case bool(), _:
            return one == other
        case float(), float() | int():
            return math.isclose(one, other, rel_tol=CLOSE, abs_tol=1e-12)
        case (list(first), list(second)) | (tuple(first), tuple(second)):
            return len(first) == len(second) and all(map(same, first, second))
        case dict(), dict():
            return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)

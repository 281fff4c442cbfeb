"""What calls of a function gave in the sandbox, and whether another answer would be noticed by a test of it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from analyzers import inputs
from sandbox.api import StepOutcome

GIVES_LIMIT, STEPS_LIMIT = 200, 900  # characters of an answer that a test holds, and of all those of a scenario
CLOSE = 1e-6  # by which numbers may differ, as pytest.approx has it
Kind = Literal["value", "raised", "crashed", "other"]


@dataclass(frozen=True, slots=True)
class Answer:
    """How a call ended: the `value` that it gave, as a literal's source, as an object tells itself by `repr` (`is_repr`), or as the list of what is computed step by step (`listed`); what the code `raised` by a `raise` or `assert` of its own; what `crashed` it, which nobody meant; or what no
    test can hold (an object, no end in time). `kinds` are an exception's names, its own first."""

    kind: Kind
    gives: str = ""
    kinds: tuple[str, ...] = ()
    is_steps: bool = False  # the value is a list of the texts of what each step of a scenario gave

    @property
    def is_testable(self) -> bool:
        """Whether a test can expect it."""
        return self.kind == "raised" or (self.kind == "value" and (not self.is_steps or any(steps_of(self))))

    @property
    def has_ended(self) -> bool:
        """Whether the call came to an end that somebody may have meant."""
        return self.kind in ("value", "raised") or self.gives.startswith("<")

    @property
    def is_function(self) -> bool:
        """Whether it gave a function."""
        return self.kind == "other" and self.gives.startswith("<function ")


LATE, UNASKED, OUTSIDE = Answer("other", "late"), Answer("other", "unasked"), Answer("other", "outside")


def is_of_files(answer: Answer) -> bool:
    """Whether the call asked for files that are not there, or are not the project's."""
    return answer == OUTSIDE or not _OF_FILES.isdisjoint(answer.kinds[:1])


_OF_FILES = frozenset({"FileNotFoundError", "IsADirectoryError", "NotADirectoryError", "FileExistsError"})


def of(outcome: StepOutcome, calls: Sequence[str], *, is_steps: bool = False) -> tuple[Answer, ...]:
    """The answer to each call, in order. Where a step came to its end in a call (in time, in memory, by itself), that one is late, and those behind it were not asked."""
    found = [_answer(outcome, number, is_steps=is_steps) for number in range(len(calls))]
    if is_steps:
        found = [replace(one, is_steps=True) if one.kind == "value" else one for one in found]
    if outcome.timed_out or outcome.oom or outcome.signal or outcome.exit:
        last = max((number for number, one in enumerate(found) if one is not LATE), default=-1)
        found[last + 2 :] = [UNASKED] * len(found[last + 2 :])
    return tuple(found)


def _answer(outcome: StepOutcome, number: int, *, is_steps: bool) -> Answer:
    if number in outcome.outside:
        return OUTSIDE
    if (raised := outcome.raised.get(number)) is not None:
        is_own = raised.is_meant and bool(raised.frames)
        return Answer("raised" if is_own else "crashed", raised.detail, raised.kinds)
    told = outcome.returned.get(number)
    if told is None:
        return LATE
    is_held = _is_held(told, STEPS_LIMIT if is_steps else GIVES_LIMIT) or (
        not is_steps and (is_repr(told) or bool(listed(told)))
    )
    return Answer("value", told) if is_held else Answer("other", told)


def _is_held(told: str, limit: int = GIVES_LIMIT) -> bool:
    """Whether the text is a literal that stands for the same value."""
    if len(told) > limit:
        return False
    if told in ("set()", "frozenset()"):
        return told == "set()"
    value = inputs.literal(told)
    if value is None:
        return told == "None"
    return repr(value) == told or (isinstance(value, set | dict) and repr(inputs.literal(repr(value))) == repr(value))


def listed(told: str) -> str:
    """The literal of a list, where something was computed step by step; "" where it was not, or has no such literal."""
    inner = told[5:-1] if told.startswith("list([") and told.endswith("])") else ""
    return inner if inner and _is_held(inner) else ""


# What tells of an object only which kind it is, or where it is: "<generator object f>", "<module 're' from …>", "<built-in function len>". "<Result (1,) {}>" says more.
_FACELESS = re.compile(
    r"<(?!class '[\w.]+'>)(?!\w+\.\w+: [^<>]+>)(?![A-Z_]\w*[^<>/]*['\"(\[{=\d][^<>/]*>)(?!re\.Match object; [^<>/]+>)"
)


def is_repr(told: str) -> bool:
    """Whether it is no literal, and a text by which an object tells itself the same everywhere."""
    return (
        0 < len(told) <= GIVES_LIMIT
        and not told.startswith("list(")
        and told not in ("None", "frozenset()")
        and inputs.literal(told) is None
        and not _is_held(told)
        and not _FACELESS.search(told)
        and "\n" not in told
    )


def notices(expected: Answer, found: Answer) -> bool:
    """Whether a test that expects the one fails on the other, as `written` writes it."""
    if found in (UNASKED, OUTSIDE):  # of what it gives nothing is known
        return False
    if expected.kind == "raised":
        return not (found.kind in ("raised", "crashed") and expected.kinds[0] in found.kinds)
    if found.kind != "value":
        return not (found.kind == "other" and found.gives == expected.gives)
    if expected.gives == found.gives:
        return False
    if expected.is_steps:
        pairs = zip(steps_of(expected), steps_of(found), strict=False)
        return any(one and _is_other(one, other) for one, other in pairs)
    return _is_other(expected.gives, found.gives)


def steps_of(answer: Answer) -> tuple[str, ...]:
    """What a test expects of each step of a scenario, as source; "" where it expects nothing: of None, and of what is no literal."""
    told = inputs.literal(answer.gives)
    texts = told if isinstance(told, list) else []
    return tuple(
        one if isinstance(one, str) and one != "None" and (_is_held(one) or is_repr(one) or listed(one)) else ""
        for one in texts
    )


def _is_other(expected: str, found: str) -> bool:
    """Whether the assertion that is written for the one fails on the other."""
    if not found or any(is_repr(one) or listed(one) for one in (expected, found)):
        return expected != found
    one, other = value_of(expected), value_of(found)
    if isinstance(one, bool) or one is None:
        return one is not other
    if is_close(expected):
        return not same(one, other)
    return bool(one != other)


def is_close(source: str) -> bool:
    """Whether a test expects it by pytest.approx: a number with a fraction, or a list, tuple or dict of numbers with one."""
    value = value_of(source)
    numbers = (
        list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list | tuple) else [value]
    )
    return all(map(_is_number, numbers)) and any(isinstance(one, float) for one in numbers)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def value_of(source: str) -> object:
    """What a literal is."""
    return set() if source == "set()" else inputs.literal(source)


def same(one: object, other: object) -> bool:
    """As pytest.approx has it, for what `is_close`."""
    match one, other:
        case (list() | tuple(), list() | tuple()):
            return len(one) == len(other) and all(map(same, one, other))
        case dict(), dict():
            return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
        case (int() | float(), int() | float()):
            return math.isclose(one, other, rel_tol=CLOSE, abs_tol=1e-12)
    return bool(one == other)

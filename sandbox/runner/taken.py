"""With which arguments functions are called while tests run, as far as they are plain values: nothing of the project is asked for a text of itself."""

from __future__ import annotations

import contextlib
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import CodeType, FrameType
from typing import Any

CALLS, KINDS = 400, 40  # of one function: calls that are looked at, and different ones that are kept
TEXT, ITEMS, DEPTH = 400, 40, 5  # characters of all arguments, values in one, and in one another
BITS = 1200  # of a number that is written down
_PLAIN = (int, float, complex, bool, str, bytes, type(None))
_HOLDING = (list, tuple, dict, set)


class Taken:
    """What was seen, by file and first line of the function (its decorators' included)."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], dict[str, list[Any]]] = {}
        self._counts: dict[int, int] = {}
        self._codes: dict[int, CodeType] = {}  # what is kept has its id for itself

    def wants(self, code: CodeType) -> bool:
        """Whether more calls of it are looked at."""
        return self._counts.get(id(code), 0) < CALLS

    def note(self, name: str, frame: FrameType) -> None:
        """A call that begins, of a function in the file `name`."""
        code = frame.f_code
        if not self.wants(code):
            return
        self._codes[id(code)] = code
        self._counts[id(code)] = self._counts.get(id(code), 0) + 1
        with contextlib.suppress(Exception):  # it would come out of the function, whose test it is not to concern
            known = self._seen.setdefault((name, code.co_firstlineno), {})
            if len(known) < KINDS and (found := given(frame)) is not None:
                known.setdefault(repr(found), found)

    def told(self) -> dict[str, list[list[Any]]]:
        """By file, of each function the first line and its calls: texts of arguments by place (None for what is no plain value), of further ones, by name, and of further ones by name."""
        found: dict[str, list[list[Any]]] = {}
        for (name, line), calls in self._seen.items():
            found.setdefault(name, []).append([line, list(calls.values())])
        return found


def given(frame: FrameType) -> list[Any] | None:
    """The arguments of a call that begins, as `Taken.told` has them; None where they cannot be told, and of a generator that goes on."""
    code, values = frame.f_code, frame.f_locals
    count = code.co_argcount + code.co_kwonlyargcount
    if len(values) > count + bool(code.co_flags & CO_VARARGS) + bool(code.co_flags & CO_VARKEYWORDS):
        return None
    told = [_told(values.get(one), 0) for one in code.co_varnames[:count]]
    at = count
    more: str | None = "()"
    named: str | None = "{}"
    if code.co_flags & CO_VARARGS:
        more, at = _told(values.get(code.co_varnames[at]), 0), at + 1
    if code.co_flags & CO_VARKEYWORDS:
        named = _told(values.get(code.co_varnames[at]), 0)
    if more is None or named is None or sum(map(len, [one for one in told if one])) + len(more) + len(named) > TEXT:
        return None
    keywords = dict(zip(code.co_varnames[code.co_argcount : count], told[code.co_argcount :]))
    return [told[: code.co_argcount], more, keywords, named]


def _told(value: object, depth: int) -> str | None:
    """A value as a literal; None for what is none, or is too long."""
    kind = type(value)
    if kind is int and value.bit_length() > BITS:  # type: ignore[attr-defined]
        return None
    if kind in _PLAIN:
        text = repr(value) if kind not in (str, bytes) or len(value) <= TEXT else None  # type: ignore[arg-type]
        return text if text is not None and text.strip("-") not in ("nan", "inf") else None
    if not isinstance(value, (list, tuple, dict, set)) or kind not in _HOLDING or depth > DEPTH or len(value) > ITEMS:
        return None
    if not value and kind is set:
        return "set()"
    pairs: Any = value.items() if isinstance(value, dict) else ((one,) for one in value)
    parts: list[str] = []
    for pair in pairs:
        texts = [_told(one, depth + 1) for one in pair]
        known = [one for one in texts if one is not None]
        if len(known) < len(texts) or len(parts) * 3 > TEXT:
            return None
        parts.append(": ".join(known))
    inner = ", ".join(parts)
    if kind is tuple:
        return f"({inner},)" if len(parts) == 1 else f"({inner})"
    return f"[{inner}]" if kind is list else f"{{{inner}}}"

"""By which calls of the project's code a function is reached while tests run: those that the tests themselves make, with plain values, and on what."""

from __future__ import annotations

import contextlib
import sys
from inspect import CO_OPTIMIZED
from types import CodeType, FrameType, ModuleType
from typing import Any

from .own import Own
from .taken import given

CALLS, KINDS = 10_000, 24  # of one function: times that tests call it, and different entries by which it is reached
MAKERS = 2000  # instances of which it is known what made them
DEPTH = 200  # frames between a function and its entry
_FOREIGN, _TESTS, _PROJECT = range(3)


class Entries:
    """What was seen, by file and first line of the function that was reached."""

    def __init__(self, own: Own) -> None:
        self._own = own
        self._sides: dict[str, int] = {}
        self._counts: dict[int, int] = {}
        self._codes: dict[int, CodeType] = {}  # what is counted has its id for itself
        self._now: tuple[int, CodeType, list[Any]] | None = (
            None  # the frame's id, for a frame that is held holds its values, too
        )
        self._made: dict[int, tuple[type, list[Any]]] = {}
        self._seen: dict[tuple[str, int], dict[str, list[Any]]] = {}
        self._variables: dict[
            int, tuple[ModuleType, str, str]
        ] = {}  # of the project's modules, by the ids of what they have
        self._modules = 0  # that were there when they were looked through

    def wants(self, code: CodeType) -> bool:
        """Whether calls of it may tell anything."""
        return self._side(code.co_filename) == _PROJECT

    def enter(self, frame: FrameType) -> None:
        """A call begins, of any function."""
        code = frame.f_code
        if self._side(code.co_filename) != _PROJECT or not code.co_flags & CO_OPTIMIZED:
            return
        back = frame.f_back
        if back is not None and self._side(back.f_code.co_filename) == _TESTS:
            self._now = None
            if self._counts.get(id(code), 0) < CALLS:
                self._codes[id(code)] = code
                self._counts[id(code)] = self._counts.get(id(code), 0) + 1
                with contextlib.suppress(
                    Exception
                ):  # it would come out of the function, whose test it is not to concern
                    self._now = self._entry(frame)
        if self._now is not None and code.co_name == "__init__" and code.co_argcount and len(self._made) < MAKERS:
            with contextlib.suppress(Exception):
                one = frame.f_locals[code.co_varnames[0]]
                self._made[id(one)] = (type(one), self._now[2])

    def reach(self, name: str, frame: FrameType) -> None:
        """A call of a function in the file `name` begins: what it was reached by is kept, where that is another."""
        if self._now is None or id(frame) == self._now[0]:
            return
        number, entered, entry = self._now
        known = self._seen.setdefault((name, frame.f_code.co_firstlineno), {})
        if len(known) >= KINDS or (text := repr(entry)) in known:
            return
        up = frame.f_back
        for _ in range(DEPTH):
            if up is None:
                return
            if id(up) == number and up.f_code is entered:
                known[text] = entry
                return
            up = up.f_back

    def told(self) -> dict[str, list[list[Any]]]:
        """By file, of each function the first line and its entries: the entry's file, its first line, the arguments as `Taken.told` has them, and on what it was called: another entry that made it, the file and the
        name of a variable, or None."""
        found: dict[str, list[list[Any]]] = {}
        for (name, line), entries in self._seen.items():
            if entries:
                found.setdefault(name, []).append([line, list(entries.values())])
        return found

    def _entry(self, frame: FrameType) -> tuple[int, CodeType, list[Any]] | None:
        code, call = frame.f_code, given(frame)
        if call is None:
            return None
        on: list[Any] | None = None
        if code.co_argcount and call[0][0] is None and code.co_name != "__init__":
            on = self._of(frame.f_locals.get(code.co_varnames[0]))
            if on is None:
                return None
        return id(frame), code, [self._own.name(code.co_filename), code.co_firstlineno, call, on]

    def _of(self, one: object) -> list[Any] | None:
        """What made an instance, or the file and the name of the variable that has it."""
        made = self._made.get(id(one))
        if made is not None and made[0] is type(one):
            return made[1] if made[1][3] is None else None
        if self._modules != len(sys.modules):
            self._look_through()
        known = self._variables.get(id(one))
        return [known[1], known[2]] if known is not None and vars(known[0]).get(known[2]) is one else None

    def _look_through(self) -> None:
        """Once for all calls, and again where modules came: a call is no time to look through all of them."""
        self._modules, self._variables = len(sys.modules), {}
        for module in list(sys.modules.values()):
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and self._side(file) == _PROJECT:
                for name, value in list(vars(module).items()):
                    self._variables.setdefault(id(value), (module, self._own.name(file), name))

    def _side(self, path: str) -> int:
        """Whether a file is one of the project's tests, another one of the project's, or neither."""
        side = self._sides.get(path)
        if side is None:
            *folders, last = self._own.name(path).split("/")
            is_test = (
                last.startswith(("test_", "conftest.")) or last.endswith("_test.py") or not _TESTING.isdisjoint(folders)
            )
            side = self._sides[path] = _FOREIGN if not last else _TESTS if is_test else _PROJECT
        return side


_TESTING = frozenset({"test", "tests", "testing"})

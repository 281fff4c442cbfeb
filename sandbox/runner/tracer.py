"""Which pieces of a change a test executes, and which of the project's functions it enters.

A piece in a function is executed when one of its lines is, or one of its instructions where it shares its line with others. A piece at module or
class level is when a function runs that uses a name it binds, or that it is or holds: importing it shows nothing.
"""

from __future__ import annotations

import sys
import threading
from inspect import CO_OPTIMIZED
from types import CodeType, FrameType
from typing import Any


class Tracer:
    """Traces between `start` and `stop`; `hit` are the numbers of the pieces executed since, `entered` the functions entered, as file and dotted
    name, where they are asked for."""

    def __init__(self, root: str, target: str, pieces: list[dict[str, Any]], *, records: bool = False) -> None:
        self.hit: set[int] = set()
        self.entered: set[tuple[str, str]] = set()
        self._root = f"{root}/"
        self._target = f"{root}/{target}" if target else ""
        self._pieces = pieces
        self._records = records
        self._by_line: dict[int, list[int]] = {}
        self._at_import: dict[int, list[int]] = {}
        self._imports = False
        self._by_place: dict[int, list[tuple[tuple[int, int], tuple[int, int], int]]] = {}
        for number, piece in enumerate(pieces):
            if piece["is_top"]:
                for line in piece["lines"]:
                    self._at_import.setdefault(line, []).append(number)
                continue
            for line in piece["lines"]:
                if piece["at"] is None:
                    self._by_line.setdefault(line, []).append(number)
                else:
                    first, column, last, end = piece["at"]
                    self._by_place.setdefault(line, []).append(((first, column), (last, end), number))
        self._known: dict[int, tuple[CodeType, tuple[int, ...], bool, bool]] = {}
        self._named: dict[int, tuple[str, str]] = {}
        self._codes: dict[int, CodeType] = {}
        self._positions: dict[int, list[Any]] = {}

    def start(self, *, imports: bool = False) -> None:
        """Trace from here on. `imports`: what is executed at module level counts, too."""
        self.hit, self.entered = set(), set()
        if imports != self._imports:
            self._known.clear()
            self._imports = imports
        enter = self._recorder() if self._records else self._enter
        if self._pieces or self._records:
            threading.settrace(enter)
            sys.settrace(enter)

    def restart(self) -> set[tuple[str, str]]:
        """Begin a new record, and return the one so far."""
        entered = self.entered
        if sys.gettrace() is not None:
            self.start(imports=self._imports)
        return entered

    def stop(self) -> None:
        """Trace no more; `hit` and `entered` stay."""
        sys.settrace(None)
        threading.settrace(None)

    def _enter(self, frame: FrameType, event: str, arg: object) -> Any:
        code = frame.f_code
        known = self._known.get(id(code))
        if known is None:
            known = self._known[id(code)] = self._look(code)
        _, numbers, is_traced, has_places = known
        if numbers:
            self._add(numbers)
        if not is_traced:
            return None
        frame.f_trace_opcodes = has_places
        return self._inside

    def _recorder(self) -> Any:
        """Notes the project's functions, each at its first call alone: it is called for every call of any function."""
        seen: set[int] = set()
        root, kept, named, entered = self._root, self._codes, self._named, self.entered

        def enter(frame: FrameType, event: str, arg: object) -> None:
            code = frame.f_code
            number = id(code)
            if number in seen:
                return
            seen.add(number)
            if number not in kept:
                kept[number] = code  # which keeps its id from being given to another
                name = code.co_qualname.replace(".<locals>", "").partition("<")[0].rstrip(".")
                if name and code.co_filename.startswith(root):
                    named[number] = (code.co_filename[len(root) :], name)
            if number in named:
                entered.add(named[number])

        return enter

    def _inside(self, frame: FrameType, event: str, arg: object) -> Any:
        if event == "line":
            self._add(self._by_line.get(frame.f_lineno, ()))
            if self._imports:
                self._add(self._at_import.get(frame.f_lineno, ()))
        elif event == "opcode":
            code = frame.f_code
            positions = self._positions.get(id(code))
            if positions is None:
                positions = self._positions[id(code)] = list(code.co_positions())
            line, end_line, column, end_column = positions[frame.f_lasti // 2]
            if line is not None and column is not None:
                places = self._by_place.get(line, ())
                self._add(
                    [n for first, last, n in places if first <= (line, column) and (end_line, end_column) <= last]
                )
        return self._inside

    def _add(self, numbers: Any) -> None:
        if numbers:
            self.hit.update(numbers)
            if len(self.hit) == len(self._pieces):
                self.stop()

    def _look(self, code: CodeType) -> tuple[CodeType, tuple[int, ...], bool, bool]:
        """What entering this code shows; the code itself keeps its id from being given to another."""
        numbers: list[int] = []
        is_target = code.co_filename == self._target
        if code.co_flags & CO_OPTIMIZED and code.co_filename.startswith(self._root):
            words = _words(code)
            for number, piece in enumerate(self._pieces):
                owner = piece["owner"]
                is_own = bool(owner) and is_target and f"{code.co_qualname}.".startswith(f"{owner}.")
                if is_own or not words.isdisjoint(piece["names"]):
                    numbers.append(number)
        lines = {line for _, _, line in code.co_lines() if line is not None} if is_target else set()
        has_places = not lines.isdisjoint(self._by_place)
        is_traced = has_places or not lines.isdisjoint(self._by_line)
        return code, tuple(numbers), is_traced or (self._imports and not lines.isdisjoint(self._at_import)), has_places


def _words(code: CodeType) -> set[str]:
    """What a function uses by name: globals and attributes, what it closes over, keywords, and names in strings. Those are attributes of
    something that may be another's: a test that merely seems to use a line's name is a rare thing beside one that does."""
    words = {*code.co_names, *code.co_freevars}
    for constant in code.co_consts:
        if isinstance(constant, str):
            words.add(constant)
        elif isinstance(constant, tuple):
            words.update(part for part in constant if isinstance(part, str))
    return words

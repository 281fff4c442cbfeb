"""Which pieces of a change a test executes, which of the project's functions it enters, or which lines of some files it executes and how calls in them end.

A piece in a function is executed when one of its lines is, or one of its instructions where it shares its line with others. A piece at module or
class level is when a function runs that uses a name it binds, or that it is or holds: importing it shows nothing.
"""

from __future__ import annotations

import dis
import sys
import threading
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR, CO_OPTIMIZED
from types import CodeType, FrameType
from typing import Any

from . import codes
from .entries import Entries
from .own import Own
from .taken import Taken

_Placed = tuple[tuple[int, int], tuple[int, int], int]  # where a piece begins and ends, and its number


class Tracer:
    """Traces between `start` and `stop`; `hit` are the numbers of the pieces executed since, `entered` the functions entered, as file and dotted
    name, where they are asked for, and `lines` those executed in functions of the `watched` files (relative), by file; with `observes` how their calls ended is noted, too, with `takes` what they were called with."""

    def __init__(
        self,
        root: str,
        pieces: list[dict[str, Any]],
        *,
        records: bool = False,
        watched: tuple[str, ...] = (),
        observes: bool = False,
        takes: bool = False,
    ) -> None:
        self.hit: set[int] = set()
        self.entered: set[tuple[str, str]] = set()
        self.lines: dict[str, set[int]] = {}
        self._watched = {f"{root}/{name}": name for name in watched}
        self._observes = observes
        self.taken = Taken() if takes else None
        self._ended: dict[tuple[str, int], _Ends] = {}
        self._own = Own(root)
        self.entries = Entries(self._own) if takes else None
        self._pieces = pieces
        self._records = records
        self._files = [f"{root}/{piece['path']}" for piece in pieces]
        self._by_line: dict[str, dict[int, list[int]]] = {file: {} for file in self._files}
        self._at_import: dict[str, dict[int, list[int]]] = {file: {} for file in self._files}
        self._imports = False
        self._on: Any = None
        self._seen: set[int] = set()
        self._by_place: dict[str, dict[int, list[_Placed]]] = {file: {} for file in self._files}
        self._is_named = any(piece["names"] for piece in pieces)
        self._telling: dict[str, bool] = {}
        for number, (piece, file) in enumerate(zip(pieces, self._files)):
            if piece["is_top"]:
                for line in _lines(piece):
                    self._at_import[file].setdefault(line, []).append(number)
                continue
            for line in _lines(piece):
                if piece["at"] is None:
                    self._by_line[file].setdefault(line, []).append(number)
                else:
                    first, column, last, end = piece["at"]
                    self._by_place[file].setdefault(line, []).append(((first, column), (last, end), number))
        self._known: dict[int, tuple[CodeType, tuple[int, ...], bool, bool]] = {}
        self._uses: dict[int, dict[int, list[int]]] = {}
        self._named: dict[int, tuple[str, str]] = {}
        self._codes: dict[int, CodeType] = {}
        self._positions: dict[int, list[Any]] = {}

    def start(self, *, imports: bool = False) -> None:
        """Trace from here on. `imports`: what is executed at module level counts, too."""
        self._clear()
        self._set_imports(is_on=imports)
        if self._pieces or self._records or self._watched:
            self._trace()

    def _set_imports(self, *, is_on: bool) -> None:
        if is_on != self._imports:
            self._known.clear()
            self._imports = is_on

    def _trace(self) -> None:
        self._on = self._watcher() if self._watched else self._recorder() if self._records else self._enter
        threading.settrace(self._on)
        sys.settrace(self._on)

    def _clear(self) -> None:
        self.hit, self.entered, self._seen, self._ended = set(), set(), set(), {}
        self.lines = {name: set() for name in self._watched.values()}

    @property
    def is_lost(self) -> bool:
        """Whether somebody else traces now, or has this one taken away."""
        return self._on is not None and sys.gettrace() != self._on

    def restart(self) -> set[tuple[str, str]]:
        """Begin a new record, and return the one so far."""
        entered = self.entered
        if sys.gettrace() is not None:
            self.start(imports=self._imports)
        return entered

    def stop(self) -> None:
        """Trace no more; `hit` and `entered` stay."""
        self._on = None
        sys.settrace(None)
        threading.settrace(None)

    def _enter(self, frame: FrameType, event: str, arg: object) -> Any:
        code = frame.f_code
        if not self._may_tell(code.co_filename):
            return None
        known = self._known.get(id(code))
        if known is None:
            known = self._known[id(code)] = self._look(code, imports=self._imports)
        _, numbers, is_traced, has_places = known
        if numbers:
            self._add(numbers)
        if not is_traced:
            return None
        frame.f_trace_opcodes = has_places
        return self._inside

    def _may_tell(self, file: str) -> bool:
        """Whether code of this file may show anything; asked first, for most code is of other files, and hooks hear of every `id`."""
        known = self._telling.get(file)
        if known is None:
            known = self._telling[file] = file in self._by_line or (self._is_named and self._own.name(file) != "")
        return known

    def _watcher(self) -> Any:
        """Notes the lines of functions in the watched files."""
        inside = {name: self._noting(lines) for name, lines in self.lines.items()}
        by_code: dict[int, tuple[CodeType, Any]] = {}
        entries = self.entries

        def enter(frame: FrameType, event: str, arg: object) -> Any:
            code = frame.f_code
            if entries is not None:
                entries.enter(frame)
            if code.co_filename not in self._watched:
                return None
            known = by_code.get(id(code))
            if known is None:
                is_watched = self._is_watched(code)
                known = by_code[id(code)] = (code, inside[self._watched[code.co_filename]] if is_watched else None)
            if known[1] is not None and self.taken is not None and event == "call":
                self._note_taken(frame)
            if known[1] is not None and self._observes:
                name = self._watched[code.co_filename]
                return _observing(self._ended.setdefault((name, code.co_firstlineno), _Ends()), self.lines[name])
            return known[1]

        return enter

    def _note_taken(self, frame: FrameType) -> None:
        """With what a function of a watched file is called, and by which entry."""
        name = self._watched[frame.f_code.co_filename]
        if self.taken is not None and self.entries is not None:
            self.taken.note(name, frame)
            self.entries.reach(name, frame)

    def _is_watched(self, code: CodeType) -> bool:
        return code.co_filename in self._watched and bool(code.co_flags & CO_OPTIMIZED)

    def observed(self) -> dict[str, list[list[Any]]]:
        """How calls of the watched files' functions ended since `start`, by file: first line, types, exceptions, whether it yields."""
        found: dict[str, list[list[Any]]] = {}
        for (name, line), ends in self._ended.items():
            raised = [[list(kinds), at, is_own] for kinds, at, is_own in sorted(ends.raised)]
            found.setdefault(name, []).append([line, sorted(ends.returned), raised, ends.yields])
        return found

    @staticmethod
    def _noting(lines: set[int]) -> Any:
        def note(frame: FrameType, event: str, arg: object) -> Any:
            if event == "line":
                lines.add(frame.f_lineno)
            return note

        return note

    def _recorder(self) -> Any:
        """Notes the project's functions, each at its first call alone: it is called for every call of any function."""
        kept, named, own = self._codes, self._named, self._own

        def enter(frame: FrameType, event: str, arg: object) -> None:
            code = frame.f_code
            if not own.name(code.co_filename):
                return
            number = id(code)
            if number in self._seen:  # asked anew each time, for threads that outlive a test
                return
            self._seen.add(number)
            if number not in kept:
                self._keep(code)
            if number in named:
                self.entered.add(named[number])

        return enter

    def _keep(self, code: CodeType) -> None:
        """Note which function of the project this is; what is kept has its id for itself."""
        self._codes[id(code)] = code
        name = codes.qualname(code).replace(".<locals>", "").partition("<")[0].rstrip(".")
        if name and (file := self._own.name(code.co_filename)):
            self._named[id(code)] = (file, name)

    def _inside(self, frame: FrameType, event: str, arg: object) -> Any:
        if event == "line":
            self._at_line(frame.f_code, frame.f_lineno)
        elif event == "opcode":
            self._at_instruction(frame, frame.f_lasti)
        return self._inside

    def _at_line(self, code: CodeType, line: int) -> None:
        if (lines := self._by_line.get(code.co_filename)) is not None:
            self._add(lines.get(line, ()))
            if self._imports:
                self._add(self._at_import[code.co_filename].get(line, ()))

    def _at_instruction(self, frame: FrameType, offset: int) -> None:
        code = frame.f_code
        if uses := self._uses.get(id(code)):
            self._add([n for n in uses.get(offset, ()) if self._is_meant(n, frame)])
        if self._by_place.get(code.co_filename):
            self._add(self._at_place(code, offset))

    def _at_place(self, code: CodeType, offset: int) -> list[int]:
        """The pieces that hold the instruction at this offset."""
        positions = self._positions.get(id(code))
        if positions is None:
            positions = self._positions[id(code)] = codes.positions(code)
        line, end_line, column, end_column = positions[offset // 2]
        if line is None or column is None:
            return []
        places = self._by_place[code.co_filename].get(line, ())
        return [n for first, last, n in places if first <= (line, column) and (end_line, end_column) <= last]

    def _is_meant(self, number: int, frame: FrameType) -> bool:
        """Whether a name that is used here is the piece's: a member of a class is where the class is at hand, or in its own methods."""
        scope, code = self._pieces[number]["scope"], frame.f_code
        if not scope or f"{codes.qualname(code)}.".startswith(f"{scope}."):
            return True
        name = scope.partition(".")[0]
        is_of_another = "." in codes.qualname(code).replace(".<locals>", "") and code.co_varnames[:1] in (
            ("self",),
            ("cls",),
        )
        return name in code.co_names or (not is_of_another and name in frame.f_globals)

    def _add(self, numbers: Any) -> None:
        if numbers:
            self.hit.update(numbers)
            if len(self.hit) == len(self._pieces):
                self.stop()

    def _look(self, code: CodeType, *, imports: bool) -> tuple[CodeType, tuple[int, ...], bool, bool]:
        """What entering this code shows: the code itself, which keeps its id from being given to another; pieces that are executed then; whether lines of it are to be traced (with `imports` those at module level, too), and instructions."""
        numbers: list[int] = []
        file = code.co_filename
        self._uses.pop(id(code), None)  # of a code that had this id before
        if code.co_flags & CO_OPTIMIZED and self._own.name(file):
            for number, piece in enumerate(self._pieces):
                if (
                    piece["owner"]
                    and file == self._files[number]
                    and f"{codes.qualname(code)}.".startswith(f"{piece['owner']}.")
                ):
                    numbers.append(number)
            if self._is_named and (uses := self._uses_in(code)):
                self._uses[id(code)] = uses
        if file not in self._by_line:
            return code, tuple(numbers), id(code) in self._uses, id(code) in self._uses
        lines = codes.lines(code)
        by_opcode = not lines.isdisjoint(self._by_place[file]) or id(code) in self._uses
        is_traced = by_opcode or not lines.isdisjoint(self._by_line[file])
        is_traced = is_traced or (imports and not lines.isdisjoint(self._at_import[file]))
        return code, tuple(numbers), is_traced, by_opcode

    def _uses_in(self, code: CodeType) -> dict[int, list[int]]:
        """Where a function uses what pieces bind: by offset of the instruction, their numbers."""
        found: dict[int, list[int]] = {}
        keywords: object = ()
        for instruction in dis.get_instructions(code):
            named, keywords = keywords, instruction.argval if instruction.opname == "LOAD_CONST" else ()
            if instruction.opname in _NAMING:
                argument = named if instruction.opname in _WITH_KEYWORDS else instruction.argval
                words = argument if isinstance(argument, tuple) else (argument,)
                meant = [n for n, piece in enumerate(self._pieces) if not set(words).isdisjoint(piece["names"])]
                if meant:
                    found[instruction.offset] = meant
        return found


class _Ends:
    """How calls of one function ended."""

    def __init__(self) -> None:
        self.returned: set[str] = set()
        self.raised: set[tuple[tuple[str, ...], int, bool]] = set()
        self.yields = False


def _observing(ends: _Ends, lines: set[int]) -> Any:
    """Watches one call: its lines, and how it ends. A generator is watched anew each time it goes on."""
    last: tuple[tuple[str, ...], int, bool] | None = None
    values: set[int] = set()
    is_raised = False

    def note(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal last, is_raised
        if event == "line":
            lines.add(frame.f_lineno)
            is_raised = False
        elif event == "exception":
            kind, value, trace = arg
            is_raised = True
            values.add(id(value))
            is_own = trace is not None and trace.tb_next is None
            last = (tuple(one.__name__ for one in kind.__mro__[:KINDS]), frame.f_lineno, is_own)
        elif event == "return":
            operation = frame.f_code.co_code[frame.f_lasti]
            if operation == _RESUME:  # Python 3.13 stands behind a `yield` already
                operation = frame.f_code.co_code[frame.f_lasti - 2]
            if operation in _RETURNS:
                if not frame.f_code.co_flags & _DEFERRED:
                    ends.returned.add(type(arg).__name__)
            elif operation in _YIELDS and not is_raised:  # before 3.11 it stands at the `await` through which it leaves
                is_generator = frame.f_code.co_flags & (CO_GENERATOR | CO_ASYNC_GENERATOR)
                ends.yields = ends.yields or bool(is_generator and operation == dis.opmap["YIELD_VALUE"])
            elif last is not None and (operation != _RERAISE or len(values) == 1):
                # Raised again behind another that was caught meanwhile, nobody here can say which of them leaves.
                ends.raised.add(last)
        return note

    return note


KINDS = 8  # names of an exception's class and its bases
_DEFERRED = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR  # what a call of them returns is not what they return
_RETURNS = {dis.opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST") if name in dis.opmap}
_YIELDS = {dis.opmap[name] for name in ("YIELD_VALUE", "RETURN_GENERATOR", "YIELD_FROM") if name in dis.opmap}
_RERAISE = dis.opmap["RERAISE"]
_RESUME = dis.opmap.get("RESUME", -1)  # since 3.11

# Instructions that use a global, something closed over, an attribute, or keywords of a call.
_NAMING = frozenset(
    "LOAD_GLOBAL LOAD_NAME LOAD_DEREF LOAD_CLASSDEREF LOAD_ATTR LOAD_METHOD LOAD_SUPER_ATTR STORE_ATTR STORE_GLOBAL DELETE_ATTR DELETE_GLOBAL "
    "LOAD_FROM_DICT_OR_GLOBALS LOAD_FROM_DICT_OR_DEREF IMPORT_FROM KW_NAMES CALL_KW CALL_FUNCTION_KW".split()
)
_WITH_KEYWORDS = frozenset(
    {"CALL_KW", "CALL_FUNCTION_KW"}
)  # their names are the constant before them; from 3.11 to 3.12 KW_NAMES has them


def _lines(piece: dict[str, Any]) -> range:
    first, last = piece["lines"]
    return range(first, last + 1)

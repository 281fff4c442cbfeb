"""The same as `tracer` sees, by the interpreter's own monitoring (Python 3.12 and newer), which costs nothing where there is nothing to see.

A trace function is called for every call of any function, and a suite takes three to five times as long under it. Here each code object is looked at once.
"""

from __future__ import annotations

import contextlib
import dis
import sys
from types import CodeType
from typing import Any

from . import codes
from .probes import Probes
from .tracer import Tracer

NAME = "assay"
HEARD = 20_000  # calls of one function that are looked at for their arguments, and for where they come from
MONITORING: Any = getattr(sys, "monitoring", None)
IDS = (4, 3)  # those that no kind of tool has for its own


def tracer(
    root: str, pieces: list[dict[str, Any]], *, records: bool, watched: tuple[str, ...], observes: bool, takes: bool
) -> Tracer:
    """What traces best on this Python. How calls end is told by trace functions alone: monitoring tells of exceptions everywhere or nowhere."""
    if MONITORING is None and not (records or watched):
        return Probes(root, pieces)
    kind = Monitor if MONITORING is not None and not observes else Tracer
    return kind(root, pieces, records=records, watched=watched, observes=observes, takes=takes)


class Monitor(Tracer):
    """A Tracer without a trace function: tests may have one of their own, and threads that are older than the test are seen. What it hears of is fixed with the first `start`; between `stop` and `start` nothing is noted."""

    _id = -1
    _notes = False

    def __init__(self, root: str, pieces: list[dict[str, Any]], **asked: Any) -> None:
        super().__init__(root, pieces, **asked)
        self._line_starts: dict[int, frozenset[int]] = {}  # of code that `_known` keeps
        self._begun: set[int] = set()
        self._heard: dict[CodeType, int] = {}  # calls, where arguments are taken

    def start(self, *, imports: bool = False) -> None:
        """As `Tracer.start`."""
        self._clear()
        self._imports = imports
        self._notes = bool(self._pieces or self._records or self._watched)
        if self._notes and self._id < 0:
            self._register()

    @property
    def is_lost(self) -> bool:
        """Whether somebody took the events away."""
        return self._notes and (self._id < 0 or MONITORING.get_tool(self._id) != NAME)

    def restart(self) -> set[tuple[str, str]]:
        """As `Tracer.restart`."""
        entered = self.entered
        if self._notes:
            self._clear()
        return entered

    def stop(self) -> None:
        """As `Tracer.stop`."""
        self._notes = False

    def _register(self) -> None:
        events = MONITORING.events
        self._id = next((one for one in IDS if MONITORING.get_tool(one) is None), -1)
        if self._id < 0:
            return
        MONITORING.use_tool_id(self._id, NAME)
        enter = self._on_watched if self._watched else self._on_recorded if self._records else self._on_resumed
        started = self._on_watched_call if self._watched else self._on_recorded if self._records else self._on_started
        MONITORING.register_callback(self._id, events.PY_START, started)
        MONITORING.register_callback(self._id, events.PY_RESUME, enter)
        MONITORING.register_callback(self._id, events.LINE, self._on_watched_line if self._watched else self._on_line)
        MONITORING.register_callback(self._id, events.INSTRUCTION, self._on_instruction)
        MONITORING.set_events(self._id, events.PY_START | events.PY_RESUME)

    def _hear(self, code: CodeType, *, by_opcode: bool) -> None:
        """Have the lines of a code object told, and where that is asked for its instructions."""
        events = MONITORING.events
        with contextlib.suppress(ValueError):  # somebody took the events away: `is_lost` tells
            MONITORING.set_local_events(self._id, code, events.LINE | (events.INSTRUCTION if by_opcode else 0))

    def _on_started(self, code: CodeType, offset: int) -> Any:
        found = self._on_resumed(code, offset)
        if id(code) not in self._begun:
            return found
        if self._notes:
            self._at_line(code, code.co_firstlineno)
        return None

    def _on_resumed(self, code: CodeType, offset: int) -> Any:
        if not self._may_tell(code.co_filename):
            return MONITORING.DISABLE
        known = self._known.get(id(code))
        if known is None:
            known = self._known[id(code)] = self._look(code, imports=True)
            if known[2]:
                self._hear(code, by_opcode=known[3])
                if _begins_at_once(code):
                    self._begun.add(id(code))
        if not known[1]:
            return MONITORING.DISABLE
        if self._notes:
            self._add(known[1])
        return None

    def _on_line(self, code: CodeType, line: int) -> Any:
        file = code.co_filename
        if line not in self._by_line.get(file, ()) and line not in self._at_import.get(file, ()):
            # Switched off, it would take the instruction along at which the line begins.
            return None if self._known[id(code)][3] else MONITORING.DISABLE
        if self._notes:
            self._at_line(code, line)
        return None

    def _on_instruction(self, code: CodeType, offset: int) -> Any:
        if offset not in self._uses.get(id(code), ()) and not (
            self._by_place.get(code.co_filename) and self._at_place(code, offset)
        ):
            # Where a line begins, Python 3.13.0 would tell of the line no more, either.
            return MONITORING.DISABLE if offset not in self._begins(code) else None
        if self._notes:
            self._at_instruction(sys._getframe(1), offset)
        return None

    def _begins(self, code: CodeType) -> frozenset[int]:
        """Where in the code lines begin."""
        known = self._line_starts.get(id(code))
        if known is None:
            known = self._line_starts[id(code)] = frozenset(offset for offset, _ in dis.findlinestarts(code))
        return known

    def _on_recorded(self, code: CodeType, offset: int) -> Any:
        if not self._own.name(code.co_filename):
            return MONITORING.DISABLE
        number = id(code)
        if number not in self._codes:
            self._keep(code)
        if number not in self._named:
            return MONITORING.DISABLE
        if self._notes:
            self.entered.add(self._named[number])
        return None

    def _on_watched(self, code: CodeType, offset: int) -> Any:
        if not self._is_watched(code):
            return MONITORING.DISABLE
        if id(code) not in self._codes:
            self._codes[id(code)] = code
            self._hear(code, by_opcode=False)
            if _begins_at_once(code):
                self._begun.add(id(code))
        if id(code) not in self._begun:
            return MONITORING.DISABLE
        self._on_watched_line(code, code.co_firstlineno)
        return None

    def _on_watched_call(self, code: CodeType, offset: int) -> Any:
        found = self._on_watched(code, offset)
        if self.taken is None or self.entries is None or not self.entries.wants(code):
            return found
        self._heard[code] = self._heard.get(code, 0) + 1
        if self._heard[code] > HEARD:
            return found
        if self._notes:
            self.entries.enter(sys._getframe(1))
            if self._is_watched(code):
                self._note_taken(sys._getframe(1))
        return None

    def _on_watched_line(self, code: CodeType, line: int) -> None:
        if self._notes:
            self.lines[self._watched[code.co_filename]].add(line)


def _begins_at_once(code: CodeType) -> bool:
    """Whether what the code does begins on the line where it stands: of that line Python 3.13 tells nothing."""
    first = next((one for one in dis.get_instructions(code) if one.opname not in _ENTERING), None)
    return first is not None and codes.positions(code)[first.offset // 2][0] == code.co_firstlineno


_ENTERING = frozenset("RESUME COPY_FREE_VARS MAKE_CELL RETURN_GENERATOR POP_TOP CACHE".split())

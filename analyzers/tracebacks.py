"""Tracebacks and pytest's output as data: which exception, by which places, in which tests. Text from outside; nothing of it is believed but its words."""

from __future__ import annotations

import re
from dataclasses import dataclass

TEXT_LIMIT = (
    200_000  # characters that are looked at, from the end: the last exception is the one that somebody asks about
)
FRAMES_LIMIT = 200

_FRAME = re.compile(r'^\s*File "([^"\n]{1,400})", line (\d{1,7})(?:, in ([^\n]{1,200}))?', re.M)
_PYTEST_PLACE = re.compile(r"^([\w./\\ -]{1,300}\.py):(\d{1,7}): (?:in )?([\w.<>]{1,200})", re.M)
_EXCEPTION = re.compile(
    r"^(?:E\s+)?((?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception|Interrupt|Exit|Warning|Iteration|Group)|AssertionError|Failed)(?::\s?([^\n]{0,2000}))?$",
    re.M,
)
_SAID = re.compile(r"^([A-Za-z_][\w.]{0,200})(?::[ ]?([^\n]{0,2000}))?$", re.M)
_ASSERTED = re.compile(r"^E\s+(assert [^\n]{1,500})$", re.M)
_FAILED = re.compile(r"^(?:FAILED|ERROR) ([^\s:]{1,300}\.py(?:::[^\n]{1,300}?)?)(?: - [^\n]*)?$", re.M)


@dataclass(frozen=True, slots=True)
class Frame:
    """A place as the text has it; line from 1."""

    path: str
    line: int
    function: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a text tells: the last exception's name and message, its frames from the outside, and the ids of failed tests."""

    exception: str
    message: str
    frames: tuple[Frame, ...]
    tests: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether there is neither an exception nor a test in it."""
        return not (self.exception or self.tests)


def parse(text: str) -> Trouble:
    """What `text` tells; of several tracebacks the last one."""
    text = re.sub(
        r"(?m)^ *[|+][-| ]?", "", text.replace("\r\n", "\n")[-TEXT_LIMIT:]
    )  # a group's lines stand behind bars
    tests = tuple(dict.fromkeys(found[1].strip() for found in _FAILED.finditer(text)))
    exceptions = list(_EXCEPTION.finditer(text))
    asserted = list(_ASSERTED.finditer(text))
    last = exceptions[-1] if exceptions else None
    name = last[1].rpartition(".")[2] if last else "AssertionError" if asserted else ""
    message = (last[2] or "").strip() if last else asserted[-1][1] if asserted else ""
    begin = text.rfind("Traceback (most recent call last)")
    if (
        begin >= 0 and (said := _SAID.search(text, begin)) is not None
    ):  # whatever it is called: what stands behind the frames
        name, message = said[1].rpartition(".")[2], (said[2] or "").strip()
    frames = [Frame(m[1], int(m[2]), (m[3] or "").strip()) for m in _FRAME.finditer(text, max(begin, 0))]
    if not frames:
        frames = [Frame(m[1].strip(), int(m[2]), "" if m[3] == name else m[3]) for m in _PYTEST_PLACE.finditer(text)]
    return Trouble(name, message, tuple(frames[:FRAMES_LIMIT]), tests)

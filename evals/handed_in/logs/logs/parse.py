"""Lines of a log, as records."""

import re
from dataclasses import dataclass

LINE = re.compile(r"(?P<at>\d+) (?P<level>[A-Z]+) (?P<text>.*)")


@dataclass(frozen=True)
class Record:
    """One line: seconds since 1970, a level and a text."""

    at: int
    level: str
    text: str


class BadLine(ValueError):
    """A line that is no record."""


def record(line: str) -> Record:
    """The record of a line. Raises BadLine."""
    match = LINE.fullmatch(line.strip())
    if match is None:
        raise BadLine(line)
    return Record(int(match["at"]), match["level"], match["text"])


def records(text: str) -> list[Record]:
    """The records of a text, without its empty lines. Raises BadLine."""
    return [record(line) for line in text.splitlines() if line.strip()]


def duration(text: str) -> int:
    """Seconds of "1h", "90m", "15s". Raises ValueError."""
    units = {"s": 1, "m": 60, "h": 3600}
    if text[-1:] not in units:
        raise ValueError(text)
    return int(text[:-1]) * units[text[-1]]

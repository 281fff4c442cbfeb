"""What people of a team took and kept, as samples: the record's export tells the texts of those who agreed that texts are kept; where one of them stands in the project's files now, that place is a sample.

Only what is there now: what was taken and written over since is nothing to learn from. A text that stands in several places says nothing of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from .samples import Row
from .sources import SourceError, Text

TAKEN = frozenset({"accepted", "kept"})  # fates
LEAST = 12  # characters: what is shorter stands everywhere
LIMIT = 256 << 20  # bytes of an export


def texts(export: Path) -> list[str]:
    """The texts of suggestions that were taken, each once, by an export as JSON Lines (`assay audit export --format jsonl`). Rows without a text are of people who keep theirs to themselves. Raises SourceError."""
    try:
        if export.stat().st_size > LIMIT:
            raise ValueError(f"it has more than {LIMIT >> 20} MB")
        shown, taken = dict[str, str](), set[str]()
        for row in _rows(export):
            suggestion = str(row.get("suggestion") or "")
            if row.get("kind") == "suggestion" and isinstance(text := row.get("text"), str):
                shown[suggestion] = text
            if row.get("kind") == "fate" and _fate(row) in TAKEN:
                taken.add(suggestion)
    except (OSError, ValueError, TypeError) as error:
        raise SourceError(
            f"{export} is no export of a team's record ({error}): JSON Lines, with texts where people agreed."
        ) from error
    return list(
        dict.fromkeys(text for suggestion, text in shown.items() if suggestion in taken and len(text.strip()) >= LEAST)
    )


def placed(found: list[str], files: Mapping[int, Text]) -> Iterator[Row]:
    """A row for each text that stands in one place of all files, from its first character that is no white space."""
    for text in found:
        wanted = text.strip()
        places = [(number, at) for number, one in files.items() for at in _all(one.text, wanted)]
        if len(places) == 1:
            number, start = places[0]
            yield Row(number, "kept", start, start + len(wanted), wanted)


def _all(text: str, wanted: str) -> Iterator[int]:
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def _rows(export: Path) -> Iterator[dict[str, object]]:
    with export.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("a line is no object")  # noqa: TRY004  it is told as what the file is, not as a type
            yield row


def _fate(row: Mapping[str, object]) -> str:
    plain = row.get("plain")
    return str(plain.get("fate")) if isinstance(plain, dict) else str(row.get("fate"))

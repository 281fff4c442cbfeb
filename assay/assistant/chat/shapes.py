"""How a reply is told: as lines for a terminal, as the JSON of docs/protocol.md, and as Markdown for an editor."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from typing import Any

from analyzers.questions.code import Place

from ..hints import shapes as hints_told
from ..shapes import state, title
from ..test import shapes as tests_told
from ..write import shapes as written_told
from .kept import Turn
from .reply import Line, Proposed, Reply, Source

# What is done, in words.
STAGES: dict[str, str] = {
    **hints_told.STAGES,
    **dict[str, str](tests_told.STAGES),  # type: ignore[arg-type]
    **dict[str, str](written_told.STAGES),  # type: ignore[arg-type]
    "code": "reading the code",
    "answer": "looking for the answer",
    "model": "asking the model",
    "places": "looking for all places",
}
LINES, PLACES = 12, 8  # statements that are shown; places of one
MARKS: dict[Source, str] = {"fact": "", "run": "", "history": "", "likely": "?", "model": "", "unchecked": "✗?"}
WORDS: dict[Source, str] = {"likely": "by its name or words alone", "unchecked": "the model's word, nothing here bears it out", "model": "the model's word, borne out"}  # fmt: skip


def reply_json(found: Reply) -> dict[str, Any]:
    """The answer of `assay chat --json` without its schema number."""
    return {
        "lines": [
            {"text": one.text, "source": one.source, "places": [_place(place) for place in one.places[:PLACES]]}
            for one in found.lines
        ],
        "notes": list(found.notes),
        "about": list(found.about),
        "change": change_json(found.change) if found.change is not None else None,
    }


def change_json(change: Proposed) -> dict[str, Any]:
    """A change that is proposed."""
    return {
        "title": change.title,
        "files": list(change.files),
        "diff": diff(change),
        "state": state(change.verdict) if change.verdict is not None else None,
        "verdict": title(change.verdict) if change.verdict is not None else None,
        "told": list(change.told),
    }


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line}


def lines(found: Reply) -> Iterator[str]:
    """For a terminal: each statement with its places, which most terminals make links of."""
    shown = _shown(found)
    for one in shown:
        mark = f"{MARKS[one.source]} " if MARKS[one.source] else ""
        yield f"{mark}{one.text}{_where(one)}"
    if len(shown) < len(found.lines):
        yield f"  ({len(found.lines) - len(shown)} more; --json has them)"
    for note in found.notes:
        yield f"  ({note})"
    if found.change is not None:
        yield from _change_lines(found.change)


def _shown(found: Reply) -> list[Line]:
    """The first statements, and all that a model or a record adds behind them."""
    added = [one for one in found.lines[LINES:] if one.source in ("model", "unchecked", "run")]
    return [*found.lines[:LINES], *added]


def _where(one: Line) -> str:
    if not one.places:
        return ""
    shown = "  ".join(map(str, one.places[:PLACES]))
    more = len(one.places) - PLACES
    return f"  {shown}{f' and {more} more' if more > 0 else ''}"


def _change_lines(change: Proposed) -> Iterator[str]:
    yield ""
    yield f"{change.title}:"
    yield from diff(change).splitlines()
    yield from change.told or ((title(change.verdict),) if change.verdict is not None else ("It was not judged.",))


def diff(change: Proposed) -> str:
    """The change as a unified diff."""
    told: list[str] = []
    for name, (before, after) in change.files.items():
        for line in difflib.unified_diff(before.splitlines(True), after.splitlines(True), f"a/{name}" if before else "/dev/null", f"b/{name}"):  # fmt: skip
            told.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(told)


def markdown(found: Reply, link: Callable[[Place], str]) -> str:
    """For an editor: `link` gives the URI of a place."""
    told, shown = [], _shown(found)
    for one in shown:
        where = " ".join(f"[{place}]({link(place)})" for place in one.places[:PLACES])
        word = f" _({WORDS[one.source]})_" if one.source in WORDS else ""
        told.append(f"- {one.text}{word} {where}".rstrip())
    if len(shown) < len(found.lines):
        told.append(f"\n_{len(found.lines) - len(shown)} more._")
    told += [f"\n_{note}_" for note in found.notes]
    if found.change is not None:
        verdict = found.change.told or ((title(found.change.verdict),) if found.change.verdict is not None else ())
        changed = diff(found.change).rstrip("\n")
        fence = "`" * (max(map(len, re.findall(r"`+", changed)), default=2) + 1)
        told += ["", f"**{found.change.title}**", "", f"{fence if len(fence) > 2 else '```'}diff", changed, fence if len(fence) > 2 else "```", *verdict[:1]]  # fmt: skip
    return "\n".join(told)


def glance(found: Reply) -> str:
    """One line."""
    if found.lines:
        return f"{found.lines[0].text}{f' ({found.lines[0].places[0]})' if found.lines[0].places else ''}"
    return found.notes[0] if found.notes else "Nothing is known."


def plain(found: Reply) -> list[str]:
    """The lines that are kept of a reply."""
    return [one for one in lines(found) if one.strip()][:40]


def turn_json(one: Turn) -> dict[str, Any]:
    """What was said once."""
    return {"at": one.at, "asked": one.asked, "lines": list(one.lines), "pinned": one.is_pinned}

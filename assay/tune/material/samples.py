"""What a model is taught of a text: gaps that the tree gives, with the cursor anywhere in a line; text going on from left to right; and edits that were made. A row says where; how it is asked is `asked`'s.

Pure, and the same for the same seed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from analyzers import gaps, syntax
from assay.assistant.drafting.prompt import LOOK_BACK, NAME_LIMIT, excerpt

Kind = Literal["line", "expression", "argument", "attribute", "block", "body", "onward", "edit", "kept"]
# How often each is taught: what people wait for most is the rest of a line.
SHARES: Mapping[Kind, float] = {
    "line": 0.42,
    "expression": 0.1,
    "argument": 0.1,
    "attribute": 0.12,
    "block": 0.1,
    "body": 0.06,
    "onward": 0.1,
}
EACH = 200  # characters of a text for each row of it
MOST = 120  # rows of one text
AT_START = 0.5  # of the lines the cursor stands where they begin; in the others where a word begins, or in one
IN_WORD = 0.3
AT_COLUMN = 0.4  # of those where a line begins, before its indentation: who stands there has to have it, too
CONTEXT_SHARE = 0.5  # of the rows, that have definitions of other files where there are some
ONWARD_LINES = (4, 24)
SNIPPETS = 3
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Row:
    """In text number `text` the `answer` stands from `start` to `end` (an edit's is to be put at `start`, which is its `end`). `snippets`: definitions of other files, as (`path:line`, text)."""

    text: int
    kind: Kind
    start: int
    end: int
    answer: str
    snippets: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For a line of a file."""
        return asdict(self)

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Row:
        """Raises KeyError, TypeError or ValueError."""
        snippets = tuple((str(source), str(text)) for source, text in found["snippets"])
        return cls(
            int(found["text"]), found["kind"], int(found["start"]), int(found["end"]), str(found["answer"]), snippets
        )


class Definitions:
    """The top-level functions and classes of one project by name: those that one file alone defines."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        found: dict[str, list[tuple[str, int]]] = {}
        for path, text in texts.items():
            module = syntax.module(text)
            for one in module.body if module is not None else ():
                if (name := getattr(one, "name", None)) is not None:
                    found.setdefault(str(name), []).append((path, one.lineno))
        self._places = {name: places[0] for name, places in found.items() if len(places) == 1}

    def before(self, path: str, text: str, at: int) -> tuple[tuple[str, str], ...]:
        """Those of other files that the file imports and that stand before `at`, as a prompt has them."""
        imported = set(re.findall(r"\w+", "\n".join(re.findall(r"(?ms)^from\s+\S+\s+import\s+(\(.*?\)|[^\n]*)", text))))
        near = [
            name
            for name in dict.fromkeys(
                reversed(re.findall(r"(?<![\w.])[A-Za-z_]\w{2,}", text[max(0, at - LOOK_BACK) : at]))
            )
            if name in imported
        ]
        places = [
            self._places[name] for name in near[:NAME_LIMIT] if name in self._places and self._places[name][0] != path
        ]
        made = [(f"{file}:{line}", excerpt(self._texts[file], line)) for file, line in places[:SNIPPETS]]
        return tuple(sorted(made))


def of_text(number: int, path: str, text: str, definitions: Definitions, *, seed: int) -> list[Row]:
    """Rows of one text, in a random order."""
    chance = random.Random(f"{seed} {path} {len(text)}")  # noqa: S311  a choice of samples is no secret
    by_kind: dict[str, list[gaps.Gap]] = {}
    for one in gaps.found(text):
        by_kind.setdefault(one.kind, []).append(one)
    for some in by_kind.values():
        chance.shuffle(some)
    rows, kinds = list[Row](), [*SHARES]
    for kind in chance.choices(kinds, [*SHARES.values()], k=min(MOST, len(text) // EACH + 1)):
        span = _onward(text, chance) if kind == "onward" else _placed(by_kind.get(kind, []), text, chance)
        if span is not None:
            snippets = definitions.before(path, text, span[0]) if chance.random() < CONTEXT_SHARE else ()
            rows.append(Row(number, kind, *span, text[span[0] : span[1]], snippets))
    return rows


def shared_out(of_each: Sequence[Sequence[Row]], limit: int, *, seed: int) -> list[Row]:
    """At most `limit` rows of several projects, as evenly as they have them, in a random order."""
    chance, taken = random.Random(seed), list[Row]()  # noqa: S311  the same
    left = [list(rows) for rows in of_each if rows]
    for rows in left:
        chance.shuffle(rows)
    while left and len(taken) < limit:
        taken += [rows.pop() for rows in left]
        left = [rows for rows in left if rows]
    chance.shuffle(taken)
    return taken[:limit]


def _placed(some: list[gaps.Gap], text: str, chance: random.Random) -> tuple[int, int] | None:
    if not some:
        return None
    gap = some.pop()
    start = gap.start
    if gap.kind == "attribute" and chance.random() < IN_WORD:
        start += chance.randrange(1, 3)
    if gap.kind == "line" and chance.random() > AT_START:
        starts = [found.start() for found in _words(text, gap)]
        start = chance.choice(starts) if starts else start
        if chance.random() < IN_WORD:
            start += 1
    elif gap.kind == "line" and chance.random() < AT_COLUMN:
        line = text.rfind("\n", 0, start) + 1
        start = start if text[line:start].strip() else line
    return (start, gap.end) if gap.end - start > 1 else None


def _words(text: str, gap: gaps.Gap) -> Iterator[re.Match[str]]:
    return (found for found in _WORD.finditer(text, gap.start, gap.end) if found.start() > gap.start)


def _onward(text: str, chance: random.Random) -> tuple[int, int] | None:
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    if len(starts) < ONWARD_LINES[1] + 2:
        return None
    first = chance.randrange(len(starts) - ONWARD_LINES[0])
    last = min(len(starts) - 1, first + chance.randrange(*ONWARD_LINES))
    start = (
        starts[first] + len(text[starts[first] : starts[last]]) - len(text[starts[first] : starts[last]].lstrip(" "))
    )
    return (start, starts[last] - 1) if text[start : starts[last] - 1].strip() else None

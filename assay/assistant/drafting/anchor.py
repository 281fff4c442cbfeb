"""What of a prompt stays as it is while somebody types: an engine that keeps what it has read reads the new end alone.

An anchor is a place in a document with the prompt around it as it was there: definitions, the text before it, the text behind the cursor. What was typed since stands behind all of it. Models that fill
gaps have it after their middle marker, where they go on, so that the text behind the cursor, which stands before that marker, is not read again for each key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from analyzers.site import Site
from assay.engine.dialects import LEFT_TO_RIGHT, Dialect

CHARS_PER_TOKEN = 3  # from below: code has 3 to 4 in every tokenizer we measured
SUFFIX_SHARE = 0.25  # of the budget; what follows matters less than what leads here
TYPED_LIMIT = 1_200  # characters behind a middle marker; a gap is seldom longer where models learn to fill them
ROOM_SHARE = 0.15  # of the budget, that typing may fill
NEAR = 400  # characters above an anchor: who goes there goes on with the same
STEPS = 5  # what must be cut at the beginning is cut by a fifth of its room at a time
APPENDED = 200  # characters that may come at the end of a document before its end is told anew
RESTED_S = 2.0  # without a request: whoever comes back waits for the new definitions once
DOCUMENT_LIMIT = 32
_CLOSERS = re.compile(r"[)\]}\"']{1,4}")


@dataclass(frozen=True, slots=True)
class Lead:
    """What stands before the document's own text: definitions from other files, with their sources."""

    text: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """How a prompt is written: for which family of models, with what before it, and in about how many tokens. `heals`: a word at its end is left out for the model to write again, which an engine that cannot be guided
    might not do."""

    dialect: Dialect
    lead: Lead
    token_limit: int
    heals: bool = True

    @property
    def limit(self) -> int:
        """The same in characters, from below."""
        return self.token_limit * CHARS_PER_TOKEN


@dataclass(frozen=True, slots=True)
class Anchor:
    """`heads` are imports and headers that stand for what is cut off before `start`; `kept` is the text from there to the anchor, `suffix` that behind the cursor, to the
    document's end where `is_whole`, and `above` a hash of what is cut off. Offsets are in the text before the cursor, with what leads it."""

    form: Form
    heads: str
    start: int
    kept: str
    suffix: str
    is_whole: bool
    above: int

    @property
    def prefix(self) -> str:
        """What the model reads before anything that was typed since."""
        return self.form.lead.text + self.heads + self.kept

    def typed(self, before: str, after: str) -> str | None:
        """What was typed behind the anchor; None where it no longer holds."""
        at = self.start + len(self.kept)
        if len(before) < at or not before.startswith(self.kept, self.start) or hash(before[: self.start]) != self.above:
            return None
        typed = before[at:]
        dialect, limit = self.form.dialect, self.form.limit
        room = TYPED_LIMIT if dialect.goes_on_behind else limit
        if len(typed) > room or len(self.prefix) + len(typed) + len(self.suffix) > limit:
            return None
        return typed if dialect is LEFT_TO_RIGHT or self._has_behind(after) else None

    def goes_on(self, dialect: Dialect, before: str, at: int) -> bool:
        """Whether an anchor at `at` is near this one in the same text: what leads it may lead that one, too."""
        end = self.start + len(self.kept)
        common = min(end, at)
        is_near = end - NEAR <= at <= end + 2 * TYPED_LIMIT and common > self.start
        return (
            dialect is self.form.dialect
            and is_near
            and before.startswith(self.kept[: common - self.start], self.start)
            and hash(before[: self.start]) == self.above
        )

    def _has_behind(self, after: str) -> bool:
        """Whether behind the cursor stands what did then; an editor may have closed a bracket or a string that was opened since."""
        closed = _CLOSERS.match(after)
        for start in range(closed.end() + 1 if closed else 1):
            if after.startswith(self.suffix, start):
                more = APPENDED if self.suffix.strip() else 0
                return not self.is_whole or len(after) - start - len(self.suffix) <= more
        return False


class Anchors:
    """The latest anchor of each document, of the DOCUMENT_LIMIT latest ones."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Anchor]] = {}

    def older(self, uri: str, lead: Lead, now_s: float, *, is_asked: bool) -> Anchor | None:
        """The anchor to go on from. None where there is none, and where other definitions have come meanwhile and there is time to read them: somebody rested, or asked for it (`is_asked`)."""
        if uri not in self._known:
            return None
        used_s, anchor = self._known[uri]
        has_time = is_asked or now_s - used_s > RESTED_S
        return None if has_time and lead != anchor.form.lead else anchor

    def put(self, uri: str, anchor: Anchor, now_s: float) -> None:
        """It was used at `now_s` of a monotonic clock."""
        self._known.pop(uri, None)
        self._known[uri] = now_s, anchor
        while len(self._known) > DOCUMENT_LIMIT:
            del self._known[next(iter(self._known))]

    def close_document(self, uri: str) -> None:
        """Forget a document's."""
        self._known.pop(uri, None)


def placed(
    before: str, after: str, site: Site, form: Form, older: Anchor | None = None, *, first: int | None = None
) -> Anchor:
    """A new anchor at the beginning of the cursor's line. Where the document goes on from an `older` one, what stands before that stays as it is, as far as there is room. `first`: the tokens
    that it may have at first, where those of its form would take too long to read; what is typed may come to as much as that allows."""
    dialect, limit = form.dialect, min(form.limit, (first or form.token_limit) * CHARS_PER_TOKEN)
    suffix = _head(after, int(limit * SUFFIX_SHARE)) if dialect is not LEFT_TO_RIGHT else ""
    is_whole = len(suffix) == len(after)
    at, spare = before.rfind("\n") + 1, int(limit * ROOM_SHARE)
    if len(before) - at > spare:  # a very long line is cut, too
        at = len(before)
    room = limit - len(suffix) - spare
    if older is not None and older.goes_on(dialect, before, at):
        kept, lead = before[older.start : at], older.form.lead
        if len(lead.text) + len(older.heads) + len(kept) <= room:
            return Anchor(replace(form, lead=lead), older.heads, older.start, kept, suffix, is_whole, older.above)
    start, heads = _cut(before[:at], max(0, room - len(form.lead.text)), site)
    return Anchor(form, heads, start, before[start:at], suffix, is_whole, hash(before[:start]))


def _cut(before: str, room: int, site: Site) -> tuple[int, str]:
    """Where the text begins that is kept, and what stands for the rest: imports, and the headers around the cursor."""
    if len(before) <= room:
        return 0, ""
    lines = before.split("\n")
    heads = [line for line in lines[:200] if re.match(r"(import|from)\s", line)][:30]
    names = set(site.scope)
    heads += [
        line for line in lines if (m := re.match(r"\s*(?:async\s+def|def|class)\s+(\w+)", line)) and m[1] in names
    ]
    head = _head("".join(f"{line}\n" for line in heads), room // 3) + "\n"
    least, step = len(before) - (room - len(head)), max(1, room // STEPS)
    start = before.find("\n", -(-least // step) * step) + 1
    return start or before.find("\n", least) + 1 or least, head


def _head(after: str, limit: int) -> str:
    return after if len(after) <= limit else after[: after.rfind("\n", 0, limit) + 1]

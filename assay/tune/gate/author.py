"""What a model writes at a place, asked as the product asks: the prompt, what the text has to begin with, where it ends."""

from __future__ import annotations

import re
from contextlib import aclosing
from dataclasses import dataclass, replace

from analyzers import site as sites
from analyzers.text import Snapshot
from assay.assistant.drafting.anchor import Form
from assay.assistant.drafting.prompt import Prompt, Snippet, build, leading
from assay.engine.api import Engine, Request
from assay.engine.dialects import Dialect

from ..material.asked import near
from ..material.samples import Row

TOKENS = 256  # of a prompt
LINE, LINES = 40, 120  # tokens that a line, or several, may have
ASKS = 3  # times that an author looks before he types the rest of a line himself
LEAST = 2  # characters that are worth a key


@dataclass(frozen=True, slots=True)
class Way:
    """One side of a comparison: an engine, how it is spoken to, and in how many tokens."""

    engine: Engine
    dialect: Dialect
    tokens: int = TOKENS


@dataclass(frozen=True, slots=True)
class Place:
    """The text around a row's answer."""

    before: str
    after: str
    answer: str
    snippets: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, row: Row, text: str) -> Place:
        """As far as a prompt may have of it."""
        before, after = near(text, row.start, row.end)
        return cls(before, after, row.answer, row.snippets)

    def typed(self, count: int) -> Place:
        """Where so many characters of the answer have been typed."""
        return replace(self, before=self.before + self.answer[:count], answer=self.answer[count:])


def prompt(way: Way, place: Place, *, heals: bool = True) -> Prompt:
    """As the product asks at the place."""
    snapshot, offset = Snapshot("", "", 0, place.before + place.after), len(place.before)
    lead = leading(tuple(Snippet(text, source) for source, text in place.snippets), token_limit=way.tokens)
    return build(snapshot, offset, sites.at(snapshot, offset), Form(way.dialect, lead, way.tokens, heals))


async def written(way: Way, place: Place) -> str:
    """What it writes there, greedily, cut where the answer's kind of place ends. Raises EngineError."""
    asked, is_line = prompt(way, place), "\n" not in place.answer
    stop = ("\n",) if is_line and "\n" not in asked.healed else ()
    request = Request(asked.text, asked.suffix, LINE if is_line else LINES, must_start=asked.healed, stop=stop)
    text = ""
    async with aclosing(way.engine.generate(request)) as chunks:
        async for chunk in chunks:
            text += chunk.text
    text = text[len(asked.healed) :] if text.startswith(asked.healed) else text
    lines = text.split("\n")[: place.answer.count("\n") + 1]
    return _without_rest("\n".join(lines).rstrip(), place.after)


async def keys(way: Way, place: Place, first: str) -> int:
    """Keys that a line takes an author who looks where it begins (`first` is what he sees there) and then where its next words begin, and takes what is all that he would type, for one key."""
    done, left, seen = 0, place.answer, first
    for ask in range(ASKS):
        if ask:
            word = re.search(r"(?<=\w)\W+(?=\w)|(?<=\W)(?=\w)", left[1:])
            if word is None:
                break
            step = 1 + word.end()
            done, left = done + step, left[step:]
            seen = await written(way, place.typed(done))
        if seen == left and len(left) >= LEAST:
            return done + 1
    return len(place.answer)


def _without_rest(text: str, after: str) -> str:
    """Without what stands right of the cursor already, where the text ends with it."""
    rest = after.partition("\n")[0].rstrip()
    return text.removesuffix(rest) if rest else text

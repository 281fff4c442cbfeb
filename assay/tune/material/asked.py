"""A row as the product will ask it: in its own prompts, for the markers of a family of models, in both of their orders.

Most rows are asked in the dialect's own order; SWAPPED of them in the other one, and those that go on from left to right without markers.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from analyzers import site as sites
from analyzers.text import Snapshot
from assay.assistant.drafting.anchor import Form
from assay.assistant.drafting.prompt import Snippet, build, leading
from assay.engine.dialects import LEFT_TO_RIGHT, Dialect

from .samples import Row

TOKENS = (64, 96, 128, 192, 256, 384)  # sizes of prompts, as what typing needs and what an engine reads in time come to
SWAPPED = 0.1
AROUND = 9_000, 3_000  # characters before and behind a place, that a prompt may be made of


@dataclass(frozen=True, slots=True)
class Sample:
    """What the model reads, and what it is to write behind it. `is_ended`: then it is to end."""

    prompt: str
    answer: str
    kind: str
    is_ended: bool = True


def asked(row: Row, text: str, dialect: Dialect, *, seed: int, token_limit: int = 0) -> Sample:
    """The sample of a row. `token_limit`: the prompt's size, else one of TOKENS by chance."""
    chance = random.Random(f"{seed} {row.text} {row.start} {row.kind}")  # noqa: S311  a choice of samples is no secret
    limit = token_limit or chance.choice(TOKENS)
    spoken = dialect
    if row.kind == "onward":
        spoken = LEFT_TO_RIGHT
    elif dialect.template.count("{suffix}") and chance.random() < SWAPPED and not token_limit:
        spoken = swapped(dialect)
    before, after = near(text, row.start, row.end)
    snapshot, offset = Snapshot("", "", 0, before + after), len(before)
    lead = leading(tuple(Snippet(one, source) for source, one in row.snippets), token_limit=limit)
    built = build(snapshot, offset, sites.at(snapshot, offset), Form(spoken, lead, limit))
    return Sample(built.text, built.healed + row.answer, row.kind, is_ended=spoken is not LEFT_TO_RIGHT)


def near(text: str, start: int, end: int) -> tuple[str, str]:
    """What stands before and behind a place, as far as a prompt may have of it: with the imports at the top, and whole lines."""
    first = max(0, start - AROUND[0])
    first = text.find("\n", first, start) + 1 if first else 0
    heads = [line for line in text[:first].splitlines(keepends=True)[:80] if line.startswith(("import ", "from "))]
    return "".join(heads) + text[first:start], text[end : end + AROUND[1]]


def swapped(dialect: Dialect) -> Dialect:
    """The dialect with the text behind the cursor first, or last where it came first, by its own markers: of one that has the prefix last, with its third marker where the model goes on."""
    parts = [dialect.template.partition(one)[0] for one in ("{prefix}", "{suffix}")]
    if len(parts[0]) < len(parts[1]):  # prefix, suffix, middle
        head, _, rest = dialect.template.partition("{prefix}")
        between, _, tail = rest.partition("{suffix}")
        return replace(dialect, template=f"{between}{{suffix}}{head}{{prefix}}{tail}")
    head, _, rest = dialect.template.partition("{suffix}")
    between, _, tail = rest.partition("{prefix}")
    tail = tail or dialect.markers[-1]
    return replace(dialect, template=f"{between}{{prefix}}{head}{{suffix}}{tail}")

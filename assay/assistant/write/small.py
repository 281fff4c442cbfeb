"""The source "enumeration": small expressions that give what the examples show, found without a model. The search runs in the sandbox."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence

from analyzers import documented, expressions, prose
from analyzers.wishes.wish import Wish
from sandbox.api import Job, SandboxUnavailable, Search, Step

from ..workbench import Workbench
from .candidate import Candidate, Target
from .choice import Judged

SECONDS = 0.9
MARGIN_S = 2.0  # over that, for the start
CONSTANTS = 6
RANKED = (
    0.05  # of likelihood that each one less has than the one before: it orders them, and says nothing beside a model's
)
_NUMBERS = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")
_QUOTED = re.compile(r"(?<!\w)(?:'([^'\n]{1,12})'|\"([^\"\n]{1,12})\"|`([^`\w\n]{1,4})`)(?!\w)")


async def candidates(
    bench: Workbench, target: Target, wish: Wish, before: Sequence[Judged]
) -> AsyncGenerator[Candidate, None]:
    """Bodies of one `return`, where the wish has examples of calls by place; nothing the second time, or without a sandbox."""
    search = None if before else asked(wish)
    if search is None:
        return
    step = Step("expressions", SECONDS + MARGIN_S, search=search)
    try:
        (outcome,) = await bench.sandbox.run(Job(target.state.project, (step,)))
    except SandboxUnavailable:
        return
    for rank, one in enumerate(dict.fromkeys(map(expressions.plain, outcome.found))):
        yield Candidate(f"return {one}", "enumeration", "", expressions.imports(one), likely=-RANKED * rank)


def asked(wish: Wish) -> Search | None:
    """What is to be looked for; None where the examples do not tell, or something is to be done that no expression does."""
    if wish.is_async or wish.owner or any(one.star for one in wish.parameters):
        return None
    names = [one.name for one in wish.parameters]
    rows, checks = [], []
    for one in wish.examples:
        values = documented.arguments(one.call)
        if one.raised or values is None or not len(wish.required) <= len(values) <= len(names):
            continue
        rows.append(tuple(map(repr, values)))
        checks.append(f"_ == {one.gives}")
    for check in wish.checks:
        if (found := documented.with_call_as_name(check, wish.name)) is not None:
            values = documented.arguments(found[0])
            if values is not None and len(wish.required) <= len(values) <= len(names):
                rows.append(tuple(map(repr, values)))
                checks.append(found[1])
    if not rows or not names or len({len(row) for row in rows}) > 1:
        return None
    return Search(tuple(names[: len(rows[0])]), tuple(rows), tuple(checks), _constants(wish), tuple(sorted(wish.words)), SECONDS)  # fmt: skip


def _constants(wish: Wish) -> tuple[str, ...]:
    """The numbers and short texts that a description names beside its examples."""
    said = prose.plain(wish.doc)
    for one in wish.examples:
        said = said.replace(one.call, " ").replace(one.gives, " ") if one.gives in said and one.call in said else said
    found = dict.fromkeys(_NUMBERS.findall(said))
    found |= dict.fromkeys(repr(next(filter(None, one))) for one in _QUOTED.findall(said))
    return tuple(one for one in found if documented.is_literal(one))[:CONSTANTS]

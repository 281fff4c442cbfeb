"""T1's look at the team's conventions: which rules a change breaks that were not broken before. On text; nothing is executed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter

from analyzers import lint
from analyzers.conventions import breaches
from analyzers.conventions.breaches import Breach
from analyzers.conventions.guide import Guide

from ..nouns import Check
from ..world.change import Edited


async def held(guide: Guide, change: Edited, python: str) -> tuple[Check, ...]:
    """The team's conventions on the changed lines, with the names of the rules that are broken there and were not before; nothing where no rule is for the file."""
    if not guide.of(change.name) or change.before.cells is not None:
        return ()
    started, (first, last) = time.perf_counter(), change.lines

    async def broken(text: str) -> list[Breach]:
        found = [*await asyncio.to_thread(breaches.found, guide, text, change.name)]
        with contextlib.suppress(lint.LintError):  # the check of ruff's own says so
            found += await breaches.of_ruff(guide, text, change.name, python)
        return found

    known = Counter((one.rule, one.what) for one in await broken(change.before.text))
    every = await broken(change.after)
    for one in every:  # what stands elsewhere stood there before, whichever comes first in the file
        if not first <= one.line <= last:
            known[one.rule, one.what] -= 1
    bad = list[Breach]()
    for one in every:
        if first <= one.line <= last:
            known[one.rule, one.what] -= 1
            if known[one.rule, one.what] < 0:
                bad.append(one)
    detail = "; ".join([*dict.fromkeys(one.message for one in bad)][:3])
    return (Check("conventions", "failed" if bad else "passed", detail, (time.perf_counter() - started) * 1000),)

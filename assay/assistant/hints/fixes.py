"""Fixes through `proof/`: what the tests say of one, and what that says of the hint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from analyzers.text import Edit, Snapshot, Span, applied, changed_span

from ..nouns import Failed, Verdict
from ..proof.verdict import Limits, begin
from ..workbench import Workbench
from ..world.change import one_file
from .hint import Hint

PROOF_S = 4.0  # of one fix; a person waits for it
WHOLE = Limits(PROOF_S, None, PROOF_S)


async def judged(
    bench: Workbench,
    root: Path,
    texts: Mapping[str, str],
    name: str,
    edits: Sequence[Edit],
    limits: Limits = WHOLE,
) -> Verdict:
    """What the checks say of edits of the file `name`, within the limits; `texts` are the files as the editor has them."""
    before = texts[name]
    after = applied(before, edits)
    path = root / name
    snapshot = Snapshot(path.as_uri(), str(path), 0, before)
    overlay = {other: text for other, text in texts.items() if other != name}
    _, span = changed_span(before, after)
    limits = Limits(None) if bench.settings.policy == "static" else limits
    change = one_file(bench.projects.world(root, overlay), snapshot, after, Span(span.start, span.end))
    proof = await begin(bench, change, limits)
    proof.cancel()
    return proof.now


async def checked(
    bench: Workbench, root: Path, texts: Mapping[str, str], hint: Hint, limits: Limits = WHOLE
) -> Hint | None:
    """The hint with its fix judged within the limits: without a fix that the checks refuse, and None for a suspicion whose fix breaks tests that pass: then the code is
    right as it stands."""
    if hint.fix is None or hint.fix.verdict is not None:
        return hint
    verdict = await judged(bench, root, texts, hint.name, hint.fix.edits, limits)
    if isinstance(verdict, Failed):
        return None if hint.kind == "suspected" and verdict.stage == "tests" else replace(hint, fix=None)
    return replace(hint, fix=replace(hint.fix, verdict=verdict))

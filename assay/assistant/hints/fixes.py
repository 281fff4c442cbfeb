"""Fixes through `proof/`: what the tests say of one, and what that says of the hint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from analyzers.text import Edit, Snapshot, Span, changed_span

from ..nouns import Failed, Verdict, one_file
from ..proof.verdict import Limits, begin
from ..workbench import Workbench
from .hint import Hint

PROOF_S = 4.0  # of one fix; a person waits for it


def applied(text: str, edits: Sequence[Edit]) -> str:
    """A text with edits that do not overlap."""
    for edit in sorted(edits, key=lambda one: one.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


async def judged(
    bench: Workbench,
    root: Path,
    texts: Mapping[str, str],
    name: str,
    edits: Sequence[Edit],
    *,
    wait_s: float | None = None,
    quiet_s: float = PROOF_S,
) -> Verdict:
    """What the checks say of edits of the file `name`, within `wait_s` (None: when all of them are done); `texts` are the files as the editor has
    them. A test that takes longer than `quiet_s` hangs."""
    before = texts[name]
    after = applied(before, edits)
    path = root / name
    snapshot = Snapshot(path.as_uri(), str(path), 0, before)
    overlay = {other: text for other, text in texts.items() if other != name}
    _, span = changed_span(before, after)
    limits = Limits(None) if bench.settings.policy == "static" else Limits(quiet_s, wait_s, PROOF_S)
    proof = await begin(bench, one_file(snapshot, after, Span(span.start, span.end), root, overlay), limits)
    proof.cancel()
    return proof.now


async def checked(
    bench: Workbench, root: Path, texts: Mapping[str, str], hint: Hint, *, wait_s: float | None = None
) -> Hint | None:
    """The hint with its fix judged: without a fix that the checks refuse, and None for a suspicion whose fix breaks tests that pass: then the code is
    right as it stands."""
    if hint.fix is None or hint.fix.verdict is not None:
        return hint
    verdict = await judged(bench, root, texts, hint.name, hint.fix.edits, wait_s=wait_s)
    if isinstance(verdict, Failed):
        return None if hint.kind == "suspected" and verdict.stage == "tests" else replace(hint, fix=None)
    return replace(hint, fix=replace(hint.fix, verdict=verdict))

"""Mend a draft before it is dropped: close its brackets, add an import, take the nearest real name.

Every mended text is judged again like any other, so a bad repair costs time and nothing else. The repairs themselves are pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from analyzers import brackets, imports, names, unfinished
from analyzers.text import Span

from ..drafting.ask import Ask
from ..drafting.filters.draft import Draft
from ..nouns import Failed, Unverified, Verdict
from ..proof import verdict
from ..proof.verdict import Limits, Proof, begin
from ..record.trace import Trace
from ..shapes import verdict_json
from ..workbench import Workbench
from ..world.change import Change, one_file

LIMIT = 3  # mended texts that are judged for one failure


@dataclass(frozen=True, slots=True)
class Attempt:
    """A draft, mended where `told` says how, and its proof: which may say that it failed."""

    draft: Draft
    proof: Proof
    told: str = ""


async def attempt(bench: Workbench, ask: Ask, draft: Draft, limits: Limits, trace: Trace) -> Attempt:
    """Begin the draft's proof; while a check fails for something that can be mended, and was not mended yet, mend it."""
    found = Attempt(draft, await _begun(bench, ask, draft, limits, trace))
    tried: set[str] = set()
    while (failed := verdict.flaw(found.proof.now)) is not None and failed.stage not in {*tried, "tests"}:
        tried.add(failed.stage)
        try:
            other = await _first_good(bench, ask, found, failed, limits, trace)
        except BaseException:
            found.proof.cancel()
            raise
        if other is None:
            return found
        found.proof.cancel()
        trace.add("repair", did=other.told, text=other.draft.text)
        found = other
    return found


def placed(ask: Ask, draft: Draft) -> Change:
    """The draft written into its document, with its imports at the top."""
    text = ask.snapshot.text
    top = imports.edit(ask.snapshot, draft.imports) if draft.imports else None
    head = ask.before if top is None else text[: top.span.start] + top.text + text[top.span.end : ask.offset]
    span = Span(len(head), len(head) + len(draft.text))
    after = head + draft.text + ask.after
    begun = unfinished.begun(text, ask.offset)
    if _begins_anew(draft, text[begun.start : ask.offset]):
        begun = Span(ask.offset, ask.offset)
    return replace(one_file(ask.world, ask.snapshot, after, span), begun=begun)


def _begins_anew(draft: Draft, started: str) -> bool:
    """Whether a draft is no part of what stands on the cursor's line: it goes into a line of its own below or above it."""
    if draft.is_fresh_line:
        return bool(draft.line_after.strip()) and not brackets.scan(started).open
    return draft.text.startswith("\n") and not brackets.scan(started).open


async def _first_good(
    bench: Workbench, ask: Ask, found: Attempt, failed: Failed, limits: Limits, trace: Trace
) -> Attempt | None:
    """The first repair of what failed that comes further, with its proof."""
    world = ask.world if ask.world.files is not None else await bench.projects.whole(ask.world)
    texts = world.state.texts
    for number, one in enumerate(mended(found.draft, placed(ask, found.draft), failed, texts)):
        if number == LIMIT:
            break
        if one.imports and not ask.can_import:
            continue
        draft = replace(found.draft, text=one.text, imports=found.draft.imports + one.imports)
        proof = await _begun(bench, ask, draft, limits, trace)
        if _is_further(proof.now, failed):
            return Attempt(draft, proof, f"{found.told}; {one.told}".strip("; "))
        proof.cancel()
    return None


def _is_further(now: Verdict, failed: Failed) -> bool:
    """Whether a repair was of use: the text was looked at whole and nothing fails, or a test does, or another check fails for what can be
    mended in its turn."""
    if isinstance(now, Unverified) and now.reason == "unparsable-elsewhere":
        return False
    flaw = verdict.flaw(now)
    if flaw is None or flaw.stage == "tests":
        return True
    return flaw.stage != failed.stage and bool(flaw.undefined or flaw.unknown)


async def _begun(bench: Workbench, ask: Ask, draft: Draft, limits: Limits, trace: Trace) -> Proof:
    proof = await begin(bench, placed(ask, draft), limits)
    trace.add("verdict", **verdict_json(proof.now), goes_on=proof.goes_on)
    return proof


# ---- the repairs


@dataclass(frozen=True, slots=True)
class Mended:
    """A candidate's text after a repair, what the repair did, and the import statements that go to the top of the file."""

    text: str
    told: str
    imports: tuple[str, ...] = ()


def mended(draft: Draft, change: Change, failed: Failed, texts: Mapping[str, str]) -> Iterator[Mended]:
    """What may mend the failure of `draft` as `change` placed it in its document, likeliest first. `texts` are the project's files."""
    if failed.stage == "parse":
        return syntax_error(draft)
    if failed.undefined:
        return undefined_name(draft, failed.undefined, texts, change.first.name)
    return unknown_name(draft, failed.unknown, change.first.span.start, change.first.after)


def syntax_error(draft: Draft) -> Iterator[Mended]:
    """Texts in which what is open gets closed."""
    text = draft.text.rstrip()
    missing = brackets.scan(draft.line_before + draft.text).closers
    if missing:
        yield Mended(text + missing, f"closed {missing}")
        if text.endswith(":"):
            yield Mended(text[:-1] + missing + ":", f"closed {missing}")
    if text.rstrip().endswith((",", "\\")):
        yield Mended(text.rstrip().rstrip(",\\").rstrip() + missing, "took off the unfinished end")


def undefined_name(draft: Draft, undefined: tuple[str, ...], texts: Mapping[str, str], name: str) -> Iterator[Mended]:
    """The text with the imports that its undefined names need: before it where it starts a line, so that it is whole in
    itself; at the top of the file where it continues one."""
    needed = []
    for one in dict.fromkeys(undefined):
        statement = imports.statement_for(one, draft.line_before + draft.text, texts, name)
        if statement is None:
            return
        needed.append(statement)
    told = "added " + "; ".join(needed)
    lead = draft.text[: len(draft.text) - len(draft.text.lstrip(" \t"))]
    if needed and draft.is_fresh_line:
        indent = draft.line_before + lead
        yield Mended(lead + "".join(f"{one}\n{indent}" for one in needed) + draft.text[len(lead) :], told)
    elif needed:
        yield Mended(draft.text, told, tuple(needed))


def unknown_name(draft: Draft, unknown: tuple[names.Unknown, ...], span_start: int, after: str) -> Iterator[Mended]:
    """The text with each name that does not exist replaced by the nearest that does."""
    text, told = draft.text, []
    starts = [0]
    for line in after.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    for one in sorted(unknown, key=lambda u: (u.line, u.column), reverse=True):
        at = starts[one.line - 1] + one.column - span_start
        if not one.instead or at < 0 or at + one.length > len(text):
            return
        told.append(f"{text[at : at + one.length]} → {one.instead}")
        text = text[:at] + one.instead + text[at + one.length :]
    if told:
        yield Mended(text, "renamed " + ", ".join(told))

"""From a document and an offset to the text a model reads: bounded, redacted, stable parts first.

Definitions from other files lead it. They are found in the background (`Definitions`); the rest is pure.
"""

from __future__ import annotations

import asyncio
import hashlib
import keyword
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

from analyzers import names, secrets
from analyzers.site import Site
from analyzers.text import Snapshot
from assay.engine.dialects import render

from ..drafting.ask import Ask
from ..workbench import Workbench
from .anchor import CHARS_PER_TOKEN, Anchor, Form, Lead, placed

SNIPPET_SHARE = 0.3  # of the budget, for definitions from other files
NAME_LIMIT = 6  # names left of the cursor whose definitions are looked up
LOOK_BACK = 800  # characters before the cursor in which names are looked for
LINE_LIMIT = 12  # of one definition: its signature, its docstring, its first lines
TIMEOUT_S = 0.25  # jedi's; whoever types goes on without them after WAIT_S
WAIT_S = 0.005
DOCUMENT_LIMIT = 32  # documents whose definitions are kept
GUIDE_CHARS = 600  # of the team's guide, in a prompt
STICKY_S = 60.0  # they lead the prompt: every change of them costs the model's whole prefix cache


@dataclass(frozen=True, slots=True)
class Snippet:
    """Text from another place that helps here, and where it stands (`path:line`)."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """`healed` is the end of what was written that was left out, for the model to write again from a token's start; `anchor` what of the prompt stays for the next one;
    `is_first`: it has little context, because more would take long to read."""

    text: str
    suffix: str | None
    healed: str
    id: str
    sources: tuple[str, ...]
    anchor: Anchor
    is_first: bool = False


def build(
    snapshot: Snapshot, offset: int, site: Site, form: Form, older: Anchor | None = None, *, first: int | None = None
) -> Prompt:
    """The prompt for one site. Pure; its size by a careful estimate. It goes on from an `older` anchor where that holds, or begins as that did. `first`: the tokens that a new one may have (`placed`)."""
    dialect = form.dialect
    after = secrets.redact(snapshot.text)[offset:]
    before = secrets.redact(snapshot.preamble) + secrets.redact(snapshot.text)[:offset]
    typed = older.typed(before, after) if older is not None and older.form.dialect is dialect else None
    if older is None or typed is None:
        anchor = placed(before, after, site, form, older, first=first)
        typed = before[anchor.start + len(anchor.kept) :]
    else:
        anchor = older
    prefix, begun = (anchor.prefix, typed) if dialect.goes_on_behind else (anchor.prefix + typed, "")
    healed = ""
    if dialect.goes_on_behind:
        healed = _healed(f"x\n{begun}", words=form.heals)[-len(begun) :] if begun else ""
        begun = begun[: len(begun) - len(healed)]
    elif dialect.ends_with_prefix:
        healed = _healed(prefix, words=form.heals)
        prefix = prefix[: len(prefix) - len(healed)]
    text, apart = render(dialect, prefix, anchor.suffix, begun)
    mark = hashlib.sha256(f"{dialect.name}\0{text}\0{apart}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return Prompt(text, apart, healed, mark, anchor.form.lead.sources, anchor)


def leading(snippets: tuple[Snippet, ...], *, token_limit: int) -> Lead:
    """What of the definitions leads a prompt of this size."""
    limit = int(token_limit * CHARS_PER_TOKEN * SNIPPET_SHARE)
    parts, sources, used = [], [], 0
    for snippet in snippets:
        text = secrets.redact(snippet.text).rstrip() + "\n\n"
        block = f"# {snippet.source.rpartition(':')[0]}\n{text}"
        if used + len(block) <= limit:
            parts.append(block)
            sources.append(snippet.source)
            used += len(block)
    return Lead("".join(parts), tuple(sources))


def _healed(prefix: str, *, words: bool) -> str:
    """Trailing white space, or the word that the cursor stands behind: tokens seldom end where people stop typing."""
    found = re.search(r"(?:\s+|(?<=[\s.(\[{,=:])\w+)\Z" if words else r"\s+\Z", prefix)
    return found[0] if found and found.start() > 0 else ""


@dataclass(frozen=True, slots=True)
class _Looking:
    """The definitions for one scope of a document, found or being found since then."""

    scope: tuple[str, ...]
    since_s: float
    work: asyncio.Task[tuple[Snippet, ...]]


class Definitions:
    """Definitions from other files of the names just left of the cursor, kept for each document's current scope."""

    def __init__(self) -> None:
        self._known: dict[str, _Looking] = {}

    async def snippets(self, bench: Workbench, ask: Ask, scope: tuple[str, ...]) -> tuple[Snippet, ...]:
        """At most NAME_LIMIT snippets, each once, in the order of their files. Those of one scope stay for STICKY_S; while
        somebody types they are waited for WAIT_S only, and are there for a later key."""
        work = self.begin(bench, ask, scope)
        await asyncio.wait({work}, timeout=WAIT_S if ask.trigger == "automatic" else None)
        found = work.result() if work.done() and not work.cancelled() else ()
        return (*told, *found) if (told := conventions(bench, ask)) else found

    def begin(self, bench: Workbench, ask: Ask, scope: tuple[str, ...]) -> asyncio.Task[tuple[Snippet, ...]]:
        """Look for them, where that is not under way."""
        uri = ask.snapshot.uri
        known = self._known.get(uri)
        if known is None or known.scope != scope or time.monotonic() - known.since_s > STICKY_S:
            work = asyncio.create_task(_found(bench, ask), name="definitions")
            known = self._known[uri] = _Looking(scope, time.monotonic(), work)
            while len(self._known) > DOCUMENT_LIMIT:
                self._known.pop(next(iter(self._known))).work.cancel()
        return known.work

    def close_document(self, uri: str) -> None:
        """Forget a document's."""
        if (known := self._known.pop(uri, None)) is not None:
            known.work.cancel()

    def close(self) -> None:
        """End the looking."""
        for known in self._known.values():
            known.work.cancel()


def conventions(bench: Workbench, ask: Ask) -> tuple[Snippet, ...]:
    """What the team's guide says for this file, as a remark before everything else: it changes least."""
    path = Path(ask.snapshot.path)
    if not ask.snapshot.path or not path.is_relative_to(ask.world.root):
        return ()
    words = bench.projects.guides.of(ask.world.root).words(path.relative_to(ask.world.root).as_posix(), GUIDE_CHARS)
    return (Snippet("\n".join(f"# {line}" for line in words.splitlines()), "conventions"),) if words else ()


async def _found(bench: Workbench, ask: Ask) -> tuple[Snippet, ...]:
    snapshot, root = ask.snapshot, ask.world.root
    positions = _positions(snapshot, ask.offset)
    if not positions or not snapshot.path:
        return ()
    where = replace(ask.world.where(snapshot.path, snapshot.text), paths=())
    try:
        found = await bench.names.define(where, positions, timeout_s=TIMEOUT_S)
    except names.NamesUnavailable:
        return ()
    state, rules = await bench.projects.state(root), await bench.projects.rules(root)
    texts = {**state.texts, **{name: text for name, text in ask.world.documents.items() if rules.allows(name)}}
    result = {}
    for one in found:
        name = Path(one.path).relative_to(root).as_posix()
        if one.kind in ("function", "class") and name in texts:
            result[f"{name}:{one.line}"] = excerpt(secrets.redact(texts[name]), one.line)
    return tuple(Snippet(text, source) for source, text in sorted(result.items()) if text)


def _positions(snapshot: Snapshot, offset: int) -> tuple[tuple[int, int], ...]:
    start = max(0, offset - LOOK_BACK)
    latest: dict[str, int] = {}
    for match in re.finditer(r"(?<![\w.])[A-Za-z_]\w{2,}", snapshot.text[start:offset]):
        if not keyword.iskeyword(match[0]):
            latest[match[0]] = start + match.start()
    chosen = sorted(latest.values(), reverse=True)[:NAME_LIMIT]
    return tuple((snapshot.line_of(at) + 1, at - snapshot.line_span(snapshot.line_of(at)).start) for at in chosen)


def excerpt(text: str, line: int) -> str:
    """The first lines of what is defined at a line (from 1)."""
    lines = text.split("\n")[line - 1 : line - 1 + LINE_LIMIT]
    if not lines:
        return ""
    indent = len(lines[0]) - len(lines[0].lstrip())
    kept = [lines[0]]
    for one in lines[1:]:
        if one.strip() and len(one) - len(one.lstrip()) <= indent and not one.lstrip().startswith((")", "]")):
            break
        kept.append(one)
    return "\n".join(one[indent:] for one in kept).rstrip()

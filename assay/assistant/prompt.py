"""From a document and an offset to the text a model reads: bounded, redacted, stable parts first."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from analyzers import secrets
from analyzers.site import Site
from analyzers.text import Snapshot
from assay.engine.dialects import LEFT_TO_RIGHT, SUFFIX, Dialect, render

CHARS_PER_TOKEN = 3  # from below: code has 3 to 4 in every tokenizer we measured
SUFFIX_SHARE = 0.25  # of the budget; what follows matters less than what leads here
SNIPPET_SHARE = 0.3  # of the budget, for definitions from other files


@dataclass(frozen=True, slots=True)
class Snippet:
    """Text from another place that helps here, and where it stands (`path:line`)."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """`healed` is the end of the prefix that was left out, for the model to write again from a token's start."""

    text: str
    suffix: str | None
    healed: str
    id: str
    sources: tuple[str, ...]


def build(
    snapshot: Snapshot, offset: int, site: Site, dialect: Dialect, snippets: tuple[Snippet, ...], *, token_limit: int
) -> Prompt:
    """The prompt for one site. Pure; about `token_limit` tokens by a careful estimate."""
    budget = token_limit * CHARS_PER_TOKEN
    extras, sources = _extras(snippets, int(budget * SNIPPET_SHARE))
    after = secrets.redact(snapshot.text)[offset:]
    before = secrets.redact(snapshot.preamble) + secrets.redact(snapshot.text)[:offset]
    suffix = _head(after, int(budget * SUFFIX_SHARE)) if dialect is not LEFT_TO_RIGHT else ""
    prefix = extras + _tail(before, budget - len(extras) - len(suffix), site)
    healed = _healed(prefix) if dialect in (LEFT_TO_RIGHT, SUFFIX) else ""
    prefix = prefix[: len(prefix) - len(healed)]
    text, apart = render(dialect, prefix, suffix)
    mark = hashlib.sha256(f"{dialect.name}\0{text}\0{apart}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return Prompt(text, apart, healed, mark, sources)


def _extras(snippets: tuple[Snippet, ...], limit: int) -> tuple[str, tuple[str, ...]]:
    parts, sources, used = [], [], 0
    for snippet in snippets:
        text = secrets.redact(snippet.text).rstrip() + "\n\n"
        block = f"# {snippet.source.rpartition(':')[0]}\n{text}"
        if used + len(block) <= limit:
            parts.append(block)
            sources.append(snippet.source)
            used += len(block)
    return "".join(parts), tuple(sources)


def _tail(before: str, limit: int, site: Site) -> str:
    """The end of `before` in whole lines; where it must be cut, imports and the headers around the cursor stay."""
    if len(before) <= limit:
        return before
    lines = before.split("\n")
    heads = [line for line in lines[:200] if re.match(r"(import|from)\s", line)][:30]
    names = set(site.scope)
    heads += [
        line for line in lines if (m := re.match(r"\s*(?:async\s+def|def|class)\s+(\w+)", line)) and m[1] in names
    ]
    head = "\n".join(heads)[: limit // 4] + "\n\n"
    kept = before[-(limit - len(head)) :]
    return head + kept[kept.find("\n") + 1 :]


def _head(after: str, limit: int) -> str:
    return after if len(after) <= limit else after[: after.rfind("\n", 0, limit) + 1]


def _healed(prefix: str) -> str:
    """Trailing white space, or the word that the cursor stands behind: tokens seldom end where people stop typing."""
    found = re.search(r"(?:\s+|(?<=[\s.(\[{,=:])\w+)\Z", prefix)
    return found[0] if found and found.start() > 0 else ""

"""What the code nearby makes likely next: the tokens that followed the same tokens before. Text only, no model, no index.

A cache language model in the sense of Tu, Su and Devanbu ("On the localness of software"): the longest context that
was seen before speaks loudest, and what stands near speaks more often than any grammar learnt elsewhere.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass

ORDER_LIMIT = 8  # tokens of context compared; longer agreement changes nothing
SEEN_LIMIT = 200  # places looked at in one text, newest first
WORD_LIMIT = 12  # latest words with the same beginning
ORDER_BASE = 4.0  # weight of one more agreeing token: the longest context outvotes many shorter ones
WORD_WEIGHT, WORD_FADE = 1.5, 0.7  # a word's weight by recency alone, where the tokens before it say nothing
LENGTH_LIMIT = 80  # characters; a longer token is data, not a name that somebody would want written
COMMON_WEIGHT = 0.3  # a keyword or builtin that was not written nearby yet

_TOKEN = re.compile(r"[^\W\d]\w*|\d[\w.]*|\n[ \t]*|[ \t]+|\"\"\"|'''|[^\w\s]")
_TYPED = re.compile(r"[^\W\d]\w*\Z")
_COMMON = (*keyword.kwlist, *(name for name in dir(builtins) if not name.startswith("_")), "self", "cls")


@dataclass(frozen=True, slots=True)
class Step:
    """The likeliest next token: `text` is what is left of it to write. The rest is evidence for a probability.

    `share` of all votes; `order` tokens of context that agreed; `votes` places; `rivals` other tokens that could stand here;
    `gap` by how many tokens a rival's context is longer; `typed` characters of it were there; `rank` among the latest words.
    """

    token: str
    text: str
    share: float
    order: int
    votes: int
    rivals: int
    gap: int
    typed: int
    rank: int
    previous: str


def typed_word(before: str) -> str:
    """The identifier that the cursor stands behind, or ""."""
    found = _TYPED.search(before, max(0, len(before) - 2 * LENGTH_LIMIT))
    return found[0] if found else ""


def continuation(texts: Sequence[str], before: str, *, limit: int) -> tuple[Step, ...]:
    """At most `limit` likeliest tokens after `before`, each given the ones before it, up to the end of the line.

    `texts` are searched in their order: the text before the cursor first, then what stands below it.
    """
    typed = typed_word(before)
    tail = before[max(0, len(before) - len(typed) - 400) : len(before) - len(typed)]
    context = _TOKEN.findall(tail)[-ORDER_LIMIT:]
    steps: list[Step] = []
    for _ in range(limit):
        step = _next(texts, context, typed, () if steps else latest_words(texts, typed))
        if step is None or step.token.startswith("\n") or len(step.token) > LENGTH_LIMIT:
            break
        steps.append(step)
        context, typed = [*context, step.token][-ORDER_LIMIT:], ""
    return tuple(steps)


def latest_words(texts: Sequence[str], typed: str) -> tuple[str, ...]:
    """Identifiers that begin with `typed` and are longer, the latest first."""
    if not typed:
        return ()
    pattern = re.compile(rf"(?<!\w){re.escape(typed)}\w+")
    words: dict[str, None] = {}
    for text in texts:
        for word in reversed(pattern.findall(text)):
            words.setdefault(word)
            if len(words) == WORD_LIMIT:
                return tuple(words)
    return tuple(words)


@dataclass(slots=True)
class _Tally:
    weight: float = 0.0
    order: int = 0
    votes: int = 0
    rank: int = 20


def _next(texts: Sequence[str], context: Sequence[str], typed: str, words: Sequence[str]) -> Step | None:
    tallies: dict[str, _Tally] = {}
    tails = ["".join(context[-size:]) for size in range(1, len(context) + 1)]
    for text in texts:
        for token, order in _followers(text, tails, typed):
            tally = tallies.setdefault(token, _Tally())
            tally.weight += ORDER_BASE**order
            tally.order = max(tally.order, order)
            tally.votes += 1
    is_attribute = bool(context) and context[-1] == "."
    for rank, word in enumerate(words):
        if is_attribute and keyword.iskeyword(word):
            continue  # `os.pass` is no Python
        tally = tallies.setdefault(word, _Tally())
        tally.weight += WORD_WEIGHT * WORD_FADE**rank
        tally.rank = rank
    if len(typed) > 1:
        for word in _COMMON:
            if word.startswith(typed) and word != typed and not (is_attribute and keyword.iskeyword(word)):
                tally = tallies.setdefault(word, _Tally())
                tally.weight += COMMON_WEIGHT
                tally.rank = min(tally.rank, 15)
    if not tallies:
        return None
    token = max(tallies, key=lambda one: tallies[one].weight)
    best = tallies[token]
    longest = max(tally.order for tally in tallies.values())
    share = best.weight / sum(tally.weight for tally in tallies.values())
    previous = context[-1] if context else "\n"
    return Step(token, token[len(typed) :], share, best.order, best.votes, len(tallies) - 1, longest - best.order,
                len(typed), best.rank, previous)  # fmt: skip


def _followers(text: str, tails: Sequence[str], typed: str) -> list[tuple[str, int]]:
    """The tokens in `text` that follow the context's last token, and how many tokens of the context agree there."""
    if not tails:
        return []
    # A space follows anything: with it the token before must agree, or the newest places would all be noise.
    least = 1 if tails[0].strip(" \t") or len(tails) == 1 else 2
    tail = tails[least - 1]
    is_word = tail[0].isalnum() or tail[0] == "_"
    found: list[tuple[str, int]] = []
    end = len(text)
    for _ in range(SEEN_LIMIT):
        at = text.rfind(tail + typed, 0, end)
        if at < 0:
            break
        start, end = at + len(tail), at + len(tail) + len(typed) - 1 if tail + typed else at
        if is_word and at and (text[at - 1].isalnum() or text[at - 1] == "_"):
            continue
        token = _TOKEN.match(text, start)
        if token is None or token[0] == typed:
            continue
        order = least
        while (
            order < len(tails)
            and len(tails[order]) <= start
            and text.startswith(tails[order], start - len(tails[order]))
        ):
            order += 1
        found.append((token[0], order))
    return found

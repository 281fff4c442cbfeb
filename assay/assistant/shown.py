"""What was offered in each document: typed through without a new request, and what became of it."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from analyzers.text import Span

from .verdict import Failed, Verdict

if TYPE_CHECKING:
    from .bench import Ask, Completion, Suggestion

Fate = Literal["accepted", "rejected"]

KEPT = 24  # offers that can be typed through or come back to; each holds its document's text
FATES = 30  # recent fates that speak for the next
CLOSERS = ")]}\"'"  # what editors write by themselves right of the cursor when its partner is typed


@dataclass(frozen=True, slots=True)
class Offer:
    """A completion, the text around the place it was for, and what else its verdict rests on (`world`, compared whole)."""

    uri: str
    before: str
    after: str
    completion: Completion
    world: object = None


class Shown:
    """The last offers of one window, newest last, and the fates of what was seen. In memory; safe to forget."""

    def __init__(self) -> None:
        self._offers: OrderedDict[tuple[str, int, int], Offer] = OrderedDict()
        self._seen: dict[str, tuple[Offer, Suggestion]] = {}
        self._fates: deque[Fate] = deque(maxlen=FATES)
        self.on_fate: Callable[[Fate, Suggestion, Completion], None] = lambda *_: None

    def put(self, ask: Ask, completion: Completion, world: object = None) -> None:
        """Remember an offer for the place of `ask`. What has no suggestion is not remembered, nor what a check was not done for:
        the next request has it checked."""
        if not completion.suggestions or any(_is_open(s.verdict) for s in completion.suggestions):
            return
        text, offset = ask.snapshot.text, ask.offset
        key = (ask.snapshot.uri, offset, hash(completion.trace_id))
        self._offers[key] = Offer(ask.snapshot.uri, text[:offset], text[offset:], completion, world)
        while len(self._offers) > KEPT:
            self._offers.popitem(last=False)

    def get(self, ask: Ask, world: object = None) -> Completion | None:
        """What is left of an offer after what was typed since, the newest that agrees; None where none does, or where the
        `world` is another one than it was checked in."""
        text, offset = ask.snapshot.text, ask.offset
        for offer in reversed(self._offers.values()):
            start = len(offer.before)
            if offer.uri != ask.snapshot.uri or offset < start or not text.startswith(offer.before):
                continue
            if offer.world != world:
                continue
            rest = tuple(
                r
                for s in offer.completion.suggestions
                if (r := _rest(s, text[start:offset], text[offset:], offer.after))
            )
            if rest:
                return replace(offer.completion, suggestions=rest)
        return None

    def show(self, ask: Ask, completion: Completion) -> None:
        """`completion` goes to the client as the answer to `ask`."""
        if completion.suggestions:
            text, offset = ask.snapshot.text, ask.offset
            offer = Offer(ask.snapshot.uri, text[:offset], text[offset:], completion)
            self._seen[ask.snapshot.uri] = (offer, completion.suggestions[0])

    def judge(self, ask: Ask) -> None:
        """What the new request tells about the suggestion that was seen before it: taken whole, still being typed, or passed over."""
        seen = self._seen.get(ask.snapshot.uri)
        if seen is None:
            return
        offer, suggestion = seen
        text, start = ask.snapshot.text, len(offer.before)
        whole = suggestion.text.rstrip()
        if text.startswith(offer.before + whole):
            self._settle(ask.snapshot.uri, "accepted")
        elif ask.offset < start or not text.startswith(offer.before) or not whole.startswith(text[start : ask.offset]):
            self._settle(ask.snapshot.uri, "rejected")

    def accept(self, suggestion_id: str) -> None:
        """The client says that a suggestion was taken."""
        for uri, (_, suggestion) in list(self._seen.items()):
            if suggestion.id == suggestion_id:
                self._settle(uri, "accepted")

    def reject(self, suggestion_id: str) -> None:
        """The client says that a suggestion was dismissed: it is not offered again."""
        for uri, (_, suggestion) in list(self._seen.items()):
            if suggestion.id == suggestion_id:
                self._settle(uri, "rejected")
        for key, offer in list(self._offers.items()):
            if any(s.id == suggestion_id for s in offer.completion.suggestions):
                del self._offers[key]

    def revise(self, suggestion_id: str, verdict: Verdict) -> None:
        """A check ended after the answer: the offer has the new verdict from now on, and one that failed is forgotten."""
        for key, offer in list(self._offers.items()):
            found = offer.completion
            if not any(s.id == suggestion_id for s in found.suggestions):
                continue
            if isinstance(verdict, Failed):
                del self._offers[key]
                continue
            suggestions = tuple(replace(s, verdict=verdict) if s.id == suggestion_id else s for s in found.suggestions)
            self._offers[key] = replace(offer, completion=replace(found, suggestions=suggestions))

    @property
    def streak(self) -> int:
        """How many were passed over since the last one that was taken."""
        count = 0
        for fate in reversed(self._fates):
            if fate == "accepted":
                break
            count += 1
        return count

    @property
    def taken_share(self) -> float:
        """The share of the last ones that were taken, drawn to one half while there are few."""
        taken = sum(fate == "accepted" for fate in self._fates)
        return (taken + 2) / (len(self._fates) + 4)

    def _settle(self, uri: str, fate: Fate) -> None:
        offer, suggestion = self._seen.pop(uri)
        self._fates.append(fate)
        self.on_fate(fate, suggestion, offer.completion)


def _is_open(verdict: Verdict) -> bool:
    """Whether the names were not looked up, because jedi was still starting or too slow."""
    return any(check.name == "names" and check.state == "skipped" for check in verdict.checks)


def _rest(suggestion: Suggestion, typed: str, after: str, after_then: str) -> Suggestion | None:
    """The part of `suggestion` that is not typed yet, for the document as it is now; None where they do not agree."""
    if suggestion.replace.start != suggestion.replace.end or not suggestion.text.startswith(typed):
        return None
    left = suggestion.text[len(typed) :]
    if after != after_then:
        closer = after[: len(after) - len(after_then)]
        if not (0 < len(closer) <= 2 and set(closer) <= set(CLOSERS) and after.endswith(after_then)):
            return None
        if not left.endswith(closer):
            return None
        left = left[: -len(closer)]
    if not left.strip():
        return None
    at = suggestion.replace.start + len(typed)
    return replace(suggestion, text=left, replace=Span(at, at))

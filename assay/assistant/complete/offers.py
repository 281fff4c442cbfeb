"""What was offered in each document: typed through without a new request, never again once dismissed, and what became of it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from typing import Literal

from analyzers.brackets import CLOSERS, QUOTES
from analyzers.text import Span

from ..drafting.ask import Ask
from ..nouns import Completion, Failed, Suggestion, TellVerdict, Verdict
from ..proof.verdict import Proof

Fate = Literal["accepted", "rejected"]

KEPT, KEPT_CHARS = (
    24,
    4 << 20,
)  # offers that can be typed through or come back to, and characters of the texts that they hold
FATES = 30  # recent fates that speak for the next
LATE_LIMIT = 2  # proofs that go on after their answer; a newer one ends the oldest, so that typing never stacks them
DISMISSED = 64  # texts that are not offered again
TAIL = 300  # characters of a document by which the place of a dismissed text is known again
BY_ITSELF = "".join(CLOSERS.values()) + "".join(
    QUOTES
)  # what editors write right of the cursor when its partner is typed


@dataclass(frozen=True, slots=True)
class Offer:
    """A completion, the text around the place it was for, and what else its verdict rests on (`world`, compared whole)."""

    uri: str
    before: str
    after: str
    completion: Completion
    world: object = None


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a client may still say something of: where it was shown, by the document's end with it, and the imports that it needs."""

    uri: str
    tail: str
    imports: tuple[str, ...]


class Offers:
    """The last offers of one window, newest last, and the fates of what was seen. In memory; safe to forget."""

    def __init__(self) -> None:
        self._offers: OrderedDict[tuple[str, int, str], Offer] = OrderedDict()
        self._seen: dict[str, tuple[Offer, Suggestion]] = {}
        self._fates: deque[Fate] = deque(maxlen=FATES)
        self._dismissed: deque[tuple[str, str]] = deque(maxlen=DISMISSED)
        self._shown: OrderedDict[str, _Shown] = OrderedDict()
        self._late: dict[asyncio.Task[None], tuple[str, Proof]] = {}  # with the suggestion's id; oldest first

    def remember(self, ask: Ask, completion: Completion, world: object = None) -> None:
        """Keep an offer for the place of `ask`. What has no suggestion is not kept, nor what a check was not done for:
        the next request has it checked."""
        if not completion.suggestions or any(_is_open(s.verdict) for s in completion.suggestions):
            return
        key = (ask.snapshot.uri, ask.offset, completion.trace_id)
        self._offers[key] = Offer(ask.snapshot.uri, ask.before, ask.after, completion, world)
        while len(self._offers) > KEPT or (len(self._offers) > 1 and self._chars > KEPT_CHARS):
            self._offers.popitem(last=False)

    @property
    def _chars(self) -> int:
        return sum(len(one.before) + len(one.after) for one in self._offers.values())

    def held(self, ask: Ask, world: object = None) -> Completion | None:
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
                if (r := _rest(s, text[start:offset], ask.after, offer.after)) and not self.was_dismissed(ask, r.text)
            )
            if rest:
                return replace(offer.completion, suggestions=rest)
        return None

    def show(self, ask: Ask, completion: Completion) -> None:
        """`completion` goes to the client as the answer to `ask`."""
        if completion.suggestions:
            offer = Offer(ask.snapshot.uri, ask.before, ask.after, completion)
            self._seen[ask.snapshot.uri] = (offer, completion.suggestions[0])
        for one in completion.suggestions:
            self._shown[one.id] = _Shown(ask.snapshot.uri, _tail(ask.before + one.text), one.imports)
        while len(self._shown) > KEPT:
            self._shown.popitem(last=False)

    def look_back(self, ask: Ask) -> None:
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

    def accept(self, suggestion_id: str) -> tuple[str, tuple[str, ...]]:
        """The client says that a suggestion was taken. Returns its document's URI and the import statements that it needs."""
        for uri, (_, suggestion) in list(self._seen.items()):
            if suggestion.id == suggestion_id:
                self._settle(uri, "accepted")
        shown = self._shown.pop(suggestion_id, None)
        return (shown.uri, shown.imports) if shown else ("", ())

    def bring_imports(self, suggestion_id: str) -> None:
        """The answer itself carries the import statements of a suggestion: nobody else needs to write them."""
        if (shown := self._shown.get(suggestion_id)) is not None:
            self._shown[suggestion_id] = replace(shown, imports=())

    def dismiss(self, suggestion_id: str) -> None:
        """The client says that a suggestion was dismissed: it is not offered again."""
        if (shown := self._shown.get(suggestion_id)) is not None:
            self._dismissed.append((shown.uri, shown.tail))
        for uri, (_, suggestion) in list(self._seen.items()):
            if suggestion.id == suggestion_id:
                self._settle(uri, "rejected")
        for key, offer in list(self._offers.items()):
            if any(s.id == suggestion_id for s in offer.completion.suggestions):
                del self._offers[key]

    def was_dismissed(self, ask: Ask, text: str) -> bool:
        """Whether `text` at the place of `ask` comes to what somebody has dismissed there, typed into or not."""
        return (ask.snapshot.uri, _tail(ask.before + text)) in self._dismissed

    def follow(self, suggestion_id: str, proof: Proof, tell: TellVerdict | None) -> None:
        """Have the final verdict told when it comes, and kept with the offer; end the proof where nobody wants to know, or as soon as the suggestion was passed over."""
        if not proof.goes_on:
            return
        if tell is None:
            proof.cancel()
            return
        while len(self._late) >= LATE_LIMIT:
            self._end_late(next(iter(self._late)))
        task = asyncio.create_task(self._followed(suggestion_id, proof, tell), name="late verdict")
        self._late[task] = suggestion_id, proof
        task.add_done_callback(lambda done: self._late.pop(done, None))

    def close_document(self, uri: str) -> None:
        """Forget a document's offers and what was seen of them; what was dismissed in it stays known by the place's last words."""
        self._seen.pop(uri, None)
        for key in [key for key in self._offers if key[0] == uri]:
            del self._offers[key]

    def forget(self) -> None:
        """Nothing that was offered so far is typed through any more; what was shown can still be taken."""
        self._offers.clear()
        self.close()

    def close(self) -> None:
        """End the proofs that go on."""
        for task in list(self._late):
            self._end_late(task)

    @property
    def streak(self) -> int:
        """How many were passed over since the last one that was taken."""
        count = 0
        for fate in reversed(self._fates):
            if fate == "accepted":
                break
            count += 1
        return count

    def _end_late(self, task: asyncio.Task[None]) -> None:
        self._late.pop(task)[1].cancel()
        task.cancel()

    async def _followed(self, suggestion_id: str, proof: Proof, tell: TellVerdict) -> None:
        try:
            verdict = await proof.later()
            self._revise(suggestion_id, verdict)
            tell(suggestion_id, verdict)
        finally:
            proof.cancel()

    def _revise(self, suggestion_id: str, verdict: Verdict) -> None:
        """The offer has the new verdict from now on, and one that failed is forgotten."""
        for key, offer in list(self._offers.items()):
            found = offer.completion
            if not any(s.id == suggestion_id for s in found.suggestions):
                continue
            if isinstance(verdict, Failed):
                del self._offers[key]
                continue
            suggestions = tuple(replace(s, verdict=verdict) if s.id == suggestion_id else s for s in found.suggestions)
            self._offers[key] = replace(offer, completion=replace(found, suggestions=suggestions))

    def _settle(self, uri: str, fate: Fate) -> None:
        _, suggestion = self._seen.pop(uri)
        self._fates.append(fate)
        for task, (suggestion_id, _) in list(self._late.items()) if fate == "rejected" else ():
            if suggestion_id == suggestion.id:
                self._end_late(task)


def _tail(text: str) -> str:
    return text.rstrip()[-TAIL:]


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
        if not (0 < len(closer) <= 2 and set(closer) <= set(BY_ITSELF) and after.endswith(after_then)):
            return None
        if not left.endswith(closer):
            return None
        left = left[: -len(closer)]
    if not left.strip():
        return None
    at = suggestion.replace.start + len(typed)
    return replace(suggestion, text=left, replace=Span(at, at))

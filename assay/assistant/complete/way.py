"""One request on its way from a cursor to an offer, and what the typing in its window leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzers import site as sites

from ..drafting.ask import Ask
from ..drafting.sources import Model
from ..nouns import Dropped
from ..proof.verdict import Limits, Proof
from ..record.trace import Trace
from ..workbench import Workbench
from .offers import Offers

PATIENCE = 2  # times the site's deadline: the first candidate's generation and its checks, and about as much again
DISMISSED = "It was dismissed here before."


@dataclass(frozen=True, slots=True)
class Typing:
    """What the typing in one window leaves behind; made with the window, given to each of its requests."""

    offers: Offers = field(default_factory=Offers)
    model: Model = field(default_factory=Model)

    def renewed(self) -> Typing:
        """The same for new settings and services: what was offered and what became of it, without what rests on the old ones."""
        self.model.close()
        self.offers.forget()
        return Typing(self.offers)

    def close_document(self, uri: str) -> None:
        """A document was closed: its offers and what is being generated for it are forgotten."""
        self.offers.close_document(uri)
        self.model.close_document(uri)

    def close(self) -> None:
        """End what is under way."""
        self.offers.close()
        self.model.close()


@dataclass(frozen=True, slots=True)
class Way:
    """One request on its way. `least` is the probability that is worth showing; `dropped` gathers what is not offered, `proofs` those of
    suggestions by their ids: the one that is offered may go on."""

    bench: Workbench
    typing: Typing
    ask: Ask
    site: sites.Site
    limits: Limits
    least: float
    trace: Trace
    dropped: list[Dropped] = field(default_factory=list)
    proofs: dict[str, Proof] = field(default_factory=dict)

    @property
    def is_automatic(self) -> bool:
        """Whether it came by itself while somebody typed."""
        return self.ask.trigger == "automatic"

    def drop(self, text: str, stage: str, reason: str) -> None:
        """Note what is not offered, at which stage, and why."""
        self.dropped.append(Dropped(text, stage, reason))

    def gives_up(self) -> bool:
        """Whether somebody who types has moved on: then nothing further is begun, and the trace says so."""
        is_late = self.is_automatic and self.trace.age_s > PATIENCE * self.bench.settings.deadline_s(self.site.kind)
        if is_late:
            self.trace.add("late")
        return is_late

    def drops_dismissed(self, text: str) -> bool:
        """Drop a text that was dismissed here before; whether it was."""
        is_old = self.typing.offers.was_dismissed(self.ask, text)
        if is_old:
            self.drop(text, "dismissed", DISMISSED)
        return is_old

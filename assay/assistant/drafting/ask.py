"""One request for suggestions at a place of a document."""

from __future__ import annotations

from dataclasses import dataclass

from analyzers.text import Snapshot

from ..nouns import TellVerdict, Trigger
from ..workbench import Workbench
from ..world.world import World


@dataclass(frozen=True, slots=True)
class Ask:
    """One request for suggestions. `tell` hears of a verdict that changes after the answer.

    `trigger`: "automatic" while somebody types, who waits for one or two candidates at most; "invoked" by somebody who asked.
    `can_import`: whether the client writes imports at the top of the file when a suggestion that needs them is taken. `names`: those that may
    stand behind the dot before the cursor, with what is typed of them; empty where nobody knows.
    """

    snapshot: Snapshot
    offset: int
    world: World
    tell: TellVerdict | None = None
    can_import: bool = True
    trigger: Trigger = "invoked"
    names: tuple[str, ...] = ()

    @property
    def before(self) -> str:
        """The document's text up to the cursor."""
        return self.snapshot.text[: self.offset]

    @property
    def after(self) -> str:
        """The document's text from the cursor on."""
        return self.snapshot.text[self.offset :]

    @property
    def where(self) -> str:
        """Path and position from 1, for people."""
        line = self.snapshot.line_of(self.offset)
        column = self.offset - self.snapshot.line_span(line).start + 1
        return f"{self.snapshot.path or self.snapshot.uri}:{line + 1}:{column}"


async def withheld(bench: Workbench, ask: Ask) -> str:
    """Why nothing of this document may be sent to a model; "" where it may."""
    name = ask.world.name_of(ask.snapshot.path)
    if name and not (await bench.projects.rules(ask.world.root)).allows(name):
        return "The file is ignored or secret, so nothing of it is sent to a model."
    return ""

"""The nouns of a conversation: where something is asked, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from analyzers.questions.code import Place

from ..nouns import Verdict

# Where a line comes from: the project's texts ("fact"), a name or description alone ("likely"), a run, the repository, or the model, borne out by the texts or not.
Source = Literal["fact", "likely", "run", "history", "model", "unchecked"]


@dataclass(frozen=True, slots=True)
class Here:
    """Where somebody is as they ask: a file of the project, and lines (from 1) of it, 0 for none."""

    file: str
    first: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One statement with its places."""

    text: str
    places: tuple[Place, ...] = ()
    source: Source = "fact"


@dataclass(frozen=True, slots=True)
class Proposed:
    """A change that is proposed: each file's text before and after, its title, its verdict where it was judged, and what was found in it."""

    title: str
    files: Mapping[str, tuple[str, str]]
    verdict: Verdict | None = None
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered. `notes` say what was not looked at, or left out; `about` are the paths of what it is about, for who asks on."""

    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    change: Proposed | None = None
    kind: str = field(default="")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known."""
        return not self.lines and self.change is None

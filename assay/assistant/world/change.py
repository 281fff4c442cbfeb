"""Files of a world with new texts: what a proof is about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from analyzers.text import Snapshot, Span

from .world import World

FileKind = Literal["edited", "new", "gone"]


@dataclass(frozen=True, slots=True)
class Edited:
    """One file of a change: the document before (empty for a new file), its whole text after, and the changed span in that text. `name` is its path
    relative to the project's root, POSIX, "" for a document outside it. Of a file that is new the text before is empty, of one that is gone the one after."""

    before: Snapshot
    after: str
    span: Span
    name: str
    kind: FileKind = "edited"

    @property
    def lines(self) -> tuple[int, int]:
        """First and last changed line of the new text, from 1."""
        first = self.after.count("\n", 0, self.span.start) + 1
        text = self.after[self.span.start : self.span.end].rstrip()
        lead = len(text) - len(text.lstrip("\n"))
        return first + lead, first + text.count("\n")

    @property
    def is_gone(self) -> bool:
        """Whether the change takes the file away."""
        return self.kind == "gone"

    @property
    def is_python(self) -> bool:
        """Whether it is to be read as Python; a document without a path, and a cell of a notebook, are."""
        path = self.before.path
        return not path or bool(self.before.preamble) or path.endswith((".py", ".pyi"))


@dataclass(frozen=True, slots=True)
class Change:
    """Files of a world that get new texts together: one verdict is about all of them.

    Where `is_whole` is False, the span is the
    beginning of something that goes on, and what follows it in `after` only makes the text whole enough to be looked at.
    `begun` is there where the change is offered to somebody who writes: the statement under way in the text before, without which the project is run
    to compare. Both are of changes of one file.
    """

    world: World
    files: tuple[Edited, ...]
    is_whole: bool = True
    begun: Span | None = None

    @property
    def root(self) -> Path:
        """The project's."""
        return self.world.root

    @property
    def first(self) -> Edited:
        """The file, where there is but one."""
        return self.files[0]

    @property
    def texts(self) -> dict[str, str]:
        """The project's documents that are not as on disk: the other open ones, and the change's own files as it leaves them."""
        gone = {one.name for one in self.files if one.is_gone}
        own = {one.name: one.after for one in self.files if one.name and not one.is_gone}
        return {name: text for name, text in {**self.world.documents, **own}.items() if name not in gone}


def edited(world: World, before: Snapshot, after: str, span: Span, *, kind: FileKind = "edited") -> Edited:
    """A file of a change in a world."""
    return Edited(before, after, span, world.name_of(before.path), kind)


def one_file(world: World, before: Snapshot, after: str, span: Span) -> Change:
    """A change of one file."""
    return Change(world, (edited(world, before, after, span),))

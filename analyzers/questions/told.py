"""The nouns of an answer, and the words that several kinds of answers have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzers import sentence

from .code import At, Code, Place, Thing
from .naming import Meant
from .question import Question
from .resolved import how_sure

SHOWN = 30  # statements of one kind
ROW = 110  # characters of a line that is quoted


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence, and the places that bear it out, the first one before all. `is_sure`: it follows from the texts; else it goes by a name alone."""

    text: str
    places: tuple[Place, ...] = ()
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to a project, with what its names mean; `one` is what is asked about, the first of `about`."""

    code: Code
    question: Question
    about: tuple[Meant, ...]

    @property
    def one(self) -> Meant:
        """The name that the question is about."""
        return self.about[0]

    @property
    def thing(self) -> Thing | None:
        """The best thing that it means."""
        return self.one.things[0] if self.one.things else None


def of_thing(one: Thing) -> str:
    """What a thing is, as people say it."""
    noun = {"attribute": "an attribute", "constant": "a constant", "module": "a module"}.get(one.kind, f"a {one.kind}")
    return f"`{one.path}` is {noun}"


def about(one: Thing) -> str:
    """What a thing is for, in a sentence: the first one of its docstring, else of its facts."""
    if one.facts is not None:
        first = _first(one.facts.docstring)
        return first or sentence.of(one.facts)
    if one.kind == "module":
        return _first(one.value)
    return f"It is set to `{one.value}`." if one.value else ""


def _first(docstring: str) -> str:
    words = " ".join(docstring.strip().split("\n\n")[0].split())
    end = next((at + 1 for at in range(len(words)) if words[at] in ".!?" and (at + 1 == len(words) or words[at + 1] == " ")), len(words))  # fmt: skip
    told = words[:end]
    return told if not told or told[-1] in ".!?" else f"{told}."


def quoted(code: Code, place: Place) -> str:
    """A line as it is written, in one piece; without the mark that would end it where it is quoted."""
    row = code.row(place).replace("`", "'")
    return row if len(row) <= ROW else f"{row[:ROW]}…"


def uses(code: Code, found: Sequence[At], verb: str, *, is_sure: bool = True) -> list[Statement]:
    """A statement for each use: who does it, with the line as it is written."""
    return [Statement(f"`{code.owner(one)}` {verb}: `{quoted(code, one.place)}`", (one.place,), is_sure) for one in found]  # fmt: skip


def by_sureness(code: Code, found: Sequence[At], one: Thing | None, verb: str) -> list[Statement]:
    """The same of those that mean a thing for sure, then of those that go by its name; others are left out."""
    if one is None:
        return uses(code, found, verb)
    how = {id(at): how_sure(code, at, one) for at in found}
    sure = [at for at in found if how[id(at)] == "sure"]
    return [*uses(code, sure, verb), *uses(code, [at for at in found if how[id(at)] == "by name"], verb, is_sure=False)]


def signature(one: Thing) -> str:
    """A function's or class's head in a line."""
    if one.facts is None:
        return one.path
    given = []
    for p in one.facts.parameters:
        name = f"{'' if p.kind in ('', '/', 'keyword') else p.kind}{p.name}"
        told = f"{name}: {p.annotation}" if p.annotation else name
        given.append(told + (f" = {p.default}" if p.default and p.annotation else f"={p.default}" if p.default else ""))
    back = f" -> {one.facts.annotation}" if one.facts.annotation else ""
    return f"{one.path}({', '.join(given)}){back}"

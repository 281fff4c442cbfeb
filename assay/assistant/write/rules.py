"""The source "template": bodies of mechanical kinds, by the rules of analyzers/mechanical."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence

from analyzers import expressions, homes, syntax
from analyzers.mechanical import arguments, members, records, shape, stores, wrappers
from analyzers.mechanical.made import About, Made
from analyzers.mechanical.shape import Shape
from analyzers.wishes.wish import Wish

from ..workbench import Workbench
from .candidate import Candidate, Target
from .choice import Judged

RULES = (members.bodies, stores.bodies, records.bodies, arguments.bodies, wrappers.bodies)
MOST = 8  # of one wish
RANKED = 0.02  # of likelihood that each one less has than the one before


async def candidates(
    bench: Workbench, target: Target, wish: Wish, before: Sequence[Judged]
) -> AsyncGenerator[Candidate, None]:
    """Bodies, the one that fits best first; nothing the second time."""
    for one in [] if before else await asyncio.to_thread(made, target.texts, target.name, wish):
        yield one


def made(texts: Mapping[str, str], name: str, wish: Wish) -> list[Candidate]:
    """What the rules give for a wish in a file of a project."""
    about = About(wish, _owner(texts.get(name, ""), wish), shapes(texts, name))
    found: dict[str, Made] = {}
    for one in _all(about):
        if one.body and syntax.module(one.body) is not None:
            found.setdefault(one.body, one)
    return [
        Candidate(one.body, "template", one.told, (*one.imports, *expressions.imports(one.body)), likely=-RANKED * rank)
        for rank, one in enumerate([*found.values()][:MOST])
    ]


def _all(about: About) -> Iterator[Made]:
    for rule in RULES:
        yield from rule(about)


def _owner(text: str, wish: Wish) -> Shape | None:
    return shape.of_text(text).get(wish.owner) if wish.owner else None


def shapes(texts: Mapping[str, str], name: str) -> dict[str, Shape]:
    """The classes that a file knows by name: its own, and those that it has from the project's other files."""
    text = texts.get(name, "")
    found = shape.of_text(text)
    modules = {homes.importable(one, texts): one for one in texts if one.endswith(".py")}
    for one in homes.bound(text) - set(found):
        line = homes.origin(text, one)
        if line.startswith("from ") and one[:1].isupper():
            module, _, told = line.removeprefix("from ").partition(" import ")
            if (other := modules.get(module)) is not None:
                known = shape.of_text(texts[other]).get(told.partition(" as ")[0])
                found |= {one: known} if known is not None else {}
    return found

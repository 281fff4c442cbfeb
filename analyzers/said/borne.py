"""Is a sentence that a model says of a project borne out by its texts? Every name, file and line in it must be there, and everything that it claims must be found to be so; what is not understood is not borne out."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analyzers import uses
from analyzers.questions.code import Code, Place, Thing

from .claims import Taken, taken
from .look import Look, is_module
from .so import holds

LONGEST = 1_500  # characters of a sentence that are read


@dataclass(frozen=True, slots=True)
class Borne:
    """A sentence, and what became of it: "borne" out by the texts at `places`, "denied" by them for `why`, or "unchecked"."""

    text: str
    how: Literal["borne", "denied", "unchecked"]
    why: str = ""
    places: tuple[Place, ...] = ()


def of(code: Code, sentence: str, about: Sequence[Thing] = ()) -> Borne:
    """Hold a sentence against a project's texts; `about` are the things that were asked about. One that nobody can read is unchecked."""
    try:
        return _judged(code, sentence[:LONGEST], about)
    except (ValueError, IndexError, KeyError, RecursionError, re.error):
        return Borne(sentence, "unchecked", "nothing here bears it out")


def _judged(code: Code, sentence: str, about: Sequence[Thing]) -> Borne:
    if sentence.startswith("```"):
        return _of_block(code, sentence)
    parts = taken(sentence)
    if not parts.tokens:
        return Borne(sentence, "unchecked", "it names nothing of the project")
    look = Look(code, parts, tuple(about))
    if why := next(look.missing(), ""):
        return Borne(sentence, "denied", why)
    places: list[Place] = []
    is_open = False
    for claim in parts.claims:
        said = holds(look, claim)
        if said is None:
            is_open = True
            continue
        if said.is_so == claim.is_denied:
            return Borne(sentence, "denied", f"the code says otherwise ({said.why})" if said.why else "the code says otherwise")  # fmt: skip
        places += said.places
    if is_open or not parts.claims or _left(parts) or look.has_loose():
        why = "borne out in part" if places else "nothing here bears it out"
        return Borne(sentence, "unchecked", why, tuple(dict.fromkeys(places)))
    return Borne(sentence, "borne", "", tuple(dict.fromkeys(places)))


def _left(parts: Taken) -> tuple[str, ...]:
    """The words that no claim accounts for; what is caught and raised as something else is so "instead"."""
    kinds = {claim.what for claim in parts.claims}
    return tuple(word for word in parts.left if word.lower() != "instead" or not {"catches", "raises"} <= kinds)


def _of_block(code: Code, block: str) -> Borne:
    """A block of code: the names that it calls have to be there."""
    text = re.sub(r"^```\w*\n?|```$", "", block)
    for use in uses.of_text(text):
        if use.kind == "import" and (top := use.name.partition(".")[0]) not in sys.stdlib_module_names and not is_module(code, top):  # fmt: skip
            return Borne(block, "denied", f"there is no module `{top}`")
    return Borne(block, "unchecked", "it was not run")

"""What is wanted, as data: a function or a member of a class with its parameters, its description, its examples and its demands. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from .. import constraints, documented, prose, sessions, words
from ..constraints import Constraint
from ..documented import Example
from .begun import Begun

SAID = 6000  # characters of a description that are read
# How a function is used: by itself, or as a member of its owner.
Form = Literal["function", "method", "class method", "static method", "property", "setter"]
_BOUND: tuple[Form, ...] = ("method", "class method", "property", "setter")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A parameter by its name, its hint and its default as source ("" for none); `star`: "*" or "**" for what takes several."""

    name: str
    hint: str = ""
    default: str = ""
    star: str = ""

    @property
    def source(self) -> str:
        """As it stands in a signature."""
        hint = f": {self.hint}" if self.hint else ""
        default = (f" = {self.default}" if hint else f"={self.default}") if self.default else ""
        return f"{self.star}{self.name}{hint}{default}"


@dataclass(frozen=True, slots=True)
class Wish:
    """A function that is to be written. `doc`: the description; `steps` are its parts where it names several, one after the other. `assumed` are sentences about what nobody said; `keyword`: parameters from the one of
    that number on are given by name alone (-1: none). `checks`: expressions that are to be true, where an example is no call with what it gives. `owner`: the dotted name of the class whose member it is, "" for none, and `form` which kind of member;
    an example of a member is a session (analyzers/sessions.py). `begun`: its source as far as somebody wrote it, which stays. `tested`: the calls of examples that tests of the project show. `bare`: the description without the doctests that were made of its examples, None where
    none were."""

    name: str
    parameters: tuple[Wanted, ...]
    returns: str
    doc: str
    examples: tuple[Example, ...] = ()
    checks: tuple[str, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    steps: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    is_async: bool = False
    keyword: int = -1
    owner: str = ""
    form: Form = "function"
    tested: tuple[str, ...] = ()
    begun: Begun | None = None
    bare: str | None = None

    @property
    def head(self) -> str:
        """Its first line, as source."""
        told = [one.source for one in self.parameters]
        if self.keyword >= 0 and not any(one.star == "*" for one in self.parameters):
            told.insert(self.keyword, "*")
        gives = f" -> {self.returns}" if self.returns else ""
        return f"{'async ' * self.is_async}def {self.name}({', '.join(told)}){gives}:"

    @property
    def full_name(self) -> str:
        """Its dotted name in the module."""
        return f"{self.owner}.{self.name}" if self.owner else self.name

    @property
    def given(self) -> tuple[Wanted, ...]:
        """The parameters that a call gives: without the instance or the class."""
        return self.parameters[1:] if self.form in _BOUND else self.parameters

    @property
    def required(self) -> tuple[Wanted, ...]:
        """The parameters that a call has to give."""
        return tuple(one for one in self.given if not one.default and not one.star)

    @property
    def words(self) -> frozenset[str]:
        """The words of the description and of the name, without an ending for several."""
        found = {*re.findall(r"[a-z]+", self.doc.lower()), *(one.lower() for one in words.of_name(self.name))}
        return frozenset(found | {one.removesuffix("s") for one in found if len(one) > 3})


def read(wish: Wish) -> Wish:
    """With what the description says besides."""
    shown = sessions.of_doctest(wish.doc, wish.name) if wish.owner else documented.shown(wish.doc, wish.name)
    return replace(
        wish,
        examples=shown,
        constraints=constraints.of_text(prose.plain(wish.doc[:SAID])),
        steps=() if wish.owner else prose.steps(wish.doc[:SAID]),
    )


def with_example(wish: Wish, one: Example) -> Wish:
    """With one more example, that its docstring shows as doctest has it."""
    told = sessions.as_doctest(one)
    doc = wish.doc.rstrip()
    gap = "\n" if doc.splitlines()[-1:] and ">>>" in doc.rsplit("\n\n", 1)[-1] else "\n\n"
    bare = wish.doc if wish.bare is None else wish.bare
    return replace(wish, doc=f"{doc}{gap if doc else ''}{told}", bare=bare, examples=(*wish.examples, one))


def with_doctests(wish: Wish) -> Wish:
    """With its examples as doctest has them at the end of its docstring, where they are not there yet: they are its tests then."""
    made = wish
    for one in wish.examples:
        value = documented.value(one.gives)
        is_plain = bool(one.raised) or (value is not None and not isinstance(value, set)) or one.gives == "None"
        if f">>> {one.call}" not in made.doc and is_plain:
            made = with_example(made, one if one.raised else replace(one, gives=repr(value)))
    return replace(made, examples=wish.examples)


def by_examples(wish: Wish) -> Wish:
    """Without the hints that its examples deny: for a wish whose hints are guesses."""
    parameters = list(wish.parameters)
    for one in wish.examples:
        for at, value in enumerate(documented.arguments(one.call) or ()):
            if at < len(parameters) and documented.breaks(parameters[at].hint, value):
                parameters[at] = replace(parameters[at], hint="")
    gives = [documented.value(one.gives) for one in wish.examples if not one.raised]
    returns = "" if any(documented.breaks(wish.returns, value) for value in gives) else wish.returns
    return replace(wish, parameters=tuple(parameters), returns=returns)

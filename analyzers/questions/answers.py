"""The answer to a question from a project's texts: by what it names where it names something, by the texts that it quotes, else by what it describes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from . import described, of_things, of_uses
from .code import At, Code, Place, Thing
from .described import Index
from .naming import Meant, meant, near
from .question import Kind, Question
from .told import SHOWN, Asked, Statement, about, of_thing, quoted

Way = Callable[[Asked], Iterator[Statement]]
WAYS: Mapping[Kind, Way] = {
    "where": of_things.where, "what": of_things.what, "callers": of_uses.callers, "callees": of_uses.callees, "raises": of_things.raises, "raised": of_uses.raised, "caught": of_uses.caught,
    "returns": of_things.returns, "parameters": of_things.parameters, "default": of_things.default, "tests": of_uses.tests, "subclasses": of_things.subclasses, "bases": of_things.bases,
    "members": of_things.members, "imports": of_uses.imports, "importers": of_uses.importers, "value": of_things.value, "changed": of_uses.changed, "overrides": of_things.overrides,
    "decorated": of_uses.decorated, "linked": of_uses.linked, "async": of_things.is_async,
}  # fmt: skip
DESCRIBED, LEAST = (
    5,
    0.15,
)  # things that are told of what is described, and the least share of the question's words that the best must have
MOST = 2_000  # statements of one answer
TEXT_SHARE = 0.6  # of a quoted text's words that a text in the code must have
MANY = 5  # words of a question from which on it describes what it asks for
ENOUGH = 2  # words that say where in a thing something is done
_LIMIT = re.compile(r"\b(?:limit|maximum|minimum|max|min|longest|constant|configur\w*)\b", re.IGNORECASE)
_WORD = re.compile(r"\w+")
# Words that say of which kind a question is, and nothing of what is looked for.
_OF_KIND = frozenset(
    "defin declar locat call caller caller call invok rais throw catch caught handl return test cover inherit subclass deriv extend default valu argument arg param paramet signatur tak accept import method member attribut implement creat us usag referenc decorat connect relat function class modul constant variabl explain describ purpos mean work configur set assign chang updat modif defaul direct insid packag list exist ther object string strip_ if".split()
)


# What is said where nothing is found of what was asked for.
NONE: Mapping[Kind, str] = {
    "overrides": "Nothing here overrides `{}`.",
    "subclasses": "No class here inherits from `{}`.",
    "caught": "No `except` here names `{}`.",
    "raised": "No `raise` here names `{}`.",
    "importers": "No file here imports `{}`.",
    "decorated": "Nothing here is decorated with `{}`.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said. `by`: what it goes by, a name, a text, a description, or nothing. `about` are the things that the question names."""

    statements: tuple[Statement, ...]
    by: str = ""
    about: tuple[Thing, ...] = ()
    kind: Kind = "what"

    @property
    def places(self) -> tuple[Place, ...]:
        """All places, in their order."""
        return tuple(dict.fromkeys(place for one in self.statements for place in one.places))


def answer(code: Code, question: Question, index: Callable[[], Index]) -> Answer:
    """The answer; without a statement where nothing is found."""
    named = meant(code, question)
    if question.texts and (found := _of_texts(code, question)):
        return found
    if (found := _of_project(code, question, named)) is not None:
        return found
    if named[:1] and named[0].is_spelled and question.kind in ("where", "what") and len(described.wanted(question)) > len(described.stems_of(named[0].last)):  # fmt: skip
        named = []  # more is said than the words of a name
    if (
        named
        and not any(one.is_marked for one in named)
        and question.asks_where
        and len(described.wanted(question)) > MANY
    ):
        named = []  # a word among many
    if named:
        return _of_names(code, question, named, index)
    return _of_description(code, question, index())


def _of_project(code: Code, question: Question, named: Sequence[Meant]) -> Answer | None:
    """Kinds that need no name."""
    things = [one.things[0] for one in named if one.things]
    if "environment" in question.kinds:
        names = [one.name for one in named if one.name.isupper()]
        found = list(of_uses.environment(code, names))
        if not names and len(found) > 1:
            found = _nearest(code, question, found)
        return Answer(tuple(found), "name", tuple(things), "environment") if found else None
    if "deprecated" in question.kinds:
        found = list(
            of_uses.deprecated(code, things[0] if things else None, [one.name for one in named if not one.things])
        )
        none = Statement("Nothing in it says that it is deprecated.", (things[0].place,)) if things else None
        return Answer(tuple(found or [none] if none or found else []), "name", tuple(things), "deprecated")  # type: ignore[list-item]
    return None


def _nearest(code: Code, question: Question, found: Sequence[Statement]) -> list[Statement]:
    """Those first that stand where the question's other words are."""
    terms = described.wanted(question)

    def fits(one: Statement) -> int:
        place = one.places[0]
        around = code.around(place.file, place.line)
        rows = code.texts[place.file].split("\n")
        text = "\n".join(rows[(around.line if around else place.line) - 1 : around.end if around else place.line + 1])
        return sum(term in {*described.stems_of(text), *described.stems_of(one.text)} for term in terms)

    return sorted(found, key=lambda one: (code.is_test(one.places[0].file), -fits(one)))


def _of_texts(code: Code, question: Question) -> Answer | None:
    """Where texts that are quoted come from: whole ones first, then those that share most of their words, for people quote what the program put in, too."""
    found = list[tuple[float, Statement]]()
    for text in question.texts:
        wanted = [one.lower() for one in _WORD.findall(text)]
        for at in code.texts_used():
            share = _share(text, wanted, at)
            if share >= TEXT_SHARE and not (code.is_test(at.file) and share < 1):
                told = " ".join(at.use.name.split())
                line = _row_of(code, at, text)
                around = code.around(at.file, at.use.line)
                places = (Place(at.file, line), *([around.place] if around else []))
                found.append((share - code.is_test(at.file), Statement(f"`{code.owner(at)}` has the text “{told[:120]}”.", places)))  # fmt: skip
    found.sort(key=lambda one: -one[0])
    kept = [one for share, one in found if share >= found[0][0] - 0.25][:SHOWN] if found else []
    return Answer(tuple(kept), "text", kind="text") if kept else None


def _share(text: str, wanted: Sequence[str], at: At) -> float:
    """How much of a text that somebody saw is in one of the code; 1 for all of it."""
    if text in at.use.name:
        return 1.0
    own = [one.lower() for one in _WORD.findall(at.use.name.replace("…", " "))]
    if len(own) < 2 or not wanted:
        return 0.0
    common = sum(one in own for one in wanted) / len(wanted)
    back = sum(one in wanted for one in own) / len(own)
    return min(0.99, max(common, 0.9 * back if len(own) >= 3 else 0.0) * (0.5 + 0.5 * back))


def _row_of(code: Code, at: At, text: str) -> int:
    """The line of a text that goes over several where its first words stand."""
    rows = code.texts[at.file].split("\n")
    first = next(iter(_WORD.findall(text)), "")
    return next((n for n in range(at.use.line, min(at.use.line + 8, len(rows)) + 1) if first in rows[n - 1]), at.use.line)  # fmt: skip


def _of_names(code: Code, question: Question, named: Sequence[Meant], index: Callable[[], Index]) -> Answer:
    known = [one for one in named if one.things]
    asked = Asked(code, question, tuple(_ordered(question, named)))
    things = tuple(one.things[0] for one in known)
    for one in _subjects(asked, question.kind):
        if of_things.named_parameters(one) and question.kind not in ("tests", "changed", "raised", "caught", "linked"):
            return Answer(tuple(of_things.default(one)), "name", things, "default")
    if (inside := _inside(asked, index)) is not None:
        return Answer(inside, "name", things, "where")
    for kind in dict.fromkeys((*question.kinds, "what", "where")):
        if kind in ("what", "where") and question.kind in NONE and asked.thing is not None:
            none = Statement(NONE[question.kind].format(asked.thing.path), (asked.thing.place,))
            return Answer((none, *of_things.what(asked)), "name", things, question.kind)
        if kind not in WAYS or (kind == "linked" and len(known) < 2):
            continue
        for one in _subjects(asked, kind):
            found = tuple(WAYS[kind](one))
            if found:
                return Answer(found[:MOST], "name", things, kind)
    if found := tuple(of_things.taken(code, asked.one.last)):
        return Answer(found[:MOST], "name", things, "parameters")
    if found := tuple(_mentions(code, asked.one.last)):
        return Answer(found[:MOST], "name", things, "callers")
    missing = [Statement(f"Nothing here is called `{one.name}`{_near(code, one.name)}.", is_sure=True) for one in named if not one.things]  # fmt: skip
    return Answer(tuple(missing), "nothing", things)


def _mentions(code: Code, name: str) -> Iterator[Statement]:
    """Uses of a name that the project does not define."""
    for at in code.every_use.get(name, ()):
        yield Statement(f"`{code.owner(at)}` names it: `{quoted(code, at.place)}`", (at.place,))


def _near(code: Code, name: str) -> str:
    close = near(code, name)
    return f"; there is {', '.join(f'`{one.path}` ({one.place})' for one in close)}" if close else ""


def _ordered(question: Question, named: Sequence[Meant]) -> list[Meant]:
    """The names with what is asked about first: what is of the project before what is not, what is no module before its module."""

    def weight(one: Meant) -> tuple[bool, bool]:
        is_home = bool(one.things) and one.things[0].kind == "module" and len(named) > 1
        return not one.things, is_home

    if {"raised", "caught"} & {*question.kinds[:2]}:
        return list(named)
    return sorted(named, key=weight)


def _subjects(asked: Asked, kind: Kind) -> Iterator[Asked]:
    """The question about its first name, then about each of the others."""
    yield asked
    if kind not in ("raised", "caught", "linked"):
        for number in range(1, len(asked.about)):
            yield replace(
                asked, about=(asked.about[number], *(one for n, one in enumerate(asked.about) if n != number))
            )


def _inside(asked: Asked, index: Callable[[], Index]) -> tuple[Statement, ...] | None:
    """Where in a thing that is named something is done that is described."""
    one, question = asked.thing, asked.question
    if one is None or one.kind in ("constant", "attribute") or not (question.asks_where or question.kind in ("callers", "changed", "value")) or len(asked.about) > 1:  # fmt: skip
        return None
    own = set(described.stems_of(one.path))
    terms = [term for term in described.wanted(question) if term not in own and term not in _OF_KIND]
    if len(terms) < ENOUGH:
        return None
    made = index()
    if one.kind in ("class", "module"):
        found = described.search(made, terms, 3, one)
        if not found or found[0].share < 0.3:
            return None
        return tuple(_found(asked.code, each) for each in found)
    place = described.line(asked.code, one, terms, made.weights)
    row = {*described.stems_of(asked.code.row(place))}
    if place.line == one.line or sum(term in row for term in terms) < 1:
        return None
    return (Statement(f"`{one.path}` has `{quoted(asked.code, place)}`.", (place, one.place)), *of_things.what(asked))


def _of_description(code: Code, question: Question, made: Index) -> Answer:
    terms = described.wanted(question)
    found = described.search(made, terms, DESCRIBED * 3)
    if not found or found[0].share < LEAST:
        return Answer((), "nothing")
    found = _preferring(code, question, found)[:DESCRIBED]
    return Answer(tuple(_found(code, one) for one in found), "description", kind="where")


def _found(code: Code, one: described.Found) -> Statement:
    places = (one.thing.place,) if one.place == one.thing.place else (one.thing.place, one.place)
    line = f" Line {one.place.line}: `{quoted(code, one.place)}`" if len(places) > 1 else ""
    return Statement(f"{of_thing(one.thing)}: {about(one.thing)}{line}", places, is_sure=False)


def _preferring(code: Code, question: Question, found: Sequence[described.Found]) -> list[described.Found]:
    """Those that raise, catch or warn first, where the question is about that."""
    kinds = {"raised": "raise", "caught": "except", "raises": "raise"}
    word = next((kinds[kind] for kind in question.kinds if kind in kinds), "")

    def has(one: described.Found) -> bool:
        rows = code.texts[one.thing.file].split("\n")[one.thing.line - 1 : one.thing.end]
        return any(row.strip().startswith(word) for row in rows)

    is_value = "value" in question.kinds or "default" in question.kinds or _LIMIT.search(question.text) is not None

    def weight(one: described.Found) -> float:
        return (1.25 if word and has(one) else 1.0) * (
            1.3 if is_value and one.thing.facts is None and one.thing.kind != "module" else 1.0
        )

    return sorted(found, key=lambda one: -one.score * weight(one))

"""What functions were called with while the project's own tests ran, as calls that somebody would write."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from dataclasses import replace

from analyzers import inputs
from analyzers.subjects import Subject
from sandbox.api import Taken

MOST, LENGTH = 40, 200  # calls of one function, the shortest ones, and their characters


def seen(subject: Subject, taken: Mapping[int, Sequence[Taken]]) -> Subject:
    """The subject, and its methods, with the texts of the arguments that they were called with, by the functions' first lines."""
    makers = tuple(replace(one, seen=_texts(one, taken, bound=1)) for one in subject.makers)
    methods = tuple(replace(one, seen=_texts(one, taken, bound=1), makers=makers) for one in subject.methods)
    return replace(subject, seen=_texts(subject, taken, bound=1 if methods else 0), methods=methods, makers=makers)


def _texts(subject: Subject, taken: Mapping[int, Sequence[Taken]], bound: int) -> tuple[str, ...]:
    """`bound`: how many of the first arguments nobody writes."""
    found = {own: None for one in taken.get(subject.starts, ()) if (own := text(subject, one, bound)) is not None}
    return tuple(sorted((one for one in found if len(one) <= LENGTH), key=len)[:MOST])


def text(subject: Subject, call: Taken, bound: int) -> str | None:
    """The arguments as they are written: what is as by default is left out, and so are the first ones that nobody writes (`bound`). None where one of them is no plain value."""
    places = [one for one in subject.parameters if not one.is_keyword]
    args = call.args[bound:]
    if len(places) != len(args):
        return None
    given = list(zip(places, args, strict=True))
    given += [(one, call.keywords.get(one.name)) for one in subject.parameters if one.is_keyword]
    more, named = inputs.literal(call.more), inputs.literal(call.named)
    if not isinstance(more, tuple) or not isinstance(named, dict):
        return None
    told, is_named = list[str](), False
    for parameter, source in given:
        if parameter.is_keyword and more:
            told += [repr(one) for one in more]
            more = ()
        if parameter.default and not (more and not parameter.is_keyword):
            if source is None and _is_literal(parameter.default):
                return None  # it was given something, and nobody can write what
            if source is None or _same(source, parameter.default):
                is_named = True
                continue
        if source is None or not (_is_literal(source) or source == "set()"):  # what ran tells what it likes
            return None
        is_by_name = parameter.is_keyword or (is_named and not more)
        told.append(f"{parameter.name}={source}" if is_by_name else source)
    told += [repr(one) for one in more]
    if not all(isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name) for name in named):
        return None
    return ", ".join([*told, *(f"{name}={value!r}" for name, value in named.items())])


def _same(source: str, default: str) -> bool:
    one, other = inputs.literal(source), inputs.literal(default)
    return type(one) is type(other) and one == other and (one is not None or _is_literal(default))


def _is_literal(source: str) -> bool:
    return source.strip() == "None" or inputs.literal(source) is not None

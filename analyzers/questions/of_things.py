"""Answers about a thing itself: where and what it is, its head, its defaults, what it gives and raises, what is in it, what it comes from and what comes from it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzers import uses

from .code import Code, Place, Thing
from .resolved import how_sure
from .told import SHOWN, Asked, Statement, about, of_thing, quoted, signature

_EXCEPTION = re.compile(r":exc:`[~.]?(?:[\w.]*\.)?(\w+)`|\b([A-Z]\w*(?:Error|Exception|NotFound|Timeout))\b")
SEVERAL = 8  # statements of one kind about a thing
MODULE_SHOWN = 20  # things of a module that are told


def where(asked: Asked) -> Iterator[Statement]:
    """Where things are."""
    for one in asked.one.things[:SHOWN]:
        told = f" set to `{one.value}`" if one.value and one.kind != "module" else ""
        yield Statement(f"{of_thing(one)}{told} in {one.file}.", (one.place,))


def what(asked: Asked) -> Iterator[Statement]:
    """What the best thing is, with what is known of it; the others by their places."""
    one = asked.thing
    if one is None:
        return
    code = asked.code
    if one.kind == "module":
        yield from _module(code, one)
        return
    yield Statement(f"{of_thing(one)}: {about(one) or 'nothing is said of it.'}", (one.place,))
    if one.facts is not None:
        yield Statement(f"Its head is `{signature(one)}`.", (one.place,))
        for tell in (bases, returns, raises):
            yield from list(tell(asked))[:SEVERAL]
        if one.kind == "class":
            yield from list(members(asked))[:8]
    for other in asked.one.things[1:4]:
        yield Statement(f"{of_thing(other)}, too: {about(other)}", (other.place,))


def _module(code: Code, one: Thing) -> Iterator[Statement]:
    yield Statement(f"`{one.path}` is a module: {about(one) or 'it has no docstring.'}", (one.place,))
    top = [other for other in code.in_file(one.file) if "." not in other.path and other.kind in ("function", "class")]
    for other in top[:MODULE_SHOWN]:
        yield Statement(f"{of_thing(other)}: {about(other)}", (other.place,))


def parameters(asked: Asked) -> Iterator[Statement]:
    """What a function or class takes; of a name that is only a parameter, who takes it."""
    one = asked.thing
    if one is not None and one.facts is not None:
        made = _init(asked.code, one)
        yield Statement(f"`{signature(one)}`", (made.place, one.place) if made is not one else (one.place,))
        for p in one.facts.parameters:
            told = f"is {p.default} unless it is given" if p.default else "takes what is left" if p.kind in ("*", "**") else "has to be given"  # fmt: skip
            kind = f" ({p.annotation})" if p.annotation else ""
            yield Statement(f"`{p.name}`{kind} {told}.", (_parameter(asked.code, made, p.name),))
    elif one is None:
        yield from taken(asked.code, asked.one.last)


def taken(code: Code, name: str) -> Iterator[Statement]:
    """The functions that take a parameter of a name, with its default."""
    for one in code.things:
        for p in one.facts.parameters if one.facts is not None and one.kind != "class" else ():
            if p.name == name:
                told = f", {p.default} unless it is given" if p.default else ""
                yield Statement(f"`{one.path}` takes `{name}`{told}.", (_parameter(code, one, name), one.place))


def default(asked: Asked) -> Iterator[Statement]:
    """The defaults of the parameters that a question names; else of all that a thing has."""
    one = asked.thing
    if one is None or one.facts is None:
        if one is not None and one.value:
            yield from value(asked)
        elif one is None:
            yield from (told for told in taken(asked.code, asked.one.last) if "unless" in told.text)
        return
    words = {*re.findall(r"\w+", asked.question.text)} - {one.name}
    made = _init(asked.code, one)
    named = [p for p in one.facts.parameters if p.name in words]
    for p in named or one.facts.parameters:
        if named or p.default:
            told = f"is `{p.default}` unless it is given" if p.default else "has no default: it has to be given"
            yield Statement(f"`{p.name}` of `{one.path}` {told}.", (_parameter(asked.code, made, p.name), made.place))


def named_parameters(asked: Asked) -> bool:
    """Whether a question names a parameter of what it is about."""
    one = asked.thing
    words = {*re.findall(r"\w+", asked.question.text)}
    return one is not None and one.facts is not None and any(p.name in words and p.name != one.name for p in one.facts.parameters)  # fmt: skip


def _init(code: Code, one: Thing) -> Thing:
    """Where the parameters of a class stand."""
    if one.kind != "class":
        return one
    for cls in (one, *code.bases(one)):
        made = next((other for other in code.in_file(cls.file) if other.path == f"{cls.path}.__init__"), None)
        if made is not None:
            return made
    return one


def _parameter(code: Code, one: Thing, name: str) -> Place:
    """The line in a head on which a parameter stands."""
    rows = code.texts[one.file].split("\n")
    for line in range(one.line, min(one.end, len(rows)) + 1):
        if re.search(rf"(?<![\w.]){re.escape(name)}\s*(?:[:=,)]|$)", rows[line - 1]):
            return Place(one.file, line)
        if rows[line - 1].rstrip().endswith(":") and line > one.line:
            break
    return one.place


def returns(asked: Asked) -> Iterator[Statement]:
    """What a function gives: by its annotation and by each `return`."""
    one = asked.thing
    if one is None or one.facts is None or one.kind == "class":
        return
    code = asked.code
    own = [use for use in uses.of_text(code.texts[one.file]) if use.kind == "return" and use.owner == one.path and one.line <= use.line <= one.end]  # fmt: skip
    lines = list(dict.fromkeys(Place(one.file, use.line) for use in own if use.name))
    if one.facts.annotation:
        yield Statement(f"`{one.path}` says that it returns `{one.facts.annotation}`.", (one.place, *lines[:1]))
    for place in lines[:SHOWN]:
        yield Statement(f"`{one.path}` has `{quoted(code, place)}`.", (place, one.place))
    if not lines and not one.facts.annotation:
        yield Statement(f"`{one.path}` returns nothing.", (one.place,))


def raises(asked: Asked) -> Iterator[Statement]:
    """The exceptions of a function, each place; those of what it calls in its module; what it catches and raises anew."""
    one = asked.thing
    if one is None or one.facts is None:
        return
    code = asked.code
    inside = [use for use in uses.of_text(code.texts[one.file]) if use.kind == "raise" and one.line <= use.line <= one.end]  # fmt: skip
    conditions = {raised.line: raised.condition for raised in one.facts.raises}
    is_passed_on = any(not use.name for use in inside)
    for use in (use for use in inside if use.name):
        when = f" where `{conditions[use.line]}`" if conditions.get(use.line) else ""
        yield Statement(f"`{use.owner or one.path}` raises `{use.name}`{when}.", (Place(one.file, use.line), one.place))
    for name, callee in one.facts.raises_by_callee:
        yield Statement(f"`{one.path}` raises `{name}` by `{callee}`, which it calls.", (one.place,))
    if is_passed_on:
        first = next(use for use in inside if not use.name)
        yield Statement(f"`{one.path}` raises again what it caught.", (Place(one.file, first.line), one.place))
    known = {use.last for use in inside} | {name.rpartition(".")[2] for name, _ in one.facts.raises_by_callee}
    for name in dict.fromkeys(name for pair in _EXCEPTION.findall(one.facts.docstring) for name in pair if name):
        if name not in known:
            yield Statement(f"The docstring of `{one.path}` speaks of `{name}`.", (one.place,))
    if not inside and not one.facts.raises_by_callee and asked.question.kind == "raises":
        yield Statement(f"`{one.path}` has no `raise` of its own; what it calls may raise.", (one.place,))


def members(asked: Asked) -> Iterator[Statement]:
    """What is in a class, or at the top of a module."""
    one = asked.thing
    if one is None or one.kind not in ("class", "module"):
        return
    head = "" if one.kind == "module" else f"{one.path}."
    inside = [other for other in asked.code.in_file(one.file) if other.kind != "module" and other.path.startswith(head) and "." not in other.path[len(head) :]]  # fmt: skip
    wanted = {"method": ("method", "property"), "function": ("function", "method"), "class": ("class",), "attribute": ("attribute", "property"), "constant": ("constant", "attribute")}  # fmt: skip
    nouns = [kind for noun, kinds in wanted.items() if re.search(rf"\b{noun}", asked.question.text, re.IGNORECASE) and noun != one.kind for kind in kinds]  # fmt: skip
    for other in [other for other in inside if not nouns or other.kind in nouns][:SHOWN]:
        told = f" {about(other)}" if about(other) else ""
        yield Statement(f"{of_thing(other)}.{told}", (other.place,))


def bases(asked: Asked) -> Iterator[Statement]:
    """What a class comes from."""
    one = asked.thing
    if one is None or one.kind != "class" or one.facts is None:
        return
    own = {other.name: other for other in asked.code.bases(one)}
    for base in one.facts.bases:
        other = own.get(base.partition("[")[0].rpartition(".")[2])
        yield Statement(f"`{one.path}` inherits from `{base}`.", (one.place, *([other.place] if other else [])))
    if not one.facts.bases and asked.question.kind == "bases":
        yield Statement(f"`{one.path}` inherits from nothing but `object`.", (one.place,))


def subclasses(asked: Asked) -> Iterator[Statement]:
    """The classes that name it as a base, then those that come from these; those that mean another one of its name are left out."""
    code, seen = asked.code, set[Place]()
    left: list[tuple[str, Thing | None]] = [(asked.one.last, asked.thing)]
    while left:
        name, base = left.pop(0)
        for at in code.used(name, "base"):
            how = how_sure(code, at, base) if base is not None else "sure"
            owner = next((o for o in code.in_file(at.file) if o.path == at.use.owner and o.kind == "class"), None)
            place = owner.place if owner is not None else at.place
            if how != "no" and place not in seen:
                seen.add(place)
                yield Statement(f"`{at.use.owner}` inherits from `{at.use.name}`.", (place,), how == "sure")
                if owner is not None and not code.is_test(at.file):
                    left.append((owner.name, owner))


def overrides(asked: Asked) -> Iterator[Statement]:
    """Methods of the same name in classes that come from a method's class; of a class, what it overrides of its bases."""
    one, code = asked.thing, asked.code
    if one is None:
        return
    if one.kind == "class":
        above = {
            name.name: base for base in code.bases(one) for name in code.in_file(base.file) if name.owner == base.path
        }
        for other in code.in_file(one.file):
            if other.owner == one.path and other.name in above and other.kind in ("method", "property"):
                yield Statement(f"`{other.path}` overrides that of `{above[other.name].path}`.", (other.place,))
        return
    for other in code.by_name.get(one.name, ()):
        cls = next((c for c in code.in_file(other.file) if c.path == other.owner and c.kind == "class"), None)
        if cls is not None and other is not one and any((b.file, b.path) == (one.file, one.owner) for b in code.bases(cls)):  # fmt: skip
            yield Statement(f"`{other.path}` overrides `{one.path}`.", (other.place,))


def value(asked: Asked) -> Iterator[Statement]:
    """What a constant or an attribute is set to where it is made."""
    for one in asked.one.things:
        if one.value and one.kind in ("constant", "attribute"):
            yield Statement(f"`{one.path}` is set to `{one.value}`.", (one.place,))


def is_async(asked: Asked) -> Iterator[Statement]:
    """Whether a function is a coroutine or a generator."""
    one = asked.thing
    if one is not None and one.facts is not None and one.kind != "class":
        kind = "a coroutine function (`async def`)" if one.facts.is_async else "a plain function"
        more = ", and a generator: it yields" if one.facts.yields else ""
        yield Statement(f"`{one.path}` is {kind}{more}.", (one.place,))

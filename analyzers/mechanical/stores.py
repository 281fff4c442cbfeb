"""Members of classes that keep many: add, get, remove, list, count, and what is said of all of them together. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .. import words
from . import records
from .made import About, Made
from .shape import Field, Shape, of_hint

_VERBS = {
    "add": "add append insert register push put store save enqueue create attach include subscribe".split(),
    "set": "set update put assign store save register add".split(),
    "remove": "remove delete discard unregister drop detach unsubscribe cancel".split(),
    "pop": "pop dequeue take next".split(),
    "get": "get find lookup fetch load read retrieve by".split(),
    "has": "has contains is exists knows includes".split(),
    "all": "all list values items every entries".split(),
    "count": "count size length number len".split(),
    "empty": ["empty"],
    "clear": "clear reset flush empty".split(),
}
_KEYS = ("id", "key", "name", "uid", "code", "slug", "number")


def bodies(about: About) -> Iterator[Made]:
    """What the rules give for a member of a class that keeps many in one of its fields."""
    owner = about.owner
    if owner is None or about.wish.form not in ("method", "property"):
        return
    for field in kept(about, owner):
        of = f"self.{field.name}"
        yield from _by_operator(about, of)
        if not about.name.startswith("__"):
            yield from _by_verb(about, field, of)
            yield from records.of_many(about, of if field.holds != "dict" else f"{of}.values()", field.inner)


def kept(about: About, owner: Shape) -> tuple[Field, ...]:
    """The fields that hold many, those that the wish speaks of first."""
    many = [one for one in owner.fields if one.holds]
    spoken = [one for one in many if not about.wish.words.isdisjoint(word.lower().removesuffix("s") for word in words.of_name(one.public))]  # fmt: skip
    return tuple(spoken or many)[:2]


def _by_operator(about: About, of: str) -> Iterator[Made]:
    given = about.given
    told = {
        "__len__": f"return len({of})", "__iter__": f"return iter({of})", "__bool__": f"return bool({of})", "__reversed__": f"return reversed({of})",
    }  # fmt: skip
    if given:
        told |= {
            "__contains__": f"return {given[0]} in {of}", "__getitem__": f"return {of}[{given[0]}]", "__delitem__": f"del {of}[{given[0]}]",
        }  # fmt: skip
    if len(given) > 1:
        told["__setitem__"] = f"{of}[{given[0]}] = {given[1]}"
    if about.name in told:
        yield Made(told[about.name], "of what it keeps")


def _by_verb(about: About, field: Field, of: str) -> Iterator[Made]:
    said = [word.lower() for word in words.of_name(about.name)]
    kinds = [kind for kind, verbs in _VERBS.items() if said and (said[0] in verbs or (kind == "empty" and "empty" in said))]  # fmt: skip
    for kind in kinds:
        made = {"add": _added, "set": _set, "remove": _removed, "pop": _popped, "get": _got, "has": _had, "all": _listed, "count": _counted, "empty": _is_empty, "clear": _cleared}[kind](about, field, of)  # fmt: skip
        for body in made:
            yield Made(body, "of what it keeps")


def _added(about: About, field: Field, of: str) -> Iterator[str]:
    given = about.given
    if len(given) == 1:
        one = given[0]
        if field.holds == "dict":
            if (key := _key_of(about, field)) is not None:
                yield f"{of}[{one}.{key}] = {one}"
        else:
            yield f"{of}.{'append' if field.holds == 'list' else 'add'}({one})"
        return
    if field.holds == "dict" and len(given) == 2:
        yield f"{of}[{given[0]}] = {given[1]}"
    inner = about.shapes.get(field.inner)
    if inner is not None and given and set(given) <= {one.public for one in inner.fields}:
        made = f"{inner.name}({', '.join(f'{one}={one}' for one in given)})"
        if field.holds == "list":
            yield f"{of}.append({made})"
        elif field.holds == "dict" and (key := _key_of(about, field)) in given:
            yield f"{of}[{key}] = {made}"


def _key_of(about: About, field: Field) -> str | None:
    """The field of what is kept by which it is found."""
    inner = about.shapes.get(field.inner)
    names = [one.name for one in inner.fields] if inner is not None else []
    return next((key for key in _KEYS if key in names), None)


def _set(about: About, field: Field, of: str) -> Iterator[str]:
    if field.holds == "dict" and len(about.given) == 2:
        yield f"{of}[{about.given[0]}] = {about.given[1]}"


def _removed(about: About, field: Field, of: str) -> Iterator[str]:
    if len(about.given) != 1:
        return
    one = about.given[0]
    match field.holds:
        case "dict":
            yield from (f"del {of}[{one}]", f"return {of}.pop({one})", f"{of}.pop({one}, None)")
        case "set":
            yield from (f"{of}.remove({one})", f"{of}.discard({one})")
        case _:
            inner = about.shapes.get(of_hint(field.hint)[1])
            if inner is not None and inner.field(one) is not None:
                yield f"{of} = [one for one in {of} if one.{one} != {one}]"
            else:
                yield f"{of}.remove({one})"


def _popped(about: About, field: Field, of: str) -> Iterator[str]:
    if not about.given and field.holds == "list":
        first, last = f"return {of}.pop(0)", f"return {of}.pop()"
        is_queue = not {"dequeue", "next", "queue", "first"}.isdisjoint(about.wish.words)
        yield from (first, last) if is_queue else (last, first)


def _got(about: About, field: Field, of: str) -> Iterator[str]:
    if len(about.given) == 1:
        one = about.given[0]
        if field.holds == "dict":
            is_soft = "None" in about.wish.returns or "none" in about.wish.words
            both = (f"return {of}[{one}]", f"return {of}.get({one})")
            yield from reversed(both) if is_soft else both
        elif field.holds == "list" and one in ("index", "position", "number", "i", "n"):
            yield f"return {of}[{one}]"
    elif len(about.given) == 2 and field.holds == "dict":
        yield f"return {of}.get({about.given[0]}, {about.given[1]})"


def _had(about: About, field: Field, of: str) -> Iterator[str]:
    if len(about.given) == 1:
        inner = about.shapes.get(field.inner)
        if field.holds != "dict" and inner is not None and inner.field(about.given[0]) is not None:
            yield f"return any(one.{about.given[0]} == {about.given[0]} for one in {of})"
        yield f"return {about.given[0]} in {of}"


def _listed(about: About, field: Field, of: str) -> Iterator[str]:
    if not about.given:
        yield f"return list({of})" if field.holds != "dict" else f"return list({of}.values())"
        if field.holds == "dict":
            yield f"return list({of})"


def _counted(about: About, field: Field, of: str) -> Iterator[str]:
    if not about.given:
        yield f"return len({of})"
    elif len(about.given) == 1 and field.holds == "list":
        yield f"return {of}.count({about.given[0]})"


def _is_empty(about: About, field: Field, of: str) -> Iterator[str]:
    if not about.given:
        yield f"return not {of}"


def _cleared(about: About, field: Field, of: str) -> Iterator[str]:
    if not about.given:
        yield f"{of}.clear()"

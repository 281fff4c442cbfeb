"""Functions over a project's own types: totals, the largest, those that match, by a field, as dictionaries and back. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .. import words
from .made import About, Made
from .shape import NUMBERS, Field, Shape, of_hint, spoken_of

_MOST = frozenset("max maximum largest biggest greatest highest oldest longest most best latest newest heaviest dearest".split())  # fmt: skip
_LEAST = frozenset("min minimum smallest lowest least youngest shortest cheapest earliest lightest fewest".split())
_FIND = frozenset("find get lookup fetch first search locate".split())
_FILTER = frozenset("filter select only with where matching by all list find get".split())
_SORT = frozenset("sort sorted order ordered rank".split())
_DOWN = frozenset("descending reverse reversed decreasing down".split())
_AGE = {"oldest": "age", "youngest": "age", "heaviest": "weight", "lightest": "weight", "cheapest": "price", "dearest": "price", "longest": "length", "shortest": "length"}  # fmt: skip


def bodies(about: About) -> Iterator[Made]:
    """What the rules give for a function with a parameter that is one, or holds many, of a class that its file knows."""
    if about.owner is not None:
        return
    for one in about.wish.given:
        _, inner = of_hint(one.hint)
        if inner in about.shapes:
            yield from of_many(about, one.name, inner)
        elif not one.hint and (name := _by_plural(about, one.name)):
            yield from of_many(about, one.name, name)
    yield from _one(about)


def _by_plural(about: About, name: str) -> str:
    """The class that a name speaks of in the plural: "users" of User."""
    return next((one for one in about.shapes if f"{one.lower()}s" == name.lower().replace("_", "")), "")


def of_many(about: About, of: str, inner: str) -> Iterator[Made]:
    """What is said of many together; `of` is how they are reached, `inner` the class of each ("" or another type for what is no record)."""
    shape = about.shapes.get(inner)
    said = frozenset(word.lower() for word in words.of_name(about.name))
    others = [one for one in about.given if one != of]
    if shape is None:
        yield from _plain(said, about, of) if not others else ()
        return
    about_fields = [one for one in _fields(about, shape, said) if one.public not in others]
    if not others:
        for own in about_fields:
            yield from _told(about, of, own, said)
    matched = [(one, field) for one in others if (field := shape.field(one)) is not None]
    if matched and len(matched) == len(others):
        test = " and ".join(f"one.{field.name} == {one}" for one, field in matched)
        if said & _FIND:
            yield Made(f"return next((one for one in {of} if {test}), None)", f"the first with that {matched[0][0]}")
        if said & (_FILTER | {"in", "of"}):
            yield Made(f"return [one for one in {of} if {test}]", f"those with that {matched[0][0]}")
        if "count" in said:
            yield Made(f"return sum(1 for one in {of} if {test})", f"how many have that {matched[0][0]}")
    yield from _bounded(about, of, shape, others, said)


def _fields(about: About, shape: Shape, said: frozenset[str]) -> tuple[Field, ...]:
    """The fields that are meant: named by the function, else by its description, else the only number."""
    singular = said | {word.removesuffix("s") for word in said} | {_AGE[word] for word in said if word in _AGE}
    named = spoken_of(shape, singular)
    if named:
        return named
    spoken = spoken_of(shape, about.wish.words | {_AGE[word] for word in about.wish.words if word in _AGE})
    if spoken:
        return spoken
    numbers = tuple(one for one in shape.fields if one.hint in NUMBERS)
    return numbers if len(numbers) == 1 else ()


def _told(about: About, of: str, field: Field, said: frozenset[str]) -> Iterator[Made]:
    """One field of many."""
    name = field.name
    if said & {"total", "sum", "add"}:
        yield Made(f"return sum(one.{name} for one in {of})", f"the sum of {name}")
    if said & {"average", "mean"}:
        yield Made(f"return sum(one.{name} for one in {of}) / len({of})", f"the mean of {name}")
        yield Made(f"return statistics.mean(one.{name} for one in {of})", f"the mean of {name}", ("import statistics",))
        yield Made(f"return sum(one.{name} for one in {of}) / len({of}) if {of} else 0", f"the mean of {name}")
    for signs, call in ((_MOST, "max"), (_LEAST, "min")):
        if said & signs:
            whole = f"return {call}({of}, key=lambda one: one.{name})"
            part = f"return {call}(one.{name} for one in {of})"
            is_part = about.wish.returns == field.hint and field.hint
            yield from (Made(one, f"the {call} of {name}") for one in ((part, whole) if is_part else (whole, part)))
    if said & _SORT:
        down = ", reverse=True" if about.wish.words & _DOWN else ""
        yield Made(f"return sorted({of}, key=lambda one: one.{name}{down})", f"in the order of {name}")
    if said & {"group", "grouped", "groups"}:
        yield Made(f"found = {{}}\nfor one in {of}:\n    found.setdefault(one.{name}, []).append(one)\nreturn found", f"by {name}")  # fmt: skip
    if said & {"count", "counts", "counted"} and "by" in said:
        yield Made(f"return dict(Counter(one.{name} for one in {of}))", f"how many of each {name}", ("from collections import Counter",))  # fmt: skip
    if said & {"index", "indexed", "map", "by"} and not said & {"group", "count", "sort", "sorted"}:
        yield Made(f"return {{one.{name}: one for one in {of}}}", f"each by its {name}")
    if field.hint == "bool":
        yield Made(f"return [one for one in {of} if one.{name}]", f"those that are {name}")
    if said & {"unique", "distinct"}:
        yield Made(f"return sorted({{one.{name} for one in {of}}})", f"each {name} once")
        yield Made(f"return list(dict.fromkeys(one.{name} for one in {of}))", f"each {name} once")
    if f"{field.public}s" in about.name or "all" in said or about.wish.returns.startswith(("list", "List")):
        yield Made(f"return [one.{name} for one in {of}]", f"the {name} of each")


def _plain(said: frozenset[str], about: About, of: str) -> Iterator[Made]:
    """Many plain values."""
    for signs, call in (({"total", "sum"}, "sum"), (_MOST, "max"), (_LEAST, "min")):
        if said & signs and about.owner is not None:
            yield Made(f"return {call}({of})", f"the {call} of them")
    if said & {"average", "mean"} and about.owner is not None:
        yield Made(f"return sum({of}) / len({of})", "the mean of them")


def _bounded(about: About, of: str, shape: Shape, others: list[str], said: frozenset[str]) -> Iterator[Made]:
    """Those above or below a bound."""
    if len(others) != 1:
        return
    bound = others[0]
    parts = [word.lower() for word in words.of_name(bound)]
    told = frozenset(parts) | about.wish.words
    field = next((one for part in parts for one in (shape.field(part),) if one is not None), None) or next(iter(_fields(about, shape, said)), None)  # fmt: skip
    if field is None or shape.field(bound) is not None:
        return
    for signs, strict, loose in (({"over", "above", "more", "older", "least", "minimum", "min", "expensive", "larger", "greater"}, ">", ">="), ({"under", "below", "less", "younger", "most", "maximum", "max", "cheaper", "smaller", "fewer"}, "<", "<=")):  # fmt: skip
        if told & signs:
            is_loose = bool(told & {"least", "most", "minimum", "maximum", "min", "max"})
            for sign in (loose, strict) if is_loose else (strict, loose):
                yield Made(f"return [one for one in {of} if one.{field.name} {sign} {bound}]", f"those with {field.name} {sign} {bound}")  # fmt: skip


def _one(about: About) -> Iterator[Made]:
    """A record as a dictionary, or made of what is given."""
    for one in about.wish.given:
        shape = about.shapes.get(one.hint)
        if shape is not None and shape.fields and ("dict" in about.name or about.wish.returns.startswith(("dict", "Dict"))):  # fmt: skip
            inner = ", ".join(f'"{field.public}": {one.name}.{field.name}' for field in shape.told)
            yield Made(f"return {{{inner}}}", "its fields by name")
    made = about.shapes.get(about.wish.returns) or next((shape for name, shape in about.shapes.items() if about.name in {f"{verb}_{name.lower()}" for verb in ("make", "create", "new", "build")}), None)  # fmt: skip
    if made is None or not made.told:
        return
    fields = [one for one in made.told if one.made >= 0]
    if fields and about.given and set(about.given) <= {one.public for one in fields}:
        yield Made(f"return {made.name}({', '.join(f'{one}={one}' for one in about.given)})", f"makes a {made.name}")
    elif fields and len(about.given) == 1:
        data = about.given[0]
        yield Made(f"return {made.name}({', '.join(f'''{data}[{one.public!r}]''' for one in sorted(fields, key=lambda one: one.made))})".replace("'", '"'), f"makes a {made.name}")  # fmt: skip
        yield Made(f"return {made.name}(**{data})", f"makes a {made.name}")

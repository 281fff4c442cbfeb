"""Members that follow from a class's fields: constructors, properties, comparisons, `repr`, dictionaries and back. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .made import About, Made
from .shape import Field, Shape

_COMPARED = {"__eq__": "==", "__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}
_AS_DICT = frozenset("to_dict as_dict asdict todict serialize to_mapping".split())
_OF_DICT = frozenset("from_dict of_dict deserialize from_mapping".split())
_COPIED = frozenset("copy clone duplicate __copy__".split())


def bodies(about: About) -> Iterator[Made]:
    """What the rules give for a member of a class."""
    if about.owner is None:
        return
    match about.wish.form:
        case "property":
            yield from _property(about, about.owner)
        case "setter":
            for one in _field(about, about.owner):
                yield Made(f"self.{one.name} = {about.given[0]}", "sets its field") if about.given else Made("", "")
        case "class method" | "static method":
            yield from _of_class(about, about.owner)
        case "method":
            yield from _method(about, about.owner)


def _field(about: About, owner: Shape, name: str = "") -> Iterator[Field]:
    """The field that a member of that name stands for: behind an underscore where the name itself is the member's."""
    name = name or about.name
    found = [one for one in owner.fields if one.public == name and one.name != about.name]
    if not found and f"_{name}" in owner.used:
        found = [Field(f"_{name}")]
    yield from found[:1]


def _property(about: About, owner: Shape) -> Iterator[Made]:
    for one in _field(about, owner):
        yield Made(f"return self.{one.name}", "gives its field")


def _method(about: About, owner: Shape) -> Iterator[Made]:
    name, fields = about.name, owner.told
    if name == "__init__":
        yield _constructor(about, owner)
    elif name in ("__repr__", "__str__") and fields:
        inner = ", ".join(f"{one.public}={{self.{one.name}!r}}" for one in fields)
        yield Made(f'return f"{{type(self).__name__}}({inner})"', "tells its fields")
        inner = ", ".join(f"{{self.{one.name}!r}}" for one in fields)
        yield Made(f'return f"{{type(self).__name__}}({inner})"', "tells its fields by place")
        inner = ", ".join(f"{one.public}={{self.{one.name}!r}}" for one in fields)
        yield Made(f'return f"{owner.name}({inner})"', "tells its fields")
        if len(fields) == 1 and name == "__str__":
            yield Made(f"return str(self.{fields[0].name})", "tells its field")
    elif (sign := _COMPARED.get(name)) and fields and about.given:
        yield _compared(owner, about.given[0], sign)
    elif name == "__hash__" and fields:
        yield Made(f"return hash({_together('self', owner)})", "of its fields")
    elif name == "__enter__":
        yield Made("return self", "gives itself")
    elif name == "__exit__" and "close" in owner.methods:
        yield Made("self.close()", "closes it")
    elif name in _AS_DICT and fields:
        yield Made(_dict(owner, "self"), "its fields by name")
    elif name in ("to_json", "as_json") and fields:
        inner = _dict(owner, "self").removeprefix("return ")
        yield Made(f"return json.dumps({inner})", "its fields by name", ("import json",))
    elif name in ("to_tuple", "as_tuple", "astuple") and fields:
        yield Made(f"return {_together('self', owner)}", "its fields in their order")
    elif name in _COPIED and fields:
        yield Made(f"return type(self)({', '.join(f'self.{one.name}' for one in fields)})", "a new one of its fields")
    elif name.startswith("get_") and not about.given:
        yield from (Made(f"return self.{one.name}", "gives its field") for one in _field(about, owner, name[4:]))
    elif name.startswith("set_") and len(about.given) == 1:
        yield from (Made(f"self.{one.name} = {about.given[0]}", "sets its field") for one in _field(about, owner, name[4:]))  # fmt: skip


def _constructor(about: About, owner: Shape) -> Made:
    lines = []
    for one in about.wish.given:
        name = f"_{one.name}" if f"_{one.name}" in owner.used and one.name not in owner.used else one.name
        lines.append(f"self.{name} = {one.name}")
    return Made("\n".join(lines) or "pass", "keeps what it is given")


def _together(of: str, owner: Shape) -> str:
    inner = [f"{of}.{one.name}" for one in owner.told]
    return f"({', '.join(inner)})" if len(inner) > 1 else f"({inner[0]},)"


def _compared(owner: Shape, other: str, sign: str) -> Made:
    name = owner.name.rpartition(".")[2]
    one, two = _together("self", owner), _together(other, owner)
    if len(owner.told) == 1:
        one, two = f"self.{owner.told[0].name}", f"{other}.{owner.told[0].name}"
    return Made(
        f"if not isinstance({other}, {name}):\n    return NotImplemented\nreturn {one} {sign} {two}",
        "compares its fields",
    )


def _dict(owner: Shape, of: str) -> str:
    inner = ", ".join(f'"{one.public}": {of}.{one.name}' for one in owner.told)
    return f"return {{{inner}}}"


def _of_class(about: About, owner: Shape) -> Iterator[Made]:
    """Other ways to make an instance."""
    fields = [one for one in owner.fields if one.made >= 0]
    if not fields or not about.given or about.wish.form != "class method":
        return
    cls, data = about.wish.parameters[0].name, about.given[0]
    inner = ", ".join(f'{data}["{one.public}"]' for one in sorted(fields, key=lambda one: one.made))
    if about.name in _OF_DICT:
        yield Made(f"return {cls}({inner})", "of its fields by name")
        yield Made(f"return {cls}(**{data})", "of its fields by name")
    elif about.name in ("from_json", "of_json"):
        yield Made(f"return {cls}(**json.loads({data}))", "of its fields by name", ("import json",))
    elif about.name in ("from_tuple", "of_tuple"):
        yield Made(f"return {cls}(*{data})", "of its fields in their order")

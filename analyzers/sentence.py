"""A sentence for a function or class, composed from its facts: its name's words say what it is for, the facts say what it is given and gives.

The name is the author's own word for it and may be wrong; nothing else is claimed that the facts do not say.
"""

from __future__ import annotations

from analyzers import words
from analyzers.facts import Facts, Parameter

PREDICATES = frozenset(
    "is are was has have can should must may will does needs supports contains exists equals matches allows".split()
)
_TYPES = {
    "str": "a string", "list": "a list", "dict": "a dictionary", "set": "a set", "tuple": "a tuple", "int": "an integer", "float": "a float",
    "bytes": "a bytes object", "generator": "a generator",
}  # fmt: skip
_DUNDERS = {
    "__enter__": "Enter the context and return the object", "__exit__": "Leave the context", "__aenter__": "Enter the context and return the object",
    "__aexit__": "Leave the context", "__len__": "Return the number of items", "__repr__": "Return a representation of the object as a string",
    "__str__": "Return the object as a string", "__iter__": "Return an iterator over the items", "__next__": "Return the next item", "__hash__": "Return the hash of the object",
    "__contains__": "Return True if the object contains {0}", "__getitem__": "Return the item of {0}", "__setitem__": "Set the item of {0}", "__delitem__": "Delete the item of {0}",
    "__call__": "Call the object", "__del__": "Release the object", "__new__": "Create a new object", "__init__": "Create a new object", "__eq__": "Return True if the object equals {0}",
    "__ne__": "Return self != {0}", "__lt__": "Return self < {0}", "__le__": "Return self <= {0}", "__gt__": "Return self > {0}", "__ge__": "Return self >= {0}",
    "__add__": "Return self + {0}", "__sub__": "Return self - {0}", "__mul__": "Return self * {0}", "__truediv__": "Return self / {0}", "__floordiv__": "Return self // {0}",
    "__mod__": "Return self % {0}", "__pow__": "Return self ** {0}", "__and__": "Return self & {0}", "__or__": "Return self | {0}", "__xor__": "Return self ^ {0}",
    "__matmul__": "Return self @ {0}", "__lshift__": "Return self << {0}", "__rshift__": "Return self >> {0}", "__neg__": "Return -self", "__pos__": "Return +self",
    "__invert__": "Return ~self", "__abs__": "Return the absolute value of the object", "__bool__": "Return True if the object counts as true",
    "__getattr__": "Return the attribute {0}", "__setattr__": "Set the attribute {0}", "__delattr__": "Delete the attribute {0}", "__reduce__": "Return what pickles the object",
    "__copy__": "Return a copy of the object", "__deepcopy__": "Return a deep copy of the object", "__format__": "Return the object as a formatted string",
    "__int__": "Return the object as an integer", "__float__": "Return the object as a float", "__index__": "Return the object as an integer", "__reversed__": "Return an iterator over the items from the end",
    "__class_getitem__": "Return the class for the parameters {0}", "__missing__": "Return the value of {0}, which is not there", "__radd__": "Return {0} + self", "__rsub__": "Return {0} - self",
    "__rmul__": "Return {0} * self",
}  # fmt: skip


def of(facts: Facts) -> str:
    """One sentence, with a full stop; names of parameters in backticks."""
    if facts.kind == "class":
        return f"{_capital(_of_class(facts))}."
    given = [one for one in facts.parameters if one.kind not in ("*", "**")] or list(facts.parameters)
    if (form := _DUNDERS.get(facts.name)) is not None:
        return form.format(f"`{given[0].name}`" if given else "the other") + "."
    return f"{_capital(_said(facts, given))}."


def _said(facts: Facts, given: list[Parameter]) -> str:
    name = words.of_name(facts.name) or (facts.name,)
    head, rest = name[0], name[1:]
    types = {one.type for one in facts.returns}
    gives = bool(types - {"None"})
    first = f"the {_of_parameter(given[0])}" if given else ""
    if head in PREDICATES and types <= {"bool", "", "None"}:
        return (
            f"return True if {first or 'the object'} {words.spoken(name)}"
            if gives
            else f"check if {first or 'the object'} {words.spoken(name)}"
        )
    if head in ("get", "compute", "calculate", "calc") and rest and gives:
        return f"return the {words.spoken(rest)}{_of(first)}{_as(types)}"
    if head == "to" and rest:
        return f"convert {first or 'the object'} to {_article(words.spoken(rest))}"
    if head == "from" and rest:
        return f"create a new object from {words.spoken(rest)}"
    if head == "test" and rest:
        return f"test the {words.spoken(rest)}"
    verb = words.SHORT.get(head, head)
    if verb in words.VERBS:
        return _verb(verb, rest, first, types, gives=gives)
    if rest and words.SHORT.get(rest[-1], rest[-1]) in words.VERBS and not gives:
        return f"{rest[-1]} the {words.spoken(name[:-1])}{_of(first)}"
    if types == {"bool"}:
        return f"return True if {first or 'the object'} is {words.spoken(name)}"
    if gives or facts.kind == "property":
        return f"return the {words.spoken(name)}{_of(first)}{_as(types)}"
    if facts.yields:
        return f"yield the {words.spoken(name)}{_of(first)}"
    return f"{words.spoken(name)}{_of(first)}"


def _verb(verb: str, rest: tuple[str, ...], first: str, types: set[str], *, gives: bool) -> str:
    end = f" and return it{_as(types)}" if gives and verb not in ("return", "get") and types - {"None"} - {""} else ""
    if not rest:
        return f"{verb} {first or 'the object'}{end}"
    said = words.spoken(rest)
    if rest[0] in (
        "from",
        "to",
        "as",
        "for",
        "in",
        "by",
        "at",
        "with",
        "on",
        "of",
        "and",
        "or",
        "until",
        "here",
        "up",
        "down",
        "all",
    ):
        return f"{verb} {first} {said}".replace("  ", " ") + end
    return f"{verb} the {said}{_of(first)}{end}"


def _of(first: str) -> str:
    return f" of {first}" if first else ""


def _as(types: set[str]) -> str:
    known = types - {"None"}
    return f" as {_TYPES[next(iter(known))]}" if len(known) == 1 and next(iter(known)) in _TYPES else ""


def _of_parameter(one: Parameter) -> str:
    return f"`{one.name}`"


def _of_class(facts: Facts) -> str:
    name = words.spoken(words.of_name(facts.name))
    base = facts.bases[0] if facts.bases else ""
    if base.endswith(("Exception", "Error")):
        return f"raised where there is {_article(name.removesuffix(' error').removesuffix(' exception'))}"
    return f"{_article(name)}" + (f", a {base}" if base and base != "object" else "")


def _article(text: str) -> str:
    return f"an {text}" if text[:1].lower() in "aeio" else f"a {text}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

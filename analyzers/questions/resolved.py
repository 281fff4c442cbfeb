"""Which thing a use means, as far as the texts say it for certain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from .code import At, Code, Thing

Sure = Literal["sure", "by name", "no"]
# Methods that many classes of every program have: the name alone says nothing.
_COMMON = frozenset("append add get pop items keys values update copy clear extend insert remove index count sort join split strip lower upper format encode decode read write close open replace find match search sub group start end send throw setdefault startswith endswith".split())  # fmt: skip


def how_sure(code: Code, at: At, one: Thing) -> Sure:
    """Whether a use by a thing's last name means it."""
    head, _, _ = at.use.name.rpartition(".")
    if not head:
        return _plain(code, at, one)
    first = head.partition(".")[0]
    if first in ("self", "cls") and "." not in head:
        return _on_self(code, at, one)
    owner = one.owner.rpartition(".")[2]
    if owner and head.rpartition(".")[2] == owner:
        return "sure"
    names = code.imported(at.file)
    if first in names and not one.owner:
        whole = f"{names[first]}{head[len(first) :]}"
        return "sure" if _is_of(one, whole) else "no"
    if not one.owner:
        return "no" if head.startswith("…") or first not in names else "by name"
    if head in ("super()", "super", "….super"):
        return "by name"
    return "no" if one.name in _COMMON and _count(code, one) > 1 else "by name"


def _plain(code: Code, at: At, one: Thing) -> Sure:
    names = code.imported(at.file)
    if _is_own_name(code, at):
        return "no"
    if at.use.last in names:
        whole = names[at.use.last]
        if whole.rpartition(".")[2] != one.name or one.owner:
            return "no"
        return "sure" if _is_of(one, whole.rpartition(".")[0]) else "by name" if _is_offered(code, whole, one) else "no"
    if at.file == one.file:
        if not one.owner:
            return "sure"
        is_class = any(other.kind == "class" and other.path == one.owner for other in code.in_file(one.file))
        within = at.use.owner == one.owner or at.use.owner.startswith(f"{one.owner}.")
        return "sure" if within and not is_class else "no"  # a method is called on something
    return "by name" if any(whole.endswith("*") for whole in names.values()) and not one.owner else "no"


def _is_own_name(code: Code, at: At) -> bool:
    """Whether a plain name is a parameter or a variable of a function around."""
    owners = [at.use.owner[:end] for end in _ends(at.use.owner)]
    inside = {one.path: one for one in code.in_file(at.file) if one.facts is not None and one.kind != "class"}
    if any(p.name == at.use.name for path in owners if path in inside for p in inside[path].facts.parameters):  # type: ignore[union-attr]
        return True
    return any(other.file == at.file and other.use.owner in inside and other.use.owner in owners and other.use.name == at.use.name for other in code.every_use.get(at.use.last, ()) if other.use.kind == "assign")  # fmt: skip


def _ends(path: str) -> list[int]:
    """Where the parts of a dotted path end, the longest first."""
    return [n for n in range(len(path), 0, -1) if n == len(path) or path[n] == "."]


def _is_offered(code: Code, whole: str, one: Thing) -> bool:
    """Whether a module of the project hands on what it imports under this name."""
    home = whole.rpartition(".")[0]
    for file in code.texts:
        if file.endswith(".py") and f".{file.removesuffix('/__init__.py').removesuffix('.py').replace('/', '.')}".endswith(f".{home}"):  # fmt: skip
            further = code.imported(file).get(one.name, "")
            if further.rpartition(".")[2] == one.name and _is_of(one, further.rpartition(".")[0]):
                return True
    return False


def _on_self(code: Code, at: At, one: Thing) -> Sure:
    if not one.owner:
        return "no"
    classes = {other.path: other for other in code.in_file(at.file) if other.kind == "class"}
    own = next((classes[at.use.owner[:end]] for end in _ends(at.use.owner) if at.use.owner[:end] in classes), None)
    if own is None:
        return "by name"
    if (own.file, own.path) == (one.file, one.owner):
        return "sure"
    above = [(other.file, other.path) for other in code.bases(own)]
    if (one.file, one.owner) in above:
        nearer = any(other.path == f"{own.path}.{one.name}" for other in code.in_file(own.file))
        return "no" if nearer else "sure"
    below = next((other for other in code.in_file(one.file) if other.path == one.owner), None)
    is_below = below is not None and (own.file, own.path) in [(other.file, other.path) for other in code.bases(below)]
    return "by name" if is_below else "no"


def _is_of(one: Thing, module: str) -> bool:
    """Whether a dotted module is the thing's own, or a package above it that offers it."""
    own = one.file.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
    return not module or own == module or own.endswith(f".{module}") or f".{module}." in f".{own}."


def _count(code: Code, one: Thing) -> int:
    return sum(other.kind in ("method", "property", "attribute") for other in code.by_name.get(one.name, ()))


def resolved(code: Code, at: At) -> Iterator[Thing]:
    """The things that a use means, sure ones alone where there are any."""
    every = [one for one in code.by_name.get(at.use.last, ()) if one.kind != "module"]
    sure = [one for one in every if how_sure(code, at, one) == "sure"]
    yield from sure or (one for one in every if how_sure(code, at, one) == "by name")

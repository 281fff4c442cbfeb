"""What the popup composes of facts: a name of the project with the import that it needs, and a whole call whose arguments have the names of its parameters.

A call is composed only of a function that one place of the project defines and that the document defines or imports, or of a method whose name is the project's only one; it has an argument for each parameter that must be
given, and no other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from analyzers import imports, reach, signatures
from analyzers.memo import MIB, remembered
from analyzers.naming import Naming
from analyzers.signatures import Signature

IMPORTED = 5  # names with an import in one list
CALLS = 3  # whole calls in one list


@dataclass(frozen=True, slots=True)
class Offers:
    """What a project has to offer: the import of each name, and by name its functions and methods whose names are its only ones, each with its file. `methods`: those of each class, by its dotted name."""

    imports: Mapping[str, str]
    calls: Mapping[str, tuple[str, Signature]]
    methods: Mapping[str, frozenset[str]]


NOTHING = Offers({}, {}, {})
# A method of such a name may as well be a text's or a list's.
_BUILTIN = frozenset(name for kind in (str, bytes, list, dict, set, tuple, int, float, object) for name in dir(kind))


def of_project(texts: Mapping[str, str], patterns: tuple[str, ...]) -> Offers:
    """What the Python files of a project offer; takes a second or two for each million characters, what did not change is remembered."""
    found: dict[str, tuple[str, Signature] | None] = {}
    methods: dict[str, set[str]] = {}
    for file, text in texts.items():
        if reach.is_test_file(file, patterns):
            continue
        for one in _signatures(text):
            holder, _, name = one.path.rpartition(".")
            found[name] = None if name in found else (file, one)
            if holder:
                methods.setdefault(holder, set()).add(name)
    table = imports.table(texts, lambda file: reach.is_test_file(file, patterns))
    known = {name: one for name, one in found.items() if one is not None}
    return Offers(table, known, {holder: frozenset(names) for holder, names in methods.items()})


@remembered(16 * MIB)
def _signatures(text: str) -> tuple[Signature, ...]:
    return tuple(one for one in signatures.of_text(text, private=True) if one.kind in ("function", "method", "class"))


def importable(offers: Offers, typed: str, known: Collection[str], own: str = "") -> tuple[list[tuple[str, str]], bool]:
    """Names that begin with what is typed and are not there yet, with their imports, the shortest first; and whether there are more of them. `own` is the document's file: nothing is imported from it."""
    if not typed:
        return [], bool(offers.imports)
    head = f"from {signatures.module_of(own)} import " if own else "\0"
    names = sorted(
        (
            name
            for name, statement in offers.imports.items()
            if name.startswith(typed) and name not in known and not statement.startswith(head)
        ),
        key=lambda name: (len(name), name),
    )
    return [(name, offers.imports[name]) for name in names[:IMPORTED]], len(names) > IMPORTED


def calls(
    offers: Offers, names: Collection[str], variables: Collection[str], place: Naming, own: str
) -> Iterator[tuple[str, str]]:
    """Whole calls of some of the names that may stand at a place of the file `own`: the name, and the call."""
    every, count = frozenset(names), 0
    for name in names:
        if count == CALLS:
            return
        file, one = offers.calls.get(name, ("", None))
        if one is None or not one.required or not all(given in variables for given in one.required):
            continue
        if (one.kind == "method") != bool(place.receiver):
            continue
        if _is_method(offers, one, every) if place.receiver else _is_meant(name, file, place.text, own):
            count += 1
            yield name, f"{name}({', '.join(_arguments(one))})"


def _is_method(offers: Offers, one: Signature, names: frozenset[str]) -> bool:
    """Whether what may stand after this dot is what the method's class has."""
    holder, _, name = one.path.rpartition(".")
    public = {other for other in offers.methods.get(holder, ()) if not other.startswith("_")}
    return name not in _BUILTIN and public <= names


def _is_meant(name: str, file: str, text: str, own: str) -> bool:
    """Whether a document's name is the one that a file defines: its own, or imported from a module of that last name."""
    escaped = re.escape(name)
    if re.search(rf"^(?:async def|def|class) {escaped}\b", text, re.M):
        return file == own
    last = re.escape(signatures.module_of(file).rpartition(".")[2])
    return bool(
        re.search(rf"^from [\w.]*\b{last} import (?:[^\n]*[ ,(])?(?<! as ){escaped}[ \t]*(?:[,)#\r]|$)", text, re.M)
    )


def _arguments(one: Signature) -> Iterator[str]:
    """An argument of the same name for each parameter that must be given."""
    for name in one.required:
        yield f"{name}={name}" if name in one.keywords else name

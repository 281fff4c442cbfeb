"""What the popup composes of facts: a name of the project with the import that it needs, and a whole call whose arguments have the names of its parameters.

A call is composed only of a function that one place of the project defines and that the document defines or imports, or of a method whose name is the project's only one; it has an argument for each parameter that must be
given, and no other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from analyzers import imports, reach, signatures
from analyzers.signatures import Signature

IMPORTED = 5  # names with an import in one list
CALLS = 3  # whole calls in one list


@dataclass(frozen=True, slots=True)
class Offers:
    """What a project has to offer: the import of each name, and the signatures of its functions and methods whose names are its only ones, with their modules."""

    imports: Mapping[str, str]
    calls: Mapping[str, tuple[str, Signature]]


NOTHING = Offers({}, {})


def of_project(texts: Mapping[str, str], patterns: tuple[str, ...]) -> Offers:
    """What the Python files of a project offer; takes a second or two for each million characters, what did not change is remembered."""
    found: dict[str, tuple[str, Signature] | None] = {}
    for file, text in texts.items():
        if reach.is_test_file(file, patterns):
            continue
        for one in _signatures(text):
            name = one.path.rpartition(".")[2]
            found[name] = None if name in found else (signatures.module_of(file), one)
    table = imports.table(texts, lambda file: reach.is_test_file(file, patterns))
    return Offers(table, {name: one for name, one in found.items() if one is not None})


@lru_cache(maxsize=4096)
def _signatures(text: str) -> tuple[Signature, ...]:
    return tuple(one for one in signatures.of_text(text, private=True) if one.kind in ("function", "method", "class"))


def importable(offers: Offers, typed: str, known: Collection[str]) -> tuple[list[tuple[str, str]], bool]:
    """Names that begin with what is typed and are not there yet, with their imports, the shortest first; and whether there are more of them."""
    if not typed:
        return [], bool(offers.imports)
    names = sorted((n for n in offers.imports if n.startswith(typed) and n not in known), key=lambda n: (len(n), n))
    return [(name, offers.imports[name]) for name in names[:IMPORTED]], len(names) > IMPORTED


def calls(
    offers: Offers, names: Collection[str], variables: Collection[str], text: str, receiver: str
) -> Iterator[tuple[str, str]]:
    """Whole calls of some of the names that may stand here: the name, and the call."""
    count = 0
    for name in names:
        module, one = offers.calls.get(name, ("", None))
        if one is None or not one.required or (one.kind == "method") != bool(receiver):
            continue
        if not receiver and not _is_meant(name, module, text):
            continue
        if all(given in variables for given in one.required) and count < CALLS:
            count += 1
            yield name, f"{name}({', '.join(_arguments(one))})"


def _is_meant(name: str, module: str, text: str) -> bool:
    """Whether a document's name is the module's: it is defined there, or imported from a module of that last name."""
    last = re.escape(module.rpartition(".")[2])
    return bool(
        re.search(rf"^(?:async def|def|class) {re.escape(name)}\b", text, re.M)
        or re.search(rf"^from [\w.]*\b{last} import [^\n]*\b{re.escape(name)}\b", text, re.M)
    )


def _arguments(one: Signature) -> Iterator[str]:
    """An argument of the same name for each parameter that must be given."""
    star = re.search(r"(?:^|, )\*(?!\*)\w*(?:: [^,]+)?, ", one.parameters)
    by_keyword = one.parameters[star.end() :] if star else ""
    for name in one.required:
        is_keyword = re.search(rf"(?:^|, ){name}\b", by_keyword) is not None
        yield f"{name}={name}" if is_keyword else name

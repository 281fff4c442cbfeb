"""Pages of an API as Markdown: what a module offers, with its authors' words, and a sentence composed of facts where they wrote none."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from analyzers import facts, sentence, signatures, syntax
from analyzers.facts import Facts


def of_module(text: str, module: str) -> str | None:
    """The page of a module with its public functions and classes; None where its text does not parse, "" where it offers nothing."""
    tree, known = syntax.module(text), facts.of_text(text)
    if tree is None or known is None:
        return None
    by_place = {(one.path, one.name): one for one in known}
    offered = signatures.of_text(text)
    if not offered:
        return ""
    about = ast.get_docstring(tree)
    parts = [f"# `{module}`", *([about] if about else [])]
    for one in offered:
        found = by_place.get((one.path, one.path.rpartition(".")[2]))
        if found is not None:
            parts += _of_symbol(found, one)
    return "\n\n".join(parts) + "\n"


def _of_symbol(found: Facts, one: signatures.Signature) -> Iterator[str]:
    yield f"{'##' if '.' not in one.path else '###'} `{one.path}`"
    head = "class " if found.kind == "class" else "async def " if found.is_async else "def "
    given = f" -> {found.annotation}" if found.annotation else ""
    call = "" if found.kind == "property" else f"({one.parameters})"
    yield f"```python\n{head if found.kind != 'property' else ''}{one.path.rpartition('.')[2]}{call}{given}\n```"
    yield found.docstring or sentence.of(found)
    told = [f"- Raises `{name}`{f' where `{condition}`' if condition else ''}." for name, condition in _raised(found)]
    if told and not found.docstring:
        yield "\n".join(told)


def _raised(found: Facts) -> list[tuple[str, str]]:
    names = dict.fromkeys(one.name for one in found.raises)
    conditions = {name: [one.condition for one in found.raises if one.name == name] for name in names}
    return [(name, told[0] if len(told) == 1 else "") for name, told in conditions.items()]

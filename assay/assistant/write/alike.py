"""The source "project": what the most similar functions of the project do, in the wish's own names; or a call of one."""

from __future__ import annotations

import ast
import asyncio
import builtins
import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from analyzers import homes, reach, syntax, unfinished, words
from analyzers.wishes import heads
from analyzers.wishes.heads import Function
from analyzers.wishes.wish import Wish

from ..workbench import Workbench
from .candidate import Candidate, Target
from .choice import Judged

MOST = 6  # functions that are taken over
ENOUGH = 0.55  # how similar they have to be
FILES = 300  # that are read
LINES = 40  # of a body
RANKED = 0.05  # of likelihood that each one less has than the one before
_SMALL = frozenset("a an the of in from to by for with on and or is it its as that this which return returns given if else get make new".split())  # fmt: skip


@dataclass(frozen=True, slots=True)
class Alike:
    """A function of the project that is like what is wanted: how much (0 to 1), and where it is."""

    share: float
    file: str
    owner: str
    node: Function


async def candidates(
    bench: Workbench, target: Target, wish: Wish, before: Sequence[Judged]
) -> AsyncGenerator[Candidate, None]:
    """Bodies, the likest first; nothing the second time."""
    for one in [] if before else await asyncio.to_thread(made, target.texts, target.name, wish):
        yield one


def made(texts: Mapping[str, str], name: str, wish: Wish) -> list[Candidate]:
    """What similar functions give for a wish in a file of a project."""
    found: dict[str, Candidate] = {}
    for rank, one in enumerate(similar(texts, name, wish)[:MOST]):
        for body, told in _taken_over(one, wish):
            needs = _imports(texts, name, one, body)
            if needs is not None:
                found.setdefault(body, Candidate(body, "project", f"{told} {_named(one)}", needs, -RANKED * rank, needs_example=True))  # fmt: skip
        if (call := _called(texts, name, one, wish)) is not None:
            found.setdefault(call.body, call)
    return list(found.values())


def _named(one: Alike) -> str:
    return f"{one.file}::{f'{one.owner}.' * bool(one.owner)}{one.node.name}"


def similar(texts: Mapping[str, str], name: str, wish: Wish) -> list[Alike]:
    """The functions of the project that take as much, the likest first."""
    said = _words(wish.name)
    sign = re.compile(rf"def \w*(?:{'|'.join(map(re.escape, said))})", re.IGNORECASE) if said else None
    names = [one for one, text in texts.items() if one.endswith(".py") and not reach.is_test_file(one) and (one == name or (sign and sign.search(text)))]  # fmt: skip
    found = []
    for file in sorted(names, key=lambda one: (one != name, one))[:FILES]:
        tree = syntax.module(texts[file])
        empty = unfinished.unwritten(texts[file])
        for owner, node in heads.members(tree) if tree is not None else ():
            dotted = f"{owner}.{node.name}".lstrip(".")
            if (file == name and dotted == wish.full_name) or dotted in empty:
                continue
            if (node.end_lineno or node.lineno) - node.lineno > LINES:
                continue
            if (share := _share(wish, owner, node)) >= ENOUGH:
                found.append(Alike(share, file, owner, node))
    return sorted(found, key=lambda one: (-one.share, one.file != name, one.file, one.node.lineno))


def _words(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in words.of_name(name) if len(word) > 1 and word.lower() not in _SMALL)


def _share(wish: Wish, owner: str, node: Function) -> float:
    """How like they are: by the words of their names most, by those of their descriptions, and by what they are given."""
    other = heads.of_node(node, owner)
    if len(other.given) != len(wish.given) or bool(owner) != bool(wish.owner) or other.is_async != wish.is_async:
        return 0.0
    named = _alike(set(_words(wish.name)), set(_words(node.name)))
    told = _alike(_said(wish.doc), _said(other.doc))
    given = sum(one.name == two.name or (bool(one.hint) and one.hint == two.hint) for one, two in zip(wish.given, other.given, strict=True)) / max(1, len(wish.given))  # fmt: skip
    return 0.5 * max(named, told) + 0.2 * min(named, told) + 0.2 * given + 0.1 * (owner == wish.owner)


def _said(doc: str) -> set[str]:
    first = doc.strip().split("\n\n")[0]
    return {word.removesuffix("s") for word in re.findall(r"[a-z]+", first.lower()) if word not in _SMALL}


def _alike(one: set[str], two: set[str]) -> float:
    return 2 * len(one & two) / (len(one) + len(two)) if one and two else 0.0


def _taken_over(one: Alike, wish: Wish) -> Iterator[tuple[str, str]]:
    """Its body in the wish's names; first with the words that differ between both names exchanged in it, too."""
    own = heads.of_node(one.node, one.owner)
    names = {mine.name: theirs.name for mine, theirs in zip(own.parameters, wish.parameters, strict=False)}
    names[own.name] = wish.name
    pairs = _exchanged(own, wish)
    body = [node for node in one.node.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    for told in ({**pairs}, {}) if pairs else ({},):
        source = "\n".join(ast.unparse(_Renamed(names, told).visit(syntax_copy(node))) for node in body)
        if source:
            yield source, "as in"


def syntax_copy(node: ast.stmt) -> ast.stmt:
    """A tree of its own, to be changed."""
    tree = syntax.module(ast.unparse(ast.FunctionDef("f", ast.arguments([], [], None, [], [], None, []), [node], [], lineno=0)))  # fmt: skip
    assert tree is not None and isinstance(tree.body[0], ast.FunctionDef)
    return tree.body[0].body[0]


def _exchanged(own: Wish, wish: Wish) -> dict[str, str]:
    """Words that stand in the place of each other in the names of both: "to_celsius" and "to_kelvin" exchange one."""
    mine, theirs = [word.lower() for word in words.of_name(own.name)], [word.lower() for word in words.of_name(wish.name)]  # fmt: skip
    if len(mine) != len(theirs):
        return {}
    found = {one: two for one, two in zip(mine, theirs, strict=True) if one != two}
    more = {one.removesuffix("s"): two.removesuffix("s") for one, two in found.items()}
    return found | more if len(found) < len(mine) else {}


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str], pairs: Mapping[str, str]) -> None:
        self._names, self._pairs = names, pairs

    def _word(self, name: str) -> str:
        """With its words exchanged."""
        if not self._pairs:
            return name
        return re.sub(r"[A-Za-z]+", lambda match: self._other(match[0]), name.replace("_", "\0")).replace("\0", "_")

    def _other(self, word: str) -> str:
        other = self._pairs.get(word.lower())
        if other is None:
            return word
        return (
            other.upper() if word.isupper() and len(word) > 1 else other.capitalize() if word[:1].isupper() else other
        )

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._names.get(node.id) or self._word(node.id), node.ctx)

    def visit_Attribute(self, node: ast.Attribute) -> ast.Attribute:
        self.generic_visit(node)
        return ast.Attribute(node.value, self._word(node.attr), node.ctx)

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(self._word(node.value)) if isinstance(node.value, str) else node

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        self.generic_visit(node)
        return ast.keyword(self._word(node.arg) if node.arg else None, node.value)


def _imports(texts: Mapping[str, str], name: str, one: Alike, body: str) -> tuple[str, ...] | None:
    """The imports that a body of another file needs here; None where something of it cannot be had."""
    tree = syntax.module(body)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} if tree is not None else set()
    there, here = homes.bound(texts[one.file]), homes.bound(texts.get(name, ""))
    if one.file == name:
        return ()
    module = homes.importable(one.file, texts)
    found = list[str]()
    for word in sorted(used & there - here):
        line = homes.origin(texts[one.file], word)
        if not line and (not module or module.startswith("test")):
            return None
        found.append(line or f"from {module} import {word}")
    unknown = used - there - here - set(dir(builtins)) - _bound_in(tree)
    return tuple(found) if not {word for word in unknown if word in texts} else None


def _bound_in(tree: ast.Module | None) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)} if tree is not None else set()  # fmt: skip


def _called(texts: Mapping[str, str], name: str, one: Alike, wish: Wish) -> Candidate | None:
    """A call of it, where it is a function that can be had here."""
    if one.owner or wish.owner or any(given.star for given in wish.parameters):
        return None
    here = homes.bound(texts.get(name, ""))
    module = homes.importable(one.file, texts)
    needs = () if one.file == name else (f"from {module} import {one.node.name}",)
    if (needs and (not module or one.node.name in here)) or one.node.name == wish.name:
        return None
    wait = "await " if wish.is_async else ""
    body = f"return {wait}{one.node.name}({', '.join(given.name for given in wish.parameters)})"
    return Candidate(body, "library", f"a call of {_named(one)}", needs, needs_example=True)

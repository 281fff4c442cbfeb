"""The way from a description to what is there for it: the trees are indexed, the best of each are weighed against the description, and what fits too little is said to be nothing."""

from __future__ import annotations

import ast
import asyncio
import math
import sysconfig
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Literal

from analyzers import encodings, files, reach, syntax, words

from ..nouns import Tell
from ..workbench import Workbench
from .index import Index, Offered, names_below, terms

CANDIDATES = 60  # of each tree that are weighed
ENOUGH = 0.5  # the share of what a description says that the best must say too, by weight; below it nothing is there
HIDDEN = 0.05  # less for what stands in a module that is private by its name
_TESTS = frozenset(("tests", "test", "testing"))  # folders


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is there for a description: `full_name` as it is imported, a ready `call`, how well it fits (0 to 1), and where it is from: "project", "standard library", or a
    distribution with its `version`."""

    name: str
    full_name: str
    module: str
    kind: str
    signature: str
    call: str
    about: str
    score: float
    source: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """Python files below one folder that can be offered."""

    root: Path
    kind: Literal["project", "standard library", "packages"]


async def suggest(bench: Workbench, root: Path, cache: Path, text: str, most: int, tell: Tell) -> list[Item]:
    """What is there for a description, the best first; nothing where the best says less than half of it. Raises OSError where no index can be written."""
    environment = bench.projects.environment(root)
    trees = [Tree(root, "project"), Tree(Path(sysconfig.get_path("stdlib")), "standard library")]
    trees += [Tree(site, "packages") for site in environment.site_packages] if environment is not None else []
    return await asyncio.to_thread(_suggest, trees, cache / "suggest", text, most, tell)


def _suggest(trees: Sequence[Tree], cache: Path, text: str, most: int, tell: Tell) -> list[Item]:
    found: list[tuple[Offered, Tree]] = []
    for tree in trees:
        index = Index(cache, tree.root, private=tree.kind == "project")

        def heard(done: int, of: int, kind: str = tree.kind) -> None:
            tell(f"of the {kind}", done, of)

        index.follow(lambda tree=tree: _names(tree), heard)  # type: ignore[misc]
        found += [(one, tree) for one in index.found(text, CANDIDATES)]
    return ranked(text, found, most)


def ranked(text: str, found: Sequence[tuple[Offered, Tree]], most: int) -> list[Item]:
    """The candidates weighed against the description."""
    wanted = [words.stem(word) for word in terms(text)]
    if not wanted:
        return []
    said = {id(one): _said(one) for one, _ in found}
    seen = Counter(word for bag in said.values() for word in bag[0] | bag[1])
    weight = {word: math.log(1 + len(found) / (1 + seen[word])) for word in wanted}
    whole = sum(weight.values()) or 1.0
    order = [words.stem(word) for word in _plain(text)]

    def fits(one: Offered) -> float:
        names, about = said[id(one)]
        covered = sum(weight[word] for word in wanted if word in names | about) / whole
        named = sum(weight[word] for word in wanted if word in names) / whole
        own = [words.stem(word) for word in _plain(one.about.split(". ")[0])]
        alike = 2 * _common(order, own) / (len(order) + len(own)) if own else 0.0
        hidden = HIDDEN if any(part.startswith("_") for part in one.module.split(".")[1:]) else 0.0
        return 0.5 * covered + 0.15 * named + 0.35 * alike - hidden

    scored = sorted(
        ((fits(one), one, tree) for one, tree in found),
        key=lambda item: (-item[0], item[1].module.count("."), len(item[1].path)),
    )
    best = scored[0] if scored else None
    if (
        best is None
        or sum(weight[w] for w in wanted if w in said[id(best[1])][0] | said[id(best[1])][1]) / whole < ENOUGH
    ):
        return []
    return [_item(score, one, tree) for score, one, tree in scored[:most]]


def _said(one: Offered) -> tuple[frozenset[str], frozenset[str]]:
    """The stems of a name's words, and of what is said of it."""
    name = one.path.rpartition(".")[2]
    named = (*words.of_name(one.path), *words.of_name(one.module), *words.spoken(words.of_name(name)).split())
    about = (*_plain(one.about), *(w for given in one.required for w in words.of_name(given)))
    return frozenset(words.stem(w.lower()) for w in named), frozenset(words.stem(w.lower()) for w in about)


def _plain(text: str) -> list[str]:
    return [word for word in ("".join(c if c.isalnum() else " " for c in text.lower())).split() if word]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    row = [0] * (len(other) + 1)
    for word in one[:60]:
        new = [0]
        for at, candidate in enumerate(other):
            new.append(row[at] + 1 if word == candidate else max(row[at + 1], new[at]))
        row = new
    return row[-1]


def _item(score: float, one: Offered, tree: Tree) -> Item:
    name = one.path.rpartition(".")[2]
    source, version = (tree.kind, "") if tree.kind != "packages" else distribution(tree.root, one.module)
    holder = one.path.rpartition(".")[0]
    called = (
        f"{holder[:1].lower()}{holder[1:].rpartition('.')[2] or holder[1:]}.{name}"
        if one.kind in ("method", "property")
        else name
    )
    call = called if one.kind == "property" else f"{called}({', '.join(one.required)})"
    module = exported(tree.root, one.module, one.path.partition(".")[0])
    return Item(
        name,
        f"{module}.{one.path}",
        module,
        one.kind,
        f"{one.path}({one.parameters})",
        call,
        one.about,
        round(score, 3),
        source,
        version,
    )


def exported(root: Path, module: str, name: str) -> str:
    """The shortest package above a module whose `__init__.py` imports a name from below itself: where people import it from; the module itself where none does."""
    parts = module.split(".")
    for end in range(1, len(parts)):
        file = root.joinpath(*parts[:end], "__init__.py")
        try:
            stamp = file.stat().st_mtime_ns
        except OSError:
            continue
        if _imported_below(file, ".".join(parts[:end]), stamp).get(name) == module:
            return ".".join(parts[:end])
    return module


@lru_cache(maxsize=256)
def _imported_below(file: Path, package: str, _changed_ns: int) -> dict[str, str]:
    """The names that a package's `__init__.py` imports by their own names, with the modules that they come from."""
    try:
        tree = syntax.module(encodings.decoded(file.read_bytes()))
    except (OSError, UnicodeDecodeError):
        return {}
    found: dict[str, str] = {}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            found |= {one.name: source for one in node.names if one.asname in (None, one.name)}
    return found


def distribution(site: Path, module: str) -> tuple[str, str]:
    """The distribution that a module of site-packages belongs to, and its version; the module's own top name where nothing says."""
    top = module.partition(".")[0]
    return _distributions(site, site.stat().st_mtime_ns).get(top, (top, ""))


@lru_cache(maxsize=4)
def _distributions(site: Path, _changed_ns: int) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for one in metadata.distributions(path=[str(site)]):
        name, version = str(one.metadata["Name"] or ""), one.version
        tops = (one.read_text("top_level.txt") or "").split() or sorted(
            {f.parts[0].removesuffix(".py") for f in one.files or [] if f.suffix == ".py"}
        )
        for top in tops:
            found.setdefault(top, (name, version))
    return found


def _names(tree: Tree) -> Iterator[str]:
    if tree.kind == "project":
        for entry in files.walk(tree.root, files.Rules(tree.root)):
            is_test = reach.is_test_file(entry.name) or not _TESTS.isdisjoint(entry.name.split("/")[:-1])
            if entry.name.endswith(".py") and not is_test:
                yield entry.name
    else:
        yield from names_below(tree.root)

"""Cells of a notebook as Python: what IPython reads otherwise becomes text of the same length, and all cells together are what rules are held against, in whatever order somebody runs them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from . import syntax

# What IPython puts into a notebook's names; `_` stands for what a magic gives, of which nothing is known.
GIVEN = ("get_ipython", "display", "In", "Out", "_", "__", "___", "exit", "quit")
BEFORE = f"{' = '.join(GIVEN)} = eval('0')\n"
# Cell magics whose cell is Python all the same; every other one's is something else.
PYTHON_MAGICS = frozenset("time timeit capture prun debug memit mprun lprun python python3 pypy cache".split())
_CELL_MAGIC = re.compile(r"\s*%%(\w+)?")
_LINE_MAGIC = re.compile(r"(?m)^([ \t]*)(?:%(?=[%A-Za-z_])|!(?!=)|\?)")
_ASSIGNED = re.compile(r"(?m)^([ \t]*[A-Za-z_][\w.,\[\] \t]*=[ \t]*)[%!]\S")
_HELP = re.compile(r"(?m)^([ \t]*)[\w.%*]+\?{1,2}[ \t]*$")
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Cells:
    """The code cells before one and behind it, as Python; of those that do not parse nothing but their words is known."""

    earlier: tuple[str, ...] = ()
    later: tuple[str, ...] = ()

    @property
    def preamble(self) -> str:
        """What stands before the cell where it is read as one module."""
        return BEFORE + "".join(_kept(cell) + "\n" for cell in self.earlier)

    @property
    def bound(self) -> frozenset[str]:
        """Names that another cell may give."""
        return _bound((*self.earlier, *self.later)) | frozenset(GIVEN)


def plain(cell: str) -> str:
    """A cell as Python of the same length and lines: magics, shell lines and questions are comments, what one of them gives is `_`; a cell in another language is all comments."""
    found = _CELL_MAGIC.match(cell)
    if found is not None and found[1] not in PYTHON_MAGICS:
        return re.sub(r"(?m)^[^\r\n]", "#", cell)
    cell = _ASSIGNED.sub(r"\1_#", cell)
    cell = _HELP.sub(lambda one: f"{one[1]}#{one[0][len(one[1]) + 1 :]}", cell)
    return _LINE_MAGIC.sub(r"\1#", cell)


def document(cells: Cells, text: str) -> str:
    """The notebook with `text` as the cell between the others, as ruff reads one; the cell's number in it, from 1, is `number`."""
    every = [*map(_kept, cells.earlier), text, *map(_kept, cells.later)]
    made: list[dict[str, object]] = [
        {"cell_type": "code", "id": str(n), "metadata": {}, "outputs": [], "execution_count": None, "source": cell}
        for n, cell in enumerate(every)
    ]
    about = {"language_info": {"name": "python"}}
    return json.dumps({"cells": made, "metadata": about, "nbformat": 4, "nbformat_minor": 5})


def number(cells: Cells) -> int:
    """The cell's number in the document, from 1."""
    return len(cells.earlier) + 1


def is_claim(cells: Cells, code: str, message: str) -> bool:
    """Whether a finding of a rule holds in any order of the cells: a name that another cell gives is there, and one that an unfinished cell mentions is used."""
    named = re.search(r"`([^`]+)`", message)
    if named is None or code not in ("F821", "F401", "F811", "F841"):
        return True
    word = named[1].rpartition(".")[2].rpartition(" ")[2]
    if code == "F821":
        return word not in cells.bound
    return word not in _words(cell for cell in (*cells.earlier, *cells.later) if _broken(cell))


def _kept(cell: str) -> str:
    """A cell that parses; of any other one the lines alone."""
    cell = cell.rstrip("\n")
    return cell if not _broken(cell) else "\n" * cell.count("\n")


@lru_cache(maxsize=512)
def _broken(cell: str) -> bool:
    return syntax.module(cell) is None


def _words(cells: Iterable[str]) -> frozenset[str]:
    return frozenset(word for cell in cells for word in _WORD.findall(cell))


def _bound(cells: Sequence[str]) -> frozenset[str]:
    return frozenset().union(*(_bound_in(cell) for cell in cells))


@lru_cache(maxsize=512)
def _bound_in(cell: str) -> frozenset[str]:
    tree = syntax.module(cell)
    if tree is None:
        return _words((cell,))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.update((one.asname or one.name).partition(".")[0] for one in node.names)
            if any(one.name == "*" for one in node.names):
                found.update(_words((cell,)))
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
    return frozenset(found)

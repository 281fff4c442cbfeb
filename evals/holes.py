"""Single-line HumanEval holes as small projects, and one-token mutants of the true lines that the tests kill."""

from __future__ import annotations

import argparse
import ast
import gzip
import io
import json
import random
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SWAPS = {
    "+": "-", "-": "+", "*": "+", "/": "*", "//": "*", "%": "//", "<": ">=", ">": "<=", "<=": ">", ">=": "<",
    "==": "!=", "!=": "==", "and": "or", "or": "and", "True": "False", "False": "True", "in": "not in",
    "min": "max", "max": "min", "append": "remove", "not": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hole:
    """A module without one line. `asserts` are the official ones, one test each."""

    id: str
    entry: str
    prefix: str
    suffix: str
    truth: str
    test: str

    def write(self, folder: Path) -> Path:
        """A project with the hole and its tests; returns the module's path."""
        folder.mkdir(parents=True, exist_ok=True)
        module = folder / "solution.py"
        module.write_text(self.prefix + "\n" + self.suffix)
        (folder / "test_solution.py").write_text(
            f"from solution import *  # a check may use any of its functions\n{self.test}\n\ndef test_official():\n    check({self.entry})\n"
        )
        return module

    @property
    def position(self) -> tuple[int, int]:
        """0-based line and character of the hole."""
        return self.prefix.count("\n"), 0


def load(path: Path, count: int, *, seed: int = 0) -> list[Hole]:
    """`count` holes spread over all tasks, the same ones for the same seed."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    random.Random(seed).shuffle(rows)
    return [
        Hole(r["task_id"], r["entry_point"], r["prompt"], r["suffix"], r["canonical_solution"], r["test"])
        for r in rows[:count]
    ]


def mutants(line: str) -> Iterator[str]:
    """The line with one token changed in its meaning, still a line of Python."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(line.strip() + "\n").readline))
    except (tokenize.TokenError, SyntaxError):
        tokens = []
    lead = line[: len(line) - len(line.lstrip())]
    for token in tokens:
        start, end = token.start[1], token.end[1]
        body = line.strip()
        if token.type == tokenize.NUMBER and re.fullmatch(r"\d+", token.string):
            yield f"{lead}{body[:start]}{int(token.string) + 1}{body[end:]}\n"
        elif token.string in SWAPS:
            yield f"{lead}{body[:start]}{SWAPS[token.string]}{body[end:]}\n"


def parses(text: str) -> bool:
    """Whether `text` is Python."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def names(known: tuple[str, ...]) -> Callable[[str], list[str]]:
    """A type for a command line's argument: some of `known`, with commas between them."""

    def read(text: str) -> list[str]:
        given = text.split(",")
        if wrong := [name for name in given if name not in known]:
            raise argparse.ArgumentTypeError(f"{wrong[0]} is none of {', '.join(known)}")
        return given

    return read

"""Material for typing evaluations: insertions into real files, given ones and ones cut out of installed packages."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK_LINES = (1, 2, 3, 4, 5, 6, 8, 10)
SIZES = range(1_500, 40_000)  # bytes of a file worth cutting


@dataclass(frozen=True, slots=True)
class Insertion:
    """`text` is typed between `before` and `after`, character by character."""

    name: str
    before: str
    text: str
    after: str


def given(path: Path) -> tuple[Insertion, ...]:
    """The insertions of a traces file (py-typing-traces.json.gz)."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = json.load(file)
    return tuple(Insertion(f"{r['repo']}/{r['path']}", r["before"], r["insert"], r["after"]) for r in rows)


def cut_out(folder: Path, count: int, *, seed: int, without: tuple[str, ...] = ()) -> Iterator[Insertion]:
    """`count` blocks of 1–10 lines out of Python files below `folder`, at most two from one file."""
    chance = random.Random(seed)
    files = sorted(
        p for p in folder.rglob("*.py") if p.stat().st_size in SIZES and not any(w in str(p) for w in without)
    )
    chance.shuffle(files)
    made = 0
    for path in [*files, *files]:
        lines = path.read_text("utf-8", "replace").splitlines(keepends=True)
        if len(lines) < 30:
            continue
        start, size = chance.randrange(5, len(lines) - 12), chance.choice(BLOCK_LINES)
        text = "".join(lines[start : start + size])
        yield Insertion(path.name, "".join(lines[:start]), text, "".join(lines[start + size :]))
        made += 1
        if made == count:
            return

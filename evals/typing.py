"""Material for typing evaluations: insertions into real files, given ones and ones cut out of installed packages."""

from __future__ import annotations

import gzip
import json
import random
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

BLOCK_LINES = (1, 2, 3, 4, 5, 6, 8, 10)
SIZES = range(1_500, 40_000)  # bytes of a file worth cutting
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
# Packages that requirements-dev.lock brings anyway, at versions that it pins: nobody's evaluation. Not among them: pygls and lsprotocol,
# from whose histories the typing traces come, and what is data or generated.
PACKAGES = (
    "_pytest", "anyio", "attr", "cattrs", "click", "cloudpickle", "coverage", "docker", "grimp", "hatchling", "httpcore", "httpx",
    "importlinter", "jedi", "joblib", "markdown_it", "narwhals", "packaging", "parso", "pathspec", "platformdirs", "pluggy",
    "pydantic", "pytest_asyncio", "requests", "rich", "setuptools", "tomlkit", "typer", "urllib3",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Insertion:
    """`text` is typed between `before` and `after`, character by character."""

    name: str
    before: str
    text: str
    after: str
    package: str = ""


def given(path: Path) -> tuple[Insertion, ...]:
    """The insertions of a traces file (py-typing-traces.json.gz)."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = json.load(file)
    return tuple(Insertion(f"{r['repo']}/{r['path']}", r["before"], r["insert"], r["after"], r["repo"]) for r in rows)


def cut_out(folder: Path, count: int, *, seed: int, packages: Sequence[str]) -> Iterator[Insertion]:
    """At most `count` blocks of 1–10 lines out of the Python files of `packages` below `folder`, at most two from one file; no package
    gives more than its share of them."""
    chance = random.Random(seed)
    of_each = -(-count // len(packages))
    for package in packages:
        files = sorted(
            p for p in (folder / package).rglob("*.py") if p.stat().st_size in SIZES and "vendor" not in str(p)
        )
        chance.shuffle(files)
        made = 0
        for path in [*files, *files]:
            lines = path.read_text("utf-8", "replace").splitlines(keepends=True)
            if len(lines) < 30 or made == of_each:
                continue
            start, size = chance.randrange(5, len(lines) - 12), chance.choice(BLOCK_LINES)
            text = "".join(lines[start : start + size])
            yield Insertion(path.name, "".join(lines[:start]), text, "".join(lines[start + size :]), package)
            made += 1

"""Bugs that are found: programs with one wrong line and their tests, modelled on fixes between versions of packages; their right twins; and correct
solutions that others wrote, on which a hint is noise.

    python -m evals.bugs_found [--count N] [--names NAME …]      the wrong line's place among the hints, and what is fixed
    python -m evals.bugs_found --twins                            the same programs without the bug
    python -m evals.bugs_found --mbpp DATA [--count N]            MBPP's solutions with their own asserts as tests

Each program is a project of its own, looked at by `assay check --json` in a process of its own, as a user would.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "bugs"
LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Program:
    """A module with a line that is right or `wrong`, and its tests."""

    name: str
    module: str
    right: str
    wrong: str
    tests: str

    @property
    def broken(self) -> str:
        """The module with the wrong line."""
        assert self.module.count(self.right) == 1, f"{self.name}: the line stands there once"
        return self.module.replace(self.right, self.wrong)

    @property
    def line(self) -> int:
        """The line, from 1."""
        return self.module[: self.module.index(self.right)].count("\n") + 1


def programs() -> list[Program]:
    """All of them, by name."""
    found = []
    for path in sorted(FOLDER.glob("*.case")):
        parts = dict(part.split("\n", 1) for part in path.read_text("utf-8").split("\n=== ")[1:])
        right, wrong = parts["bug"].rstrip("\n").split("\n")
        found.append(Program(path.stem, f"{parts['module']}\n", right, wrong, parts["tests"]))
    return found


def checked(files: dict[str, str], *options: str) -> tuple[list[dict[str, Any]], float, dict[str, str]]:
    """The hints of `assay check` about a project of these files, how long it took, and the files afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        root.mkdir()
        (root / "pyproject.toml").write_text('[project]\nname = "project"\nversion = "0"\n')
        for name, text in files.items():
            (root / name).write_text(text)
        started = time.monotonic()
        command = [sys.executable, "-m", "assay", "check", "module.py", "--json", *options]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        took = time.monotonic() - started
        if done.returncode not in (0, 1):
            raise SystemExit(f"assay check ended with {done.returncode}: {done.stderr[-500:]}")
        return json.loads(done.stdout)["hints"], took, {name: (root / name).read_text() for name in files}


def of_bugs(names: list[str], count: int) -> None:
    """The table of the wrong programs."""
    chosen = [one for one in programs() if not names or one.name in names][:count]
    first = among = fixed = right = 0
    for one in chosen:
        hints, took, _ = checked({"module.py": one.broken, "test_module.py": one.tests})
        own = [hint for hint in hints if hint["class"] != "rule"]
        place = next((n for n, hint in enumerate(own, start=1) if hint["line"] <= one.line <= hint["endLine"]), 0)
        fixes = [hint["fix"] for hint in own if hint["fix"] is not None and hint["fix"]["verdict"]["state"] == "passed"]
        first, among, fixed = first + (place == 1), among + (1 <= place <= 3), fixed + bool(fixes)
        text = _applied(one.broken, fixes[0]["edits"]) if fixes else ""
        right += text == one.module
        print(
            f"{one.name:18} line {one.line:3}  place {place or '–'}  {'fixed' if fixes else '     '}  {took:5.1f} s  {fixes[0]['title'] if fixes else ''}",
            flush=True,
        )
    n = len(chosen)
    print(f"{n} programs: the wrong line is the first hint in {first} ({first / n:.0%}), among the first three in {among} ({among / n:.0%}); "
          f"{fixed} are fixed, {right} of them by the right line itself")  # fmt: skip


def _applied(text: str, edits: list[dict[str, Any]]) -> str:
    rows = text.split("\n")
    starts = [sum(len(row) + 1 for row in rows[:n]) for n in range(len(rows))]
    for edit in sorted(edits, key=lambda one: (one["line"], one["column"]), reverse=True):
        start, end = starts[edit["line"] - 1] + edit["column"] - 1, starts[edit["endLine"] - 1] + edit["endColumn"] - 1
        text = text[:start] + edit["text"] + text[end:]
    return text


def of_twins(names: list[str], count: int) -> None:
    """The same programs as they should be."""
    kinds: Counter[str] = Counter()
    chosen = [one for one in programs() if not names or one.name in names][:count]
    for one in chosen:
        hints, took, _ = checked({"module.py": one.module, "test_module.py": one.tests})
        kinds.update(hint["class"] for hint in hints)
        print(
            f"{one.name:18} {took:5.1f} s  {[(hint['class'], hint['code'], hint['line']) for hint in hints]}",
            flush=True,
        )
    print(f"{len(chosen)} right programs: {dict(kinds)}")


def of_mbpp(data: Path, count: int, seed: int) -> None:
    """Correct solutions of small tasks, with their asserts as tests."""
    path = data / "mbpp_sanitized.jsonl.gz" if data.is_dir() else data
    tasks = [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()]
    random.Random(seed).shuffle(tasks)
    kinds: Counter[str] = Counter()
    with_hints = 0
    for number, task in enumerate(tasks[:count]):
        module = task["prompt"] + task["canonical_solution"].replace("\r\n", "\n")
        tests = f"from module import *\n\n\n{task['test']}\n\ndef test_it():\n    check({task['entry_point']})\n"
        hints, took, _ = checked({"module.py": module, "test_module.py": tests})
        own = [hint for hint in hints if hint["class"] != "rule"]
        with_hints += bool(own)
        kinds.update(hint["class"] for hint in hints)
        if own:
            print(
                f"{number} task {task.get('task_id')} {took:.1f} s {[(hint['class'], hint['code'], hint['line'], hint['message']) for hint in own]}",
                flush=True,
            )
    print(f"{min(count, len(tasks))} solutions: {with_hints} have a hint that is not ruff's; {dict(kinds)}")


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--twins", action="store_true")
    parser.add_argument("--mbpp", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--names", nargs="*", default=[])
    given = parser.parse_args()
    if given.mbpp:
        of_mbpp(given.mbpp, given.count, given.seed)
    elif given.twins:
        of_twins(given.names, given.count)
    else:
        of_bugs(given.names, given.count)


if __name__ == "__main__":
    main()

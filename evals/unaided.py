"""What is written without any model: `python -m evals.unaided DATA [COUNT] [--first N]`, DATA being the folder with MBPP's file.

For tasks of MBPP (sanitised, an order by a fixed seed) one of their asserts is shown, with the description and the head. Solved is what passes all of the task's asserts, in a container; what is offered must hold the shown one.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import gzip
import json
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analyzers.text import Span
from analyzers.wishes import heads
from analyzers.wishes.wish import Wish
from assay import compose
from assay.assistant.trials import behaviours
from assay.assistant.trials.behaviours import Asked
from assay.assistant.workbench import Workbench
from assay.assistant.write import alike, rules, small, way
from assay.assistant.write.candidate import Target
from assay.assistant.write.library import Library
from assay.assistant.write.way import Written
from assay.engine.missing import Missing
from assay.folders import folders

SEED = 7
ALL_S = 20.0  # of all asserts of a task


@dataclass(frozen=True, slots=True)
class Task:
    """The wish with one assert shown, and all of them as expressions."""

    name: str
    wish: Wish
    asserts: tuple[str, ...]


def tasks(data: Path) -> list[Task]:
    """Those of which an assert calls a function with a head, in the order of the seed."""
    with gzip.open(data / "mbpp_sanitized.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    random.Random(SEED).shuffle(rows)
    return [made for row in rows if (made := _task(row)) is not None]


def _task(row: dict[str, Any]) -> Task | None:
    asserts = [ast.unparse(one.test) for one in ast.walk(ast.parse(row["test"])) if isinstance(one, ast.Assert)]
    known = dict(re.findall(r"def (\w+)\s*\(([^)]*)\)", row["prompt"] + row["canonical_solution"]))
    called = [name for name in known if asserts and re.search(rf"\b{name}\s*\(", asserts[0])]
    if not called:
        return None
    doc = ([*row["prompt"].split("'''"), "", ""])[1].strip()
    wish = heads.of_function(f'def {called[0]}({known[called[0]]}):\n    """{doc}"""\n', called[0])
    return Task(row["task_id"], replace(wish, checks=(asserts[0],)), tuple(asserts)) if wish is not None else None


def silent(stage: str, done: int, of: int) -> None:
    """Nobody looks."""


async def one(bench: Workbench, state: Any, home: Path, task: Task) -> Written:
    """What is offered for a task."""
    at = Target(state, "task.py", "import math\n", Span(12, 12))
    sources = (Library(folders().cache).candidates, alike.candidates, rules.candidates, small.candidates)
    return await way.written(bench, bench.projects.world(home), at, task.wish, sources, silent)


async def main(given: argparse.Namespace) -> None:
    """Write and print."""
    settings, _ = compose.load_settings(folders(), editor={"sandbox": {"pool": 2}, "verify": {"policy": "static"}})
    bench = replace(compose.workbench(settings, folders()), engine=Missing("No model."))
    chosen = tasks(given.data)[given.first :][: given.count]
    solved, offered, broken, times = 0, 0, 0, []
    sources: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "task.py").write_text("import math\n")
        bench.projects.open_folder(Path(home))
        state = await bench.projects.state(Path(home))
        try:
            for number, task in enumerate(chosen):
                began = time.monotonic()
                found = await one(bench, state, Path(home), task)
                times.append(time.monotonic() - began)
                if found.best is None:
                    if times[-1] > 2:
                        print(f"  {task.name} {times[-1]:.1f} s nothing of {len(found.judged)}")
                    continue
                offered += 1
                asked = Asked(state, "task.py", task.asserts, ALL_S)
                (told,) = await behaviours.of_forms(bench, asked, [{"task.py": found.offered}], lambda done, of: None)
                holds = [answer.gives == "True" for answer in told]
                solved += all(holds)
                broken += not holds[0]
                sources[found.best.candidate.source] += all(holds)
                print(f"\r{number + 1} of {len(chosen)}: solved {solved}, offered {offered}", end="", flush=True)
                if given.show or times[-1] > 2:
                    print(
                        f"  {task.name} {times[-1]:.1f} s {'solved' if all(holds) else 'not'}: {found.best.candidate.body}"
                    )
        finally:
            await compose.close(bench)
    print(f"\nof {len(chosen)} tasks {solved} solved ({solved / max(1, len(chosen)):.1%}: {dict(sources)}), something offered for {offered}, {broken} of it breaks the assert that was shown")  # fmt: skip
    print(f"seconds for each: median {statistics.median(times):.2f}, 95 % within {sorted(times)[int(len(times) * 0.95)]:.2f}, most {max(times):.2f}")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.unaided")
    parser.add_argument("data", type=Path)
    parser.add_argument("count", type=int, nargs="?", default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--show", action="store_true")
    asyncio.run(main(parser.parse_args()))

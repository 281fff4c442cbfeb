"""Do the tests that `assay test` makes notice a bug? Functions of HumanEval and MBPP whose own tests are hidden; no model is asked.

    python -m evals.tests_made FOLDER [--count N] [--seed S] [--official]
    python -m evals.tests_made --bugs [--count N]       tests of the right programs of evals/bugs: do they notice the wrong line?
    python -m evals.tests_made --fixes [--count N]      tests of the change from the wrong line to the right one: do they fail before and pass after?

FOLDER has HumanEval.jsonl.gz and mbpp_sanitized.jsonl.gz. Each function is a project of its own, and `assay test` a process of its own, as a user has it. What it offers is then
held against the usual mutants of the function, one run of pytest in the sandbox for each: the share that it fails is the mutation score, equivalent mutants counted as missed. `--official` does
the same with the tests that the benchmarks bring.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import difflib
import gzip
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzers import subjects
from analyzers.mutants import usual
from analyzers.text import applied
from assay import compose
from assay.assistant.workbench import Workbench
from assay.folders import folders
from evals.bugs_found import programs
from sandbox.api import Job, Step

LIMIT_S = 120.0
MUTANT_S = 10.0
BATCH = 30  # mutants of one container


@dataclass(frozen=True, slots=True)
class Function:
    """A module with the function `name`, and the benchmark's own tests of it."""

    task: str
    name: str
    module: str
    official: str


def functions(folder: Path) -> list[Function]:
    """All of both benchmarks whose function stands at the top of its module."""
    found = []
    for file in ("HumanEval.jsonl.gz", "mbpp_sanitized.jsonl.gz"):
        with gzip.open(folder / file, "rt") as opened:
            rows = [json.loads(line) for line in opened]
        for row in rows:
            name, module = str(row["entry_point"]).strip(), row["prompt"] + row["canonical_solution"]
            try:
                ast.parse(module)
            except SyntaxError:
                continue
            if any(one.name == name for one in subjects.of_text(module)):
                official = f"from module import *\n\n{row['test']}\n\ndef test_official():\n    check({name})\n"
                found.append(Function(str(row["task_id"]), name, module, official))
    return found


async def measured(count: int, seed: int, folder: Path, *, official: bool) -> None:
    """One line a function, and what they come to."""
    chosen = random.Random(seed).sample(functions(folder), count)
    settings, _ = compose.load_settings(folders())
    bench = compose.workbench(settings, folders())
    scores, theirs, times, offered, unstable = [], [], [], 0, 0
    try:
        for one in chosen:
            with tempfile.TemporaryDirectory() as place:
                root = Path(place) / "project"
                root.mkdir()
                (root / "pyproject.toml").write_text('[project]\nname = "project"\nversion = "0"\n')
                (root / "module.py").write_text(one.module)
                told, took = made(root, one.name)
                (file,) = told["files"]
                (function,) = file["functions"]
                times.append(took)
                line = f"{one.task:16} {one.name:34} {took:5.1f} s  "
                if file["test"] is None:
                    print(f"{line}nothing: {function['why']}", flush=True)
                else:
                    offered += 1
                    unstable += function["runs"]["passed"] != function["runs"]["of"]
                    score = await killed(bench, root, one, file["test"]["text"])
                    scores.append(score)
                    print(
                        f"{line}{score:4.0%} of {function['mutants']} mutants, {len(function['calls'])} calls, own count {function['mutants'] - len(function['survivors'])}",
                        flush=True,
                    )
                if official:
                    theirs.append(await killed(bench, root, one, one.official))
    finally:
        await compose.close(bench)
    print(
        f"{len(chosen)} functions: tests offered for {offered} ({offered / len(chosen):.0%}), unstable {unstable}; mutation score of what is offered "
        f"{statistics.mean(scores):.1%} on the mean, {statistics.median(scores):.0%} at the median; {statistics.median(times):.1f} s at the median"
    )
    if theirs:
        print(f"the benchmarks' own tests: {statistics.mean(theirs):.1%} on the mean")


def made(root: Path, name: str, *options: str, given: str = "") -> tuple[dict[str, Any], float]:
    """What `assay test` says of a function, or of what the options name, and how long it took."""
    started = time.monotonic()
    command = [sys.executable, "-m", "assay", "test", *([f"module.py::{name}"] if name else []), *options, "--json"]
    try:
        done = subprocess.run(
            command, cwd=root, input=given, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        function = {"why": f"no end in {LIMIT_S} s", "runs": {"passed": 0, "of": 5}}
        return {"files": [{"test": None, "functions": [function]}]}, LIMIT_S
    if done.returncode not in (0, 1):
        raise SystemExit(f"assay test ended with {done.returncode}: {done.stderr[-800:]}")
    return json.loads(done.stdout), time.monotonic() - started


async def killed(bench: Workbench, root: Path, one: Function, test: str) -> float:
    """The share of the function's mutants that a test file fails on."""
    subject = next(two for two in subjects.of_text(one.module) if two.name == one.name)
    mutants = usual.of_lines(one.module, *subject.lines)
    if not mutants:
        return 1.0
    project = (await bench.projects.state(root)).project

    async def part(of: list[str]) -> int:
        steps = tuple(
            Step("pytest", MUTANT_S, (("module.py", text), ("test_module.py", test)), ("test_module.py",))
            for text in of
        )
        outcomes = await bench.sandbox.run(Job(project, steps))
        return sum(
            outcome.timed_out or not all(two.is_green for two in outcome.tests.tests) or not outcome.tests.tests
            for outcome in outcomes
        )

    texts = [applied(one.module, (two.edit,)) for two in mutants]
    counts = await asyncio.gather(*(part(texts[first : first + BATCH]) for first in range(0, len(texts), BATCH)))
    return sum(counts) / len(mutants)


async def of_programs(count: int, *, is_change: bool) -> None:
    """The programs of evals/bugs, right and wrong."""
    settings, _ = compose.load_settings(folders())
    bench = compose.workbench(settings, folders())
    noticed, chosen, times = 0, programs()[:count], []
    try:
        for one in chosen:
            with tempfile.TemporaryDirectory() as place:
                root = Path(place) / "project"
                root.mkdir()
                (root / "pyproject.toml").write_text('[project]\nname = "project"\nversion = "0"\n')
                (root / "module.py").write_text(one.broken if is_change else one.module)
                own = [two.name for two in subjects.of_text(one.module) if two.lines[0] <= one.line <= two.lines[1]]
                if is_change:
                    sides = [text.splitlines(keepends=True) for text in (one.broken, one.module)]
                    lines = difflib.unified_diff(*sides, "module.py", "module.py")
                    told, took = made(root, "", "--diff", "-", given="".join(lines))
                elif own:
                    told, took = made(root, own[0])
                else:
                    told, took = {"files": []}, 0.0
                times.append(took)
                texts = [file["test"]["text"] for file in told["files"] if file["test"] is not None]
                right, wrong = [
                    await passes(bench, root, text, texts[-1]) if texts else True for text in (one.module, one.broken)
                ]
                is_noticed = bool(texts) and right and not wrong
                noticed += is_noticed
                why = [two["why"] for file in told["files"] for two in file["functions"]] if not texts else ""
                print(f"{one.name:18} {took:5.1f} s  {'noticed' if is_noticed else f'not noticed {why}'}", flush=True)
    finally:
        await compose.close(bench)
    what = (
        "fail before the fix and pass after it" if is_change else "pass on the right program and fail on the wrong one"
    )
    print(f"{noticed} of {len(chosen)} have tests that {what}; {statistics.median(times):.1f} s at the median")


async def passes(bench: Workbench, root: Path, module: str, test: str) -> bool:
    """Whether a test file is green with a module."""
    project = (await bench.projects.state(root)).project
    step = Step("pytest", MUTANT_S, (("module.py", module), ("test_module.py", test)), ("test_module.py",))
    (outcome,) = await bench.sandbox.run(Job(project, (step,)))
    return bool(outcome.tests.tests) and all(one.is_green for one in outcome.tests.tests)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--bugs", action="store_true")
    parser.add_argument("--fixes", action="store_true")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--official", action="store_true", help="the benchmarks' own tests, too")
    given = parser.parse_args()
    if given.bugs or given.fixes:
        asyncio.run(of_programs(given.count, is_change=given.fixes))
        return
    if given.folder is None:
        parser.error("FOLDER, --bugs or --fixes")
    asyncio.run(measured(given.count, given.seed, given.folder, official=given.official))


if __name__ == "__main__":
    main()

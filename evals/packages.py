"""Do verdicts hold on published packages with their own tests? `python -m evals.packages [--package NAME …] [--kinds truth mutant] [--map] [--find]`.

Lines of a package are cut out and put back (truths), and changed in one token so that the package's own whole suite kills them (mutants); each
is judged as `assay verify` does, with `--map` after the coverage map was recorded. Which lines and mutants, is kept in `packages.json`; `--find` makes a package's rows anew, by whole runs of its
suite in the sandbox: a truth is a line that some test executes, a mutant one with which a test fails that passes without it. Needs the sandbox.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from analyzers import reach
from analyzers.syntax import functions
from analyzers.text import Snapshot, changed_span
from assay import compose
from assay.assistant.nouns import Unverified, Verdict
from assay.assistant.proof import mapping
from assay.assistant.proof.verdict import begin, patient
from assay.assistant.record.coverage import Maps
from assay.assistant.shapes import state
from assay.assistant.workbench import Workbench
from assay.assistant.world.change import Change, one_file
from assay.assistant.world.world import World
from assay.folders import folders
from evals import holes
from sandbox.api import Job, Piece, Step, StepOutcome

VERSIONS = {
    "parse": "1.20.2", "tabulate": "0.9.0", "more-itertools": "10.5.0", "sqlparse": "0.5.3", "cachetools": "5.5.2", "mistune": "3.0.2", "click": "8.1.8",
}  # fmt: skip
KNOWN = Path(__file__).with_name("packages.json")
COUNT = 15  # of each kind and package
SUITE_S = 60.0


@dataclass(frozen=True, slots=True)
class Row:
    """One change: line `line` (from 1) of `path`; `text` stands for it in a mutant, and is empty for a truth."""

    kind: str
    path: str
    line: int
    text: str = ""

    def change(self, root: Path) -> Change:
        """The truth put back, or the mutant put in."""
        path = root / self.path
        whole = path.read_text("utf-8")
        other = replaced(whole, self.line, self.text)
        before, after = (whole, other) if self.kind == "mutant" else (other, whole)
        _, span = changed_span(before, after)
        return one_file(World(root), Snapshot(path.as_uri(), str(path), 0, before), after, span)


def fetched(name: str, folder: Path) -> Path:
    """The package's source distribution, unpacked."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", str(folder)]
    subprocess.run([*command, f"{name}=={VERSIONS[name]}"], check=True)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def lines(root: Path) -> Iterator[tuple[str, int, str]]:
    """Statements of one line in the functions of a package's own files: path, line from 1, text."""
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if reach.is_test_file(name) or name.partition("/")[0] in (
            "docs",
            "tests",
            "misc",
            "examples",
            "setup.py",
            "tlz",
        ):
            continue
        text = path.read_text("utf-8")
        yield from ((name, line, row) for line, row in one_liners(text))


def one_liners(text: str) -> Iterator[tuple[int, str]]:
    """The statements of one line in a file's functions: line from 1, and text."""
    rows = text.split("\n")
    for _, function in functions(ast.parse(text)):
        for node in function.body:
            is_one = (
                isinstance(node, ast.Return | ast.Assign | ast.AugAssign | ast.Expr) and node.lineno == node.end_lineno
            )
            if is_one and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
                yield node.lineno, rows[node.lineno - 1]


async def found(bench: Workbench, root: Path, chance: random.Random) -> list[Row]:
    """COUNT truths and COUNT mutants, by whole runs of the suite."""
    every = list(dict.fromkeys(lines(root)))
    chance.shuffle(every)
    project = (await bench.projects.state(root)).project
    files = tuple(n for n in (await bench.projects.state(root)).texts if reach.is_test_file(n))
    baseline = _green(await _suite(bench, root, Step("pytest", SUITE_S, (), files)))
    print(
        f"  {len(baseline)} tests pass in {len(files)} files, {len(every)} lines, project {project.digest}", flush=True
    )
    rows: list[Row] = []
    for path, line, text in every:
        counts = Counter(row.kind for row in rows)
        if min(counts["truth"], counts["mutant"]) >= COUNT:
            break
        if counts["truth"] < COUNT and not any(r.path == path and abs(r.line - line) < 3 for r in rows):
            step = Step("pytest", SUITE_S, (), files, changed=(path,), pieces=(Piece(path, (line, line)),))
            if any(test.hit and test.is_green for test in (await _suite(bench, root, step)).tests.tests):
                rows.append(Row("truth", path, line))
        whole = (root / path).read_text("utf-8")
        changed = [m for m in holes.mutants(text) if holes.parses(replaced(whole, line, m.rstrip("\n")))]
        if counts["mutant"] < COUNT and changed:
            mutant = chance.choice(changed).rstrip("\n")
            outcome = await _suite(
                bench, root, Step("pytest", SUITE_S, ((path, replaced(whole, line, mutant)),), files)
            )
            if outcome.tests.finished and baseline - _green(outcome):
                rows.append(Row("mutant", path, line, mutant))
        print(f"\r  {dict(Counter(row.kind for row in rows))}", end="", flush=True)
    print()
    return [row for kind in ("truth", "mutant") for row in rows if row.kind == kind][: 2 * COUNT]


async def judged(bench: Workbench, root: Path, rows: list[Row]) -> list[tuple[Row, Verdict, float]]:
    """Each row's verdict, and the seconds that it took."""
    results = []
    for row in rows:
        started = time.perf_counter()
        verdict = (await begin(bench, row.change(root), patient(bench.settings))).now
        results.append((row, verdict, time.perf_counter() - started))
    return results


async def _suite(bench: Workbench, root: Path, step: Step) -> StepOutcome:
    project = (await bench.projects.state(root)).project
    return (await bench.sandbox.run(Job(project, (step,))))[0]


def _green(outcome: StepOutcome) -> frozenset[str]:
    return frozenset(test.id for test in outcome.tests.tests if test.is_green)


def replaced(text: str, line: int, other: str) -> str:
    """The text with one line replaced, or cut out for "": by `pass`, where it would not parse without it."""
    every = text.split("\n")
    lead = every[line - 1][: len(every[line - 1]) - len(every[line - 1].lstrip())]
    if other:
        return "\n".join([*every[: line - 1], other, *every[line:]])
    without = "\n".join([*every[: line - 1], *every[line:]])
    return without if holes.parses(without) else "\n".join([*every[: line - 1], f"{lead}pass", *every[line:]])


def report(name: str, results: list[tuple[Row, Verdict, float]]) -> None:
    for kind in dict.fromkeys(row.kind for row, _, _ in results):
        own = [(row, verdict, s) for row, verdict, s in results if row.kind == kind]
        seen = Counter(f"{state(v)} {v.reason}" if isinstance(v, Unverified) else state(v) for _, v, _ in own)
        wanted = "passed" if kind == "truth" else "failed"
        print(
            f"{name:15} {kind:7} {dict(seen)}  median {statistics.median(s for _, _, s in own):.1f} s, most {max(s for _, _, s in own):.1f} s"
        )
        for row, verdict, _ in own:
            if state(verdict) != wanted:
                print(f"    {row.path}:{row.line} {state(verdict)}: {verdict.why[:150]}  {row.text.strip()}")


async def main(given: argparse.Namespace) -> None:
    """Find or judge, package by package."""
    known = json.loads(KNOWN.read_text("utf-8")) if KNOWN.exists() else {}
    where = folders()
    settings, _ = compose.load_settings(where)
    for name in given.package:
        with tempfile.TemporaryDirectory() as folder:
            root = fetched(name, Path(folder))
            bench = compose.workbench(settings, where)
            try:
                if given.find:
                    print(name)
                    known[name] = [asdict(row) for row in await found(bench, root, random.Random(17))]
                    KNOWN.write_text(json.dumps(known, indent=0) + "\n", "utf-8")
                    continue
                if given.map:
                    bench = replace(bench, maps=Maps(Path(folder) / "maps"))
                    made = await mapping.record(bench, root)
                    print(f"{name}: {len(made.entered)} tests recorded", flush=True)
                rows = [Row(**row) for row in known.get(name, ()) if row["kind"] in given.kinds]
                report(name, await judged(bench, root, rows))
            finally:
                await compose.close(bench)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.packages")
    parser.add_argument("--package", nargs="+", choices=list(VERSIONS), default=list(VERSIONS))
    parser.add_argument("--kinds", nargs="+", default=["truth", "mutant"])
    parser.add_argument("--map", action="store_true")
    parser.add_argument("--find", action="store_true")
    asyncio.run(main(parser.parse_args()))

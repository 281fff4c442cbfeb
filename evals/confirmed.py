"""Does a run deny what is said of functions? `python -m evals.confirmed [--package NAME …] [--count N]`: needs the sandbox.

The tests of published packages run once, and how each call of the package's functions ends is noted. N functions that tests enter are chosen with a fixed seed, as many of each package; the facts of each are held against what was seen:
types that it returns where facts name them all, exceptions at the lines of its `raise` statements, whether it yields. Told, too: how many of the exceptions that facts name were seen, and how many of those seen to begin
in a function at a `raise` of its own facts name. With `--plant`, facts are changed before they are held against the run (another type, another exception): so many of those must be denied.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from analyzers import facts, reach
from analyzers.facts import Facts
from assay import compose
from assay.assistant.summarize import seen
from assay.assistant.summarize.seen import Ended
from assay.assistant.workbench import Workbench
from assay.folders import folders
from evals.packages import SUITE_S, VERSIONS, fetched
from sandbox.api import Job, Step

SEED = 11
SKIPPED = ("docs", "tests", "test", "misc", "examples", "setup.py", "conftest.py")


@dataclass(frozen=True, slots=True)
class Case:
    """A function that tests enter, with its facts and what was seen."""

    file: str
    facts: Facts
    seen: Ended


async def cases(bench: Workbench, root: Path) -> list[Case]:
    """All functions of a package that its tests enter."""
    bench.projects.open_folder(root)
    state = await bench.projects.state(root)
    tests = tuple(sorted(name for name in state.texts if reach.is_test_file(name, state.test_files)))
    own = tuple(sorted(name for name in state.texts if name not in tests and name.partition("/")[0] not in SKIPPED))
    step = Step("pytest", SUITE_S * 4, (), tests, watched=own, observes=True)
    (outcome,) = await bench.sandbox.run(Job(state.project, (step,)))
    found = []
    for name in own:
        by_test = {test: files[name] for test, files in outcome.tests.observed.items() if name in files}
        ended = seen.joined(by_test)
        found += [
            Case(name, one, ended[one.line])
            for one in facts.of_text(state.texts[name]) or ()
            if one.kind != "class" and one.line in ended
        ]
    print(
        f"{root.name}: {len(outcome.tests.tests)} tests enter {len(found)} functions in {outcome.ms / 1000:.1f} s",
        flush=True,
    )
    return found


def planted(case: Case) -> Iterator[Facts]:
    """The facts with one of them changed to what the run has not shown."""
    types = {one.type for one in case.facts.returns}
    if types and "" not in types and "type" not in types and case.seen.returned:
        yield replace(case.facts, returns=(replace(case.facts.returns[0], type="memoryview"),))
    for one in case.facts.raises:
        if any(line == one.line and is_own for _, line, is_own in case.seen.by.raised) and not one.is_passed_on:
            others = tuple(replace(o, name="BlockingIOError") if o is one else o for o in case.facts.raises)
            yield replace(case.facts, raises=others)
    if case.seen.by.yields:
        yield replace(case.facts, yields=False)


async def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description="Does a run deny what is said of functions?")
    parser.add_argument("--package", nargs="+", default=list(VERSIONS))
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--plant", action="store_true")
    given = parser.parse_args()
    where = folders()
    settings, _ = compose.load_settings(where, editor={"sandbox": {"pool": 1}})
    bench = compose.workbench(settings, where)
    chosen: list[Case] = []
    try:
        for name in given.package:
            with tempfile.TemporaryDirectory() as folder:
                every = await cases(bench, fetched(name, Path(folder)))
                chosen += random.Random(SEED).sample(every, min(len(every), -(-given.count // len(given.package))))
    finally:
        await compose.close(bench)
    chosen = chosen[: given.count]
    denied = [(case, what) for case in chosen for what in seen.denied(case.facts, case.seen.by)]
    for case, what in denied:
        print(f"denied: {case.file}::{case.facts.path}: {what}")
    named = [(case, name) for case in chosen for name in {one.name for one in case.facts.raises}]
    shown = sum(bool(case.seen.shows(name)) for case, name in named)
    told = sum(bool(case.facts.returns) and all(one.type for one in case.facts.returns) for case in chosen)
    print(
        f"{len(chosen)} functions, {len(denied)} facts denied; of {len(named)} exceptions that facts name {shown} were seen; all types that are returned are named of {told}"
    )
    if given.plant:
        lies = [(case, lie) for case in chosen for lie in planted(case)]
        caught = sum(any(seen.denied(lie, case.seen.by)) for case, lie in lies)
        print(f"planted: {caught} of {len(lies)} denied")


if __name__ == "__main__":
    asyncio.run(main())

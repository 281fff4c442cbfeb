"""Are tests made for published packages worth having, and does `assay mutants` find what the whole suite finds?

    python -m evals.tests_of_packages --package NAME [--count 20] [--seed S] [--whole]
    python -m evals.tests_of_packages --package NAME --mutants [--count 60] [--seed S]

Without `--mutants`: functions and classes at the top of the package's own modules are drawn, among those of which the suite leaves a usual mutant alive, and `assay test` makes tests of each; a test is offered for a mutant that no test which
executes its statement notices. `--whole` holds one such mutant of each against the whole suite. At the end all that was written is put into the package, and its suite is run once more.
With `--mutants`: so many usual mutants of whole files are held against the tests that execute them, as `assay mutants` does it, and each against the whole suite; how often both agree, and how long both took.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzers import reach, subjects
from analyzers.mutants import usual
from analyzers.mutants.usual import Usual
from analyzers.subjects import Subject
from analyzers.text import applied
from assay import compose
from assay.assistant.test import asked, suite
from assay.assistant.test.suite import Place
from assay.assistant.test.way import Made
from assay.assistant.workbench import Workbench
from assay.assistant.world.state import State
from assay.folders import folders
from evals.packages import VERSIONS, fetched
from sandbox.api import Job, Step, StepOutcome

SUITE_S = 120.0
LEFT_OUT = ("docs", "tests", "test", "misc", "examples", "setup.py", "benchmark.py", "bench", "benchmark", "benchmarks")
FILE_LIMIT = 400  # mutants of one file


@dataclass(frozen=True, slots=True)
class Drawn:
    """A function or class, and the mutants of it that no test notices."""

    name: str
    subject: Subject
    alive: tuple[Usual, ...]


def own_files(state: State) -> dict[str, str]:
    """The package's modules."""
    return {
        name: text
        for name, text in state.texts.items()
        if not reach.is_test_file(name, state.test_files) and name.partition("/")[0] not in LEFT_OUT
    }


async def drawn(bench: Workbench, state: State, count: int, chance: random.Random) -> tuple[list[Drawn], int]:
    """So many, and how many had to be looked at for them."""
    files = own_files(state)
    every = [(name, one) for name, text in files.items() for one in subjects.of_text(text)]
    chance.shuffle(every)
    known = await suite.seen_of(bench, state, files)
    found, looked = list[Drawn](), 0
    for name, subject in every:
        if len(found) == count:
            break
        looked += 1
        mutants = usual.of_lines(files[name], *subject.lines)
        at = Place(state, name, files[name])
        fates = await suite.fates(bench, at, mutants, known[name], lambda done, of: None)
        alive = tuple(one for one, fate in zip(mutants, fates, strict=True) if fate != "noticed")
        if alive:
            found.append(Drawn(name, subject, alive))
    return found, looked


async def whole(bench: Workbench, state: State, changes: dict[str, str]) -> StepOutcome:
    """The whole suite with some files changed."""
    tests = tuple(name for name in state.texts if state.is_run(name))
    tests += tuple(name for name in changes if reach.is_test_file(name, state.test_files) and name not in tests)
    step = Step("pytest", SUITE_S, tuple(changes.items()), tests, quiet_s=20.0)
    return (await bench.sandbox.run(Job(state.project, (step,))))[0]


def is_red(outcome: StepOutcome, green: frozenset[str]) -> bool:
    """Whether a test that is green without the change is not with it."""
    now = frozenset(one.id for one in outcome.tests.tests if one.is_green)
    return outcome.timed_out or not outcome.tests.finished or bool(green - now)


async def of_functions(bench: Workbench, root: Path, given: argparse.Namespace) -> None:
    """Tests of so many functions."""
    state = await bench.projects.state(root)
    chosen, looked = await drawn(bench, state, given.count, random.Random(given.seed))
    print(
        f"{given.package}: {len(chosen)} drawn; of {looked - len(chosen)} others the suite notices all usual mutants",
        flush=True,
    )
    first = await whole(bench, state, {})
    green = frozenset(one.id for one in first.tests.tests if one.is_green)
    over, offered, others, unstable, agreed, times = dict[str, str](), 0, 0, 0, 0, list[float]()
    for one in chosen:
        begun = time.monotonic()
        text = state.texts[one.name]
        at = Place(state, one.name, text, {**asked.there(state, one.name), **over})
        (made,) = await asked.of_functions(bench, at, [one.subject], lambda stage, done, of: None)
        times.append(time.monotonic() - begun)
        told = f"{one.name}::{one.subject.name}"
        if made.written is None:
            others += bool(_killed(one, made))
            by = f"; {len(_killed(one, made))} of {len(one.alive)} are noticed by tests that were made before" if _killed(one, made) else ""  # fmt: skip
            print(f"  {told:52} {times[-1]:5.1f} s  nothing: {made.why}{by}", flush=True)
            continue
        offered += 1
        unstable += made.runs < 5
        over[made.written.name] = made.written.text
        more = ""
        if given.whole and (killed := _killed(one, made)):
            text_of = {one.name: applied(text, (killed[0].edit,))}
            is_alive = not is_red(await whole(bench, state, text_of), green)
            agreed += is_alive
            more = "" if is_alive else ", one of which the whole suite notices, too"
        print(
            f"  {told:52} {times[-1]:5.1f} s  {len(_killed(one, made))} of {len(one.alive)} that were alive{more}",
            flush=True,
        )
    last = await whole(bench, state, over)
    red = [two.id for two in last.tests.tests if not two.is_green and two.id.partition("[")[0] not in {g.partition("[")[0] for g in green} and two.outcome not in ("skipped", "xfailed")]  # fmt: skip
    red = [two for two in red if two not in {x.id for x in first.tests.tests}]
    told = f", {agreed} of {offered} held against the whole suite were alive" if given.whole else ""
    print(
        f"{given.package}: tests for {offered} of {len(chosen)}, for {others} more those of others ({(offered + others) / max(1, len(chosen)):.0%}), unstable {unstable}, new ones red in the whole suite {len(red)}, "
        f"old ones red by them {len(green - frozenset(two.id for two in last.tests.tests if two.is_green))}{told}; {statistics.median(times):.1f} s at the median"
    )


def _killed(one: Drawn, made: Made) -> list[Usual]:
    return [two for two in one.alive if two not in made.survivors]


async def of_mutants(bench: Workbench, root: Path, given: argparse.Namespace) -> None:
    """So many mutants both ways."""
    state, chance = await bench.projects.state(root), random.Random(given.seed)
    files = own_files(state)
    names = sorted(files)
    chance.shuffle(names)
    first = await whole(bench, state, {})
    green = frozenset(one.id for one in first.tests.tests if one.is_green)
    every = [
        (name, one) for name in names for one in usual.of_lines(files[name], 1, files[name].count("\n") + 1, FILE_LIMIT)
    ]
    sample = sorted(chance.sample(every, min(given.count, len(every))), key=lambda one: names.index(one[0]))
    begun = time.monotonic()
    known = await suite.seen_of(bench, state, {name: files[name] for name, _ in sample})
    watched = time.monotonic() - begun
    ours = dict[int, str]()
    for name in dict.fromkeys(name for name, _ in sample):
        own = [number for number, (other, _) in enumerate(sample) if other == name]
        at = Place(state, name, files[name])
        fates = await suite.fates(bench, at, [sample[n][1] for n in own], known[name], lambda done, of: None)
        ours |= dict(zip(own, fates, strict=True))
    took = time.monotonic() - begun
    print(
        f"{given.package}: {len(green)} green tests, {len(sample)} mutants of {len(every)}; by those that execute them {took:.1f} s, {watched:.1f} of it to see which",
        flush=True,
    )
    begun = time.monotonic()
    theirs = list[bool]()
    for name, one in sample:
        theirs.append(is_red(await whole(bench, state, {name: applied(files[name], (one.edit,))}), green))
    peer = time.monotonic() - begun
    for number, (name, one) in enumerate(sample):
        if (ours[number] == "noticed") != theirs[number]:
            print(
                f"  {name}:{one.line} {one.told}: {ours[number]}, by the whole suite {'noticed' if theirs[number] else 'alive'}"
            )
    same = sum((ours[number] == "noticed") == theirs[number] for number in range(len(sample)))
    print(
        f"{given.package}: the same of {same} of {len(sample)} ({sum(theirs)} noticed by the whole suite, {sum(fate == 'noticed' for fate in ours.values())} by those that execute them); "
        f"the whole suite for each {peer:.1f} s, {took / peer:.2f} of its time"
    )


async def main(given: argparse.Namespace) -> None:
    """One package."""
    where = folders()
    settings, _ = compose.load_settings(where)
    with tempfile.TemporaryDirectory() as folder:
        root = fetched(given.package, Path(folder))
        bench = compose.workbench(settings, where)
        try:
            bench.projects.open_folder(root)
            await (of_mutants if given.mutants else of_functions)(bench, root, given)
        finally:
            await compose.close(bench)


def read(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", required=True, choices=list(VERSIONS))
    parser.add_argument("--mutants", action="store_true")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--seed", type=int, default=5)
    given = parser.parse_args(arguments)
    given.count = given.count or (60 if given.mutants else 20)
    return given


if __name__ == "__main__":
    asyncio.run(main(read()))

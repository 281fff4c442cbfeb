"""Does the finished file pass? `python -m evals.infilling DATA [COUNT] [--kinds lines,openings,repeated,junk,imports]`, DATA being the folder
with HumanEval's files.

An engine that knows the truth writes it, or the truth and more; what is offered is written into the file, and the official test runs in the
sandbox. `lines`: holes of 2 to 10 whole lines, the author taking piece by piece what is exactly what he would type. `openings`: the first line of a
body with nothing below it, tests red: how many are withheld as contradicted. `repeated`: a line and the one below it again. `junk`: a line and ten
that are none. `imports`: lines whose import is missing. Needs the sandbox.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analyzers import imports
from analyzers.text import Snapshot
from assay import compose
from assay.assistant.complete.path import complete
from assay.assistant.complete.way import Typing
from assay.assistant.drafting.ask import Ask
from assay.assistant.nouns import Completion, Passed
from assay.assistant.shapes import state
from assay.assistant.workbench import Workbench
from assay.assistant.world.world import World
from assay.folders import folders
from evals import holes
from sandbox.api import Job, Project, Step
from tests.lsp.stub import Stub

SIZES = range(2, 11)
JUNK = (
    "lorem ipsum dolor sit amet,", "@@ -1,4 +1,4 @@", "The function above returns the", "]]}}", "1. First, we", "$ python main.py",
    "def def def", "x = = 3", "Output: 5 -> 7", "```",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gap:
    """A module with a gap between `before` and `after`, what fills it, and its test."""

    name: str
    before: str
    after: str
    truth: str
    test: str
    entry: str

    def write(self, folder: Path) -> Path:
        """A project with the gap."""
        return holes.Hole(self.name, self.entry, self.before, self.after, "", self.test).write(folder)


def lines(data: Path, count: int, *, seed: int = 0) -> list[Gap]:
    """Holes of several whole lines in the solutions, the cursor behind the first one's indentation."""
    rows, chance, found = _tasks(data), random.Random(seed), list[Gap]()
    while len(found) < count:
        row = chance.choice(rows)
        body = row["canonical_solution"].rstrip("\n").split("\n")
        size = chance.choice(SIZES)
        start = chance.randrange(max(1, len(body) - size + 1))
        hole = body[start : start + size]
        if len(hole) < SIZES[0] or not hole[0].strip() or not hole[-1].strip():
            continue
        lead = hole[0][: len(hole[0]) - len(hole[0].lstrip())]
        before = row["prompt"] + "".join(f"{line}\n" for line in body[:start]) + lead
        after = "\n" + "".join(f"{line}\n" for line in body[start + size :])
        found.append(Gap(row["task_id"], before, after, "\n".join(hole)[len(lead) :], row["test"], row["entry_point"]))
    return found


def openings(data: Path, count: int, *, seed: int = 0) -> list[Gap]:
    """The first line of a body, with the rest of the function still to be written."""
    rows, found = _tasks(data), list[Gap]()
    random.Random(seed).shuffle(rows)
    for row in rows:
        body = row["canonical_solution"].strip("\n").split("\n")
        lead = body[0][: len(body[0]) - len(body[0].lstrip())]
        if len(body) > 1 and body[0].strip():
            found.append(
                Gap(row["task_id"], row["prompt"] + lead, "\n", body[0].strip(), row["test"], row["entry_point"])
            )
    return found[:count]


def single(data: Path, count: int, more: Callable[[holes.Hole, int], str]) -> list[tuple[Gap, str]]:
    """Single-line holes, and what the engine writes there: the truth and `more`."""
    chosen = holes.load(data / "HumanEval-SingleLineInfilling.jsonl.gz", count)
    made = list[tuple[Gap, str]]()
    for number, hole in enumerate(chosen):
        gap = Gap(hole.id, hole.prefix, "\n" + hole.suffix, hole.truth, hole.test, hole.entry)
        made.append((gap, hole.truth.rstrip("\n") + "\n" + more(hole, number)))
    return made


def repeated(hole: holes.Hole, number: int) -> str:
    """The line that stands below the hole."""
    return next((line for line in hole.suffix.split("\n") if line.strip()), "") + "\n"


def junk(hole: holes.Hole, number: int) -> str:
    """Ten lines that are no code, at the depth of the hole."""
    lead = hole.truth[: len(hole.truth) - len(hole.truth.lstrip())]
    order = random.Random(number).sample(JUNK, len(JUNK))
    return "".join(f"{lead}{line}\n" for line in order)


USES = (
    ("math.sqrt(x * x)", 4, 4.0), ("math.floor(x / 2)", 5, 2), ("math.gcd(x, 12)", 8, 4), ("math.factorial(x)", 5, 120),
    ("math.hypot(x, 3)", 4, 5.0), ("math.ceil(x / 3)", 10, 4), ("math.isqrt(x)", 17, 4), ("math.prod([x, 2, 3])", 2, 12),
    ("round(math.pi * x, 2)", 2, 6.28), ("math.comb(x, 2)", 5, 10), ("re.sub('a', 'b', x)", "aab", "bbb"),
    ("re.findall('[0-9]', x)", "a1b2", ["1", "2"]), ("bool(re.match('[a-z]+$', x))", "abc", True), ("re.split(',', x)", "a,b", ["a", "b"]),
    ("re.search('b', x).start()", "abc", 1), ("re.escape(x)", "a.b", "a\\.b"), ("len(re.findall(' ', x))", "a b c", 2),
    ("re.sub('[aeiou]', '', x)", "house", "hs"), ("re.fullmatch('a*', x) is not None", "aaa", True), ("re.compile('x').sub('y', x)", "axa", "aya"),
    ("dict(collections.Counter(x))", "aab", {"a": 2, "b": 1}), ("collections.Counter(x).most_common(1)[0][0]", "abb", "b"),
    ("list(collections.deque(x, 2))", [1, 2, 3], [2, 3]), ("dict(collections.OrderedDict(x))", [("a", 1)], {"a": 1}),
    ("collections.deque(x).pop()", [1, 2], 2), ("collections.deque(x).popleft()", [1, 2], 1), ("dict(collections.ChainMap({'a': 1}, x))", {"b": 2}, {"a": 1, "b": 2}),
    ("collections.Counter(x)['a']", "banana", 3), ("len(collections.Counter(x))", "aab", 2), ("collections.defaultdict(list, x)['q']", {}, []),
    ("list(itertools.chain(x, [3]))", [1, 2], [1, 2, 3]), ("list(itertools.accumulate(x))", [1, 2, 3], [1, 3, 6]),
    ("list(itertools.islice(x, 2))", [1, 2, 3], [1, 2]), ("len(list(itertools.permutations(x)))", [1, 2, 3], 6),
    ("len(list(itertools.combinations(x, 2)))", [1, 2, 3], 3), ("list(itertools.repeat(x, 2))", 7, [7, 7]),
    ("list(itertools.product(x, x))", [0], [(0, 0)]), ("list(itertools.takewhile(bool, x))", [1, 0, 2], [1]),
    ("list(itertools.dropwhile(bool, x))", [1, 0, 2], [0, 2]), ("[k for k, _ in itertools.groupby(x)]", "aab", ["a", "b"]),
)  # fmt: skip


def uses() -> list[Gap]:
    """Forty lines that use a module of the standard library without its import."""
    made = list[Gap]()
    for number, (expression, given, wanted) in enumerate(USES):
        test = f"def check(candidate):\n    assert candidate({given!r}) == {wanted!r}\n"
        text = f'"""One function."""\n\n\ndef use(x):\n    """Use number {number}."""\n    return '
        made.append(Gap(f"use {number}", text, "\n", expression, test, "use"))
    return made


def _tasks(data: Path) -> list[dict[str, Any]]:
    with gzip.open(data / "HumanEval.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Desk:
    """An author at one file after the other, an engine that writes what it is told, and the sandbox."""

    def __init__(self, bench: Workbench, folder: Path, says: dict[str, str]) -> None:
        self._bench = bench
        self._folder = folder
        self._says = says
        self._count = 0

    async def ask(self, gap: Gap, before: str, text: str) -> Completion:
        """What is offered behind `before` where the engine writes `text`."""
        self._count += 1
        folder = self._folder / f"p{self._count}"
        path = replace(gap, before=before, after=gap.after.removeprefix("\n")).write(folder)
        self._says["text"] = text
        whole = before + gap.after
        path.write_text(whole, "utf-8")
        return await complete(
            self._bench, Typing(), Ask(Snapshot(path.as_uri(), str(path), 1, whole), len(before), World(folder))
        )

    async def passes(self, gap: Gap, text: str) -> bool:
        """Whether a finished file passes its test."""
        step = Step("script", 10.0, (("run.py", f"{text}\n{gap.test}\ncheck({gap.entry})\n"),), path="run.py")
        return (await self._bench.sandbox.run(Job(Project("empty", b""), (step,))))[0].exit == 0


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    """One, with the settings that stand by default."""
    says, where = {"text": ""}, folders()
    with tempfile.TemporaryDirectory() as folder:
        async with Stub(lambda body: says["text"]) as stub:
            os.environ["ASSAY_ENGINE_URL"] = stub.url
            settings, _ = compose.load_settings(where)
            bench = compose.workbench(settings, where)
            try:
                yield Desk(bench, Path(folder), says)
            finally:
                await compose.close(bench)
                await asyncio.sleep(0.1)  # the stub sees that its client is gone


async def _lines(at: Desk, gaps: list[Gap]) -> None:
    seen, takes, odd = Counter[str](), list[int](), list[str]()
    for gap in gaps:
        done, why = "", ""
        while left := gap.truth[len(done) :]:
            found = await at.ask(gap, gap.before + done, left)
            text = found.suggestions[0].text if found.suggestions else ""
            if not text.strip() or not left.startswith(text):
                why = f"{text!r} is not what he would type" if text.strip() else found.why
                break
            done += text
            takes.append(1)
        end = "passes" if await at.passes(gap, gap.before + done + gap.after) else "does not pass"
        seen[f"{end}{', complete' if done == gap.truth else ''}"] += 1
        if end != "passes":
            odd.append(f"{gap.name}: {why}  {gap.truth!r}")
    print(f"lines: {dict(seen)} of {len(gaps)}, {len(takes) / len(gaps):.2f} pieces taken a hole")
    print("\n".join(f"    {line}" for line in odd), flush=True)


async def _openings(at: Desk, gaps: list[Gap]) -> None:
    seen, odd = Counter[str](), list[str]()
    for gap in gaps:
        found = await at.ask(gap, gap.before, gap.truth)
        is_contradicted = not found.suggestions and any(one.stage == "tests" for one in found.dropped)
        what = (
            state(found.suggestions[0].verdict)
            if found.suggestions
            else "contradicted"
            if is_contradicted
            else "nothing"
        )
        seen[what] += 1
        if not found.suggestions:
            odd.append(f"{gap.name}: {found.why}  {gap.truth!r}")
    print(f"openings: {dict(seen)} of {len(gaps)}")
    print("\n".join(f"    {line}" for line in odd), flush=True)


async def _whole(at: Desk, name: str, gaps: list[tuple[Gap, str]]) -> None:
    seen, odd = Counter[str](), list[str]()
    for gap, text in gaps:
        found = await at.ask(gap, gap.before, text)
        one = found.suggestions[0] if found.suggestions else None
        finished = gap.before + (one.text if one else "") + gap.after
        if one is not None and one.imports:
            edit = imports.edit(Snapshot("", "", 0, finished), one.imports)
            assert edit is not None
            finished = finished[: edit.span.start] + edit.text + finished[edit.span.end :]
        is_good = await at.passes(gap, finished)
        seen["passes" if is_good else "does not pass"] += 1
        seen["offered as passed"] += one is not None and isinstance(one.verdict, Passed)
        if not is_good:
            odd.append(f"{gap.name}: {one.text if one else found.why!r}  {gap.truth!r}")
    print(f"{name}: {dict(seen)} of {len(gaps)}")
    print("\n".join(f"    {line}" for line in odd), flush=True)


KINDS = ("lines", "openings", "repeated", "junk", "imports")


async def main(data: Path, count: int, kinds: list[str], seed: int) -> None:
    """Print a block for each kind."""
    async with desk() as at:
        for kind in kinds:
            match kind:
                case "lines":
                    await _lines(at, lines(data, count, seed=seed))
                case "openings":
                    await _openings(at, openings(data, min(count, 100), seed=seed))
                case "imports":
                    await _whole(at, kind, [(gap, gap.truth) for gap in uses()])
                case _:
                    await _whole(at, kind, single(data, count, repeated if kind == "repeated" else junk))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.infilling")
    parser.add_argument("data", type=Path)
    parser.add_argument("count", type=int, nargs="?", default=200)
    parser.add_argument("--kinds", type=holes.names(KINDS), default=list(KINDS))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    asyncio.run(main(given.data, given.count, given.kinds, given.seed))

"""Changes as agents hand them in, to the projects of evals/handed_in: how many of the right ones pass, and how many of the others pass without what is wrong with them being named.

    python -m evals.handing_in [WORD …]      those whose titles hold one of the words

Each project stands in a folder of its own, and the change goes the way of `assay verify --diff`.
"""

from __future__ import annotations

import asyncio
import difflib
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from assay import compose
from assay.assistant.changes import gathered
from assay.assistant.changes.gathered import Gathered
from assay.assistant.nouns import Passed
from assay.assistant.review import handed, shapes
from assay.assistant.review.handed import HandedIn
from assay.assistant.workbench import Workbench
from assay.folders import folders
from evals import handed_in


def main() -> None:
    """Print each change with what is said of it, and the counts."""
    words = sys.argv[1:]
    right = passed = quiet = wrong = named = 0
    took = []
    for one in handed_in.every():
        if words and not any(word in one.title for word in words):
            continue
        begun = time.monotonic()
        found = asyncio.run(judged(one))
        took.append(time.monotonic() - begun)
        is_passed, kinds = isinstance(found.verdict, Passed), {each.kind for each in found.findings}
        if one.kind:
            wrong += 1
            is_well = one.kind in kinds if one.kind != "nothing-run" else not is_passed
            named += is_well or not is_passed
        else:
            right += 1
            passed += is_passed
            quiet += not kinds
            is_well = is_passed and not kinds
        print(f"{'' if is_well else '! '}{one.kind or 'right'}: {one.title} ({took[-1]:.1f} s)")
        for line in shapes.lines(found):
            print(f"    {line}")
    print(f"right: {passed} of {right} passed, {quiet} without a finding; others: {named} of {wrong} not passed, or passed with what is wrong named; {statistics.median(took):.1f} s at the median")  # fmt: skip


@asynccontextmanager
async def placed(one: handed_in.HandedIn) -> AsyncIterator[tuple[Workbench, Gathered]]:
    """The change's project on disk, services for it, and the change by a diff."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / one.project
        for name, text in one.before.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, "utf-8")
        settings, complaints = compose.load_settings(folders(), root=root)
        bench = compose.workbench(settings, folders(), complaints)
        try:
            bench.projects.open_folder(root)
            yield bench, gathered.of_diff(root, root, diff_of(one), {})
        finally:
            await compose.close(bench)


async def judged(one: handed_in.HandedIn) -> HandedIn:
    """What is said of a change."""
    async with placed(one) as (bench, change):
        return await handed.judged(bench, change)


def diff_of(one: handed_in.HandedIn) -> str:
    """The change as a unified diff."""
    made = []
    for name in one.changed:
        before, after = one.before.get(name), one.after.get(name)
        names = (f"a/{name}" if before is not None else "/dev/null", f"b/{name}" if after is not None else "/dev/null")
        made += difflib.unified_diff((before or "").splitlines(True), (after or "").splitlines(True), *names)
    return "".join(made)


if __name__ == "__main__":
    main()

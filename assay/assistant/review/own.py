"""What tests that a change brought are worth: whether they notice when its code is another. A test that its author wrote with the code may hold whatever it does; one that minds mutants of it does not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from analyzers.changed import hunks
from analyzers.mutants import usual

from ..trials import variants
from ..trials.variants import Goal, Variant
from ..workbench import Workbench
from ..world.change import Change, Edited
from ..world.state import State, written_over

MOST, SECONDS = 12, 25.0  # mutants that are tried, and how long
OTHERS = 40  # tests that were there, and execute the change, that are asked, too
TEST_S = 5.0  # that a test may take with one


@dataclass(frozen=True, slots=True)
class Noticed:
    """How many of the mutants that were tried the tests minded."""

    mutants: int = 0
    noticed: int = 0

    @property
    def is_enough(self) -> bool:
        """Whether at least half of them, and one at all."""
        return bool(self.noticed) and 2 * self.noticed >= self.mutants


async def of(
    bench: Workbench, state: State, change: Change, tests: Sequence[str], is_test: Callable[[str], bool]
) -> Noticed:
    """Try mutants of the changed lines of a change on tests that are green with it. Raises SandboxUnavailable."""
    files = {one.name: one.after for one in change.files if one.is_python and not one.is_gone and not is_test(one.name)}
    wanted = _spread([one for one in change.files if one.name in files], files)
    if not wanted or not tests:
        return Noticed()
    gone = tuple(one.name for one in change.files if one.is_gone)
    over = {name: bench.projects.sent(text) for name, text in change.texts.items()}
    goal = Goal(state.project, {}, tuple(tests), written_over(state, over, gone), files, TEST_S, test_s=TEST_S)
    tried = noticed = 0
    async for one in variants.tried(bench, goal, wanted, time.monotonic() + SECONDS, lambda _count, _of: None):
        tried += 1
        noticed += not one.is_green
    return Noticed(tried, noticed)


def _spread(edited: Sequence[Edited], files: dict[str, str]) -> list[Variant]:
    """Mutants of the lines that a change gives its files, some of each hunk."""
    found = [list(_of_file(one, files)) for one in edited]
    made: list[Variant] = []
    while any(found) and len(made) < MOST:
        for queue in found:
            if queue and len(made) < MOST:
                made.append(queue.pop(0))
    return made


def _of_file(one: Edited, files: dict[str, str]) -> Iterator[Variant]:
    text = files[one.name]
    for hunk in hunks(one.before.text, one.after):
        for mutant in usual.of_lines(text, hunk.first, hunk.last, MOST):
            yield Variant(one.name, mutant.edit)

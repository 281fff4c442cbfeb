"""What tests that a change brought are worth: whether they notice when its code is another. A test that its author wrote with the code may hold whatever it does; one that minds mutants of it does not."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analyzers.changed import hunks
from analyzers.mutants import usual
from sandbox.api import Job, Step

from ..trials import variants
from ..trials.variants import Goal, Variant
from ..workbench import Workbench
from ..world.change import Change, Edited
from ..world.state import State, written_over

MOST, SECONDS = 12, 25.0  # mutants that are tried, and how long
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
    over = {name: bench.projects.sent(text) for name, text in change.texts.items()}
    base = written_over(state, over, tuple(one.name for one in change.files if one.is_gone))
    green = await _green(bench, state, base, tests)
    if not green:
        return Noticed()
    goal = Goal(state.project, {}, green, base, files, TEST_S, test_s=TEST_S)
    tried = noticed = 0
    async for one in variants.tried(bench, goal, wanted, time.monotonic() + SECONDS, lambda _count, _of: None):
        tried += 1
        noticed += not one.is_green
    return Noticed(tried, noticed)


async def _green(
    bench: Workbench, state: State, files: tuple[tuple[str, str | None], ...], tests: Sequence[str]
) -> tuple[str, ...]:
    """Those of the tests that are green within the same limits without a mutant: what is red or slow by itself notices nothing."""
    step = Step("pytest", len(tests) * TEST_S + TEST_S, files, tuple(tests), quiet_s=2 * TEST_S, test_s=TEST_S)
    (outcome,) = await bench.sandbox.run(Job(state.project, (step,)))
    passed = {one.id for one in outcome.tests.tests if one.is_green}
    return tuple(test for test in tests if test in passed) if outcome.tests.finished else ()


def _spread(edited: Sequence[Edited], files: dict[str, str]) -> list[Variant]:
    """Mutants of the lines that a change gives its files, by turns of each hunk."""
    found = [
        [Variant(one.name, mutant.edit) for mutant in usual.of_lines(files[one.name], hunk.first, hunk.last, MOST)]
        for one in edited
        for hunk in hunks(one.before.text, one.after)
    ]
    return [one for turn in itertools.zip_longest(*found) for one in turn if one is not None][:MOST]

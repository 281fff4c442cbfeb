"""The sentences that verdicts say, by what was seen, and what mends a cause that a test's message tells of."""

from __future__ import annotations

import re

from ..nouns import Baseline

WHOLE_RUN_S = 15.0  # a run without anybody waiting: a hanging test is ended then

# What a verdict says, by what was seen; one that fails for parse, ruff or names says what that check saw. `{detail}` is in words of the check.
SENTENCES = {
    "unchanged": "Nothing is changed.",
    "not whole": "The line is not finished, so nothing of it can be run yet.",
    "shortened": "Only the likely beginning of the line is offered.",
    "elsewhere": "The file does not parse in another place: {detail}.",
    "static policy": "The policy is static: nothing was run.",
    "deadline": "The checks were not finished in time.",
    "deadline, unknown": "The checks were not finished in time, and so far: {detail}.",
    "no-project": "It is not a file of a project, so no test reaches it.",
    "ignored": "The file is ignored or secret, so it is not put into a container.",
    "secret": "The changed lines hold what looks like a secret, which goes into no container.",
    "harness": "{detail}, so a green run would prove nothing.",
    "no-tests": "No test reaches the changed lines.",
    "no-sandbox": "{detail}",
    "no-python": "The project's tests cannot run: {detail}. `assay doctor` says which Python was looked for.",
    "tampering": "{detail}, so the run proves nothing.",
    "not executed": "No test that ran executes a changed line.",
    "could not execute": "No test that ran executes a changed line. {detail}",
    "hidden": "No test was seen to execute a changed line; {tests} {run} code in other processes or threads, which cannot be seen here.",
    "halted": "{tests} that may reach it {fail} before {they} could execute it: {detail}",
    "uncollected": "{tests} that may reach it could not be run: {detail}",
    "unseen": "{tests} that passed without it {fail}, though nothing of it was seen to be executed: {detail}",
    "own tests notice": "{tests} that it brings {execute} it and {pass}; {noticed} of {mutants} mutants of it are noticed; {others}.",
    "own test": "Only tests of the file itself run it, and a test file does not prove itself.",
    "partly": "{tests} executing it {passes}, but {executed} of {changed} changed lines {were} executed.",
    "left": "{done} of {reaching} tests that may reach it ran in the time there was, all green so far.",
    "left, not executed": "{done} of {reaching} tests that may reach it ran in the time there was, and none of them executes it.",
    "wanting": "{tests} that passed without it {fail} for what no container has: {detail}",
    "withheld": "Looked for in vain: {names}.",
    "broken": "{tests} that passed without it {fail}: {detail}",
    "ended": "The whole run ends in a test that passed without it: {detail}",
    "contradicted": "{tests} that {reach} it {fail} with it: {detail}",
    "edited": "{tests} that passed with the line as it stands {fail}: {detail}",
    "stuck": "{tests} {fail} {both}: {detail}",
    "turned, stuck": "It makes {turned} pass, but {tests} {fail} {both}: {detail}",
    "turned": "It makes {turned} pass.",
    "kept": "{tests} executing it {passes}.",
    "risky": "Look at it first: it {detail}.",
    "redacted": "The files went to a container engine elsewhere, with what looks like a secret in them replaced.",
}
WITHHELD_SHOWN = 3  # of what was looked for
MISSING = "`assay doctor` says how a project's dependencies come into the sandbox."
# What mends a cause that a test's message tells of.
MENDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"fixture '(\w+)' not found"), f"The plugin that gives this fixture is not in the sandbox: {MISSING}"),
    (re.compile(r"async def functions are not natively supported"), f"Async tests need a plugin such as pytest-asyncio: {MISSING}"),
    (re.compile(r"PackageNotFoundError"), "The package is not installed in the sandbox, where its source alone is: tests that ask for its metadata cannot run there."),
    (re.compile(r"ModuleNotFoundError"), MISSING[:1].upper() + MISSING[1:]),
    (re.compile(r"it did not end in time"), f"A test that gives no sign of life for {WHOLE_RUN_S:.0f} s is ended."),
)  # fmt: skip


def said(what: str, **words: str) -> str:
    """The sentence of a name, with its words."""
    text = SENTENCES[what].format(**words)
    return text[:1].upper() + text[1:]


def with_mend(detail: str) -> str:
    """A test's message, and the sentence that mends its cause."""
    mend = next((mend for pattern, mend in MENDS if pattern.search(detail)), "")
    return f"{detail.rstrip('.')}. {mend}" if mend else detail


def with_withheld(why: str, withheld: tuple[str, ...]) -> str:
    """A reason, and what its red tests looked for that no container has."""
    shown = "; ".join(withheld[:WITHHELD_SHOWN]) + (" …" if len(withheld) > WITHHELD_SHOWN else "")
    return f"{why.rstrip('.')}. {said('withheld', names=shown)}" if withheld else why


def places(tests: tuple[str, ...]) -> str:
    """Tests that gave no result: whole files, where they were not even collected."""
    files = {test for test in tests if "::" not in test}
    return f"{len(files)} test file{'' if len(files) == 1 else 's'}" if len(files) == len(tests) else count(tests)


def counted(tests: tuple[str, ...]) -> dict[str, str]:
    """Tests, and the verb that fits their number."""
    return {"tests": count(tests), "fail": "fails" if len(tests) == 1 else "fail"}


def count(tests: tuple[str, ...]) -> str:
    """How many tests."""
    return f"{len(tests)} test" + ("" if len(tests) == 1 else "s")


def both(baseline: Baseline, *, is_first: bool = False) -> str:
    """With and without a change, in words; `is_first`: without it pytest does not even start."""
    if is_first:
        return "with it; without it pytest does not start"
    return "with it; without it the file does not parse" if baseline == "unparsable" else "with and without it"


def of_own(brought: tuple[str, ...], others: tuple[str, ...], noticed: int, mutants: int) -> str:
    """What is shown where tests that the change brings notice mutants of it."""
    is_one, is_other = len(brought) == 1, len(others) == 1
    there = f"{count(others)} that {'was' if is_other else 'were'} there {'executes' if is_other else 'execute'} it, too" if others else "none that was there executes it"  # fmt: skip
    words = {"execute": "executes", "pass": "passes"} if is_one else {"execute": "execute", "pass": "pass"}
    return said("own tests notice", tests=count(brought), noticed=str(noticed), mutants=str(mutants), others=there, **words)  # fmt: skip

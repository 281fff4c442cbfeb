"""What tests looked for and no container has: files that are here and were withheld, each by its rule, and other machines. Only names are compared; nothing is read."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from analyzers import files
from sandbox.api import StepOutcome, TestResult

from .state import Rule, State

LISTED_LIMIT = 500  # entries of one folder
WORDS: dict[Rule, str] = {
    "secret": "its name is that of a secret",
    "ignored": "git ignores it",
    "kept out": "`.assayignore` names it",
    "outside": "a link leads out of the project to it",
    "too large": "it is too large",
    "refuse": "it belongs to an environment or a tool",
    "written": "programs write such files as they run, and git does not track it",
    "archive-limit": "the project is too large",
}
UNREAD: tuple[Rule, ...] = ("refuse", "secret")  # of what a folder holds: whoever lists it does not mean these
NETWORK = "a container has no network"
_MISSING_MODULE = re.compile(r"No module named '([\w.]+)'")


def known(state: State, outcome: StepOutcome) -> StepOutcome:
    """The outcome with what its tests sought in words: of the names those that are here and were withheld, with the rule, and the machines. Looks at the disk, so not for the event loop."""
    tests = outcome.tests
    modules = {test.id: _modules(test, state) for test in tests.tests if not test.is_green}
    every = {name for names in (*tests.sought.values(), *modules.values()) for name in names}
    if not every:
        return outcome
    words = _words(state, every)
    sought = {node: frozenset(words[name] for name in names if name in words) for node, names in tests.sought.items()}
    for test, names in modules.items():
        sought[test] = sought.get(test, frozenset()).union(words[name] for name in names if name in words)
    return replace(outcome, tests=replace(tests, sought={node: said for node, said in sought.items() if said}))


def of_names(state: State, names: Iterable[str]) -> tuple[str, ...]:
    """The same of some names that a call sought."""
    return tuple(sorted(set(_words(state, set(names)).values())))


def _words(state: State, names: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    rules: files.Rules | None = None
    for name in sorted(names):
        if name.startswith("//"):
            found[name] = f"{name[2:]}: {NETWORK}"
            continue
        for one in _here(state, name):
            rules = rules or files.Rules(state.root)
            why = _rule(state, rules, one)
            if why is not None and not (name.endswith("/") and why in UNREAD):
                found[name] = f"{one}: {WORDS[why]}"
                break
    return found


def _here(state: State, name: str) -> Iterator[str]:
    """What is on the disk and not in the archive, by the name that was looked for: itself, or what its folder holds."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        return
    if not name.endswith("/"):
        with contextlib.suppress(ValueError):  # a name that no file can have
            if name not in state.entries and os.path.lexists(state.root / name):
                yield name
        return
    try:
        with os.scandir(state.root / name) as entries:
            for _, entry in zip(range(LISTED_LIMIT), entries, strict=False):
                if (whole := f"{name}{entry.name}") not in state.entries and not entry.is_dir():
                    yield whole
    except (OSError, ValueError):
        return


def _rule(state: State, rules: files.Rules, name: str) -> Rule | None:
    """By which rule a file that is here is in no container; None where a run cannot have missed it: it may be read and is new, or it is a folder of a tool, which programs ask for to find their root."""
    if (why := state.left_out.get(name)) is not None:
        return why
    place = state.root / name
    if not os.path.realpath(place).startswith(f"{os.path.realpath(state.root)}/"):
        return "outside"
    if place.is_dir():
        return None if rules.allows_folder(name) or PurePosixPath(name).name in files.NEVER else "ignored"
    if (refused := rules.refusal(name)) is not None:
        return refused
    found = files.entry(state.root, name)
    return "too large" if found is None or found.size > rules.limit(name) else None


def _modules(test: TestResult, state: State) -> set[str]:
    """The files that a module may be that a test did not find."""
    found = _MISSING_MODULE.search(test.detail)
    if found is None:
        return set()
    stem = found[1].replace(".", "/")
    roots = ("", "src/", *(f"{one}/" for one in state.source_roots if one))
    return {f"{root}{stem}{end}" for root in roots for end in (".py", "/__init__.py")}

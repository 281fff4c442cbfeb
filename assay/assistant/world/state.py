"""What a scan of a project found, and what a job must write over the archive that containers are warmed with."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from analyzers import files, reach
from sandbox.api import Project

_revisions = itertools.count(1)


# By which rule a file that may be read is no part of the archive: a program writes it while it runs, or the archive is full; and those of `analyzers.files` for what may not.
Rule = Literal["written", "archive-limit"] | files.Refusal


def next_revision() -> int:
    """A number that no other scan has."""
    return next(_revisions)


@dataclass(frozen=True, slots=True)
class State:
    """One scan: entries by name, Python texts by name, as they go into a container, and the archive's project. Two with one `revision` are one.

    `left_out` are files that may be read and are not in the archive, each with its rule. `test_files` are the patterns of files that pytest looks for tests in, `testpaths` the folders where the project has it look (everywhere, where that is empty), `passed_over` patterns of those where it does not; `prose` holds those that are no Python.
    `source_roots` are folders from which the code is imported, beside the root and `src`.
    `runs_examples`: the examples of its docstrings are tests of the project.
    `beside` are files of the workspace that come along, by names from its top.
    `ignored` are modules that git ignores, `generated` those of them that the project imports."""

    root: Path
    entries: Mapping[str, files.Entry]
    texts: Mapping[str, str]
    project: Project
    base: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, Rule] = field(default_factory=dict)
    test_files: tuple[str, ...] = reach.PATTERNS
    testpaths: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    prose: Mapping[str, str] = field(default_factory=dict)
    source_roots: tuple[str, ...] = ()
    ignored: Mapping[str, files.Entry] = field(default_factory=dict)
    generated: frozenset[str] = frozenset()
    runs_examples: bool = False
    beside: Mapping[str, files.Entry] = field(default_factory=dict)
    revision: int = field(default_factory=next_revision)

    def is_run(self, name: str) -> bool:
        """Whether the file is one of the project's tests: people have examples, and copies of others' tests, that pytest is not to look at."""
        return (
            reach.is_test_file(name, self.test_files)
            and (not self.testpaths or reach.is_below(name, self.testpaths))
            and not reach.is_passed_over(name, self.passed_over, self.testpaths)
        )


def written_over(
    state: State, overlay: Mapping[str, str], gone: Collection[str] = ()
) -> tuple[tuple[str, str | None], ...]:
    """What a job must write over the archive: files that changed on disk since, then the editor's open texts; what is `gone` is taken away."""
    now = {name: text for name, text in {**state.texts, **overlay}.items() if name not in gone}
    changed: dict[str, str | None] = {n: t for n, t in now.items() if state.base.get(n) != t}
    changed |= {name: None for name in state.base if name not in now}
    return tuple(sorted(changed.items()))

"""Edits of a project's history, in their order: what was written into which text. Read from the repository's objects, without running git."""

from __future__ import annotations

import difflib
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from assay.assistant.changes import revisions

COMMITS = 400  # that are looked at, the newest
EDITS = 12  # of one commit at most: more is a move or a format
LINES = 10  # that one edit writes
FILE_LINES = 4_000  # of a file: lines that are alike are compared each with each
SIZE = 120_000  # characters of a file


@dataclass(frozen=True, slots=True)
class Edit:
    """At `at` of `before`, behind the indentation of a line of its own, `text` was written. What it stands for is gone from `before`, and the edits of the same commit above it are made."""

    path: str
    before: str
    at: int
    text: str


def edits(root: Path, paths: Container[str]) -> Iterator[Edit]:
    """Of some files: the newest commit first, of each its edits from top to bottom, those that write something. Merges have none of their own. Raises RangeError where there is no repository."""
    with revisions.opened(root, "HEAD") as repository:
        for entry in repository.get_walker(max_entries=COMMITS):
            if len(entry.commit.parents) == 1:
                sides = revisions.sides(repository, root.resolve(), entry.commit)
                made = [
                    edit
                    for one in sides
                    if one.name in paths
                    for edit in between(one.name, one.before or "", one.after or "")
                ]
                yield from made if len(made) <= EDITS else ()


def between(path: str, old: str, new: str) -> Iterator[Edit]:
    """The edits that make one text of another."""
    if not path.endswith(".py") or max(len(old), len(new)) > SIZE:
        return
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if max(len(before), len(after)) > FILE_LINES:
        return
    for tag, _, last, start, end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        written = "".join(after[start:end])
        if tag not in ("insert", "replace") or end - start > LINES or not written.strip() or not written.endswith("\n"):
            continue
        lead = "".join(after[:start])
        indent = written[: len(written) - len(written.lstrip())]
        if "\n" not in indent:
            yield Edit(
                path,
                f"{lead}{indent}\n{''.join(before[last:])}",
                len(lead) + len(indent),
                written[len(indent) :].rstrip(),
            )

"""Configuration that has fewer tests run, or less come of them: of pytest, of coverage, of CI. Pure, by lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ..changed import hunks
from .compared import Compared, Finding

_FILES = frozenset("pyproject.toml pytest.ini .pytest.ini tox.ini setup.cfg noxfile.py Makefile .coveragerc".split())
_FEWER = re.compile(r"--deselect|--ignore(?:-glob)?\b|(?<![\w-])-k[ =\"']|-m ?[\"']?not |-p no:(?!cacheprovider|randomly|warnings)|collect_ignore|norecursedirs|--co\b|--collect-only|--exitfirst|--reruns|--maxfail")  # fmt: skip
_ANYWAY = re.compile(r"\|\| *(?:true|:|exit 0)|continue-on-error: *true|allow_failure: *true|--exit-zero|; *true\b")
_TESTS = re.compile(
    r"\bpytest\b|py\.test|addopts|\btox\b|\bnox\b|make test|\bunittest\b|\bcoverage\b|continue-on-error|allow_failure|\bruff\b|\bmypy\b.*\|\|"
)
_OTHERS = re.compile(r"\bmypy\b|\bcurl\b|\bnpm\b|\bpip\b")
_LEAST = re.compile(r"(fail[_-]under)\s*[=: ]\s*(\d+(?:\.\d+)?)")
_STRICT = re.compile(r"xfail_strict\s*=\s*(true|false)", re.IGNORECASE)


def of(change: Compared) -> Iterator[Finding]:
    """What a change of configuration takes from the tests."""
    for name in change.changed:
        if not _is_configuration(name):
            continue
        before, after = change.before.get(name, ""), change.after.get(name, "")
        rows = after.split("\n")
        for hunk in hunks(before, after):
            old = "\n".join(before.split("\n")[hunk.old_first - 1 : hunk.old_last])
            for line in range(hunk.first, hunk.last + 1):
                row = rows[line - 1]
                is_of_tests = bool(
                    _TESTS.search(row) or (name.endswith((".ini", ".cfg", ".toml", ".py")) and not _OTHERS.search(row))
                )
                for pattern, what in (
                    ((_FEWER, "Fewer tests are run"), (_ANYWAY, "What fails is passed over")) if is_of_tests else ()
                ):
                    fresh = [one for one in pattern.findall(row) if one not in pattern.findall(old)]
                    if fresh:
                        yield Finding("weakened-test", name, line, f"{what}: `{row.strip()[:70]}`.")
                yield from _limits(name, line, old, row)
            new = "\n".join(rows[hunk.first - 1 : hunk.last])
            if re.search(r"^\s*(?:-?\s*run:\s*)?.*\b(?:pytest|make test|tox|nox)\b", old, re.MULTILINE) and not re.search(r"pytest|make test|tox|nox", new) and "pytest" not in after:  # fmt: skip
                yield Finding("weakened-test", name, max(hunk.first, 1), "The tests are not run there any more.")


def _is_configuration(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name in _FILES or (name.startswith((".github/", ".gitlab", ".circleci/", ".ci/")) and not name.endswith(".py"))  # fmt: skip


def _limits(name: str, line: int, old: str, row: str) -> Iterator[Finding]:
    was, now = _LEAST.search(old), _LEAST.search(row)
    if was and now and float(now[2]) < float(was[2]):
        yield Finding("weakened-test", name, line, f"Less coverage is enough: {now[2]} where it was {was[2]}.")
    strict, is_now = _STRICT.search(old), _STRICT.search(row)
    if strict and is_now and strict[1].lower() == "true" and is_now[1].lower() == "false":
        yield Finding("weakened-test", name, line, "A test that is expected to fail may pass unnoticed: `xfail_strict` is off.")  # fmt: skip

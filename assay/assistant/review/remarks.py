"""Remarks on a change: one sentence each, with its place, how grave it is, and what it rests on. Those of this file are of texts alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from analyzers import callers, risks, secrets
from analyzers.changed import new_lines
from analyzers.docstrings import disagree
from analyzers.gaming import compared
from analyzers.gaming.compared import Compared, Finding

from ..nouns import Failed
from ..world.change import Edited
from .handed import HandedIn

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
_OF_FINDINGS: Mapping[str, Severity] = {"swallowed-exception": "warning", "mock": "warning"}
CALLERS = 3  # that a sentence names


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be said of a line of the new text (of the old one where it `is_gone`); `evidence` is what shows it, in a few words."""

    severity: Severity
    code: str
    file: str
    line: int
    told: str
    evidence: str
    is_gone: bool = False


def of_findings(found: HandedIn) -> Iterator[Remark]:
    """Of what makes the change look better than it is, and of a verdict that speaks against it."""
    for one in found.findings:
        yield _of_finding(one)
    if isinstance(found.verdict, Failed):
        yield _of_verdict(found.verdict, found.change.files[0])


def _of_finding(one: Finding) -> Remark:
    evidence = (
        "the test as it was, run on the changed code" if "as it was fails" in one.told else "the text before and after"
    )
    return Remark(_OF_FINDINGS.get(one.kind, "error"), one.kind, one.file, one.line, one.told, evidence, one.is_gone)


def _of_verdict(verdict: Failed, first: Edited) -> Remark:
    return Remark(
        "error", f"failed-{verdict.stage}", first.name, first.lines[0], verdict.why, f"the check {verdict.stage}"
    )


def of_texts(change: Compared, edited: Mapping[str, Edited]) -> Iterator[Remark]:
    """Of what a change adds that is dangerous or secret, of docstrings that it leaves wrong, and of public names that it changes."""
    for name, one in edited.items():
        if one.is_gone:
            continue
        yield from _secret(name, one)
        if not one.is_python:
            continue
        if not change.is_test(name):
            yield from _risky(name, one)
            yield from _misled(change, name)
            yield from _public(change, name)


def _secret(name: str, one: Edited) -> Iterator[Remark]:
    hidden = secrets.redact(one.after) if one.is_python else secrets.redact_data(one.after)
    if hidden == one.after:
        return
    rows, others = one.after.split("\n"), hidden.split("\n")
    known = set(one.before.text.split("\n"))
    for line in sorted(new_lines(one.before.text, one.after)):
        if line <= len(rows) and rows[line - 1] != others[line - 1] and rows[line - 1] not in known:
            yield Remark("error", "secret", name, line, "What looks like a secret is added; it stays in the history once it is committed.", "its form")  # fmt: skip
            return


def _risky(name: str, one: Edited) -> Iterator[Remark]:
    if not risks.may_have(one.after):
        return
    lines = new_lines(one.before.text, one.after)
    for risk in risks.new(one.before.text, one.after, 1, one.after.count("\n") + 1):
        if risk.line in lines:
            yield Remark("warning", "dangerous-call", name, risk.line, f"It {risk.what}.", "the changed line")


def _misled(change: Compared, name: str) -> Iterator[Remark]:
    others = [text for file, text in change.after.items() if file != name and file.endswith(".py")]
    before = {(one.function, one.code) for one in disagree.of_text(change.before.get(name, ""), others)}
    after = change.after[name]
    for one in disagree.of_text(after, others):
        if (one.function, one.code) not in before:
            line = after.count("\n", 0, one.span.start) + 1
            yield Remark(
                "warning", "docstring", name, line, one.message, "the docstring and the code, which agreed before"
            )


def _public(change: Compared, name: str) -> Iterator[Remark]:
    """Public functions that went, or that need or take something else by name than before, where the project itself has nothing that breaks."""
    old, new = change.old(name), change.new(name)
    every = callers.of_file(dict(change.after), name) if name in change.after and old != new else {}
    for path, was in old.items():
        if any(part.startswith("_") for part in path.split(".")) or any(isinstance(outer, type(was)) and path.startswith(f"{other}.") for other, outer in old.items() if other != path):  # fmt: skip
            continue
        now = new.get(path)
        if now is None:
            continue  # where it is used it is half a rename; elsewhere nobody can know
        taken, needed = compared.fewer(was, now)
        if taken or needed:
            what = " and ".join(filter(None, (f"does not take {', '.join(taken)} any more" if taken else "", f"needs {', '.join(needed)}" if needed else "")))  # fmt: skip
            known = every.get(path, ())
            told = f"; called by {', '.join(known[:CALLERS])}" if known else ""
            yield Remark("note", "public-signature", name, now.lineno, f"`{path}` {what}: callers outside of this project break{told}.", "both signatures")  # fmt: skip


def ordered(found: list[Remark]) -> tuple[Remark, ...]:
    """The gravest first, each place and sentence once."""
    unique = list(dict.fromkeys(found))
    return tuple(sorted(unique, key=lambda one: (SEVERITIES.index(one.severity), one.file, one.line)))

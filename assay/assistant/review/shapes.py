"""How a change that was handed in is told: to scripts and agents as the JSON of docs/protocol.md, to people in lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from analyzers.gaming.compared import Finding

from ..nouns import Unverified
from ..shapes import change_json, state, verdict_json
from .handed import HandedIn
from .remarks import Remark
from .way import Review

TESTS = 10  # that are named of each kind
FINDINGS, UNCHECKED = 12, 6  # that are told in lines


def handed_json(found: HandedIn) -> dict[str, Any]:
    """All that is to be said, bounded: forty lines at most where it is printed."""
    tests = found.tests
    return {
        "state": state(found.verdict),
        "reason": found.verdict.reason if isinstance(found.verdict, Unverified) else None,
        "why": found.verdict.why,
        "findings": [finding_json(one) for one in found.findings[:FINDINGS]],
        "tests": {
            "reaching": tests.reaching,
            "run": tests.run,
            "passing": len(tests.passing),
            "newlyPassing": list(tests.newly_passing[:TESTS]),
            "newlyFailing": list(tests.newly_failing[:TESTS]),
            "own": list(tests.own[:TESTS]),
            "ownNotice": {"mutants": found.noticed.mutants, "noticed": found.noticed.noticed},
            "left": tests.left,
            "firstFailing": tests.first_failing or None,
        },
        "files": change_json(found.change, found.verdict)["files"],
        "unchecked": list(found.unchecked[:UNCHECKED]),
        "tree": found.tree,
        "traceId": found.trace_id,
    }


def beside_json(found: HandedIn) -> dict[str, Any]:
    """What is told beside a change and its verdict (`assay.assistant.shapes.change_json`)."""
    told = handed_json(found)
    return {name: told[name] for name in ("findings", "tests", "unchecked", "tree", "traceId")}


def finding_json(one: Finding) -> dict[str, Any]:
    """What was found in a change; `line` is one of the old text where nothing of it is left."""
    return {"kind": one.kind, "file": one.file, "line": one.line, "gone": one.is_gone, "told": one.told}


def title(found: HandedIn) -> str:
    """One sentence: the state, and that there is more to it."""
    count = len(found.findings)
    findings = (
        f", with {'a finding' if count == 1 else f'{count} findings'} that a person has to look at" if count else ""
    )
    return f"{state(found.verdict)}{findings}: {found.verdict.why}"


def lines(found: HandedIn) -> Iterator[str]:
    """The same for people."""
    yield title(found)
    yield from beside(found)


def beside(found: HandedIn) -> Iterator[str]:
    """What is told beside a verdict and its checks."""
    for one in found.findings[:FINDINGS]:
        yield f"  {one.kind}  {one.file}:{one.line}{' (before)' * one.is_gone}  {one.told}"
    if len(found.findings) > FINDINGS:
        yield f"  and {len(found.findings) - FINDINGS} more"
    tests = found.tests
    if tests.run:
        yield f"  tests: {tests.run} of {tests.reaching} ran, {len(tests.passing)} execute the change and pass{_named('newly passing', tests.newly_passing)}{_named('newly failing', tests.newly_failing)}"  # fmt: skip
    if tests.own:
        mind = found.noticed
        worth = (
            f"with them {mind.noticed} of {mind.mutants} mutants of it are noticed"
            if mind.mutants
            else "they prove nothing of it"
        )
        yield f"  tests that the change itself brought, {worth}:{_named('', tests.own)}"
    if tests.first_failing:
        yield f"  first failing: {tests.first_failing}"
    for told in found.unchecked[:UNCHECKED]:
        yield f"  not checked: {told}"


def _named(what: str, tests: Sequence[str]) -> str:
    if not tests:
        return ""
    more = f" and {len(tests) - 3} more" if len(tests) > 3 else ""
    return f"{f'; {what}:' if what else ''} {', '.join(tests[:3])}{more}"


def paragraph(found: HandedIn) -> str:
    """One paragraph, for an agent that reads what a hook says."""
    parts = [title(found).rstrip(".") + "."]
    parts += [one.told for one in found.findings[:3]]
    if found.tests.first_failing:
        parts.append(f"First failing: {found.tests.first_failing}.")
    parts += [f"Not checked: {told}." for told in found.unchecked[:1]]
    return " ".join(parts)


def review_json(found: Review) -> dict[str, Any]:
    """The answer of `assay review --json` without its schema number."""
    return {
        "verdict": verdict_json(found.handed.verdict),
        "remarks": [remark_json(one) for one in found.remarks],
        "notes": list(found.notes),
        "tests": handed_json(found.handed)["tests"],
        "tree": found.handed.tree,
        "seconds": round(found.took_s, 1),
    }


def remark_json(one: Remark) -> dict[str, Any]:
    """A remark; `line` is one of the old text where it is `gone`."""
    return {"severity": one.severity, "code": one.code, "file": one.file, "line": one.line, "gone": one.is_gone, "told": one.told, "evidence": one.evidence}  # fmt: skip


def review_lines(found: Review) -> Iterator[str]:
    """A review for people."""
    yield f"{state(found.handed.verdict)}: {found.handed.verdict.why}"
    for one in found.remarks:
        yield f"{one.severity:7}  {one.file}:{one.line}{' (before)' * one.is_gone}  {one.told}  [{one.code}; {one.evidence}]"
    if not found.remarks:
        yield "nothing to remark"
    for note in found.notes[:UNCHECKED]:
        yield f"not looked at: {note}"


MARK = "<!-- assay review -->"


def review_markdown(found: Review) -> str:
    """A review as one comment of a pull request; the first line is a mark by which the comment is found again, to be updated."""
    signs = {"error": "🔴", "warning": "🟡", "note": "🔵"}
    lines = [MARK, f"**Assay: {state(found.handed.verdict)}.** {_escaped(found.handed.verdict.why)}", ""]
    if found.remarks:
        lines += ["| | where | what | shown by |", "|---|---|---|---|"]
        lines += [f"| {signs[one.severity]} | `{_escaped(one.file)}:{one.line}`{' (before)' * one.is_gone} | {_escaped(one.told)} | {_escaped(one.evidence)} |" for one in found.remarks]  # fmt: skip
    else:
        lines.append("Nothing to remark.")
    if found.notes:
        lines += ["", f"<sub>Not looked at: {_escaped('; '.join(found.notes[:UNCHECKED]))}</sub>"]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def review_sarif(found: Review, version: str) -> dict[str, Any]:
    """A review as one SARIF run, for code hosts."""
    codes = list(dict.fromkeys(one.code for one in found.remarks))
    results = [
        {
            "ruleId": one.code,
            "ruleIndex": codes.index(one.code),
            "level": one.severity,
            "message": {"text": f"{one.told} ({one.evidence})"},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(one.file)}, "region": {"startLine": max(one.line, 1)}}}],
        }
        for one in found.remarks
    ]  # fmt: skip
    driver = {"name": "Assay", "semanticVersion": version, "rules": [{"id": code} for code in codes]}
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}  # fmt: skip

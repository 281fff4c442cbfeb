"""The verdict: what was checked about a candidate and what came out. A sum type, never a bool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

CheckName = Literal["parse", "ruff", "names", "tests", "style"]
CheckState = Literal["passed", "failed", "skipped", "unverified"]
Reason = Literal[
    "no-tests", "static-policy", "deadline", "no-sandbox", "baseline-red", "unparsable-elsewhere", "touches-harness"
]

SENTENCES: dict[str, str] = {
    "no-tests": "No test that ran executes a changed line.",
    "static-policy": "The policy is static: nothing was run.",
    "deadline": "The checks were not finished in time.",
    "no-sandbox": "Nothing could be run.",
    "baseline-red": "The tests that reach it fail with and without it.",
    "unparsable-elsewhere": "The file does not parse in another place, so nothing could be run.",
    "touches-harness": "It reaches for the test harness, so a green run would prove nothing.",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it saw in `detail` (one line), and how long it took in ms."""

    name: CheckName
    state: CheckState
    detail: str = ""
    ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Passed:
    """No check failed, and at least one test that executes a changed line passed."""

    checks: tuple[Check, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A check failed; `why` names it."""

    checks: tuple[Check, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Unverified:
    """Nothing failed and nothing was proved, for `reason`."""

    checks: tuple[Check, ...]
    reason: Reason
    why: str


Verdict = Passed | Failed | Unverified


@dataclass(frozen=True, slots=True)
class Tested:
    """What the run in a container says: its check, the verdict it comes to without the other checks, and the style."""

    check: Check
    verdict: Verdict
    style: Check | None = None


def unverified(reason: Reason, checks: tuple[Check, ...], detail: str = "") -> Unverified:
    """An Unverified with the reason's own sentence, or a closer one."""
    return Unverified(checks, reason, detail or SENTENCES[reason])


def to_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict as docs/protocol.md has it."""
    state = {Passed: "passed", Failed: "failed", Unverified: "unverified"}[type(verdict)]
    return {
        "state": state,
        "reason": verdict.reason if isinstance(verdict, Unverified) else None,
        "why": verdict.why,
        "checks": [
            {"name": c.name, "state": c.state, "detail": c.detail, "ms": round(c.ms, 1)} for c in verdict.checks
        ],
    }


def title(verdict: Verdict) -> str:
    """The evidence in a few signs, for a menu or a status line: "names ✓ 4 tests ✓"."""
    parts = []
    for check in verdict.checks:
        if check.name in ("ruff", "style") or check.state == "skipped":
            continue
        label = check.detail.partition(",")[0] if check.name == "tests" and check.state == "passed" else check.name
        sign = {"passed": "✓", "failed": "✗", "unverified": "?"}[check.state]
        if check.name != "parse" or check.state == "failed":
            parts.append(f"{label} {sign}")
    if isinstance(verdict, Unverified):
        parts.append(f"unverified: {verdict.reason}")
    return " ".join(parts) or "parse ✓"

"""What a policy holds back of generated code, though no check fails for it."""

from __future__ import annotations

from ..nouns import Passed, Verdict, risk
from ..settings import Policy


def held_back(verdict: Verdict, policy: Policy) -> str:
    """Why generated code with this verdict is not offered under the policy; "" where it is: strict offers nothing that is not proved, nor what reaches for a shell, the network and the like, proved or not."""
    if policy != "strict":
        return ""
    if not isinstance(verdict, Passed):
        return f"Not proved, and the policy is strict. {verdict.why}"
    told = risk(verdict.checks)
    return f"Held back, for the policy is strict: it {told}." if told else ""

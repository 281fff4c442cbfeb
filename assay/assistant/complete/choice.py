"""Which candidate is offered, how much of it, and when silence is better: by how likely a person is to keep it.

How likely that is says `drafting/likely.py`. A probability is a forecast of a person's choice, never a verdict about the code.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..drafting.likely import Cut
from ..nouns import Failed, Passed, Suggestion, Trigger, Unverified, Verdict
from ..proof.policy import held_back
from ..settings import Policy

# Of packages that were held out (`python -m evals.fit` prints it): 0.91 of what the code nearby forecasts at SURE and more was right, so
# it needs no model; of 535 parts of lines that the model forecasts below HOPELESS none was, so not even a passed test speaks for them.
SURE, HOPELESS = 0.75, 0.02
# How much likelier a suggestion must be after many that were passed over. For calm, not for keystrokes: with no step, and with one of twice
# the size, the same 0.220 of 4 000 characters were saved (`python -m evals.replay TRACES --characters 4000`, no model).
STREAK_FREE, STREAK_STEP, STREAK_MOST = 4, 0.03, 0.25
LEAST_MOST = 0.95  # nobody is so tired that nothing is shown at all


def threshold(eagerness: float, trigger: Trigger, streak: int) -> float:
    """The least probability of being kept that is worth showing: nothing for somebody who asked, else less than full eagerness
    (0 to 100) leaves, and more after a streak of suggestions that were passed over."""
    if trigger == "invoked":
        return 0.0
    tired = min(STREAK_MOST, max(0, streak - STREAK_FREE) * STREAK_STEP)
    return min(LEAST_MOST, 1 - eagerness / 100 + tired)


def best(cuts: Sequence[Cut], least: float) -> Cut | None:
    """The cut that saves most, of those likely enough; None where silence is better. One character is never worth a look."""
    worth = [cut for cut in cuts if cut.probability >= least and cut.length > 1]
    return max(worth, key=lambda cut: cut.gain, default=None)


def may_be_proved(cuts: Sequence[Cut]) -> bool:
    """Whether a text that is not likely enough by itself could still earn its place by a passing test."""
    return not cuts or cuts[-1].probability >= HOPELESS


def may_improve(verdict: Verdict) -> bool:
    """Whether another sample is worth its time: tests reach the site, and this one did not make them pass."""
    return isinstance(verdict, Unverified) and verdict.reason in ("baseline-red", "breaks-tests")


def better(one: Suggestion, other: Suggestion) -> tuple[Suggestion, Suggestion]:
    """The one that is kept, and the one that is not: what is proved, else the earlier one."""
    is_better = is_supported(other.verdict) and not is_supported(one.verdict)
    return (other, one) if is_better else (one, other)


def outweighs(one: Suggestion | None, cut: Cut) -> bool:
    """Whether a suggestion is proved, or promises to save more than the cut of another one; nobody knows of one that was asked for."""
    if one is None or is_supported(one.verdict) or one.origin.confidence is None:
        return one is not None
    return Cut(len(one.text), one.origin.confidence).gain > cut.gain


def is_supported(verdict: Verdict) -> bool:
    """Whether tests that execute it passed, all of them or those that the time sufficed for."""
    return isinstance(verdict, Passed) or (isinstance(verdict, Unverified) and verdict.green > 0)


def refused(verdict: Verdict, policy: Policy) -> str:
    """Why what has this verdict is not offered under the policy; "" when it is."""
    if isinstance(verdict, Failed) or (isinstance(verdict, Unverified) and verdict.unknown):
        return verdict.why
    return held_back(verdict, policy)


def stage(verdict: Verdict) -> str:
    """At which check something is refused."""
    if isinstance(verdict, Failed):
        return verdict.stage
    return "names" if isinstance(verdict, Unverified) and verdict.unknown else "policy"


def is_cut(verdict: Verdict, likely: Cut, text: str) -> bool:
    """Whether only the likely beginning of `text` is offered: what a test speaks for is offered whole."""
    return isinstance(verdict, Unverified) and not is_supported(verdict) and likely.length < len(text.rstrip())


def too_unlikely(cuts: Sequence[Cut], least: float) -> str:
    """The sentence for silence."""
    chance = max(cut.probability for cut in cuts)
    return f"Not likely enough to be kept: {chance:.2f}, and {least:.2f} is asked for (`complete.eagerness`)."

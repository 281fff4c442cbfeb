"""Which candidate is offered, how much of it, and when silence is better: by how likely a person is to keep it.

The coefficients are in `choice.json`, fitted by `python -m evals.fit` on typing simulated in packages that are no part
of any evaluation here. A probability is a forecast of a person's choice, never a verdict about the code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from analyzers.phrases import Step
from assay.engine.api import Token

from ..nouns import Failed, Passed, Suggestion, Trigger, Unverified, Verdict
from ..settings import Policy

FILE = Path(__file__).with_name("choice.json")
STEPS = 12  # tokens that are predicted from the code nearby; further ones are hardly ever likely enough
CERTAIN = 0.999  # no share of votes counts for more
# Of packages that were held out (`python -m evals.fit` prints it): 0.91 of what the code nearby forecasts at SURE and more was right, so
# it needs no model; of 535 parts of lines that the model forecasts below HOPELESS none was, so not even a passed test speaks for them.
SURE, HOPELESS = 0.75, 0.02
# How much likelier a suggestion must be after many that were passed over. For calm, not for keystrokes: with no step, and with one of twice
# the size, the same 0.220 of 4 000 characters were saved (`python -m evals.replay TRACES --characters 4000`, no model).
STREAK_FREE, STREAK_STEP, STREAK_MOST = 4, 0.03, 0.25
LEAST_MOST = 0.95  # nobody is so tired that nothing is shown at all


@dataclass(frozen=True, slots=True)
class Cut:
    """The first part of a text that may be offered alone: its length and the probability that all of it is kept."""

    length: int
    probability: float

    @property
    def gain(self) -> float:
        """Keystrokes that offering it is expected to save: accepting costs one."""
        return self.probability * (self.length - 1)


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
    if isinstance(verdict, Failed):
        return verdict.why
    is_strict = policy == "strict" and not isinstance(verdict, Passed)
    return f"Not proved, and the policy is strict. {verdict.why}" if is_strict else ""


def is_cut(verdict: Verdict, likely: Cut, text: str) -> bool:
    """Whether only the likely beginning of `text` is offered: what a test speaks for is offered whole."""
    return isinstance(verdict, Unverified) and not is_supported(verdict) and likely.length < len(text.rstrip())


def too_unlikely(cuts: Sequence[Cut], least: float) -> str:
    """The sentence for silence."""
    chance = max(cut.probability for cut in cuts)
    return f"Not likely enough to be kept: {chance:.2f}, and {least:.2f} is asked for (`complete.eagerness`)."


def probability(model: str, features: Mapping[str, float]) -> float:
    """The logistic model `model` of the file on these features."""
    return logistic(_weights()[model], features)


def logistic(weights: Mapping[str, float], features: Mapping[str, float]) -> float:
    """A probability; features that have no weight count nothing."""
    z = weights["bias"] + sum(weights.get(name, 0.0) * value for name, value in features.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))


def phrase_cuts(steps: Sequence[Step]) -> tuple[Cut, ...]:
    """A cut after every step, each likelier than the next: the chance that a step holds is given the ones before it."""
    cuts, chance, length = [], 1.0, 0
    for number, step in enumerate(steps):
        chance *= probability("phrase", step_features(step, number))
        length += len(step.text)
        cuts.append(Cut(length, chance))
    return tuple(cuts)


def model_cuts(tokens: Sequence[Token], skip: int, steps: Sequence[Step], typed: str) -> tuple[Cut, ...]:
    """A cut after every word or sign that the model wrote beyond the first `skip` characters, up to the end of the line.

    `steps` is what the code nearby says about the same place: agreement is evidence. `typed` is the word before the cursor.
    """
    parts = model_parts(tokens, skip, steps, typed)
    return tuple(Cut(len(text), probability("model", features)) for text, features in parts)


def model_parts(
    tokens: Sequence[Token], skip: int, steps: Sequence[Step], typed: str
) -> list[tuple[str, dict[str, float]]]:
    """The beginnings of the model's line that end with a word or a sign, and what is known of each."""
    near, near_cuts = "".join(step.text for step in steps), phrase_cuts(steps)
    parts, at, text, logprobs = list[tuple[str, dict[str, float]]](), -skip, "", list[float]()
    for number, token in enumerate(tokens):
        at += len(token.text)
        if at <= 0:
            continue
        text += token.text[-at:] if not text and at < len(token.text) else token.text
        logprobs.append(max(token.logprob, -12.0))
        end = text.find("\n", len(text) - len(text.lstrip("\n")))
        text = text[:end] if end >= 0 else text
        after = tokens[number + 1].text[:1] if number + 1 < len(tokens) and end < 0 else ""
        is_split = _is_word(text[-1:]) and _is_word(after)
        if not is_split and len(text.rstrip()) > (len(parts[-1][0]) if parts else 0):
            parts.append((text.rstrip(), _model_features(text.rstrip(), logprobs, near, near_cuts, typed)))
        if end >= 0:
            break
    return parts


def _model_features(
    text: str, logprobs: Sequence[float], near: str, near_cuts: Sequence[Cut], typed: str
) -> dict[str, float]:
    rest = logprobs[1:]
    same = max((cut.probability for cut in near_cuts if cut.length >= len(text)), default=0.0)
    first = near_cuts[0] if near_cuts else None
    agrees = near.startswith(text)
    leads = first is not None and text.startswith(near[: first.length])
    return {
        "first_logprob": logprobs[0],
        "rest_logprob": sum(rest),
        "least_logprob": min(rest, default=0.0),
        "log_tokens": math.log(len(logprobs)),
        f"typed_{min(len(typed), 4)}": 1.0,
        f"typed_{min(len(typed), 4)}_first": logprobs[0],
        "near_agrees": same if agrees else 0.0,
        "near_leads": first.probability if first and leads and not agrees else 0.0,
        "near_differs": first.probability if first and not leads and not agrees else 0.0,
        "near_silent": float(first is None),
        "ends_word": float(_is_word(text[-1])),
        "log_length": math.log(len(text)),
    }


def step_features(step: Step, number: int) -> dict[str, float]:
    """What the model "phrase" knows of one step; `number` counts the steps before it."""
    share = min(max(step.share, 1 - CERTAIN), CERTAIN)
    kind = _kind(step.token)
    return {
        "logit_share": math.log(share / (1 - share)),
        f"order_{min(step.order, 5)}": 1.0,
        f"typed_{min(step.typed, 3)}": 1.0,
        "log_votes": math.log1p(step.votes),
        "log_rivals": math.log1p(step.rivals),
        "log_rank": math.log1p(step.rank),
        f"is_{kind}": 1.0,
        f"after_{_kind(step.previous)}": 1.0,
        f"{kind}_order_{min(step.order, 5)}": 1.0,
        "first": float(number == 0),
        "outvoted": float(step.gap > 0),
        "log_length": math.log1p(len(step.text)),
    }


def _kind(token: str) -> str:
    if token[0] == "\n":
        return "line"
    if token[0].isspace():
        return "space"
    return "word" if _is_word(token[0]) else "sign"


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


@lru_cache(maxsize=1)
def _weights() -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = json.loads(FILE.read_text("utf-8"))
    return found

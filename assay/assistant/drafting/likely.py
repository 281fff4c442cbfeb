"""How likely a person is to keep a draft, or the first part of it: by what the code nearby says and by the model's own probabilities.

The coefficients are in `likely.json`, fitted by `python -m evals.fit` on typing simulated in packages that are no part
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

FILE = Path(__file__).with_name("likely.json")
STEPS = 12  # tokens that are predicted from the code nearby; further ones are hardly ever likely enough
CERTAIN = 0.999  # no share of votes counts for more


@dataclass(frozen=True, slots=True)
class Cut:
    """The first part of a text that may be offered alone: its length and the probability that all of it is kept."""

    length: int
    probability: float

    @property
    def gain(self) -> float:
        """Keystrokes that offering it is expected to save: accepting costs one."""
        return self.probability * (self.length - 1)


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

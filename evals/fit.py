"""Fit the probabilities of `assay/assistant/drafting/likely.json`: `python -m evals.fit [MODEL_ROWS …]`.

The material is what `evals.typing.PACKAGES` names, at the versions of requirements-dev.lock: nothing of any evaluation here is in it.
MODEL_ROWS are files of `python -m evals.gather`, which asks a real model; without them the weights of "model" stay as they are.

Every fifth package is held out whole: rows of one package are alike, and a split by row would flatter. What is printed about them is
how often each forecast held, and what that says about the constants of `choice.py`.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from analyzers import phrases
from assay.assistant.complete import choice
from assay.assistant.drafting import likely
from assay.engine.api import Token
from evals import typing

INSERTIONS, SHARE = 4000, 0.05  # blocks, and the share of their characters at which a prediction is judged
STEP_LIMIT = 6
HELD_OUT = 5  # every fifth package
PENALTY = 1.0  # inverse of the ridge; ten times more or less of it changes no digit of the log loss


@dataclass(frozen=True, slots=True)
class Row:
    """What was known of a prediction, whether it came true, and the package it is from."""

    features: dict[str, float]
    is_right: bool
    package: str


Weights = dict[str, float]


def main() -> None:
    """Fit, write the file, print how well the forecasts hold in packages that were held out."""
    weights: dict[str, Weights] = json.loads(likely.FILE.read_text("utf-8"))
    made = {"phrase": list(phrase_rows())}
    if len(sys.argv) > 1:
        made["model"] = [row for name in sys.argv[1:] for row in model_rows(Path(name))]
    for name, rows in made.items():
        fitting, held = split(rows)
        weights[name] = fit(fitting)
        report(name, held, weights[name])
    likely.FILE.write_text(json.dumps(weights, indent=1, sort_keys=True) + "\n", "utf-8")


def phrase_rows() -> Iterator[Row]:
    """Steps predicted from the code nearby."""
    chance = random.Random(7)
    for one in typing.cut_out(typing.SITE_PACKAGES, INSERTIONS, seed=5, packages=typing.PACKAGES):
        for at in range(len(one.text)):
            if chance.random() > SHARE:
                continue
            before, rest = one.before + one.text[:at], one.text[at:]
            for number, step in enumerate(phrases.continuation((before, one.after), before, limit=STEP_LIMIT)):
                is_right = rest.startswith(step.text) and not _goes_on(step.text, rest[len(step.text) :])
                yield Row(likely.step_features(step, number), is_right, one.package)
                if not is_right:
                    break
                rest = rest[len(step.text) :]


def model_rows(path: Path) -> Iterator[Row]:
    """Every part of a line that a model wrote; right where the truth begins with it."""
    for line in path.read_text("utf-8").splitlines():
        told = json.loads(line)
        tokens = [Token(text, logprob) for text, logprob in told["tokens"]]
        if not "".join(t.text for t in tokens).startswith(told["healed"]):
            continue
        steps = phrases.continuation((told["before"], told["after"]), told["before"], limit=likely.STEPS)
        typed = phrases.typed_word(told["before"])
        for text, features in likely.model_parts(tokens, len(told["healed"]), steps, typed):
            yield Row(features, told["truth"].startswith(text), told["package"])


def split(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows to fit, and those of every fifth package in alphabetical order."""
    held = set(sorted({row.package for row in rows})[::HELD_OUT])
    return [row for row in rows if row.package not in held], [row for row in rows if row.package in held]


def fit(rows: Sequence[Row]) -> Weights:
    """Logistic regression with a small ridge: weights by feature, and `bias`."""
    vectors = DictVectorizer()
    data = vectors.fit_transform([row.features for row in rows])
    model = LogisticRegression(C=PENALTY, max_iter=2000).fit(data, [row.is_right for row in rows])
    found = dict(zip(vectors.get_feature_names_out(), model.coef_[0], strict=True)) | {"bias": model.intercept_[0]}
    return {name: round(float(weight), 4) for name, weight in found.items()}


def report(name: str, rows: Sequence[Row], weights: Weights) -> None:
    """What was forecast and what happened, by tenths; the mean log loss; and what stands above and below the constants."""
    told = [(likely.logistic(weights, row.features), row.is_right) for row in rows]
    print(f"{name}: {len(rows)} rows of {len({row.package for row in rows})} packages that were held out")
    for tenth in range(10):
        _print_share(f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}", told, tenth / 10, (tenth + 1) / 10)
    _print_share(f"SURE, {choice.SURE} and more", told, choice.SURE, 1.01)
    _print_share(f"HOPELESS, below {choice.HOPELESS}", told, 0.0, choice.HOPELESS)
    print(f"  log loss {-sum(math.log(max(p if y else 1 - p, 1e-9)) for p, y in told) / len(told):.3f}")


def _print_share(words: str, told: Sequence[tuple[float, bool]], low: float, high: float) -> None:
    inside = [y for p, y in told if low <= p < high]
    if inside:
        print(f"  forecast {words}: {sum(inside) / len(inside):.2f} of {len(inside)}")


def _goes_on(text: str, rest: str) -> bool:
    """Whether the word that `text` ends with is longer in truth."""
    return bool(text and rest) and (text[-1].isalnum() or text[-1] == "_") and (rest[0].isalnum() or rest[0] == "_")


if __name__ == "__main__":
    main()

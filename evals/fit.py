"""Fit the probabilities of `assay/assistant/complete/choice.json`: `python -m evals.fit FOLDER [MODEL_ROWS]`.

FOLDER holds Python packages (an environment's site-packages); nothing of the evaluations may be in it, and what is named
in WITHOUT is left out. MODEL_ROWS is a file that `python -m evals.gather` made with a real model.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from analyzers import phrases
from assay.assistant.complete import choice
from assay.engine.api import Token
from evals import typing

WITHOUT = ("pygls", "lsprotocol", "pylsp", "third_party", "typeshed")
INSERTIONS, SHARE = 1200, 0.12  # blocks, and the share of their characters at which a prediction is judged
STEP_LIMIT = 6
RIDGE = 1.0

Row = tuple[dict[str, float], bool]


def main() -> None:
    """Fit, print how well the forecasts hold on packages that were held out, write the file."""
    rows = phrase_rows(Path(sys.argv[1]))
    split = len(rows) * 4 // 5
    weights = json.loads(choice.FILE.read_text("utf-8")) | {"phrase": fit(rows[:split])}
    _write(weights)
    print_calibration("phrase", rows[split:])
    if len(sys.argv) > 2:
        rows = model_rows(Path(sys.argv[2]))
        split = len(rows) * 4 // 5
        _write(weights | {"model": fit(rows[:split])})
        print_calibration("model", rows[split:])


def _write(weights: dict[str, dict[str, float]]) -> None:
    choice.FILE.write_text(json.dumps(weights, indent=1, sort_keys=True) + "\n", "utf-8")


def phrase_rows(folder: Path) -> list[Row]:
    """Features of predicted steps and whether they were right, in the order of the files."""
    chance, rows = random.Random(7), []
    for one in typing.cut_out(folder, INSERTIONS, seed=5, without=WITHOUT):
        for at in range(len(one.text)):
            if chance.random() > SHARE:
                continue
            before, rest = one.before + one.text[:at], one.text[at:]
            for number, step in enumerate(phrases.continuation((before, one.after), before, limit=STEP_LIMIT)):
                is_right = rest.startswith(step.text) and not _goes_on(step.text, rest[len(step.text) :])
                rows.append((choice.step_features(step, number), is_right))
                if not is_right:
                    break
                rest = rest[len(step.text) :]
    return rows


def model_rows(path: Path) -> list[Row]:
    """Features of every part of a line that a model wrote, and whether the truth begins with it; rows of `evals.gather`."""
    rows = []
    for line in path.read_text("utf-8").splitlines():
        told = json.loads(line)
        tokens = [Token(text, logprob) for text, logprob in told["tokens"]]
        if not "".join(t.text for t in tokens).startswith(told["healed"]):
            continue
        steps = phrases.continuation((told["before"], told["after"]), told["before"], limit=choice.STEPS)
        typed = phrases.typed_word(told["before"])
        parts = choice.model_parts(tokens, len(told["healed"]), steps, typed)
        rows += [(features, told["truth"].startswith(text)) for text, features in parts]
    return rows


def _goes_on(text: str, rest: str) -> bool:
    """Whether the word that `text` ends with is longer in truth."""
    return bool(text and rest) and (text[-1].isalnum() or text[-1] == "_") and (rest[0].isalnum() or rest[0] == "_")


def fit(rows: Sequence[Row]) -> dict[str, float]:
    """Logistic regression by Newton's method with a small ridge: weights by feature, and `bias`."""
    names = ["bias", *sorted({name for features, _ in rows for name in features})]
    index = {name: number for number, name in enumerate(names)}
    data = [([(0, 1.0), *((index[n], v) for n, v in f.items() if v)], y) for f, y in rows]
    size, weights = len(names), [0.0] * len(names)
    for _ in range(8):
        gradient = [-RIDGE * w for w in weights]
        hessian = [[RIDGE * (i == j) for j in range(size)] for i in range(size)]
        for entries, y in data:
            z = sum(weights[i] * v for i, v in entries)
            p = 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))
            slope, curve = float(y) - p, p * (1 - p)
            for i, v in entries:
                gradient[i] += slope * v
                row = hessian[i]
                for j, u in entries:
                    row[j] += curve * v * u
        weights = [w + d for w, d in zip(weights, _solved(hessian, gradient), strict=True)]
    return {name: round(weight, 4) for name, weight in zip(names, weights, strict=True)}


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gaussian elimination; the ridge keeps the matrix positive."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for k in range(size):
        for i in range(k + 1, size):
            factor = rows[i][k] / rows[k][k]
            if factor:
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    result = [0.0] * size
    for k in reversed(range(size)):
        result[k] = (rows[k][size] - sum(rows[k][j] * result[j] for j in range(k + 1, size))) / rows[k][k]
    return result


def print_calibration(model: str, rows: Sequence[Row]) -> None:
    """What was forecast and what happened, by tenths, and the mean log loss."""
    choice._weights.cache_clear()
    told = [(choice.probability(model, features), y) for features, y in rows]
    print(f"{model}: {len(rows)} rows held out")
    for tenth in range(10):
        inside = [y for p, y in told if tenth / 10 <= p < (tenth + 1) / 10]
        if inside:
            print(
                f"  forecast {tenth / 10:.1f}–{(tenth + 1) / 10:.1f}: {sum(inside) / len(inside):.2f} of {len(inside)}"
            )
    print(f"  log loss {-sum(math.log(max(p if y else 1 - p, 1e-9)) for p, y in told) / len(told):.3f}")


if __name__ == "__main__":
    main()

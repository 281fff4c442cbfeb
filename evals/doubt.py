"""What the model's doubts are worth, and the curve that makes a confidence of their size.

`python -m evals.doubt [--count N] [--share P] [--fit]`: two kinds of functions with one wrong line each (the programs of evals/bugs, and functions of installed packages in which one edit was planted
that is not among those the model is asked about first), and their right forms. For each size of a doubt: how many of the wrong functions have one of at least that size that
names the very edit, how many right functions have one at all, and which share is right where one function of a hundred (`--share`) is wrong. With `--fit` the logistic curve for `hints/doubt.py`.
How long the scoring of one function takes is told as well.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path

from analyzers import files, syntax
from analyzers.text import applied
from assay import compose
from assay.assistant.hints import doubt
from assay.assistant.hints.doubt import Doubt
from assay.assistant.workbench import Workbench
from assay.folders import folders
from evals.bugs_found import programs
from evals.replay import percentile
from evals.typing import SITE_PACKAGES

SIZES = (1, 2, 4, 6, 8, 10, 12, 15, 20)
PACKAGES = ("click", "httpx", "jinja2", "packaging", "pluggy", "tomlkit")
SEED = 24


@dataclass(frozen=True, slots=True)
class Pair:
    """A module with one wrong line, and the same without; `back` is the text of the line that is right."""

    wrong: str
    right: str
    line: int


def of_programs() -> list[Pair]:
    """The repository's own bugs."""
    return [Pair(one.broken, one.module, one.line) for one in programs()]


def planted(count: int) -> list[Pair]:
    """Functions of installed packages, each with an edit planted."""
    chance = random.Random(SEED)
    found: list[Pair] = []
    folders = [SITE_PACKAGES / name for name in PACKAGES if (SITE_PACKAGES / name).is_dir()]
    names = [f / e.name for f in folders for e in files.walk(f, files.Rules(f)) if e.name.endswith(".py")]
    chance.shuffle(names)
    for path in names:
        text = path.read_text("utf-8")
        of_functions = [one for make in doubt.places(text) if (one := make())]
        for of_one in chance.sample(of_functions, min(3, len(of_functions))):
            place = chance.choice(of_one)
            edit, _ = chance.choice(place.others)
            wrong = applied(text, [edit])
            if syntax.module(wrong) is not None:
                found.append(Pair(wrong, text, text.count("\n", 0, edit.span.start) + 1))
        if len(found) >= count:
            return found[:count]
    return found


async def largest(bench: Workbench, text: str, line: int) -> tuple[Doubt | None, float]:
    """The largest doubt about the function that holds a line, and the seconds that it took."""
    model, began = await bench.engine.model(), time.perf_counter()
    at = [place for make in doubt.places(text) for place in make() if _holds(text, place.function, line)]
    doubts = [one for place in at if (one := await doubt.weighed(bench, model, place)) is not None]
    return max(doubts, key=lambda one: one.nats, default=None), time.perf_counter() - began


def _holds(text: str, name: str, line: int) -> bool:
    tree = syntax.module(text)
    assert tree is not None
    around = [
        (own, node) for own, node in syntax.functions(tree) if node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return bool(around) and max(around, key=lambda item: item[1].lineno)[0] == name


async def measured(pairs: list[Pair], label: str, share: float) -> list[tuple[float, bool, bool]]:
    """The table of some pairs; (nats, whether the function is wrong, whether the doubt is right) of each doubt."""
    where = folders()
    bench = compose.workbench(compose.load_settings(where)[0], where)
    rows: list[tuple[float, bool, bool]] = []
    times = []
    try:
        for pair in pairs:
            for text, is_wrong in ((pair.wrong, True), (pair.right, False)):
                found, seconds = await largest(bench, text, pair.line)
                times.append(seconds)
                if found is not None:
                    mends = is_wrong and applied(text, [found.edit]) == pair.right
                    rows.append((found.nats, is_wrong, mends))
    finally:
        await compose.close(bench)
    print(
        f"\n{label}: {len(pairs)} pairs; a function p50 {percentile(times, 0.5):.2f} s, p95 {percentile(times, 0.95):.2f} s"
    )
    print("nats   named in wrong   told of right   right where 1 of", round(1 / share), "is wrong")
    for size in SIZES:
        named = sum(mends for nats, _, mends in rows if nats >= size) / len(pairs)
        elsewhere = sum(is_wrong and not mends for nats, is_wrong, mends in rows if nats >= size) / len(pairs)
        told = sum(not is_wrong for nats, is_wrong, _ in rows if nats >= size) / len(pairs)
        all_told = share * (named + elsewhere) + (1 - share) * told
        right = f"{share * named / all_told:8.0%}" if all_told else "       -"
        print(f"{size:4d}   {named:8.0%}         {told:8.0%}        {right}")
    return rows


def fit(rows: list[tuple[float, bool, bool]], share: float) -> tuple[float, float]:
    """Slope and offset of the share of right doubts over their size, where `share` of the functions are wrong."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=math.inf)
    weights = [share if is_wrong else 1 - share for _, is_wrong, _ in rows]
    model.fit([[nats] for nats, _, _ in rows], [mends for _, _, mends in rows], weights)
    return float(model.coef_[0][0]), float(model.intercept_[0])


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description="What the model's doubts are worth.")
    parser.add_argument("--count", type=int, default=20, help="pairs of each kind")
    parser.add_argument("--share", type=float, default=0.01, help="of functions that are wrong")
    parser.add_argument("--fit", action="store_true")
    chosen = parser.parse_args()
    assert Path(SITE_PACKAGES).is_dir()
    rows = asyncio.run(measured(of_programs()[: chosen.count], "programs", chosen.share))
    rows += asyncio.run(measured(planted(chosen.count), "planted", chosen.share))
    if chosen.fit:
        slope, offset = fit(rows, chosen.share)
        print(f"\nSLOPE, OFFSET = {slope:.3f}, {offset:.2f}")


if __name__ == "__main__":
    main()

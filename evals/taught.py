"""Does an adapter write more of the true lines? `python -m evals.taught DATA [--adapter FOLDER] [--count 200]`, DATA being the folder with HumanEval's single-line holes.

The fallback model on llama.cpp, without an adapter from left to right, and with one (of a run: `state/tune/runs/NAME/made/NAME`; by default the one that comes with Assay) by its markers, asked as the product asks. A line counts where it is the true one, white space
around it aside. Exact lines of both, their ratio, the paired difference with its 95 % interval, and how long each took.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import platformdirs

from assay.engine import adapters, processes, weights
from assay.engine.dialects import LEFT_TO_RIGHT, by_name
from assay.engine.launch import Beside
from assay.engine.local import Local
from assay.tune.gate import figures
from assay.tune.gate.author import Place, Way, written
from evals import holes

TOKENS = 1024  # of a prompt, as `context.tokens` is without a setting


async def exact(way: Way, found: list[holes.Hole]) -> tuple[list[float], list[float]]:
    """For each hole whether the line is the true one, and the seconds that it took."""
    right, took = list[float](), list[float]()
    for hole in found:
        place = Place(hole.prefix, "\n" + hole.suffix, hole.truth.rstrip("\n"), ())
        began = time.monotonic()
        text = await written(way, place)
        took.append(time.monotonic() - began)
        right.append(float(text.strip() == hole.truth.strip()))
    return right, took


async def main(given: argparse.Namespace) -> None:
    """Print both."""
    model = weights.fallback_path(Path(platformdirs.user_cache_dir("assay")))
    adapter = adapters.read(given.adapter)
    found = holes.load(given.data / "HumanEval-SingleLineInfilling.jsonl.gz", given.count)
    with tempfile.TemporaryDirectory() as runtime:
        launch = processes.launch_for(model, Path(runtime), 60, beside=Beside(adapters=str(given.adapter.parent)))
        plain, taught = Local(launch), Local(launch, adapter.name)
        try:
            before, slow = await exact(Way(plain, LEFT_TO_RIGHT, TOKENS), found)
            after, slower = await exact(Way(taught, by_name(adapter.dialect), TOKENS), found)
        finally:
            await taught.close()
            await plain.end()
    row = figures.figure("lines exact", "%", "more", figures.Pairs(before, after))
    print(figures.table([row]))
    print(f"{sum(before):.0f} and {sum(after):.0f} of {len(found)}: {sum(after) / max(1, sum(before)):.2f} times")
    print(f"median {statistics.median(slow) * 1000:.0f} and {statistics.median(slower) * 1000:.0f} ms a line")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.taught")
    parser.add_argument("data", type=Path)
    parser.add_argument("--adapter", type=Path, default=adapters.OWN)
    parser.add_argument("--count", type=int, default=200)
    asyncio.run(main(parser.parse_args()))

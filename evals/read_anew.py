"""How many tokens has an engine to read for each key? `python -m evals.read_anew TRACES [--characters N] [--dialect NAME …] [--against PYTHON]`.

Traces are typed into the real server, as `evals.replay` does it, with a stand-in for a model that writes nothing, so that each key asks. An engine keeps what it has read of the last prompt as far as the
next one begins with the same; what remains is counted by the embedded model's tokenizer, the token at the border among it. The first request in each file is of a new place and counts apart. PYTHON is the interpreter of an
environment with another state of Assay.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from assay import compose
from assay.engine.api import Engine
from assay.engine.dialects import MARKER
from assay.folders import folders
from evals import typing
from evals.replay import Window, percentile, sample
from evals.typing import Insertion
from tests.lsp.stub import Stub

DIALECTS = ("qwen", "mellum", "seed-coder", "left-to-right")


async def typed(python: str, home: Path, chosen: Sequence[Insertion], dialect: str) -> list[list[str]]:
    """The prompts for each insertion, in order."""
    window, prompts = Window(python, home), list[list[str]]()
    async with Stub(lambda body: "") as stub:
        await window.open({"engine": {"url": stub.url, "dialect": dialect}, "verify": {"policy": "static"}})
        for one in chosen:
            begun = len(stub.requests)
            await window.write(one)
            greedy = [body for body in stub.requests[begun:] if not body["temperature"]]  # further samples read nothing
            # A marker is one token of the model that it is of, and many of any other.
            prompts.append([MARKER.sub("`", str(body["prompt"])) for body in greedy])
        await window.close()
    return prompts


async def anew(engine: Engine, prompts: Sequence[str]) -> list[int]:
    """Tokens to read for each prompt but the first."""
    found = []
    for last, prompt in itertools.pairwise(prompts):
        common = len(os.path.commonprefix([last, prompt]))  # noqa: RUF071  of texts
        found.append(await engine.count(prompt) - max(0, await engine.count(prompt[:common]) - 1))
    return found


async def main(given: argparse.Namespace) -> None:
    """Type, count, print."""
    chosen = sample(typing.given(given.traces), given.characters)
    engine = compose.engine(compose.load_settings(folders())[0], folders())
    pythons = {"this": sys.executable} | ({"other": given.against} if given.against else {})
    with tempfile.TemporaryDirectory() as home:
        for dialect in given.dialect:
            for name, python in pythons.items():
                prompts = await typed(python, Path(home) / f"{name}-{dialect}", chosen, dialect)
                counts = [await anew(engine, of_file) for of_file in prompts]
                every = [count for one in counts for count in one]
                firsts = [await engine.count(of_file[0]) for of_file in prompts if of_file]
                most = sum(count > 64 for count in every)
                print(
                    f"{name:6}{dialect:14} {len(every)} keys: p50 {percentile(every, 0.5):.0f}, p95 {percentile(every, 0.95):.0f}, p99 {percentile(every, 0.99):.0f} tokens, "
                    f"mean {sum(every) / max(1, len(every)):.1f}, over 64 {most}; {len(firsts)} new files, p50 {percentile(firsts, 0.5):.0f}",
                    flush=True,
                )
    await engine.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.read_anew")
    parser.add_argument("traces", type=Path)
    parser.add_argument("--characters", type=int, default=1200)
    parser.add_argument("--dialect", nargs="+", default=list(DIALECTS))
    parser.add_argument("--against", default="")
    asyncio.run(main(parser.parse_args()))

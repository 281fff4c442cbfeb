"""How long containers stay once somebody ends what they are for: `python -m evals.ended [COUNT]`.

So many functions are asked for whose candidates never come to an end; each is ended at another moment of its runs. Told is the time from then until every container that had begun is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from assay import compose
from assay.assistant.write import asked, model, way
from assay.assistant.write.candidate import Target
from assay.engine.scripted import Answer, Scripted
from assay.folders import folders
from sandbox import engine
from sandbox.container import LABEL

TEXT = 'def spin(values: list[int]) -> int:\n    """Give their sum.\n\n    >>> spin([1])\n    1\n    """\n'
BODIES = tuple(f"while {number}:\n        pass" for number in range(1, 11))
LONGEST_S = 30.0


def containers() -> set[str]:
    """Those of this process."""
    with contextlib.closing(engine.connect()) as client:
        found = client.containers(filters={"label": LABEL})
    return {one["Id"] for one in found if f":{os.getpid()}:" in one["Labels"]["assay.owner"]}


async def main(given: argparse.Namespace) -> None:
    """End and print."""
    settings, _ = compose.load_settings(folders(), editor={"sandbox": {"pool": 0}})
    bench = replace(compose.workbench(settings, folders()), engine=Scripted([Answer("", BODIES)]))
    chance, times = random.Random(1), list[float]()
    with tempfile.TemporaryDirectory() as home:
        root = Path(home)
        (root / "mod.py").write_text(TEXT)
        bench.projects.open_folder(root)
        state = await bench.projects.state(root)
        wanted = asked.named(TEXT, "spin")
        target = Target(state, "mod.py", TEXT, wanted.span)
        try:
            for _ in range(given.count):
                work = asyncio.create_task(way.written(bench, bench.projects.world(root), target, wanted.wish, (model.candidates,), lambda stage, done, of: None))  # fmt: skip
                began = time.monotonic()
                while not await asyncio.to_thread(containers) and time.monotonic() - began < LONGEST_S:
                    await asyncio.sleep(0.1)
                await asyncio.sleep(chance.uniform(0.8, 3.0))
                there = await asyncio.to_thread(containers)
                begun = time.monotonic()
                work.cancel()
                while (await asyncio.to_thread(containers)) & there and time.monotonic() - begun < LONGEST_S:
                    await asyncio.sleep(0.02)
                times.append(time.monotonic() - begun)
                print(f"{len(there)} with candidates at work: gone after {times[-1]:.2f} s", flush=True)
                with contextlib.suppress(asyncio.CancelledError):
                    await work
        finally:
            await compose.close(bench)
    print(f"{len(times)} ends: median {statistics.median(times):.2f} s, most {max(times):.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.ended")
    parser.add_argument("count", type=int, nargs="?", default=8)
    asyncio.run(main(parser.parse_args()))

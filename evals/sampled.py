"""Which of ten samples of the embedded model is chosen: `python -m evals.sampled DATA draw|choose [COUNT]`, DATA being the folder with HumanEval's file.

draw: ten bodies for each of the 164 tasks, as `assay write` asks for them, kept in evals/sampled.json (some twenty minutes with `engine.backend` = vllm). choose: on what is kept, the choice by the prompt's own examples and inputs
near them, against the first sample; the official tests judge. The difference is given with its interval (paired, 95 %).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
from pathlib import Path
from typing import Any

from assay import compose
from assay.assistant.workbench import Workbench
from assay.assistant.write import choice, judging, model
from assay.assistant.write.candidate import Candidate
from assay.engine.api import EngineError
from assay.folders import folders
from evals.choosing import Task, official, target, tasks

KEPT = Path(__file__).with_name("sampled.json")
AT_ONCE = 6
RESAMPLES = 2000


async def draw(bench: Workbench, state: Any, every: list[Task]) -> None:
    """Ask for what is not kept yet."""
    known = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    left = [one for one in every if one.name not in known]
    doors = asyncio.Semaphore(AT_ONCE)

    async def one(task: Task) -> None:
        async with doors:
            found = []
            try:
                async for body in model.candidates(bench, target(bench, state, task), task.wish, ()):
                    found.append([body.body, None if body.likely is None else round(body.likely, 4)])
            except EngineError as error:
                print(f"  {task.name}: {error}")
                return
            known[task.name] = found
            KEPT.write_text(json.dumps(known, indent=0, sort_keys=True))
            print(f"\r{len(known)} of {len(every)}", end="", flush=True)

    await asyncio.gather(*map(one, left))
    print()


async def choose(bench: Workbench, state: Any, every: list[Task]) -> None:
    """Judge what is kept."""
    known = json.loads(KEPT.read_text())
    rows = []
    for task in every:
        bodies = known.get(task.name, [])
        if not bodies:
            rows.append((False, False, False))
            continue
        at = target(bench, state, task)
        candidates = [Candidate(body, "model", likely=likely) for body, likely in bodies]
        passes = await official(bench, at, task, [one.body for one in candidates])
        trial = await judging.tried(bench, at, task.wish, candidates, lambda done, of: None)
        found = choice.chosen(trial.judged, trial.calls)
        best = found.ranked[0].candidate.body if found.ranked else ""
        is_right = any(fine and one.body == best for one, fine in zip(candidates, passes, strict=True))
        rows.append((any(passes), is_right, passes[0]))
        solved, chosen, first = (sum(row[n] for row in rows) for n in range(3))
        print(f"\r{len(rows)} of {len(every)}: any {solved}, offered {chosen}, first {first}", end="", flush=True)
    solved, chosen, first = (sum(row[n] for row in rows) for n in range(3))
    chance, found_at = random.Random(3), []
    for _ in range(RESAMPLES):
        drawn = [rows[chance.randrange(len(rows))] for _ in rows]
        found_at.append(sum(row[1] - row[2] for row in drawn) / len(rows))
    found_at.sort()
    low, high = found_at[RESAMPLES // 40], found_at[-RESAMPLES // 40]
    print(f"\nof {len(rows)} tasks any of ten samples solves {solved}, the offered one {chosen} ({chosen / max(1, solved):.0%} of these), the first {first}")  # fmt: skip
    print(f"offered against first {(chosen - first) / len(rows):+.3f} (95 % {low:+.3f} to {high:+.3f})")


async def main(given: argparse.Namespace) -> None:
    """Draw, or choose."""
    editor: dict[str, Any] = {"sandbox": {"pool": 2}} | ({"engine": {"backend": given.backend}} if given.backend else {})  # fmt: skip
    settings, _ = compose.load_settings(folders(), editor=editor)
    bench = compose.workbench(settings, folders())
    every = tasks(given.data)[: given.count]
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "task.py").write_text("")
        bench.projects.open_folder(Path(home))
        state = await bench.projects.state(Path(home))
        try:
            await {"draw": draw, "choose": choose}[given.what](bench, state, every)
        finally:
            await compose.close(bench)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.sampled")
    parser.add_argument("data", type=Path)
    parser.add_argument("what", choices=("draw", "choose"))
    parser.add_argument("count", type=int, nargs="?", default=164)
    parser.add_argument("--backend", default="")
    asyncio.run(main(parser.parse_args()))

"""Whether the right one of ten candidates is chosen: `python -m evals.choosing DATA [COUNT]`, DATA being the folder with HumanEval's file.

For each task whose prompt has examples: the true body among nine wrong ones (mutants that the official tests kill), in random order, and then ten wrong ones that each break an example. The examples of the prompt are the only
tests that the choice hears of; the official ones judge it. Candidates run in containers.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import gzip
import json
import random
import statistics
import tempfile
import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzers.mutants import usual
from analyzers.text import Span, applied
from analyzers.wishes import heads
from analyzers.wishes.wish import Wish
from assay import compose
from assay.assistant.trials import behaviours
from assay.assistant.trials.behaviours import Asked
from assay.assistant.workbench import Workbench
from assay.assistant.write import choice, judging
from assay.assistant.write.candidate import Candidate, Target
from assay.folders import folders

SEED = 17
WRONG = 9
MUTANTS = 60  # of one body that the official tests are asked about
OFFICIAL_S = 20.0


@dataclass(frozen=True, slots=True)
class Task:
    """One of HumanEval: what is before the function, the wish, the true body, and the official tests as a function `check`."""

    name: str
    before: str
    wish: Wish
    body: str
    test: str


def tasks(data: Path) -> list[Task]:
    """Those whose function takes what the wish reads."""
    found = []
    with gzip.open(data / "HumanEval.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    for row in rows:
        wish = heads.of_function(row["prompt"] + "    pass\n", row["entry_point"])
        if wish is None:
            continue
        before = row["prompt"][: row["prompt"].rindex(f"def {row['entry_point']}")]
        body = textwrap.dedent(row["canonical_solution"]).strip("\n")
        found.append(Task(row["task_id"], before, wish, body, row["test"]))
    return found


def target(bench: Workbench, state: Any, task: Task) -> Target:
    text = task.before
    return Target(state, "task.py", text, Span(len(text), len(text)))


def mutants(task: Task, text: str) -> list[str]:
    """Bodies with one small change, of the function in `text`."""
    node = next(one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef) and one.name == task.wish.name)
    first = node.body[1].lineno if ast.get_docstring(node) else node.body[0].lineno
    every = usual.of_lines(text, first, node.end_lineno or first, 400)
    random.Random(SEED).shuffle(found := list(every))
    bodies = []
    for one in found[:MUTANTS]:
        changed = applied(text, (one.edit,))
        try:
            other = next(
                n for n in ast.parse(changed).body if isinstance(n, ast.FunctionDef) and n.name == task.wish.name
            )
        except (SyntaxError, StopIteration):
            continue
        rows = changed.splitlines()
        begin = other.body[1].lineno if ast.get_docstring(other) else other.body[0].lineno
        bodies.append(textwrap.dedent("\n".join(rows[begin - 1 : other.end_lineno])))
    return list(dict.fromkeys(bodies))


async def official(bench: Workbench, at: Target, task: Task, bodies: Sequence[str]) -> list[bool]:
    """Which bodies pass the official tests."""
    forms = []
    for body in bodies:
        text = at.written(task.wish, Candidate(body, "model"))
        forms.append(
            {"task.py": f"{text}\n{task.test}\n\ndef official():\n    check({task.wish.name})\n    return 7\n"}
        )
    asked = Asked(at.state, "task.py", ("official()",), OFFICIAL_S)
    return [told[0].gives == "7" for told in await behaviours.of_forms(bench, asked, forms, lambda done, of: None)]


async def main(given: argparse.Namespace) -> None:
    """Choose and print."""
    settings, _ = compose.load_settings(folders(), editor={"sandbox": {"pool": 2}})
    bench = compose.workbench(settings, folders())
    every = [one for one in tasks(given.data) if one.wish.examples]
    random.Random(SEED).shuffle(every)
    every = every[given.first :][: given.count]
    sure = right = shown = refused = offered_wrong = all_wrong = 0
    times: list[float] = []
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "task.py").write_text("")
        bench.projects.open_folder(Path(home))
        state = await bench.projects.state(Path(home))
        try:
            for number, task in enumerate(every):
                at = target(bench, state, task)
                text = at.written(task.wish, Candidate(task.body, "model"))
                try:
                    bodies = mutants(task, text)
                except (SyntaxError, StopIteration):
                    continue
                fates = await official(bench, at, task, [task.body, *bodies])
                if not fates[0]:
                    print(f"  {task.name}: its own body does not pass")
                    continue
                wrong = [body for body, is_right in zip(bodies, fates[1:], strict=True) if not is_right]
                chance = random.Random(f"{SEED}{task.name}")
                chosen = chance.sample(wrong, min(WRONG, len(wrong)))
                mixed = [Candidate(body, "model") for body in (task.body, *chosen)]
                chance.shuffle(mixed)
                began = time.monotonic()
                trial = await judging.tried(bench, at, task.wish, mixed, lambda done, of: None)
                found = choice.chosen(trial.judged, trial.calls)
                times.append(time.monotonic() - began)
                best = found.ranked[0].candidate.body if found.ranked else ""
                is_right = bool(best) and (await official(bench, at, task, [best]))[0]
                broken = sum(not one.is_fine for one in trial.judged if one.candidate.body != task.body)
                shown += 1
                right += is_right
                is_sure = broken == len(chosen)
                sure += is_sure
                offered_wrong += is_sure and not is_right
                if not is_right:
                    own = next(one for one in trial.judged if one.candidate.body == task.body)
                    print(f"  {task.name}: {len(found.ranked)} behaviours left of {len(mixed)}, true one {'fine' if own.is_fine else own.broken}, agreement {[round(a, 3) for a in found.agreement[:4]]}")  # fmt: skip
                bad = [Candidate(b, "model") for b in wrong if any(b == j.candidate.body and not j.is_fine for j in trial.judged)]  # fmt: skip
                if len(bad) < WRONG + 1:
                    more = [Candidate(body, "model") for body in wrong if body not in [one.body for one in mixed]]  # fmt: skip
                    extra = await judging.tried(bench, at, task.wish, more, lambda done, of: None)
                    bad += [one.candidate for one in extra.judged if not one.is_fine]
                if len(bad) > WRONG:
                    all_wrong += 1
                    again = await judging.tried(bench, at, task.wish, bad[: WRONG + 1], lambda done, of: None)
                    refused += not choice.chosen(again.judged, again.calls).ranked
                print(f"\r{number + 1} of {len(every)}: right {right} of {shown}, sure {sure - offered_wrong} of {sure}", end="", flush=True)  # fmt: skip
        finally:
            await compose.close(bench)
    print(f"\nof {shown} tasks with examples the one that is offered first passes the official tests in {right} ({right / max(1, shown):.0%})")  # fmt: skip
    print(f"of {sure} where an example breaks all wrong ones, in {sure - offered_wrong}")
    print(f"of {all_wrong} with ten wrong ones that each break an example, nothing is offered in {refused}")
    print(f"a choice takes {statistics.median(times):.2f} s (median), {max(times):.1f} s at most")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.choosing")
    parser.add_argument("data", type=Path)
    parser.add_argument("count", type=int, nargs="?", default=164)
    parser.add_argument("--first", type=int, default=0)
    asyncio.run(main(parser.parse_args()))

"""Must a suggestion be right to be called passed? Truths, killed mutants and garbage, through the real server.

`python -m evals.proof DATA [COUNT] [--kinds truth,mutant] [--policies balanced]` prints one line a kind and policy: offered as passed,
offered as unverified, nothing. Needs the sandbox. Mutants are used only where a plain run of the official test fails with them, in the
sandbox; which ones is kept in `killed_mutants.json` (`--find-killed` makes it anew, in some minutes).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from assay import compose
from assay.folders import folders
from evals import holes
from sandbox.api import Job, Project, Step
from tests.lsp.client import Client
from tests.lsp.stub import Stub

GARBAGE = (
    "@@ not code ((",
    "lorem ipsum dolor sit amet",
    "frobnicate_the_widget(quux)",
    "return return",
    "]]]]",
    "x = = 3",
)


KINDS, POLICIES = ("truth", "mutant", "garbage"), ("balanced", "strict")
KILLED = Path(__file__).with_name("killed_mutants.json")
KILLED_COUNT = 200

Pairs = list[tuple[holes.Hole, str]]


async def main(data: Path, count: int, kinds: list[str], policies: list[str]) -> None:
    """Print a report for each kind under each policy; garbage is the same under all of them."""
    chosen = holes.load(data, count)
    made: dict[str, Pairs] = {
        "truth": [(hole, hole.truth) for hole in chosen],
        "mutant": killed(data)[:count],
        "garbage": [(hole, random.Random(n).choice(GARBAGE)) for n, hole in enumerate(chosen)],
    }
    for policy in policies:
        for kind in kinds:
            if kind != "garbage" or policy == policies[0]:
                await _report(f"{kind}, {policy}", made[kind], policy)


def killed(data: Path) -> Pairs:
    """Holes with a mutant of their true line that the official test kills, from the file."""
    by_id = {hole.id: hole for hole in holes.load(data, 10_000)}
    return [(by_id[row["id"]], row["text"]) for row in json.loads(KILLED.read_text("utf-8"))]


async def find_killed(data: Path, count: int = KILLED_COUNT) -> None:
    """Try mutants in the sandbox and write the file."""
    found = await _killed(holes.load(data, 3 * count, seed=1), count)
    rows = [{"id": hole.id, "text": text} for hole, text in found]
    KILLED.write_text(json.dumps(rows, indent=0, ensure_ascii=False) + "\n", "utf-8")
    print(f"{len(rows)} killed mutants in {KILLED}")


async def _report(name: str, pairs: Pairs, policy: str) -> None:
    seen: Counter[str] = Counter()
    times: list[float] = []
    odd: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        answers = {}
        for number, (hole, text) in enumerate(pairs):
            hole.write(root / f"p{number}")
            answers[number] = text
        current = {"text": ""}
        async with Stub(lambda body: current["text"]) as stub:
            client = await Client.start(env={"ASSAY_ENGINE_URL": stub.url, "ASSAY_VERIFY_POLICY": policy})
            await client.initialize(root)
            for number, (hole, text) in enumerate(pairs):
                current["text"] = text
                project = root / f"p{number}"
                client.notify(
                    "workspace/didChangeWorkspaceFolders",
                    {"event": {"added": [{"uri": project.as_uri(), "name": "p"}], "removed": []}},
                )
                uri = client.open(project / "solution.py")
                started = time.perf_counter()
                items = await client.inline(uri, *hole.position, invoked=True)
                times.append(time.perf_counter() - started)
                state = _state(items)
                seen[state] += 1
                if state != "passed":
                    odd.append(f"{hole.id} {state} {text.strip()!r}")
                client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
            await client.stop()
    cuts = statistics.quantiles(times, n=20)
    print(f"{name:20} {dict(seen)}  p50 {cuts[9] * 1000:.0f} ms  p95 {cuts[18] * 1000:.0f} ms", flush=True)
    if name.startswith("truth"):
        print("\n".join(f"    {line}" for line in odd), flush=True)


def _state(items: list[dict[str, Any]]) -> str:
    if not items:
        return "nothing"
    verdict = items[0]["command"]["arguments"][0]["verdict"]
    return verdict["state"] if verdict["state"] != "unverified" else f"unverified {verdict['reason']}"


async def _killed(pool: list[holes.Hole], count: int) -> Pairs:
    where = folders()
    settings, _ = compose.load_settings(where)
    sandbox = compose.sandbox(settings, folders())
    found: Pairs = []
    for number, hole in enumerate(pool):
        if len(found) == count:
            break
        variants = [m for m in holes.mutants(hole.truth) if holes.parses(hole.prefix + m + hole.suffix)]
        random.Random(number).shuffle(variants)
        for mutant in variants[:2]:
            script = f"{hole.prefix}{mutant}{hole.suffix}\n{hole.test}\ncheck({hole.entry})\n"
            step = Step("script", 4.0, (("run.py", script),), path="run.py")
            outcome = (await sandbox.run(Job(Project("empty", b""), (step,))))[0]
            if outcome.exit != 0:
                found.append((hole, mutant))
                break
    await sandbox.close()
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.proof")
    parser.add_argument("data", type=Path)
    parser.add_argument("count", type=int, nargs="?", default=200)
    parser.add_argument("--kinds", type=holes.names(KINDS), default=list(KINDS))
    parser.add_argument("--policies", type=holes.names(POLICIES), default=list(POLICIES))
    parser.add_argument("--find-killed", action="store_true")
    given = parser.parse_args()
    if given.find_killed:
        asyncio.run(find_killed(given.data, given.count))
    else:
        asyncio.run(main(given.data, given.count, given.kinds, given.policies))

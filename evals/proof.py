"""Must a suggestion be right to be called passed? Truths, killed mutants and garbage, through the real server.

`python -m evals.proof DATA [COUNT]` prints one line a kind: offered as passed, offered as unverified, nothing.
Needs the sandbox. Mutants are used only where a plain run of the official test fails with them, in the sandbox.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from assay import compose
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


async def main(data: Path, count: int) -> None:
    chosen = holes.load(data, count)
    killed = await _killed(holes.load(data, 3 * count, seed=1), count)
    garbage = [(hole, random.Random(n).choice(GARBAGE)) for n, hole in enumerate(chosen)]
    cases = {
        "truth, balanced": ([(h, h.truth) for h in chosen], "balanced"),
        "mutant, balanced": (killed, "balanced"),
        "garbage, balanced": (garbage, "balanced"),
        "truth, strict": ([(h, h.truth) for h in chosen], "strict"),
        "mutant, strict": (killed, "strict"),
    }
    for name, (pairs, policy) in cases.items():
        await _report(name, pairs, policy)


async def _report(name: str, pairs: list[tuple[holes.Hole, str]], policy: str) -> None:
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


async def _killed(pool: list[holes.Hole], count: int) -> list[tuple[holes.Hole, str]]:
    where = compose.folders()
    settings, _ = compose.load_settings(where)
    sandbox = compose.sandbox(settings)
    found: list[tuple[holes.Hole, str]] = []
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
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200))

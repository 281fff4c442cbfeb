"""How many true lines the embedded model finds: `python -m evals.found DATA [COUNT] [--against PYTHON]`, DATA being the folder with HumanEval's files.

A line is taken out of a solution and typed again: a request at its beginning, whose answer is not looked at, then one where a third of it stands. Found is
what is exactly the rest of the line. No container, no verdict but names. PYTHON is the interpreter of an environment with another state of Assay; both
hear the same, in turn, and the difference is given with its interval (paired, 95 %).
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from evals import holes
from evals.startup import SERVER
from tests.lsp.client import Client

SEED = 5
LEAST = 12  # characters of a line
SAMPLES = 2000


async def rest_of(client: Client, path: Path, hole: holes.Hole) -> bool:
    """Whether the rest of the line is what is offered where a third of it stands."""
    line = hole.truth.rstrip("\n")
    indent = len(line) - len(line.lstrip())
    cut = indent + (len(line) - indent) // 3
    row = hole.prefix.count("\n")
    column = len(hole.prefix.rpartition("\n")[2])

    def text(typed: str) -> str:
        return f"{hole.prefix}{typed}\n{hole.suffix}"

    uri = client.open(path, text(line[:indent]))
    await client.inline(uri, row, column + indent, invoked=True, timeout_s=60)
    change: dict[str, Any] = {
        "textDocument": {"uri": uri, "version": 2},
        "contentChanges": [{"text": text(line[:cut])}],
    }
    client.notify("textDocument/didChange", change)
    items = await client.inline(uri, row, column + cut, invoked=True, timeout_s=60)
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    if not items:
        return False
    told = items[0]["insertText"]
    told = told if isinstance(told, str) else told["value"]
    start = items[0].get("range", {}).get("start", {}).get("character", column + cut)
    return bool((line[:cut][: max(0, start - column)] + told).split("\n")[0].rstrip() == line)


async def main(given: argparse.Namespace) -> None:
    """Type, and print shares."""
    chosen = [one for one in holes.load(given.data, 4 * given.count, seed=SEED) if len(one.truth.strip()) >= LEAST][
        : given.count
    ]
    pythons = {"this": sys.executable} | ({"other": given.against} if given.against else {})
    found: dict[str, list[bool]] = {}
    with tempfile.TemporaryDirectory() as home:
        clients = {}
        for name, python in pythons.items():
            own = Path(home) / name
            (own / "project").mkdir(parents=True)
            (own / "run").mkdir(mode=0o700)
            environment = {"XDG_STATE_HOME": str(own / "state"), "XDG_RUNTIME_DIR": str(own / "run")}
            clients[name] = await Client.start(command=[python, *SERVER[1:]], env=environment)
            options = {"verify": {"policy": "static"}, "sandbox": {"enabled": False}}
            await clients[name].initialize(own / "project", options)
        for number, hole in enumerate(chosen):
            for name, client in clients.items():
                is_found = await rest_of(client, Path(home) / name / "project" / f"m{number}.py", hole)
                found.setdefault(name, []).append(is_found)
        for client in clients.values():
            await client.stop()
    for name, seen in found.items():
        print(f"{name}: {sum(seen)} of {len(seen)} lines found")
    if given.against:
        pairs = [int(a) - int(b) for a, b in zip(found["this"], found["other"], strict=True)]
        chance = random.Random(SEED)
        means = sorted(statistics.mean(chance.choices(pairs, k=len(pairs))) for _ in range(SAMPLES))
        low, high = means[SAMPLES // 40], means[-SAMPLES // 40]
        print(f"difference {statistics.mean(pairs):+.3f} (95 % {low:+.3f} to {high:+.3f})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.found")
    parser.add_argument("data", type=Path)
    parser.add_argument("count", type=int, nargs="?", default=60)
    parser.add_argument("--against", default="")
    asyncio.run(main(parser.parse_args()))

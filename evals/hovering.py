"""How soon the facts of a function are in its hover, and whether anything else waits for them.

`python -m evals.hovering [--count N]`: in two files of about 2 500 lines, with the package around each as the project, the definitions of N functions and N uses of functions of the same file are hovered, each after an edit elsewhere
in the file, as somebody who reads while they write does. "ping" is the round trip of a trivial request meanwhile, "idle" the same before.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import random
import shutil
import tempfile
import time
from pathlib import Path

from evals.overhead import FILES, IDLE_PINGS, pings
from evals.replay import percentile
from evals.typing import SITE_PACKAGES
from tests.lsp.client import Client

SEED = 29


def places(text: str, count: int) -> list[tuple[str, int, int]]:
    """(kind, row from 0, column) of names of functions at their definitions, and at calls of them in the same file."""
    tree = ast.parse(text)
    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    top = {one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.ClassDef)}
    chance = random.Random(SEED)
    rows = text.split("\n")
    defined = [("definition", one.lineno - 1, rows[one.lineno - 1].index("def ") + 4) for one in functions]
    used = [
        ("use", one.func.lineno - 1, one.func.col_offset)
        for one in ast.walk(tree)
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id in top
    ]
    return chance.sample(defined, min(count, len(defined))) + chance.sample(used, min(count, len(used)))


async def of_file(name: str, count: int) -> tuple[dict[str, list[float]], list[float], list[float], int]:
    """Seconds of the hovers by kind, of the pings meanwhile and before, and how many hovers were empty."""
    seen: dict[str, list[float]] = {"definition": [], "use": []}
    with tempfile.TemporaryDirectory() as folder:
        package = name.partition("/")[0]
        shutil.copytree(SITE_PACKAGES / package, Path(folder) / package)
        (Path(folder) / "pyproject.toml").write_text("")
        client = await Client.start(
            env={"ASSAY_SANDBOX_ENABLED": "false", "ASSAY_VERIFY_POLICY": "static", "ASSAY_HINTS_ENABLED": "false"}
        )
        await client.initialize(Path(folder))
        path = Path(folder) / name
        uri = client.open(path)
        text = path.read_text("utf-8")
        chosen = places(text, count)
        at = {"textDocument": {"uri": uri}, "position": {"line": chosen[-1][1], "character": chosen[-1][2]}}
        await asyncio.sleep(3)
        for _ in range(3):  # jedi and the project are read
            await client.call("textDocument/hover", at)
        idle: list[float] = []
        await pings(client, IDLE_PINGS, idle)
        asked: list[float] = []
        pinging = asyncio.create_task(pings(client, None, asked))
        empty, end = 0, {"line": text.count("\n"), "character": 0}
        for version, (kind, row, column) in enumerate(chosen, 2):
            edit = {"range": {"start": end, "end": end}, "text": " "}
            client.notify(
                "textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [edit]}
            )
            began = time.perf_counter()
            found = await client.call(
                "textDocument/hover", {"textDocument": {"uri": uri}, "position": {"line": row, "character": column}}
            )
            seen[kind].append(time.perf_counter() - began)
            empty += found is None
            await asyncio.sleep(0.1)
        pinging.cancel()
        await client.kill()
    return seen, asked, idle, empty


async def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description="How soon the facts of a function are in its hover.")
    parser.add_argument("--count", type=int, default=30)
    given = parser.parse_args()
    for name in FILES[2500]:
        seen, asked, idle, empty = await of_file(name, given.count)
        titled = (*((kind, values) for kind, values in seen.items()), ("ping", asked), ("idle", idle))
        told = "   ".join(
            f"{title} p50 {1000 * percentile(values, 0.5):.1f} p95 {1000 * percentile(values, 0.95):.1f} most {1000 * max(values, default=0):.1f} ms"
            for title, values in titled
        )
        print(f"{name}   {told}   empty {empty}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())

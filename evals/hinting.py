"""How soon a hint is there, and whether anything else waits for it.

`python -m evals.hinting [--count N] [--key-ms MS] [--ask]`: in two files of about 2 500 lines a statement with a bug is typed into N functions, key by key, with nothing run. "hint" is the
time from the last key to the published hint about that statement (with `--ask`: to the answer that has it, asked right behind the key); "ping" the round trip of a trivial request that is asked
all the while, "idle" the same before the typing: the difference is what the event loop was held for, scheduling included.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from evals.overhead import FILES, IDLE_PINGS, pings
from evals.replay import percentile
from evals.typing import SITE_PACKAGES
from tests.lsp.client import Client

BUG = "wrong = values[len(values)]"
LIMIT_S = 5.0


def places(text: str, count: int) -> list[tuple[int, int]]:
    """Rows (from 0) before the first statement of functions, and the columns of their bodies."""
    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        and node.body[0].lineno > node.lineno
        and not getattr(node.body[0], "decorator_list", None)
    ]
    chosen = random.Random(20).sample(functions, min(count, len(functions)))
    return [(node.body[0].lineno - 1, node.body[0].col_offset) for node in chosen]


async def of_file(name: str, count: int, key_s: float, *, asks: bool) -> tuple[list[float], list[float], list[float]]:
    """Seconds: of the hints, of the pings while typing, of the pings before."""
    text = (SITE_PACKAGES / name).read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "module.py"
        path.write_text(text)
        client = await Client.start(
            env={"ASSAY_SANDBOX_ENABLED": "false", "ASSAY_VERIFY_POLICY": "static", "ASSAY_COMPLETE_ENABLED": "false"}
        )
        own = (
            {"textDocument": {"diagnostic": {}}, "workspace": {"diagnostics": {"refreshSupport": True}}}
            if asks
            else {"textDocument": {}}
        )
        await client.initialize(Path(folder), **own)
        uri = client.open(path)
        await client.ask("no/such/method")
        await asyncio.sleep(2)
        idle: list[float] = []
        await pings(client, IDLE_PINGS, idle)
        seen: list[float] = []
        pinging = asyncio.create_task(pings(client, None, seen))
        hints, version = [], 1
        for row, column in places(text, count):
            typed = " " * column + BUG
            version = await _typed(client, uri, version, row, f"{' ' * column}\n", 0)
            for at in range(column, len(typed)):
                await asyncio.sleep(key_s)
                version = await _typed(client, uri, version, row, typed[at], at)
            started = time.perf_counter()
            await _hint(client, uri, version, row, asks=asks)
            hints.append(time.perf_counter() - started)
            end = {"line": row + 1, "character": 0}
            version += 1
            edit = {"range": {"start": {"line": row, "character": 0}, "end": end}, "text": ""}
            client.notify(
                "textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [edit]}
            )
        pinging.cancel()
        await client.kill()
        return hints, seen, idle


async def _typed(client: Client, uri: str, version: int, row: int, text: str, column: int) -> int:
    at = {"line": row, "character": column}
    edit = {"range": {"start": at, "end": at}, "text": text}
    client.notify(
        "textDocument/didChange", {"textDocument": {"uri": uri, "version": version + 1}, "contentChanges": [edit]}
    )
    return version + 1


async def _hint(client: Client, uri: str, version: int, row: int, *, asks: bool) -> None:
    def has_it(items: list[dict[str, Any]]) -> bool:
        return any(one["code"] == "suspected/off-by-one" and one["range"]["start"]["line"] == row for one in items)

    if asks:
        found = await client.call("textDocument/diagnostic", {"textDocument": {"uri": uri}})
        assert has_it(found["items"])
        return

    def match(message: dict[str, Any]) -> bool:
        params = message.get("params", {})
        return (
            message.get("method") == "textDocument/publishDiagnostics"
            and params.get("version") == version
            and has_it(params["diagnostics"])
        )

    await client.until(match, timeout_s=LIMIT_S)


async def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--key-ms", type=float, default=80)
    parser.add_argument("--ask", action="store_true")
    given = parser.parse_args()
    for name in FILES[2500]:
        hints, seen, idle = await of_file(name, given.count, given.key_ms / 1000, asks=given.ask)
        parts = (f"{title} " + " ".join(f"{word} {1000 * percentile(values, share):.1f}" for word, share in (("p50", 0.5), ("p95", 0.95), ("p99.9", 0.999), ("most", 1.0))) + " ms"
                 for title, values in (("hint", hints), ("ping", seen), ("idle", idle)))  # fmt: skip
        print(f"{name:30} {len(hints)} hints   {'   '.join(parts)}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())

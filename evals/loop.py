"""Is the event loop ever held? A request that costs nothing is asked all the time while the server is kept busy.

`python -m evals.loop`: round trips of a trivial request, idle and during a storm of completions and edits in a file of
2 500 lines. The difference is what the loop was held for, scheduling of two cores included.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from tests.lsp.client import Client, inline_params
from tests.lsp.stub import Stub

LINES = 2500


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        text = "".join(f"def f{n}(x):\n    y = x + {n}\n    return y\n\n\n" for n in range(LINES // 5))
        async with Stub(lambda body: "return x", delay_s=2.0) as stub:
            client = await Client.start(env={"ASSAY_ENGINE_URL": stub.url, "ASSAY_SANDBOX_ENABLED": "false"})
            await client.initialize(root)
            uri = client.open(root / "a.py", text)
            await client.inline(uri, 1, 4)
            _print("idle", await _pings(client, 300))
            storm = asyncio.create_task(_storm(client, uri))
            seen = await _pings(client, 600)
            _print("storm", seen)
            storm.cancel()
            print(f"full generations at the stub during the storm: {stub.finished - 1}")
            await client.kill()


async def _pings(client: Client, count: int) -> list[float]:
    seen = []
    for _ in range(count):
        started = time.perf_counter()
        await client.ask("no/such/method")
        seen.append(time.perf_counter() - started)
        await asyncio.sleep(0.003)
    return seen


async def _storm(client: Client, uri: str) -> None:
    version = 1
    while True:
        version += 1
        position = {"line": 6, "character": 4}
        edit = {"range": {"start": position, "end": position}, "text": "x"}
        client.notify(
            "textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [edit]}
        )
        number, _ = client.begin("textDocument/inlineCompletion", inline_params(uri, 6, 4 + version % 50))
        await asyncio.sleep(0.02)
        client.notify("$/cancelRequest", {"id": number})


def _print(name: str, seen: list[float]) -> None:
    cuts = statistics.quantiles(seen, n=100)
    print(f"{name:6} p50 {cuts[49] * 1000:.1f} ms  p99 {cuts[98] * 1000:.1f} ms  max {max(seen) * 1000:.1f} ms")


if __name__ == "__main__":
    asyncio.run(main())

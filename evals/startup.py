"""How long until `initialize` is answered, and how much memory an idle server holds, beside a peer in the same run.

`python -m evals.startup [--peer PROGRAM]`: alternates the servers, prints medians and their ratio. Peers:
jedi-language-server from the package index, installed in an environment of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.lsp.client import SERVER, Client

ROUNDS = 11


async def main(peer: str) -> None:
    times: dict[str, list[float]] = {"assay": []} | ({"peer": []} if peer else {})
    memory: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            for name, seen in times.items():
                command = SERVER if name == "assay" else [peer]
                started = time.perf_counter()
                client = await Client.start(command=command, env={"ASSAY_SANDBOX_ENABLED": "false"})
                await client.initialize(Path(folder))
                seen.append(time.perf_counter() - started)
                await asyncio.sleep(0.3)
                status = Path(f"/proc/{client.process.pid}/status").read_text()
                memory[name] = int(status.split("VmRSS:")[1].split()[0]) // 1024
                await client.kill()
    for name, seen in times.items():
        print(f"{name:6} initialize median {statistics.median(seen) * 1000:.0f} ms, idle {memory[name]} MB")
    if peer:
        ratio = statistics.median(times["assay"]) / statistics.median(times["peer"])
        print(f"ratio assay / peer {ratio:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", default="")
    asyncio.run(main(parser.parse_args(sys.argv[1:]).peer))

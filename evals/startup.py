"""How long until `initialize` is answered, and how much memory an idle server holds, beside others in the same run.

`python -m evals.startup [--peer PROGRAM] [--against PYTHON]`: alternates the servers, prints medians and ratios. A peer is, for
example, jedi-language-server from the package index, installed in an environment of its own; PYTHON is the interpreter of an
environment with another state of Assay.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from tests.lsp.client import SERVER, Client

ROUNDS = 11


async def main(others: dict[str, list[str]]) -> None:
    """Start each server ROUNDS times, in turn."""
    commands = {"assay": SERVER} | others
    times: dict[str, list[float]] = {name: [] for name in commands}
    memory: dict[str, list[int]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            for name, command in commands.items():
                started = time.perf_counter()
                client = await Client.start(command=command, env={"ASSAY_SANDBOX_ENABLED": "false"})
                await client.initialize(Path(folder))
                times[name].append(time.perf_counter() - started)
                await asyncio.sleep(0.3)
                status = Path(f"/proc/{client.process.pid}/status").read_text()
                memory[name].append(int(status.split("VmRSS:")[1].split()[0]) // 1024)
                await client.kill()
    for name, seen in times.items():
        ratio = statistics.median(times["assay"]) / statistics.median(seen)
        print(
            f"{name:9} initialize median {statistics.median(seen) * 1000:.0f} ms, idle {statistics.median(memory[name])} MB, "
            f"assay takes {ratio:.2f} of it"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.startup")
    parser.add_argument("--peer", default="")
    parser.add_argument("--against", default="")
    given = parser.parse_args()
    asyncio.run(
        main(
            ({"peer": [given.peer]} if given.peer else {})
            | ({"the other": [given.against, *SERVER[1:]]} if given.against else {})
        )
    )

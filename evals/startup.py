"""How long until `initialize` is answered, and how much memory an idle server holds, beside others in the same run.

`python -m evals.startup [--peer PROGRAM] [--against PYTHON]`: alternates the servers, prints medians and ratios. Memory is the proportional share of all processes of a server: some time after a
window was opened ("idle"), and some time after a file was opened in it, with the settings as they come ("with a file"). A peer is, for example, jedi-language-server from the package index, installed in an
environment of its own; PYTHON is the interpreter of an environment with another state of Assay.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from evals.popup import memory_mb
from tests.lsp.client import SERVER, Client

ROUNDS, HELD = 11, 3  # starts of each server, and those of them after which its memory is looked at
IDLE_S, OPEN_S = 2.0, 6.0
TEXT = "import json\n\n\ndef read(path: str) -> object:\n    with open(path) as file:\n        return json.load(file)\n"


@dataclass(slots=True)
class Seen:
    """Of one server: seconds until the answer, megabytes idle and with a file."""

    answered_s: list[float] = field(default_factory=list)
    idle_mb: list[float] = field(default_factory=list)
    open_mb: list[float] = field(default_factory=list)


async def main(others: dict[str, list[str]]) -> None:
    """Start each server ROUNDS times, in turn."""
    commands = {"assay": SERVER} | others
    seen = {name: Seen() for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").write_text("[project]\nname = 'p'\n")
        file = Path(folder) / "read.py"
        file.write_text(TEXT)
        for number in range(ROUNDS):
            for name, command in commands.items():
                started = time.perf_counter()
                client = await Client.start(command=command)
                await client.initialize(Path(folder))
                seen[name].answered_s.append(time.perf_counter() - started)
                if number < HELD:
                    await asyncio.sleep(IDLE_S)
                    seen[name].idle_mb.append(memory_mb(client.process.pid))
                    client.open(file)
                    await asyncio.sleep(OPEN_S)
                    seen[name].open_mb.append(memory_mb(client.process.pid))
                await client.end()
    ours = statistics.median(seen["assay"].answered_s)
    for name, one in seen.items():
        answered_s = statistics.median(one.answered_s)
        print(
            f"{name:9} initialize median {answered_s * 1000:.0f} ms, assay takes {ours / answered_s:.2f} of it; "
            f"idle {statistics.median(one.idle_mb):.0f} MB, with a file {statistics.median(one.open_mb):.0f} MB"
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

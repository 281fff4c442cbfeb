"""Are the hints of `assay check` and those of an editor's window the same? The programs of `evals/bugs`, each looked at both ways.

`python -m evals.hints_alike [--count N] [--names NAME …]`: every program is a project of its own, with its wrong line and its tests. The file is opened and saved in a window; what the window publishes when its runs are done is held against the JSON of the command
line: code, place, message and fix. Prints what only one of the two tells.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from evals.bugs_found import Program, programs
from tests.lsp.client import Client

ROUNDS = 3  # what is published of a file: when it is opened, before anything is run, and after
LIMIT_S = 60.0
QUIET_S = 0.5
Told = tuple[str, int, int, int, int, str, str]  # code, place from 0, message, fix


async def of_command(root: Path, home: Path) -> set[Told]:
    """What `assay check` tells of a project's module."""
    command = [sys.executable, "-m", "assay", "check", "module.py", "--json"]
    env = {**os.environ, "ASSAY_HOME": str(home)}
    done = await asyncio.create_subprocess_exec(*command, cwd=root, env=env, stdout=asyncio.subprocess.PIPE)
    out, _ = await done.communicate()
    return {
        (
            hint["code"] if hint["class"] == "rule" else f"{hint['class']}/{hint['code']}",
            hint["line"] - 1,
            hint["column"] - 1,
            hint["endLine"] - 1,
            hint["endColumn"] - 1,
            hint["message"],
            hint["fix"]["title"] if hint["fix"] and hint["fix"]["verdict"] else "",
        )
        for hint in json.loads(out)["hints"]
    }


async def of_window(client: Client, root: Path) -> set[Told]:
    """What a window publishes of it."""
    path = root / "module.py"
    client.seen.clear()
    uri = client.open(path)
    client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})

    def published() -> list[dict[str, Any]]:
        return [
            m["params"]
            for m in client.seen
            if m.get("method") == "textDocument/publishDiagnostics" and m["params"]["uri"] == uri
        ]

    async with asyncio.timeout(LIMIT_S):
        while len(published()) < ROUNDS:
            await asyncio.sleep(0.05)
    await asyncio.sleep(QUIET_S)
    found = set()
    for one in published()[-1]["diagnostics"]:
        message, *more = one["message"].split("\n")
        fix = next((f"{line.partition('`: ')[0]}`" for line in more if not line.startswith("Failing: ")), "")
        start, end = one["range"]["start"], one["range"]["end"]
        found.add((one["code"], start["line"], start["character"], end["line"], end["character"], message, fix))
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    return found


def made(root: Path, program: Program) -> Path:
    """The program as a project below `root`."""
    folder = root / program.name
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "project"\nversion = "0"\n')
    (folder / "module.py").write_text(program.broken)
    (folder / "test_module.py").write_text(program.tests)
    return folder


async def main(names: list[str], count: int) -> None:
    """Look at each program both ways."""
    alike = total = 0
    with tempfile.TemporaryDirectory() as folder:
        chosen = [one for one in programs() if not names or one.name in names][:count]
        for program in chosen:
            root = made(Path(folder), program)
            client = await Client.start(env={"ASSAY_HOME": str(Path(folder) / "window")})
            await client.initialize(root, textDocument={})
            window = await of_window(client, root)
            await client.end()
            command = await of_command(root, Path(folder) / "command")
            total += len(command | window)
            alike += command == window
            for who, only in (("check", command - window), ("window", window - command)):
                for one in sorted(only):
                    print(f"{program.name}: only {who} tells {one}", flush=True)
    print(f"{alike} of {len(chosen)} programs have the same hints both ways, {total} hints in all")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.hints_alike")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--names", nargs="*", default=[])
    given = parser.parse_args()
    asyncio.run(main(given.names, given.count))

"""What a request costs beside the model, and for how long the event loop is held while somebody types in real files.

`python -m evals.overhead [--characters N] [--lines 500 2500] [--trigger automatic invoked] [--model stub|none|local] [--against PYTHON]`: lines
of installed packages are cut out and typed again, character by character, with a request after each key and no container; nothing is accepted. A stand-in
for a model answers at once: one time in RIGHT with the rest of the line, else with another line of the file. "own" is each request's time less the waiting for the engine and for the pace; "ping" is
the round trip of a trivial request that is asked every PING_S all the while, "idle" the same before the typing. PYTHON is the interpreter
of an environment with another state of Assay; both type the same, in turn.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import random
import shutil
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.replay import Author, Window, overheads_ms, percentile
from evals.typing import SITE_PACKAGES, Insertion
from tests.lsp.client import Client
from tests.lsp.stub import Stub

PING_S = 0.01
RIGHT = 3
IDLE_PINGS = 500
# Of packages that requirements-dev.lock pins, by about how many lines they have.
FILES = {
    500: ("httpcore/_models.py", "coverage/collector.py"),
    2500: ("tomlkit/items.py", "_pytest/config/__init__.py"),
}


@dataclass(slots=True)
class Seen:
    """What one state showed in one kind of file, in seconds."""

    idle: list[float] = field(default_factory=list)
    pings: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)


def insertions(name: str, characters: int) -> list[Insertion]:
    """Single lines of code of a file, at least `characters` in all, each with what stands on both sides. No text: nothing is offered in it."""
    lines = (SITE_PACKAGES / name).read_text("utf-8").splitlines(keepends=True)
    chance, found, count = random.Random(7), list[Insertion](), 0
    strings = (
        n for n in ast.walk(ast.parse("".join(lines))) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    )
    prose = {
        line
        for node in strings
        if node.lineno != node.end_lineno
        for line in range(node.lineno - 1, node.end_lineno or 0)
    }
    for at in chance.sample(range(5, len(lines)), len(lines) - 5):
        if count >= characters:
            break
        text = lines[at].lstrip()
        if len(text) > 8 and not text.startswith("#") and at not in prose:
            lead = lines[at][: len(lines[at]) - len(text)]
            found.append(
                Insertion(name, "".join(lines[:at]) + lead, text.rstrip("\n"), "\n" + "".join(lines[at + 1 :]))
            )
            count += len(text)
    return found


async def pings(client: Client, count: int | None, seen: list[float]) -> None:
    """Ask a method that does not exist, `count` times or until cancelled; one that is due while another is out waits for it."""
    asked = 0
    while count is None or asked < count:
        started = time.perf_counter()
        await client.ask("no/such/method")
        seen.append(time.perf_counter() - started)
        asked += 1
        await asyncio.sleep(max(0.0, PING_S - seen[-1]))


async def typed(python: str, home: Path, name: str, options: dict[str, Any], given: argparse.Namespace, trigger: str,
                rest: list[str], seen: Seen) -> None:  # fmt: skip
    """One file in one server of its own, with the package around it as the project."""
    window = Window(python, home)
    package = name.partition("/")[0]
    shutil.copytree(SITE_PACKAGES / package, home / "project" / package)
    (home / "project" / "pyproject.toml").write_text("")
    client = await window.open(options)
    path = home / "project" / name
    author = Author(client, trigger, takes="none")
    parts = insertions(name, given.characters // len(FILES[500]))
    rest[:] = [parts[0].text, parts[-1].text]
    await author.write(parts[0], path)  # jedi and ruff are started
    await pings(client, IDLE_PINGS, seen.idle)
    before = len(window.traces)
    pinging = asyncio.create_task(pings(client, None, seen.pings))
    for one in parts[1:]:
        rest[:] = [one.text, parts[0].text]
        await author.write(one, path)
    pinging.cancel()
    await window.close()
    seen.own += [ms / 1000 for ms in overheads_ms(window.traces[before:])]


def told(what: str, seconds: Sequence[float]) -> str:
    """Percentiles in ms."""
    cuts = ", ".join(f"p{share * 100:g} {percentile(seconds, share) * 1000:.1f}" for share in (0.5, 0.95, 0.99, 0.999))
    return f"    {what:5} ms: {cuts}, most {max(seconds, default=0.0) * 1000:.1f} ({len(seconds)})"


async def main(given: argparse.Namespace) -> None:
    """Type and print."""
    pythons = {"this": sys.executable} | ({"other": given.against} if given.against else {})
    rest = [""]

    def answer(body: dict[str, Any]) -> str:
        """The rest of the line that is being typed, or another one. Decided by the prompt, so that both states hear the same."""
        if zlib.crc32(body["prompt"].encode()) % RIGHT:
            return rest[1] + "\n"
        at = next((n for n in range(len(rest[0]), 0, -1) if body["prompt"].endswith(rest[0][:n])), 0)
        return rest[0][at:] + "\n"

    async with Stub(answer) as stub:
        engine = {"stub": {"url": stub.url}, "none": {"model": "/nowhere.gguf"}, "local": {}}[given.model]
        options = {"engine": engine, "verify": {"policy": "static"}, "sandbox": {"enabled": False}}
        for lines in given.lines:
            for trigger in given.trigger:
                found = {state: Seen() for state in pythons}
                for number, name in enumerate(FILES[lines]):
                    for state in list(pythons)[:: -1 if number % 2 else 1]:
                        with tempfile.TemporaryDirectory() as home:
                            await typed(pythons[state], Path(home), name, options, given, trigger, rest, found[state])
                for state, seen in found.items():
                    print(f"{lines} lines, {trigger}, model {given.model}, {state}:")
                    print(
                        told("own", seen.own), told("idle", seen.idle), told("ping", seen.pings), sep="\n", flush=True
                    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.overhead")
    parser.add_argument("--characters", type=int, default=400)
    parser.add_argument("--lines", type=int, nargs="+", default=list(FILES))
    parser.add_argument("--trigger", nargs="+", default=["automatic", "invoked"])
    parser.add_argument("--model", default="stub")
    parser.add_argument("--against", default="")
    asyncio.run(main(parser.parse_args()))

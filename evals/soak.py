"""Does memory grow with use? A server of which many edits and requests are asked, and many versions of a long file whose tests are looked for.

`python -m evals.soak [--edits N] [--requests N] [--versions N]`: in a file of 2 500 lines words are typed and taken out again at random places, key by key; every tenth edit asks for ghost text, every other one of those for the
popup's names, too, and each pause lets hints come. Memory is the proportional share of all processes of the server after WARM edits, and after the others. Then, in this process, as many versions of a file of 100 000 characters are planned
as changes in a project of some files: which tests reach each of them is found out, and nothing is run.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import tempfile
from pathlib import Path

from analyzers.text import Snapshot, Span
from assay import compose
from assay.assistant.proof import plan
from assay.assistant.world.change import one_file
from assay.folders import Folders
from evals.popup import memory_mb
from tests.lsp.client import Client, inline_params

SEED = 11
WARM = 1000
LINES = 2500
LONG = 100_000  # characters
WARM_VERSIONS = 50
WORDS = ("value", "total", "result", "count", "name", "return_value", "index_of", "self.items")


def text(lines: int) -> str:
    """A module of functions with a call and a docstring each."""
    one = 'def step_{n}(value, total={n}):\n    """Add {n} to it."""\n    result = step_{m}(value, total) if value > {n} else total\n    return result + {n}\n\n\n'
    return "".join(one.format(n=n, m=max(0, n - 1)) for n in range(lines // 6))


async def of_server(edits: int, requests: int, home: Path) -> None:
    """Type in one file, and print how memory grew."""
    root = home / "p"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'p'\n")
    file = root / "steps.py"
    file.write_text(text(LINES))
    (root / "test_steps.py").write_text("from steps import step_1\n\n\ndef test_step():\n    assert step_1(1) == 1\n")
    script = home / "script.json"
    script.write_text(json.dumps({"answers": [], "default": "value + total\n"}))
    env = {"ASSAY_HOME": str(home / "h"), "ASSAY_ENGINE_SCRIPT": str(script), "ASSAY_COMPLETE_PACE_MS": "0"}
    client = await Client.start(env={**env, "ASSAY_SANDBOX_ENABLED": "false"})
    await client.initialize(root, textDocument={"inlineCompletion": {}, "completion": {}})
    uri = client.open(file)
    await asyncio.sleep(3)
    typist = Typist(client, uri, text(LINES), random.Random(SEED))
    await typist.type(WARM, WARM * requests // edits)
    before = await settled_mb(client)
    await typist.type(edits, requests)
    after = await settled_mb(client)
    await client.end()
    print(
        f"{edits} edits and {requests} requests after {WARM} edits: {before:.1f} MB, then {after:.1f} MB: {after - before:+.1f} MB"
    )


async def settled_mb(client: Client) -> float:
    """Memory after what is under way has come to its end."""
    await asyncio.sleep(6)
    return memory_mb(client.process.pid)


class Typist:
    """Somebody who types words into a document, and takes them out again."""

    def __init__(self, client: Client, uri: str, text: str, chance: random.Random) -> None:
        self._client, self._uri, self._chance = client, uri, chance
        self._lines = text.split("\n")
        self._version = 1

    async def type(self, edits: int, requests: int) -> None:
        """So many edits, with so many requests among them."""
        done = asked = 0
        while done < edits:
            row = self._chance.randrange(2, len(self._lines) - 1)
            column, word = len(self._lines[row]), self._chance.choice(WORDS)
            for number, key in enumerate(word):
                self._edit(row, column + number, 0, key)
                done += 1
                if asked * edits < requests * done:
                    asked += 1
                    await self._ask(row, column + number + 1, with_names=asked % 2 == 0)
            for number in range(len(word), 0, -1):
                self._edit(row, column + number - 1, 1, "")
                done += 1
            await asyncio.sleep(0.02)

    def _edit(self, row: int, column: int, removed: int, key: str) -> None:
        self._version += 1
        span = {"start": {"line": row, "character": column}, "end": {"line": row, "character": column + removed}}
        document = {"uri": self._uri, "version": self._version}
        self._client.notify(
            "textDocument/didChange", {"textDocument": document, "contentChanges": [{"range": span, "text": key}]}
        )

    async def _ask(self, row: int, column: int, *, with_names: bool) -> None:
        await self._client.ask("textDocument/inlineCompletion", inline_params(self._uri, row, column))
        if with_names:
            position = {"line": row, "character": column}
            await self._client.ask(
                "textDocument/completion", {"textDocument": {"uri": self._uri}, "position": position}
            )
        self._client.seen.clear()


async def of_versions(versions: int, home: Path) -> None:
    """Plan many versions of a long file, and print how memory grew."""
    root = home / "q"
    root.mkdir()
    whole = text(LINES * 10)[:LONG].rpartition("\n\n\n")[0] + "\n"
    for name in ("steps.py", *(f"other_{n}.py" for n in range(5))):
        (root / name).write_text(whole)
    (root / "pyproject.toml").write_text("[project]\nname = 'q'\n")
    (root / "test_steps.py").write_text("from steps import step_1\n\n\ndef test_step():\n    assert step_1(1) == 1\n")
    where = Folders(home / "c", home / "c", home / "c", home / "c")
    settings, _ = compose.load_settings(
        where, root=root, editor={"sandbox": {"enabled": False}, "engine": {"model": "/nowhere.gguf"}}
    )
    bench = compose.workbench(settings, where)
    path, before = root / "steps.py", 0.0
    for number in range(versions + WARM_VERSIONS):
        if number == WARM_VERSIONS:
            before = own_mb()
        line = f"    extra_{number} = value + {number}\n"
        at = whole.index("    return result", len(whole) * (number % 90) // 100)
        after = whole[:at] + line + whole[at:]
        snapshot = Snapshot(path.as_uri(), str(path), number, whole)
        documents = {"test_steps.py": f"# {number}\n" + (root / "test_steps.py").read_text()}
        change = one_file(bench.projects.world(root, documents), snapshot, after, Span(at, at + len(line)))
        found = await plan.plan(bench, change, plan.Time(5, 5, is_whole=True))
        assert isinstance(found, plan.Plan), found
    after_mb = own_mb()
    await compose.close(bench)
    print(
        f"{versions} versions of {len(whole)} characters after {WARM_VERSIONS}: {before:.1f} MB, then {after_mb:.1f} MB: {after_mb - before:+.1f} MB"
    )


def own_mb() -> float:
    """This process's resident memory."""
    gc.collect()
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


async def main(edits: int, requests: int, versions: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if versions:
            await of_versions(versions, Path(folder))
        if edits:
            await of_server(edits, requests, Path(folder))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.soak")
    parser.add_argument("--edits", type=int, default=5000)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--versions", type=int, default=1500)
    given = parser.parse_args()
    asyncio.run(main(given.edits, given.requests, given.versions))

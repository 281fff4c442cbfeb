"""How long the first suggestion takes in a long file that was just opened: `python -m evals.opened [--files N] [--lines N] [--pause S] [--trigger T] [--against PYTHON]`.

Each file is new to a server that has its engine running; where somebody is told by an editor that asks for code actions there, or is at the end, or is nowhere that anybody told. After the
pause a key and a request, to its answer. Files of the standard library, cut to so many lines; the embedded model.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from evals.startup import SERVER
from tests.lsp.client import Client, inline_params

NAMES = "argparse typing inspect datetime tarfile turtle doctest optparse statistics subprocess shutil zipfile".split()
PLACES = ("told", "at the end", "untold")


def documents(count: int, lines: int) -> list[tuple[str, int]]:
    """Texts of so many lines, and a line in the middle of each whose right side is missing."""
    found = []
    for name in NAMES[:count]:
        path = Path(sys.modules["os"].__file__ or "").with_name(f"{name}.py")
        text = path.read_text("utf-8").splitlines()[:lines]
        middle = next(n for n in range(len(text) // 2, len(text)) if " = " in text[n] and text[n].startswith("    "))
        text[middle] = text[middle][: text[middle].index(" = ") + 2]
        found.append(("\n".join(text) + "\n", middle))
    return found


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody opens a text, waits for `pause_s`, and types behind a line; `is_told`: the editor has told where the cursor is."""

    text: str
    line: int
    is_told: bool
    pause_s: float
    is_invoked: bool

    async def timed(self, client: Client, path: Path) -> tuple[float, bool]:
        """Seconds from the key to the answer, and whether something was offered."""
        uri = client.open(path, self.text)
        character = len(self.text.split("\n")[self.line])
        place = {"line": self.line, "character": character}
        if self.is_told:
            asked = {"textDocument": {"uri": uri}, "range": {"start": place, "end": place}}
            await client.ask("textDocument/codeAction", asked | {"context": {"diagnostics": [], "triggerKind": 2}})
        await asyncio.sleep(self.pause_s)
        change = {"range": {"start": place, "end": place}, "text": " "}
        document = {"uri": uri, "version": 2}
        client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        started = time.perf_counter()
        params = inline_params(uri, self.line, character + 1, invoked=self.is_invoked)
        _, answer = client.begin("textDocument/inlineCompletion", params)
        await asyncio.wait({answer}, timeout=60)
        took = time.perf_counter() - started
        client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        return took, bool((answer.result().get("result") or {}).get("items"))


async def main(given: argparse.Namespace) -> None:
    """Measure in turn and print medians."""
    pythons = {"this": sys.executable} | ({"other": given.against} if given.against else {})
    seen: dict[tuple[str, str], list[tuple[float, bool]]] = {}
    is_invoked = given.trigger == "invoked"
    with tempfile.TemporaryDirectory() as home:
        clients = {}
        for name, python in pythons.items():
            own = Path(home) / name
            (own / "project").mkdir(parents=True)
            (own / "run").mkdir(mode=0o700)
            environment = {"XDG_STATE_HOME": str(own / "state"), "XDG_RUNTIME_DIR": str(own / "run")}
            client = await Client.start(command=[python, *SERVER[1:]], env=environment)
            await client.initialize(own / "project", {"verify": {"policy": "static"}})
            await Visit("x = 1\ny =\n", 1, False, 3.0, True).timed(client, own / "project" / "warm.py")
            clients[name] = client
        for number, (text, middle) in enumerate(documents(given.files * len(PLACES), given.lines)):
            place = PLACES[number % len(PLACES)]
            whole = text if place != "at the end" else "\n".join(text.split("\n")[: middle + 1])
            visit = Visit(whole, middle, place == "told", given.pause, is_invoked)
            for name, client in clients.items():
                took = await visit.timed(client, Path(home) / name / "project" / f"m{number}.py")
                seen.setdefault((place, name), []).append(took)
        for client in clients.values():
            await client.stop()
    for (place, name), times in seen.items():
        shown = ", ".join(f"{one * 1000:.0f}{'' if is_offered else ' (nothing)'}" for one, is_offered in sorted(times))
        print(f"{place}, {name}: median {statistics.median(one for one, _ in times) * 1000:.0f} ms ({shown})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.opened")
    parser.add_argument("--files", type=int, default=4, help="for each of the three places")
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--pause", type=float, default=3.0)
    parser.add_argument("--trigger", choices=("automatic", "invoked"), default="invoked")
    parser.add_argument("--against", default="")
    asyncio.run(main(parser.parse_args()))

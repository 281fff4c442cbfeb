"""Does a text ever come for an older version of a document? `python -m evals.stale [--edits N]`.

N edits at random moments, with a fixed seed: lines of a real file are taken out and written again, a few characters at a time, some deleted
again; most edits are followed by a request. A stand-in for a model writes the rest of the line after up to SLOW_S. Behind each edit goes a
trivial request: a text that comes after the answer to that one, for a request from before the edit, was given by a server that knew better.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals.overhead import FILES, insertions
from evals.replay import offset_position
from tests.lsp.client import Client, inline_params
from tests.lsp.stub import Stub

SLOW_S = 0.08
GAPS_S = (0.0, 0.002, 0.01, 0.03, 0.08, 0.15)  # between two edits


class Editor:
    """One document, edited and asked about. `requests` are (version, number of the request); `markers` the trivial ones by version."""

    def __init__(self, client: Client, uri: str, text: str) -> None:
        self.text = text
        self.version = 1
        self.requests: list[tuple[int, int]] = []
        self.markers: dict[int, int] = {}
        self._client = client
        self._uri = uri

    def replace(self, start: int, end: int, piece: str) -> None:
        """One edit, and the trivial request behind it."""
        places = [dict(zip(("line", "character"), offset_position(self.text, o), strict=True)) for o in (start, end)]
        change = {"range": {"start": places[0], "end": places[1]}, "text": piece}
        self.version += 1
        document = {"uri": self._uri, "version": self.version}
        self._client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        self.text = self.text[:start] + piece + self.text[end:]
        self.markers[self.version] = self._client.begin("no/such/method")[0]

    def ask(self, at: int) -> None:
        """Ask for a suggestion, and wait for nothing."""
        line, character = offset_position(self.text, at)
        number, _ = self._client.begin("textDocument/inlineCompletion", inline_params(self._uri, line, character))
        self.requests.append((self.version, number))


def written(editor: Editor, chance: random.Random, rest: list[str]) -> Iterator[int]:
    """Take out lines and write them again, for ever; each edit's cursor. `rest` is what the model should write there."""
    lines = [(one.before, one.text) for one in insertions(FILES[500][0], 100_000)]
    while True:
        before, line = chance.choice(lines)
        start = len(before)
        editor.replace(start, start + len(line), "")
        at = 0
        while at < len(line):
            rest[0] = line[at:]
            yield start + at
            if at and chance.random() < 0.1:
                editor.replace(start + at - 1, start + at, "")
                at -= 1
            else:
                piece = line[at : at + chance.choice((1, 1, 1, 2, 5))]
                editor.replace(start + at, start + at, piece)
                at += len(piece)


async def main(edits: int) -> None:
    """Edit, then look at the order of the answers."""
    chance, rest = random.Random(16), [""]
    one = insertions(FILES[500][0], 1)[0]
    text = one.before + one.text + one.after
    with tempfile.TemporaryDirectory() as folder:
        async with Stub(lambda body: rest[0] + "\n") as stub:
            options = {"engine": {"url": stub.url}, "sandbox": {"enabled": False}, "complete": {"pace_ms": 0}}
            client = await Client.start(env={"XDG_STATE_HOME": folder})
            await client.initialize(Path(folder), options)
            editor = Editor(client, client.open(Path(folder) / "a.py", text), text)
            cursors, began = written(editor, chance, rest), time.monotonic()
            while editor.version <= edits:
                cursor = next(cursors)
                stub.delay_s = chance.random() * SLOW_S
                if chance.random() < 0.8:
                    editor.ask(cursor)
                await asyncio.sleep(chance.choice(GAPS_S))
            took_s = time.monotonic() - began
            await asyncio.sleep(2)
            order = {m["id"]: (place, m) for place, m in enumerate(client.seen) if "method" not in m}
            await client.kill()
    _report(editor, order, took_s)


def _report(editor: Editor, order: dict[Any, tuple[int, dict[str, Any]]], took_s: float) -> None:
    answered = [(version, *order[number]) for version, number in editor.requests if number in order]
    texts = [(version, place) for version, place, message in answered if (message.get("result") or {}).get("items")]
    newer = [(editor.markers.get(version + 1), place) for version, place in texts]
    stale = sum(1 for marker, place in newer if marker is not None and order[marker][0] < place)
    print(
        f"{editor.version - 1} edits in {took_s:.0f} s, {len(answered)} of {len(editor.requests)} requests answered, {len(texts)} with text, "
        f"{stale} of these for an older version"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.stale")
    parser.add_argument("--edits", type=int, default=2000)
    asyncio.run(main(parser.parse_args().edits))

"""Typing replay through the real server: `python -m evals.replay TRACES [--characters N] [--policy P] [--model none|local|URL]
[--against PYTHON | --adapter FOLDER] [--patience S]`.

A patient author (`--patience S`) looks that long, which tells when an answer comes; he takes what came within SEEN_S, all the same.

FOLDER is an adapter of the local model (of a run: `state/tune/runs/NAME/made/NAME`): one window writes with it, the other one without any.
PYTHON is the interpreter of an environment with another state of Assay: both type the same insertions in turn, and the difference
is printed with its paired interval. N characters are a sample with a fixed seed.

The author types what was typed in truth, character by character. After each key he looks for at most SEEN_S; what comes
later he does not see. He takes a suggestion only when it is exactly what he was going to type, and two characters or more;
taking it costs one key.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals import typing
from evals.typing import Insertion
from tests.lsp.client import SERVER, Client, inline_params

SEEN_S = 0.5
RESAMPLES = 2000


@dataclass(slots=True)
class Tally:
    """What one insertion, or all of them, came to. `shown` counts a suggestion once while it is typed through."""

    characters: int = 0
    keys: int = 0
    shown: int = 0
    looked_at: int = 0
    accepted: int = 0
    accepted_characters: int = 0
    requests: int = 0
    late: int = 0
    empty: int = 0
    latencies_s: list[float] = field(default_factory=list)

    @property
    def saved(self) -> float:
        """Share of keystrokes saved."""
        return 1 - self.keys / max(self.characters, 1)


def offset_position(text: str, offset: int) -> tuple[int, int]:
    """Line and character (UTF-16) of an offset."""
    line = text.count("\n", 0, offset)
    start = text.rfind("\n", 0, offset) + 1
    return line, len(text[start:offset].encode("utf-16-le")) // 2


class Author:
    """One editor session on one server."""

    def __init__(
        self, client: Client, trigger: str = "automatic", takes: str = "all", *, patience_s: float = SEEN_S
    ) -> None:
        """`trigger`: whether he asks for each suggestion ("invoked"), or the editor does. `takes`: "all" that is what he was going to type,
        or "none"; `patience_s`: how long he waits for an answer, that he takes or not."""
        self._patience_s = patience_s
        self._client = client
        self._is_invoked = trigger == "invoked"
        self._is_willing = takes == "all"
        self._version = 1

    async def write(self, one: Insertion, path: Path) -> Tally:
        """Type `one` into a document that is opened for it."""
        uri = path.as_uri()
        self._version, text, tally = 1, one.before + one.after, Tally(len(one.text))
        document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self._client.notify("textDocument/didOpen", {"textDocument": document})
        at, last = 0, ""
        while at < len(one.text):
            offered, item = await self._look(uri, one.before + one.text[:at], one.after, tally)
            if len(offered) > 1:
                tally.looked_at += 1
                tally.shown += offered != last
            if self._is_willing and len(offered) > 1 and one.text.startswith(offered, at):
                piece, last = offered, ""
                tally.accepted += 1
                tally.accepted_characters += len(offered)
                arguments = {"command": "assay.accepted", "arguments": item["command"]["arguments"]}
                await self._client.ask("workspace/executeCommand", arguments)
            else:
                piece = one.text[at]
                last = offered[1:] if offered.startswith(piece) else ""
            self._insert(uri, one.before + one.text[:at], piece)
            at += len(piece)
            tally.keys += 1
        self._client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        return tally

    async def _look(self, uri: str, before: str, after: str, tally: Tally) -> tuple[str, dict[str, Any]]:
        """The first item's text as the author sees it, and the item; empty when there is none in time."""
        line, character = offset_position(before, len(before))
        began = time.monotonic()
        number, answer = self._client.begin("textDocument/inlineCompletion", self._asked(uri, line, character))
        tally.requests += 1
        await asyncio.wait({answer}, timeout=self._patience_s)
        took_s = time.monotonic() - began
        tally.latencies_s.append(took_s)
        is_late = took_s > SEEN_S or not answer.done()
        tally.late += is_late
        if not answer.done():
            self._client.notify("$/cancelRequest", {"id": number})
            return "", {}
        items = (answer.result().get("result") or {}).get("items", [])
        tally.empty += not items
        if not items or is_late:
            return "", {}
        start = items[0]["range"]["start"]["character"]
        typed = before[before.rfind("\n") + 1 :][start:]
        text = items[0]["insertText"]
        return (text[len(typed) :], items[0]) if text.startswith(typed) else ("", {})

    def _asked(self, uri: str, line: int, character: int) -> dict[str, Any]:
        return inline_params(uri, line, character, invoked=self._is_invoked)

    def _insert(self, uri: str, before: str, piece: str) -> None:
        line, character = offset_position(before, len(before))
        place = {"line": line, "character": character}
        self._version += 1
        change = {"range": {"start": place, "end": place}, "text": piece}
        document = {"uri": uri, "version": self._version}
        self._client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})


class Window:
    """A server with a project of its own, and what the author met there."""

    def __init__(
        self, python: str, home: Path, patience_s: float = SEEN_S, engine: dict[str, Any] | None = None
    ) -> None:
        """`engine`: settings of its own engine, beside those of all windows."""
        self._engine = engine or {}
        self._patience_s = patience_s
        self.tallies: list[Tally] = []
        self._command = [python, *SERVER[1:]]
        self._home = home
        self._client: Client | None = None

    async def open(self, options: dict[str, Any]) -> Client:
        """Start it."""
        (self._home / "project").mkdir(parents=True, exist_ok=True)
        (self._home / "run").mkdir(mode=0o700)
        environment = {"XDG_STATE_HOME": str(self._home / "state"), "XDG_RUNTIME_DIR": str(self._home / "run")}
        self._client = await Client.start(command=self._command, env=environment)
        engine = options.get("engine", {}) | self._engine
        await self._client.initialize(self._home / "project", {"trace": {"keep": 10000}} | options | {"engine": engine})
        return self._client

    async def write(self, one: Insertion) -> None:
        """Have the author type one insertion."""
        assert self._client is not None
        path = self._home / "project" / f"module_{len(self.tallies)}.py"
        self.tallies.append(await Author(self._client, patience_s=self._patience_s).write(one, path))

    async def close(self) -> None:
        """End it as an editor does."""
        assert self._client is not None
        await self._client.stop()

    @property
    def traces(self) -> list[dict[str, Any]]:
        """What the server wrote down of its requests."""
        files = (self._home / "state").rglob("traces.jsonl")
        return [json.loads(line) for path in files for line in path.read_text("utf-8").splitlines()]


async def replay(insertions: Sequence[Insertion], options: dict[str, Any], windows: dict[str, Window]) -> None:
    """Each insertion in each window, in turn and the first one last the next time, so that a busy machine disturbs all of them alike. Each has
    an engine of its own: a shared one would have read for the second what it wrote for the first."""
    for window in windows.values():
        await window.open(options)
    for number, one in enumerate(insertions):
        for window in list(windows.values())[:: 1 if number % 2 else -1]:
            await window.write(one)
        saved = ", ".join(f"{name} {total(w.tallies).saved:.3f}" for name, w in windows.items())
        print(f"\r{number + 1} of {len(insertions)}: {saved}", end="", flush=True)
    print()
    for window in windows.values():
        await window.close()


def sample(insertions: Sequence[Insertion], characters: int) -> list[Insertion]:
    """The same insertions for the same number of characters, in a shuffled order; all of them for 0."""
    chosen = random.Random(11).sample(list(insertions), len(insertions))
    if not characters:
        return chosen
    ends = itertools.accumulate(len(one.text) for one in chosen)
    return chosen[: next((n for n, end in enumerate(ends, start=1) if end >= characters), len(chosen))]


def total(tallies: Sequence[Tally]) -> Tally:
    """All of them as one."""
    names = ("characters", "keys", "shown", "looked_at", "accepted", "accepted_characters", "requests", "late", "empty")
    summed = {name: sum(getattr(t, name) for t in tallies) for name in names}
    return Tally(**summed, latencies_s=[s for t in tallies for s in t.latencies_s])


def interval(tallies: Sequence[Tally], others: Sequence[Tally] | None = None) -> tuple[float, float]:
    """95 % bootstrap interval over insertions of the share saved, or of its difference to `others` (paired)."""
    chance, found = random.Random(3), []
    for _ in range(RESAMPLES):
        chosen = [chance.randrange(len(tallies)) for _ in tallies]
        saved = total([tallies[i] for i in chosen]).saved
        found.append(saved - (total([others[i] for i in chosen]).saved if others else 0.0))
    found.sort()
    return found[RESAMPLES // 40], found[-RESAMPLES // 40]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted values lie; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def overheads_ms(traces: Sequence[dict[str, Any]]) -> list[float]:
    """Each request's own time: all of it less the waiting for the engine and for the pace."""
    return [t["ms"] - sum(t["waited_ms"].values()) for t in traces if "waited_ms" in t and t["outcome"] != "cancelled"]


def report(name: str, tallies: Sequence[Tally], traces: Sequence[dict[str, Any]]) -> None:
    """One block of figures."""
    whole, (low, high), own = total(tallies), interval(tallies), overheads_ms(traces)
    print(f"{name}: {whole.saved:.3f} of keystrokes saved (95 % {low:.3f}–{high:.3f})")
    print(
        f"  accepted {whole.accepted} of {whole.shown} shown ({whole.accepted / max(whole.shown, 1):.0%}), looked at {whole.looked_at} times"
    )
    print(f"  answers ms: p50 {statistics.median(whole.latencies_s) * 1000:.0f}, p95 {percentile(whole.latencies_s, 0.95) * 1000:.0f}, "
          f"{whole.late} of {whole.requests} later than {SEEN_S} s, {whole.empty} empty")  # fmt: skip
    print(f"  own ms: p50 {percentile(own, 0.5):.1f}, p95 {percentile(own, 0.95):.1f}")
    for why, count in Counter(str(one.get("outcome", "")).split(" (")[0] for one in traces).most_common(12):
        print(f"  {count:5} {why[:120]}")


def main() -> None:
    """Replay and print."""
    parser = argparse.ArgumentParser(prog="python -m evals.replay")
    parser.add_argument("traces", type=Path)
    parser.add_argument("--characters", type=int, default=0)
    parser.add_argument("--against", default="")
    parser.add_argument("--adapter", type=Path)
    parser.add_argument("--policy", default="static")
    parser.add_argument("--model", default="none")
    parser.add_argument("--eagerness", type=int)
    parser.add_argument("--patience", type=float, default=SEEN_S)
    given = parser.parse_args()
    chosen = sample(typing.given(given.traces), given.characters)
    engine = {"none": {"model": "/nowhere.gguf"}, "local": {}}.get(given.model, {"url": given.model})
    options: dict[str, Any] = {"engine": engine, "verify": {"policy": given.policy}}
    if given.eagerness is not None:
        options["complete"] = {"eagerness": given.eagerness}
    with tempfile.TemporaryDirectory() as home:
        pythons = {"this": sys.executable} | (
            {"other": given.against or sys.executable} if given.against or given.adapter else {}
        )
        engines: dict[str, dict[str, Any]] = {}
        if given.adapter:
            folder = given.adapter.resolve()
            engines = {"this": {"adapters": str(folder.parent), "adapter": folder.name}, "other": {"adapter": "none"}}
        windows = {
            name: Window(python, Path(home) / name, given.patience, engines.get(name))
            for name, python in pythons.items()
        }
        asyncio.run(replay(chosen, options, windows))
        for name, window in windows.items():
            report(f"{name}, {given.model}, {given.policy}", window.tallies, window.traces)
        if len(windows) > 1:
            this, other = (window.tallies for window in windows.values())
            low, high = interval(this, other)
            print(f"difference {total(this).saved - total(other).saved:+.4f} (95 % {low:+.4f} to {high:+.4f})")


if __name__ == "__main__":
    main()

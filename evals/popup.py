"""How soon the popup lists names while somebody types, beside other Python servers in the same run, and how much memory each holds.

`python -m evals.popup [--keys N] [--peer NAME=COMMAND …]`: lines of installed packages that nothing was tuned on are cut out and typed again, key after key; after each letter, digit and dot the list is asked for. A list
that says it is incomplete is asked for once more at the same place, as a client may: "first" is the time from the key to a list, "ranked" to the second one where the first is incomplete. "known" are the places whose receiver had been
completed before in the same file, be it at the key before; "starts" are dots and first letters, which an editor asks for whatever came before. Of those it is also told how often the word that was typed in truth stands in the list, among its
first five and first. A peer is a command that speaks the protocol on its standard streams (`--peer jls=/path/jedi-language-server`); memory is the proportional share of all its processes after the typing.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import random
import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.replay import percentile
from evals.typing import SITE_PACKAGES
from tests.lsp.client import SERVER, Client

FILES = (
    "rich/table.py",
    "urllib3/response.py",
    "jsonschema/validators.py",
    "typer/main.py",
    "packaging/specifiers.py",
    "dulwich/config.py",
)
SEED = 5
BODY_LINES = 10  # of a function that is typed again, at least
PACE_S = 0.12  # between two keys, at least: what a quick typist takes
REST_S = 3.0  # after a file is opened
WARM_LINES = 1  # of each body: they count for nothing
OPTIONS = {"sandbox": {"enabled": False}, "verify": {"policy": "static"}, "engine": {"model": "/nowhere.gguf"}}
CAPABILITIES = {
    "textDocument": {
        "inlineCompletion": {},
        "completion": {
            "contextSupport": True,
            "completionItem": {
                "snippetSupport": True,
                "documentationFormat": ["markdown", "plaintext"],
                "resolveSupport": {"properties": ["documentation", "detail", "additionalTextEdits"]},
            },
        },
    }
}
_RECEIVER = re.compile(r"([A-Za-z_][\w.]*)\.\w*$")
_WORD = re.compile(r"\w*")


@dataclass(frozen=True, slots=True)
class Key:
    """One key that asks for names: where it stands after it is typed, the word that comes in truth, and what is known of the place."""

    row: int
    column: int
    character: str
    word: str
    is_start: bool
    is_known: bool


@dataclass(slots=True)
class Seen:
    """What one server showed: seconds of each key by kind, the share of starts whose word is listed, and its memory."""

    first: dict[str, list[float]] = field(default_factory=lambda: {"all": [], "known": [], "starts": []})
    ranked: list[float] = field(default_factory=list)
    places: list[int] = field(default_factory=list)  # of the true word in the list, from 0; -1 where it is not there
    memory_mb: float = 0.0


def body(text: str) -> int:
    """The row (from 0) at which the body of some function begins, behind its docstring."""
    rows = []
    for one in ast.walk(ast.parse(text)):
        if isinstance(one, ast.FunctionDef):
            first = one.body[1 if ast.get_docstring(one) and len(one.body) > 1 else 0]
            if (one.end_lineno or 0) - first.lineno >= BODY_LINES:
                rows.append(first.lineno - 1)
    return random.Random(SEED).choice(sorted(rows))


def typed(lines: Sequence[str], start: int, keys: int) -> tuple[int, list[tuple[str, Key | None]]]:
    """The lines from `start` on as keys, at least `keys` that ask in all, and the row behind them."""
    found: list[tuple[str, Key | None]] = []
    asked, row, known = 0, start, set[str]()
    while asked < keys and row < len(lines):
        line = lines[row]
        for column, character in enumerate(line):
            done = line[: column + 1]
            key = None
            if re.match(r"[\w.]", character) and not line.lstrip().startswith(("#", '"""')):
                word = re.search(r"\w*$", done)[0] + _WORD.match(line[column + 1 :])[0]  # type: ignore[index]
                receiver = _RECEIVER.search(done)
                is_start = character == "." or not re.search(r"\w\w$", done)
                is_known = receiver is not None and receiver[1] in known
                known |= {receiver[1]} if receiver is not None else set()
                key = Key(row, column + 1, character, word, is_start, is_known)
                asked += 1
            found.append((character, key))
        found.append(("\n", None))
        row += 1
    return row, found


async def listed(client: Client, uri: str, key: Key, kind: int) -> tuple[list[dict[str, Any]], bool]:
    """The items, and whether the list is incomplete."""
    context: dict[str, Any] = {"triggerKind": kind}
    if kind == 2:
        context["triggerCharacter"] = "."
    answer = await client.call(
        "textDocument/completion",
        {
            "textDocument": {"uri": uri},
            "position": {"line": key.row, "character": key.column},
            "context": context,
        },
    )
    if isinstance(answer, dict):
        return answer["items"], bool(answer.get("isIncomplete"))
    return answer or [], False


async def of_file(client: Client, path: Path, keys: int, seen: Seen) -> None:
    """Type part of a file, from a function's body on."""
    lines = path.read_text("utf-8").split("\n")
    begin = body("\n".join(lines))
    start = begin + WARM_LINES
    end, strokes = typed(lines, begin, keys + sum(len(line) for line in lines[begin:start]))
    text = "\n".join([*lines[:begin], "", *lines[end:]])
    uri = client.open(path, text)
    await asyncio.sleep(REST_S)
    row, column, version = begin, 0, 1
    for character, key in strokes:
        version += 1
        at = {"line": row, "character": column}
        change = {"range": {"start": at, "end": at}, "text": character}
        began = time.perf_counter()
        document = {"uri": uri, "version": version}
        client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        row, column = (row + 1, 0) if character == "\n" else (row, column + 1)
        if key is not None:
            items, is_incomplete = await listed(client, uri, key, 2 if character == "." else 1)
            first = time.perf_counter() - began
            if is_incomplete:
                await listed(client, uri, key, 3)
            if row >= start:
                count(seen, key, items, first, time.perf_counter() - began)
        await asyncio.sleep(max(0.0, PACE_S - (time.perf_counter() - began)))
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


def count(seen: Seen, key: Key, items: list[dict[str, Any]], first: float, ranked: float) -> None:
    """Note what a key brought."""
    seen.first["all"].append(first)
    seen.ranked.append(ranked)
    if key.is_known:
        seen.first["known"].append(first)
    if key.is_start:
        seen.first["starts"].append(first)
        if key.word:
            names = [one["label"] for one in sorted(items, key=lambda one: one.get("sortText") or one["label"])]
            names = [re.split(r"\W", name)[0] for name in names]
            seen.places.append(names.index(key.word) if key.word in names else -1)


def memory_mb(pid: int) -> float:
    """The proportional share of a process and all below it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents.setdefault(int((entry / "stat").read_text().rpartition(")")[2].split()[1]), []).append(
                    int(entry.name)
                )
            except OSError:
                continue
    family, total = [pid], 0
    for one in family:
        family += parents.get(one, [])
        text = Path(f"/proc/{one}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])  # type: ignore[index]
    return total / 1024


async def of_server(command: list[str], options: dict[str, Any], keys: int, home: Path) -> Seen:
    """One server types everything."""
    seen = Seen()
    for name in FILES:
        package = name.partition("/")[0]
        if not (home / package).exists():
            shutil.copytree(SITE_PACKAGES / package, home / package, ignore=shutil.ignore_patterns("__pycache__"))
    (home / "pyproject.toml").write_text("")
    places = {"XDG_STATE_HOME": str(home.parent / "state"), "XDG_CACHE_HOME": str(home.parent / "cache")}
    client = await Client.start(command=command, env=places, cwd=home)
    await client.initialize(home, options, **CAPABILITIES)
    for name in FILES:
        await of_file(client, home / name, -(-keys // len(FILES)), seen)
    seen.memory_mb = memory_mb(client.process.pid)
    await client.kill()
    return seen


def told(name: str, seen: Seen) -> str:
    """One server's figures."""
    rows = {f"first, {kind}": values for kind, values in seen.first.items()} | {"ranked": seen.ranked}
    times = "\n".join(
        f"    {what:14} p50 {1000 * percentile(values, 0.5):6.1f}  p95 {1000 * percentile(values, 0.95):6.1f}  most {1000 * max(values, default=0):6.1f} ms ({len(values)})"
        for what, values in rows.items()
    )
    total = len(seen.places) or 1
    shares = ", ".join(
        f"{title} {sum(0 <= place < most for place in seen.places) / total:.0%}"
        for title, most in (("first", 1), ("among five", 5), ("listed", 1 << 30))
    )
    return f"{name}: {seen.memory_mb:.0f} MB\n{times}\n    the word at a start: {shares}"


async def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description="How soon the popup lists names, beside other servers.")
    parser.add_argument("--keys", type=int, default=600)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    given = parser.parse_args()
    servers = {"assay": SERVER} | {name: shlex.split(rest) for name, _, rest in (p.partition("=") for p in given.peer)}
    found: dict[str, Seen] = {}
    for name, command in servers.items():
        with tempfile.TemporaryDirectory() as home:
            found[name] = await of_server(command, OPTIONS if name == "assay" else {}, given.keys, Path(home) / "work")
        print(told(name, found[name]), flush=True)
    if peers := [seen for name, seen in found.items() if name != "assay"]:
        for kind in ("all", "known", "starts"):
            for share in (0.5, 0.95):
                best = min(percentile(seen.first[kind], share) for seen in peers)
                own = percentile(found["assay"].first[kind], share)
                print(f"{kind}, p{share * 100:g}: {own / best:.2f} of the better peer")


if __name__ == "__main__":
    asyncio.run(main())

"""Who waits for whom at a team's server: `python -m evals.fairness [--people 20] [--seconds 60]`.

The real server (a process, TLS, tokens) stands before an engine that writes one answer at a time. Printed are, for people who type as `evals.capacity` says:
errors, each person's p95 of a whole suggestion, the slowest against the median person; the same with somebody beside who asks for sixteen answers all the
while; how soon a key begins when one person has 64 long answers under way; and whether anything of one person's prompts came to another, into the log or the
metrics.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from evals.capacity import SEED, Asked, typing
from evals.replay import percentile
from tests.team.engine import Engine
from tests.team.running import Running, run, serving

WORD_S, READ_S = 0.003, 0.01  # of a word, and before the first one
WRITTEN = 8
GREEDY, LONG = 16, 60
MANY, MANY_LONG = 64, 400


@dataclass(slots=True)
class Seen:
    """What people saw: seconds to whole suggestions by person, and what went wrong."""

    waits: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    typed_through: int = 0

    def p95(self) -> dict[str, float]:
        return {name: percentile(times, 0.95) for name, times in self.waits.items() if len(times) > 5}


async def asked_for(http: httpx.AsyncClient, who: str, prompt: str, most: int, priority: int = 0) -> tuple[float, str]:
    """Seconds to the first word, and the text. Raises RuntimeError for a refusal."""
    begun, first, text = time.monotonic(), 0.0, ""
    body: dict[str, Any] = {"prompt": prompt, "max_tokens": most, "stream": True, "priority": priority}
    async with http.stream("POST", "/v1/completions", json=body) as response:
        if response.status_code != 200:
            raise RuntimeError(f"{who}: {response.status_code} {(await response.aread()).decode()[:100]}")
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                event = json.loads(line[6:])
                if "error" in event:
                    raise RuntimeError(f"{who}: {event['error']['message']}")
                text += event["choices"][0]["text"]
                first = first or time.monotonic() - begun
    return first, text


async def person(http: httpx.AsyncClient, who: str, asked: list[Asked], begun: float, seen: Seen) -> None:
    for number, one in enumerate(asked):
        await asyncio.sleep(max(0.0, begun + one.at - time.monotonic()))
        asking, word = time.monotonic(), f"canary-{who}-{number}"
        try:
            async with asyncio.timeout(max(0.01, begun + one.until - asking)):
                _, text = await asked_for(http, who, f"# of {who}\n{word}", one.write)
        except TimeoutError:
            seen.typed_through += 1
            continue
        except (httpx.HTTPError, RuntimeError) as error:
            seen.errors.append(f"{type(error).__name__}: {error}")
            continue
        if text != f" / {word}" * one.write:
            seen.errors.append(f"{who} got {text[:60]!r}")
        seen.waits.setdefault(who, []).append(time.monotonic() - asking)


async def greedy(http: httpx.AsyncClient) -> None:
    async def one(number: int) -> None:
        while True:
            try:
                await asked_for(http, "greedy", f"# greedy\ngreedy{number}", LONG)
            except (RuntimeError, httpx.HTTPError):
                await asyncio.sleep(0.05)

    await asyncio.gather(*map(one, range(GREEDY)))


async def typed(server: Running, names: list[str], seconds: float, *, is_greedy: bool) -> Seen:
    seen = Seen()
    asked = typing(len(names), seconds, WRITTEN, random.Random(SEED))
    clients = {name: server.http(server.tokens[name]) for name in [*names, "greedy"]}
    beside = asyncio.create_task(greedy(clients["greedy"])) if is_greedy else None
    await asyncio.sleep(0.5)
    begun = time.monotonic()
    await asyncio.gather(
        *(
            person(clients[name], name, [one for one in asked if one.who == number], begun, seen)
            for number, name in enumerate(names)
        )
    )
    if beside is not None:
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)
    for one in clients.values():
        await one.aclose()
    return seen


async def many_long(server: Running, name: str, rounds: int = 10) -> list[float]:
    """Seconds to the first word of a key, with 64 long answers of somebody else asked for at once."""
    firsts = list[float]()
    async with server.http(server.tokens["greedy"]) as other, server.http(server.tokens[name]) as http:

        async def long(number: int) -> None:
            while True:
                try:
                    await asked_for(other, "greedy", f"# greedy\ngreedy{number}", MANY_LONG)
                except (RuntimeError, httpx.HTTPError):
                    await asyncio.sleep(0.05)

        tasks = [asyncio.create_task(long(number)) for number in range(MANY)]
        await asyncio.sleep(2)
        for number in range(rounds):
            firsts.append((await asked_for(http, name, f"# of {name}\nkey{number}", 5))[0])
            await asyncio.sleep(0.7)
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return firsts


async def main(given: argparse.Namespace) -> None:
    async with Engine(word_s=WORD_S, read_s=READ_S, slots=1) as engine:
        with tempfile.TemporaryDirectory(prefix="fair") as folder:
            opened = serving(
                Path(folder) / "server",
                engine.url,
                config="[engine]\nupstream_requests = 1\n[limits]\nrequests = 80\n[metrics]\npeople = true\n",
            )
            server = await asyncio.to_thread(opened.__enter__)
            try:
                names = [f"p{number:02}" for number in range(given.people)]
                await asyncio.to_thread(lambda: [server.add(name) for name in [*names, "greedy"]])
                alone = await typed(server, names, given.seconds, is_greedy=False)
                told(f"{given.people} people, {given.seconds:.0f} s", alone)
                beside = await typed(server, names, given.seconds, is_greedy=True)
                told("and a greedy one", beside)
                ratios = [
                    beside.p95()[name] / alone.p95()[name]
                    for name in names
                    if name in beside.p95() and name in alone.p95()
                ]
                before, after = statistics.median(alone.p95().values()), statistics.median(beside.p95().values())
                print(
                    f"    p95 of the median person {after / before:.2f} times, of the worst {max(ratios):.2f} times what it was without"
                )
                firsts = await many_long(server, names[0])
                print(
                    f"a key beside {MANY} long answers of another: its first word after {statistics.median(firsts):.2f} s at the median, {max(firsts):.2f} at most, of {len(firsts)}"
                )
                token = (
                    await asyncio.to_thread(
                        run, "user", "token", "add", names[0], "--scopes", "metrics", "--folder", str(server.folder)
                    )
                ).splitlines()[-1]
                async with server.http(token) as http:
                    metrics = (await http.get("/metrics")).text
                stored = b"".join(one.read_bytes() for one in server.folder.glob("assay.sqlite3*")).decode("latin-1")
                print(
                    f"planted words in metrics {metrics.count('canary')}, in the log {server.log.count('canary')}, in the database {stored.count('canary')}"
                )
            finally:
                await asyncio.to_thread(opened.__exit__, None, None, None)


def told(what: str, seen: Seen) -> None:
    p95 = seen.p95()
    count = sum(map(len, seen.waits.values()))
    print(f"{what}: {count} whole, {seen.typed_through} typed through, {len(seen.errors)} errors; p95 of the median person {statistics.median(p95.values()) * 1000:.0f} ms, of the slowest {max(p95.values()) * 1000:.0f} ms: {max(p95.values()) / statistics.median(p95.values()):.2f} times")  # fmt: skip
    for one in seen.errors[:5]:
        print(f"    {one}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.fairness")
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    asyncio.run(main(parser.parse_args()))

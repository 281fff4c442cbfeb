"""People who type at one shared engine, over its real door: `python -m evals.serving [--backends llamacpp torch vllm] [--people 1 4] [--seconds 20]`.

Each backend is started as `assay engine --listen` starts it, with a key for each person, and hears the same keys in turn (`evals.capacity` says how
somebody types; a request is dropped when its author's next key comes). Printed are the times to the first token and to a whole suggestion, tokens a
second, memory, and how much longer the slowest person waits than the quickest. `--greedy`: the same with somebody beside who asks for sixteen long
answers all the while. `--nodes N`: N such engines behind a team's server (`assay serve`); one of them is killed in the middle.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from evals.capacity import SEED, WHOLE, Asked, typing
from evals.replay import percentile
from tests.team.running import serving

START_S = 240.0
KEPT = 40  # lines of a person's own text, about 600 tokens, that stand before what is typed
LONG, MANY = 200, 16  # tokens of a greedy person's answers, and how many are asked for at once


@dataclass(slots=True)
class Seen:
    """What one run showed, in seconds since its beginning."""

    firsts: list[float] = field(default_factory=list)
    wholes: list[tuple[float, str, float]] = field(default_factory=list)  # when asked, by whom, how long it took
    failed: list[tuple[float, str]] = field(default_factory=list)
    cold: list[tuple[float, str]] = field(default_factory=list)  # nothing of its prompt was kept
    tokens: int = 0
    dropped: int = 0

    def wait(self, since: float = 0.0, until: float = float("inf")) -> list[float]:
        """Of whole suggestions that were asked for between the two."""
        return [took for at, _, took in self.wholes if since <= at < until]


@dataclass(slots=True)
class Run:
    """A process with a door, and its people's keys."""

    process: subprocess.Popen[bytes]
    url: str
    folder: Path

    def kill(self) -> None:
        """It and the engine behind it, with no time for anything."""
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((self.folder / "engine.lock").read_text()), signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def memory(self) -> int:
        """Bytes of everything that it started."""
        with contextlib.suppress(OSError, ValueError):
            lead = int((self.folder / "engine.lock").read_text())
            held = 0
            for one in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if int((one / "stat").read_text().rpartition(")")[2].split()[3]) == lead:
                        held += int((one / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            return held
        return 0


@asynccontextmanager
async def shared(folder: Path, options: Sequence[str], keys: Path | None) -> AsyncIterator[Run]:
    """`assay engine --listen` with these options, up and answering."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder.mkdir(mode=0o700)
    told = [sys.executable, "-m", "assay", "engine", "--listen", f"127.0.0.1:{port}", *options]
    told += ["--key-file", str(keys)] if keys else []
    with (folder / "door.log").open("wb") as log:
        process = subprocess.Popen(told, stdout=log, stderr=log)
    run = Run(process, f"http://127.0.0.1:{port}", folder)
    key = keys.read_text().split()[1] if keys else ""
    try:
        async with httpx.AsyncClient(
            base_url=run.url, headers={"authorization": f"Bearer {key or '-'}"}, timeout=60
        ) as http:
            deadline = time.monotonic() + START_S
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.post("/v1/completions", json={"prompt": "x", "max_tokens": 1})).status_code == 200:
                        break
                assert process.poll() is None and time.monotonic() < deadline, (folder / "door.log").read_text()[-500:]
                await asyncio.sleep(0.3)
        yield run
    finally:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        run.kill()


def text_of(who: str, lines: int) -> str:
    """Somebody's own code: the beginning of a prompt that is kept."""
    chance = random.Random(who)
    words = ["value", "other", "total", "count", "index", "items", "result", "line"]
    body = "".join(
        f"    {chance.choice(words)} = {chance.choice(words)} + {chance.randrange(99)}\n" for _ in range(lines)
    )
    return f"# of {who}\ndef f():\n{body}"


async def person(http: httpx.AsyncClient, who: str, asked: Sequence[Asked], begun: float, seen: Seen) -> None:
    """Type, and note what came."""
    typed, chance = text_of(who, KEPT), random.Random(f"{who} types")
    for one in asked:
        await asyncio.sleep(max(0.0, begun + one.at - time.monotonic()))
        if one.read >= WHOLE:
            typed = text_of(f"{who} {one.at}", KEPT)  # another file
        else:
            typed += f"    x{chance.randrange(9)} = " + "y + " * (one.read // 8) + "1\n"
        asking = time.monotonic()
        try:
            async with asyncio.timeout(max(0.01, begun + one.until - asking)):
                first, tokens, kept = await answer(http, typed, one.write, asking)
        except TimeoutError:
            seen.dropped += 1
            continue
        except (httpx.HTTPError, RuntimeError) as error:
            seen.failed.append((asking - begun, f"{who}: {error or type(error).__name__}"))
            continue
        seen.firsts.append(first)
        seen.tokens += tokens
        seen.wholes.append((asking - begun, who, time.monotonic() - asking))
        if kept == 0 and one.read < WHOLE:
            seen.cold.append((asking - begun, who))


async def answer(http: httpx.AsyncClient, prompt: str, most: int, asking: float) -> tuple[float, int, int | None]:
    """Seconds to the first token, tokens, and how many of the prompt were kept (None: not told). Raises RuntimeError for an error in the stream."""
    body = {
        "prompt": prompt,
        "max_tokens": most,
        "stream": True,
        "temperature": 0.7,
        "stream_options": {"include_usage": True},
    }
    first, tokens, kept = 0.0, 0, None
    async with http.stream("POST", "/v1/completions", json=body) as response:
        if response.status_code != 200:
            raise RuntimeError(str(response.status_code))
        async for line in response.aiter_lines():
            if not line.startswith("data: {"):
                continue
            event = json.loads(line[6:])
            if "error" in event:
                raise RuntimeError(event["error"]["message"])
            if event.get("choices") and event["choices"][0].get("text"):
                first = first or time.monotonic() - asking
                tokens += 1
            if details := (event.get("usage") or {}).get("prompt_tokens_details"):
                kept = details.get("cached_tokens")
    return first or time.monotonic() - asking, tokens, kept


async def greedy(http: httpx.AsyncClient, until: float) -> None:
    """Sixteen long answers at once, and again."""

    async def one(number: int) -> None:
        while time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError, RuntimeError):
                await answer(http, text_of(f"greedy {number}", 10), LONG, time.monotonic())

    async with asyncio.timeout(max(1.0, until - time.monotonic())):
        with contextlib.suppress(TimeoutError):
            await asyncio.gather(*map(one, range(MANY)))


async def typed(
    url: str, keys: dict[str, str], given: argparse.Namespace, people: int, *, is_greedy: bool = False, ca: str = ""
) -> Seen:
    """So many people, for so long."""
    seen, chance = Seen(), random.Random(SEED)
    asked = typing(people, given.seconds, given.written, chance)
    async with contextlib.AsyncExitStack() as stack:

        def client(name: str) -> httpx.AsyncClient:
            limits = httpx.Limits(max_connections=64)
            return httpx.AsyncClient(
                base_url=url,
                headers={"authorization": f"Bearer {keys[name]}"},
                timeout=60,
                limits=limits,
                verify=ssl.create_default_context(cafile=ca) if ca else True,
            )

        https = {name: await stack.enter_async_context(client(name)) for name in keys}
        names = [f"p{number}" for number in range(people)]
        for name in names:  # what each has open was read before
            with contextlib.suppress(httpx.HTTPError, RuntimeError):
                await answer(https[name], text_of(name, KEPT), 1, time.monotonic())
        begun = time.monotonic()
        beside = asyncio.create_task(greedy(https["greedy"], begun + given.seconds)) if is_greedy else None
        await asyncio.gather(
            *(
                person(https[name], name, [one for one in asked if one.who == number], begun, seen)
                for number, name in enumerate(names)
            )
        )
        if beside is not None:
            beside.cancel()
            await asyncio.gather(beside, return_exceptions=True)
    return seen


def told(what: str, seen: Seen, seconds: float) -> None:
    """One line."""
    waits = seen.wait()
    by_person = [
        percentile([t for _, who, t in seen.wholes if who == name], 0.95) for name in {who for _, who, _ in seen.wholes}
    ]
    spread = max(by_person, default=0) / max(min(by_person, default=1), 1e-9)
    print(
        f"{what}: {len(waits)} whole, {seen.dropped} typed through, {len(seen.failed)} failed; first token p50 {_ms(seen.firsts, 0.5)}, p95 {_ms(seen.firsts, 0.95)}; "
        f"whole p50 {_ms(waits, 0.5)}, p95 {_ms(waits, 0.95)} ms; {seen.tokens / seconds:.0f} tokens/s; slowest person's p95 {spread:.1f} times the quickest's",
        flush=True,
    )


def _ms(seconds: Sequence[float], share: float) -> str:
    return f"{percentile(seconds, share) * 1000:.0f}" if seconds else "-"


async def backends(given: argparse.Namespace, keys: dict[str, str], file: Path, home: Path) -> None:
    """Each of them, with each number of people."""
    for backend in given.backends:
        options = ["--backend", backend, "--folder", str(home / backend), *_model(given)]
        async with shared(home / backend, options, file) as run:
            for people in given.people:
                seen = await typed(run.url, keys, given, people)
                told(f"{backend}, {people} people", seen, given.seconds)
                if given.greedy:
                    beside = await typed(run.url, keys, given, people, is_greedy=True)
                    told(f"{backend}, {people} people and a greedy one", beside, given.seconds)
                    if alone := percentile(seen.wait(), 0.95):
                        print(f"    p95 {percentile(beside.wait(), 0.95) / alone:.2f} times without the greedy one")
            print(f"    {run.memory() / 1e6:.0f} MB")


async def nodes(given: argparse.Namespace, keys: dict[str, str], _: Path, home: Path) -> None:
    """Several engines behind one door, one of which is killed in the middle."""
    people, half = given.people[-1], given.seconds / 2
    async with contextlib.AsyncExitStack() as stack:
        behind = [
            await stack.enter_async_context(
                shared(
                    home / f"n{number}",
                    ["--backend", given.backends[0], "--folder", str(home / f"n{number}"), *_model(given)],
                    None,
                )
            )
            for number in range(given.nodes)
        ]
        opened = serving(home / "front", *(one.url for one in behind), config="[limits]\nrequests = 80\n")
        front = await asyncio.to_thread(opened.__enter__)
        stack.callback(opened.__exit__, None, None, None)
        own = {name: await asyncio.to_thread(front.add, name) for name in keys}
        running = asyncio.create_task(typed(front.url, own, given, people, ca=str(front.ca)))
        await asyncio.sleep(half)
        killed = time.monotonic()
        behind[-1].kill()
        seen = await running
        del killed
    told(
        f"{given.nodes} nodes of {given.backends[0]}, one killed after {half:.0f} s, {people} people",
        seen,
        given.seconds,
    )
    third = given.seconds / 3
    before, after = percentile(seen.wait(0, third), 0.95), percentile(seen.wait(2 * third), 0.95)
    print(
        f"    p95 {after / max(before, 1e-9):.2f} times in the last {third:.0f} s what it was in the first; failed: {[(round(at, 1), who) for at, who in seen.failed]}"
    )
    print(f"    began anew: {[(round(at, 1), who) for at, who in seen.cold]}")


def _model(given: argparse.Namespace) -> list[str]:
    return ["--model", given.model] if given.model else []


async def main(given: argparse.Namespace) -> None:
    """Make keys, and run."""
    names = [f"p{number}" for number in range(max(given.people))] + ["greedy"]
    keys = {name: secrets.token_hex(20) for name in names}
    with tempfile.TemporaryDirectory(prefix="as", ignore_cleanup_errors=True) as folder:
        file = Path(folder, "keys")
        file.touch(mode=0o600)
        file.write_text("".join(f"{name} {key}\n" for name, key in keys.items()))
        await (nodes if given.nodes else backends)(given, keys, file, Path(folder))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.serving")
    parser.add_argument("--backends", nargs="+", default=["llamacpp", "torch", "vllm"])
    parser.add_argument("--people", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--written", type=int, default=16)
    parser.add_argument("--model", default="")
    parser.add_argument("--greedy", action="store_true")
    parser.add_argument("--nodes", type=int, default=0)
    asyncio.run(main(parser.parse_args()))

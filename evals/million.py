"""The pages of a team's server over a large record: `python -m evals.million [--rows 1000000] [--database URL]`.

Rows of a hundred people over a hundred days are written as clients tell them, through the chain; then each page is asked for, and the times are printed with
the size of the database and how long the chain's check takes. `--postgres` starts a PostgreSQL of this machine's packages for it.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from assay.team.config import Folder, load
from assay.team.gate.nodes import Nodes
from assay.team.gate.upstream import There
from assay.team.identity import people, tokens
from assay.team.identity.people import By
from assay.team.server import Server, Store, opened
from assay.team.store.chain import Chain, Fault, Note
from evals.replay import percentile
from tests.team.conftest import started_postgres

PEOPLE, DAYS, BATCH, SEED = 100, 100, 5_000, 5
ASKED = 20
PAGES = ("", "/suggestions", "/suggestions?days=90", "/suggestions?days=90&of=me", "/chart/verdicts.svg?days=90", "/chart/requests.svg?days=90", "/people?days=90", "/record", "/record?kind=fate", "/record?person=p17",
         "/record?person=p17&kind=feedback", "/record?kind=feedback&below=5000", "/record?suggestion=s1234", "/record?since=2026-11-29", "/model", "/mine", "/team")  # fmt: skip


def rows(count: int, ids: list[int]) -> Iterator[tuple[int, list[Note]]]:
    """Batches with their days."""
    chance, now = random.Random(SEED), people.now_ms()
    for start in range(0, count, BATCH):
        at_ms = now - (DAYS - 1 - start * DAYS // count) * 86_400_000
        made = list[Note]()
        for number in range(start, min(count, start + BATCH)):
            who, kind, suggestion = (
                chance.choice(ids),
                chance.choice(("line", "line", "block", "function")),
                f"s{number // 2}",
            )
            model = chance.choice(("qwen2.5-coder-1.5b", "mellum"))
            if number % 2 == 0:
                state = chance.choice(("passed", "unverified", "unverified", "failed"))
                verdict = {"state": state} | (
                    {"reason": chance.choice(("no-tests", "deadline", "tests-left"))} if state == "unverified" else {}
                )
                made.append(Note("suggestion", {"kind": kind, "model": model, "verdict": verdict, "took_ms": {"engine": chance.randrange(50, 900), "total": chance.randrange(100, 2_000)}, "chars": 40}, {"text": "0" * 16, "sources": ["definitions"]}, who, f"e{number}", suggestion))  # fmt: skip
            elif number % 1_000 == 1:
                made.append(Note("feedback", {"thumb": "up"}, {"word": "good"}, who, f"e{number}", suggestion))
            else:
                made.append(Note("fate", {"kind": kind, "model": model, "fate": chance.choice(("accepted", "rejected", "kept", "gone"))}, {}, who, f"e{number}", suggestion))  # fmt: skip
        yield at_ms, made


def filled(store: Store, count: int) -> str:
    """A token of an admin, once all rows are there."""
    by = By(store.chain)
    with store.database.writing() as session:
        admin = people.add(session, by, "ada", "admin")
        token = tokens.add(session, by, admin, "x")
        ids = [people.add(session, by, f"p{number}").id for number in range(PEOPLE)]
    for at_ms, notes in rows(count, ids):
        with store.database.writing() as session:
            store.chain.append(session, notes, at_ms)
    return token


async def looked_at(server: Server, token: str) -> dict[str, list[float]]:
    """Seconds of each page."""
    found = dict[str, list[float]]()
    transport = httpx.ASGITransport(server.application())
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8443", timeout=60) as http:
        assert (await http.post("/page/login", data={"token": token})).status_code == 303
        for page in PAGES:
            for _ in range(ASKED):
                began = time.monotonic()
                answer = await http.get(f"/page{page}")
                assert answer.status_code == 200, (page, answer.text[-300:])
                found.setdefault(page, []).append(time.monotonic() - began)
    return found


def measured(url: str, count: int, place: Path) -> None:
    """Fill, look, print."""
    folder = Folder(place)
    config = load(folder, {"server.database": url})
    store = opened(folder, config)
    began = time.monotonic()
    token = filled(store, count)
    wrote = time.monotonic() - began
    print(
        f"{store.database.name.partition(':')[0]}: {count} rows written in {wrote:.0f} s, {count / wrote:.0f} a second",
        flush=True,
    )
    server = Server(folder, config, store, Nodes([There("http://127.0.0.1:9", "", "", 4)]))
    found = asyncio.run(looked_at(server, token))
    for page, times in sorted(found.items(), key=lambda one: -percentile(one[1], 0.95)):
        print(
            f"    {percentile(times, 0.5) * 1000:5.0f} ms p50, {percentile(times, 0.95) * 1000:5.0f} ms p95, {max(times) * 1000:5.0f} at most  /page{page}"
        )
    chain = Chain(folder.key("record"), folder.record_end)
    began = time.monotonic()
    with store.database.reading() as session:
        faults = [one for one in chain.faults(session.connection()) if isinstance(one, Fault)]
    print(f"    the chain looked at in {time.monotonic() - began:.0f} s: {len(faults)} faults", flush=True)
    store.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.million")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database", default="")
    parser.add_argument("--postgres", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="million") as name:
        if given.postgres:
            with started_postgres() as url:
                measured(url, given.rows, Path(name) / "server")
        else:
            measured(given.database or f"sqlite:///{name}/a.sqlite3", given.rows, Path(name) / "server")

"""What is counted of requests: for Prometheus at once, for the pages every ten seconds in the database. Numbers only: no word of a request, and people by their ids."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client import Counter as Counted

from assay.team.store import counts
from assay.team.store.database import Database, StoreUnavailable, going_on

from .answers import CHAT, Done
from .nodes import Nodes

FLUSH_S = 10.0
EVERY_S, GPU_S = 2.0, 3.0  # between two looks at GPUs, and for one
EDGES_S = tuple(edge / 1000 for edge in counts.EDGES_MS)
KINDS = ("typing", "asked", "background")


class Tally:
    """Hears of requests that are over. `watch` runs beside; `tells_people`: whether /metrics has them by name."""

    def __init__(self, nodes: Nodes, *, tells_people: bool = False) -> None:
        self._nodes = nodes
        self._pending = Counter[tuple[int, int, str, str, str]]()
        self._registry = CollectorRegistry()
        self._tells_people = tells_people
        told = ("kind", "ended")
        self._requests = Counted(
            "assay_requests",
            "Requests that are over",
            (*told, "person") if tells_people else told,
            registry=self._registry,
        )
        self._tokens = Counted(
            "assay_tokens",
            "Pieces of answers that were written",
            ("kind", "person") if tells_people else ("kind",),
            registry=self._registry,
        )
        self._kept = Counted(
            "assay_prompt_kept",
            "Requests by whether something of their prompt was kept",
            ("kept",),
            registry=self._registry,
        )
        self._waited = _histogram("assay_wait_seconds", "Until a turn came", self._registry)
        self._first = _histogram("assay_first_piece_seconds", "Until the first piece of an answer", self._registry)
        self._whole = _histogram("assay_answer_seconds", "Until an answer was whole", self._registry)
        self._waiting = Gauge("assay_queue", "Requests that wait for a turn", registry=self._registry)
        self._working = Gauge("assay_at_work", "Requests that are with an engine", ("engine",), registry=self._registry)
        self._up = Gauge("assay_engine_up", "Whether an engine answers", ("engine",), registry=self._registry)
        self._memory = Gauge(
            "assay_gpu_memory_bytes", "Memory of a GPU of this machine that is used", ("gpu",), registry=self._registry
        )

    def over(self, done: Done) -> None:
        """A request is over."""
        kind = "chat" if done.path == CHAT else KINDS[done.priority]
        person = (done.caller.name,) if self._tells_people else ()
        self._requests.labels(kind, done.ended, *person).inc()
        self._tokens.labels(kind, *person).inc(done.tokens)
        if done.kept_tokens is not None:
            self._kept.labels("yes" if done.kept_tokens else "no").inc()
        self._waited.labels(kind).observe(done.waited_s)
        if done.first_s is not None:
            self._first.labels(kind).observe(done.first_s)
        if done.ended == "whole":
            self._whole.labels(kind).observe(done.whole_s)
        place = (
            counts.day_of(int(time.time() * 1000)),
            done.caller.person_id or 0,
            f"request:{kind}",
            counts.plain(done.model),
        )
        self._pending[*place, "requests"] += 1
        self._pending[*place, "tokens"] += done.tokens
        if done.ended == "whole":
            self._pending[*place, f"whole:{counts.edge(done.whole_s * 1000)}"] += 1
        if done.ended == "refused":
            self._pending[*place, "refused"] += 1

    def metrics(self, memory: dict[str, int]) -> bytes:
        """As Prometheus reads them; `memory` is what GPUs use, in bytes."""
        self._waiting.set(self._nodes.queue.waiting)
        for node in self._nodes.all:
            self._working.labels(node.name).set(self._nodes.queue.at(node))
            self._up.labels(node.name).set(node.is_up)
        for name, used in memory.items():
            self._memory.labels(name).set(used)
        return generate_latest(self._registry)

    async def watch(self, database: Database) -> None:
        """Write what was counted, until it is cancelled, and then once more."""
        try:
            while True:
                await asyncio.sleep(FLUSH_S)
                with going_on("counting requests"):
                    await self.flush(database)
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await self.flush(database)

    async def flush(self, database: Database) -> None:
        """Now; what could not be written is kept for the next time."""
        pending, self._pending = self._pending, Counter()
        rows = [{"day": day, "person_id": who, "kind": kind, "model": model, "measure": measure, "count": count} for (day, who, kind, model, measure), count in sorted(pending.items()) if count]  # fmt: skip
        try:
            if rows:
                await database.write(lambda session: counts.added(session, rows))
        except StoreUnavailable:
            self._pending.update(pending)


def _histogram(name: str, what: str, registry: CollectorRegistry) -> Histogram:
    return Histogram(name, what, ("kind",), buckets=EDGES_S, registry=registry)


class Gpus:
    """What GPUs of this machine use, asked of the driver's program at most every two seconds."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._asked_s = -EVERY_S

    async def memory(self) -> dict[str, int]:
        """By their names, in bytes; nothing where there is none."""
        if time.monotonic() - self._asked_s < EVERY_S:
            return self._known
        self._asked_s = time.monotonic()
        told = "--query-gpu=index,memory.used", "--format=csv,noheader,nounits"
        try:
            asked = await asyncio.create_subprocess_exec(
                "nvidia-smi", *told, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
            )
        except OSError:
            return self._known
        try:
            out, _ = await asyncio.wait_for(asked.communicate(), GPU_S)
            self._known = memory_of(out.decode("utf-8", "replace"))
        except TimeoutError:
            asked.kill()
        return self._known


def memory_of(told: str) -> dict[str, int]:
    """From nvidia-smi's lines of an index and megabytes."""
    pairs: list[Any] = [line.split(",") for line in told.splitlines()]
    return {one[0].strip(): int(one[1]) << 20 for one in pairs if len(one) == 2 and one[1].strip().isdigit()}

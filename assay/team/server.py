"""A team's server: the parts of it put together, what runs beside them, and how it begins and ends."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assay.engine import weights
from assay.engine.web import HANDLERS, ServerBusy, error_response
from assay.team import certificates, openapi
from assay.team.config import Config, Folder
from assay.team.conventions import Conventions
from assay.team.door import Door, NotShared, address
from assay.team.gate.answers import Done, Gate
from assay.team.gate.nodes import Nodes
from assay.team.gate.tally import Gpus, Tally
from assay.team.identity import people
from assay.team.identity.accounts import Accounts
from assay.team.identity.letting_in import LettingIn, Records
from assay.team.identity.people import By
from assay.team.page import routes as pages
from assay.team.page.app import Web
from assay.team.record import book, told
from assay.team.record.incoming import Incoming, cipher_of
from assay.team.store import migrate
from assay.team.store.chain import Chain
from assay.team.store.database import Database, StoreUnavailable, going_on

log = logging.getLogger(__name__)

READY_S = 3.0  # for the database to say that it is there
LOOK_S, HOUR_S, DAY_MS = 2.0, 3_600.0, 86_400_000


@dataclass(frozen=True, slots=True)
class Store:
    """The database of a folder, in its newest form, and the record's chain."""

    database: Database
    chain: Chain

    def close(self) -> None:
        """Let go of it."""
        self.database.close()


def opened(folder: Folder, config: Config, say: Callable[[str], None] = lambda _: None) -> Store:
    """Open it, made or brought to its newest form where that is needed. Raises NotShared."""
    database = None
    try:
        database = Database(config.text("server.database") or folder.database)
        had = migrate.upgrade(database)
        if had is not None and had != migrate.newest():
            say(f"the database was brought from form {had} to {migrate.newest()}")
        return Store(database, Chain(folder.key("record"), folder.record_end))
    except (StoreUnavailable, NotShared) as error:
        if database is not None:
            database.close()
        raise NotShared(str(error)) from error


def door_of(config: Config) -> Door:
    """Where it listens. Raises NotShared."""
    host, port = address(config.text("server.listen"))
    paths = [config.path(f"server.{one}") for one in ("certificate", "certificate_key", "client_ca")]
    return Door(host, port, {}, paths[0], paths[1], client_ca=paths[2], has_accounts=True)


class Server:
    """All parts. `application` is what is served, `beside` what runs as long as that is."""

    def __init__(
        self, folder: Folder, config: Config, store: Store, nodes: Nodes, weights_path: Path | None = None
    ) -> None:
        """`weights_path`: what the engine of this machine loads, whose hash the record has beside the model's name; engines elsewhere tell none."""
        self.config, self.store, self.nodes = config, store, nodes
        self._weights = weights_path
        self.url = config.text("server.url").rstrip("/") or _own_url(config)
        self.accounts = Accounts(store.database)
        self.tally = Tally(nodes, tells_people=config.is_on("metrics.people"))
        self.gate = Gate(nodes, self.accounts, lambda caller: config.limits(caller.role), self._over)
        cipher = cipher_of(folder.key("source")) if config.text("record.source") == "encrypted" else None
        self.incoming = Incoming(store.database, store.chain, self.accounts, cipher)
        by_browser = bool(config.text("oidc.issuer"))
        records: Records = (
            "nothing" if not config.is_on("record.enabled") else "texts" if cipher is not None else "events"
        )
        self.letting_in = LettingIn(
            store.database,
            store.chain,
            self.accounts,
            self.url,
            by_browser=by_browser,
            records=records,
        )
        self.conventions = Conventions(config.path("conventions.file"), self.accounts)
        self.gpus = Gpus()
        self.web = Web(config, store.database, store.chain, nodes, self.url, folder.key("page"), self.gpus)
        self._left: tuple[int, int] | None = None
        self._asking: asyncio.Task[object] | None = None
        self._hashing: asyncio.Task[None] | None = None

    def application(self) -> Starlette:
        """What is served."""
        routes = [
            *self.gate.routes(),
            *self.incoming.routes(),
            *self.letting_in.routes(),
            *self.conventions.routes(),
            Route("/metrics", self.metrics),
            Route("/healthz", self.healthz),
            Route("/readyz", self.readyz),
            *pages.of(self.web),
        ]
        listed = openapi.schema([*routes, Route("/openapi.json", self.readyz)])
        routes.append(Route("/openapi.json", functools.partial(_json, listed)))
        return Starlette(routes=routes, exception_handlers=HANDLERS | {StoreUnavailable: _no_store})

    @contextlib.asynccontextmanager
    async def beside(self) -> AsyncIterator[None]:
        """The engine, and what looks after things: tokens of answers under way, counts, engines elsewhere, people who left, rows that are too old."""
        if self._weights is not None:
            self._hashing = asyncio.create_task(self._hashed(self._weights), name="weights")
        works = [self.accounts.watch(), self.tally.watch(self.store.database), self.nodes.watch(), self._minutes()]
        tasks = [asyncio.create_task(one) for one in works]
        try:
            await self.nodes.warm()
            yield
        finally:
            for one in [*tasks, *([self._hashing] if self._hashing is not None else [])]:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.accounts.note_used()
            await self.tally.flush(self.store.database)
            await self.gate.close()

    def ends(self) -> None:
        """Begin nothing new."""
        self.gate.ends = True

    async def healthz(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(self, _: Request) -> Response:
        """Whether a request can be served: the database answers, an engine does, and the server does not end."""
        lacks = ["it ends"] if self.gate.ends else []
        try:
            if self._asking is None or self._asking.done():  # one at a time, whoever looks how often
                self._asking = asyncio.create_task(self.store.database.read(lambda session: session.execute(text("SELECT 1")).scalar()))  # fmt: skip
            async with asyncio.timeout(READY_S):
                await asyncio.shield(self._asking)
        except (StoreUnavailable, TimeoutError):
            lacks.append("the database gives no answer")
        if not any(one.is_up and not one.is_drained for one in self.nodes.all):
            lacks.append("no engine answers")
        return JSONResponse({"status": "; ".join(lacks) or "ready"}, status_code=503 if lacks else 200)

    async def metrics(self, request: Request) -> Response:
        if not self.config.is_on("metrics.open"):
            await self.accounts.caller(request, "metrics")
        return Response(
            self.tally.metrics(await self.gpus.memory()), media_type="text/plain; version=0.0.4; charset=utf-8"
        )

    def _over(self, done: Done) -> None:
        self.tally.over(done)
        log.info("%s", json.dumps({"at": round(time.time(), 3), "path": done.path, "person": done.caller.person_id, "engine": done.node, "ended": done.ended, "waited_ms": round(done.waited_s * 1000), "whole_ms": round(done.whole_s * 1000), "tokens": done.tokens}))  # fmt: skip

    async def _hashed(self, path: Path) -> None:
        with going_on("the hash of the weights"):
            self.incoming.weights[weights.name_of(path)] = await asyncio.to_thread(weights.digest, path)

    async def _minutes(self) -> None:
        looked = -HOUR_S
        while True:
            await asyncio.sleep(LOOK_S)
            with going_on("which engines get nothing new"):
                drained = await self.store.database.read(lambda session: told.read(session, told.DRAINED))
                names = set(json.loads(drained or "[]"))
                if names != {one.name for one in self.nodes.all if one.is_drained}:
                    self.nodes.drain(names)
            if (now := _stamp(self.config.path("people.left_file"))) != self._left:
                with going_on("who left"):
                    await asyncio.to_thread(self._who_left)
                    self._left = now
            if time.monotonic() - looked >= HOUR_S:
                looked = time.monotonic()
                with going_on("what of the record is too old"):
                    await asyncio.to_thread(self._what_is_old)

    def _who_left(self) -> None:
        """Disable them; a list that cannot be read is said once, and is looked at again when it changes. Raises StoreUnavailable."""
        path = self.config.path("people.left_file")
        if path is None:
            return
        try:
            names = people.of_list(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            log.warning("who left cannot be read in %s: %s", path, error)
            return
        with self.store.database.writing() as session:
            for name in people.left(session, By(self.store.chain), names):
                log.warning("%s left, by %s: their tokens open nothing any more", name, path)

    def _what_is_old(self) -> None:
        """Let go of rows of the record that are too old. Raises StoreUnavailable."""
        if days := self.config.number("record.keep_days"):
            with self.store.database.writing() as session:
                book.forget_before(session, self.store.chain, people.now_ms() - days * DAY_MS)


def _own_url(config: Config) -> str:
    """By the first name of the certificate; else by where it listens."""
    door = door_of(config)
    host = certificates.first_name(door.certificate) if door.certificate is not None else None
    return f"https://{f'[{host}]' if ':' in host else host}:{door.port}" if host else door.address


async def _json(listed: dict[str, object], _: Request) -> Response:
    return JSONResponse(listed)


async def _no_store(_: Request, error: Exception) -> Response:
    log.warning("%s", error)
    return error_response(ServerBusy("The server's database gives no answer.", 10))


def _stamp(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    try:
        status = path.stat()
        return status.st_ctime_ns, status.st_ino  # which changes with its mode, too
    except OSError:
        return None

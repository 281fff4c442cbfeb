"""The routes by which clients tell what became of their suggestions. What is answered is written: a batch that was sent again is recorded once."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from dataclasses import replace

from cryptography.fernet import Fernet, InvalidToken
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assay.engine.web import ServerBusy, body_of
from assay.team.identity.access import Access
from assay.team.store.chain import Chain, Note
from assay.team.store.database import Database, StoreUnavailable

from . import events, silence, told

AT_ONCE = 16  # batches that wait for the database; of more, clients are told to come again


class Incoming:
    """`cipher` encrypts the text of suggestions, where the team keeps it; without one an event with a text is refused."""

    def __init__(self, database: Database, chain: Chain, access: Access, cipher: Fernet | None = None) -> None:
        self._database = database
        self._chain = chain
        self._access = access
        self._cipher = cipher
        self._waiting = 0
        self.weights = dict[str, str]()  # hashes by the models' names, as far as they are known here

    def routes(self) -> list[Route]:
        """What is served here."""
        return [
            Route("/v1/record", self.record, methods=["POST"]),
            Route("/v1/feedback", self.feedback, methods=["POST"]),
            Route("/v1/silence", self.silence),
        ]

    async def record(self, request: Request) -> Response:
        caller = await self._access.caller(request, "record")
        found = events.notes(
            (await body_of(request)).get("events"),
            caller.person_id or 0,
            "kept" if self._cipher is not None else "none",
        )
        added = await self.write([self._covered(one) for one in found])
        return JSONResponse({"acknowledged": len(found), "new": added})

    async def feedback(self, request: Request) -> Response:
        caller = await self._access.caller(request, "record")
        note = events.feedback(await body_of(request), caller.person_id or 0)
        await self.write([note])
        return JSONResponse({"acknowledged": 1})

    async def silence(self, request: Request) -> Response:
        """How likely a suggestion has to be kept before it is shown, as the team found it to be better."""
        await self._access.caller(request, "record")
        value = await self._database.read(lambda session: told.read(session, told.SILENCE))
        return JSONResponse({"least": dict(silence.read(value))})

    async def write(self, notes: list[Note]) -> int:
        """Have them in the database; how many are new. Raises ServerBusy where it gives no answer: nothing of them was recorded then, or all of it, which the
        client's next try finds out."""
        if self._waiting >= AT_ONCE:
            raise ServerBusy("The record is busy.", 5)
        self._waiting += 1
        try:
            return await asyncio.shield(self._database.write(lambda session: self._chain.append(session, notes)))
        except StoreUnavailable as error:
            raise ServerBusy("The record cannot be written now: the server's database gives no answer.", 10) from error
        finally:
            self._waiting -= 1

    def _covered(self, note: Note) -> Note:
        if note.kind == "suggestion" and (known := self.weights.get(str(note.plain.get("model", "")))):
            note = replace(note, plain={**note.plain, "weights": known})  # what was loaded here, whatever a client says
        if note.source is None or self._cipher is None:
            return note
        return replace(note, source=self._cipher.encrypt(note.source.encode("utf-8", "replace")).decode())


def cipher_of(key: bytes) -> Fernet:
    """For texts that the team keeps, by a key of 32 bytes that is outside the database."""
    return Fernet(base64.urlsafe_b64encode(key))


def showing(cipher: Fernet | None) -> Callable[[str], str]:
    """How a text that was kept is told: as it was, with its key; that there is one, without."""

    def shown(kept: str) -> str:
        if cipher is None:
            return "kept"
        try:
            return cipher.decrypt(kept.encode()).decode()
        except InvalidToken:
            return "kept with another key"

    return shown

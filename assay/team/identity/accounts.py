"""Who asks, by the database: what is known of a token is at most half a second old, so what is revoked, disabled or over opens nothing a second later."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import update
from sqlalchemy.orm import Session
from starlette.requests import Request

from assay.engine.web import Refused, ServerBusy
from assay.team.store.database import Database, StoreUnavailable, going_on
from assay.team.store.tables import Token

from . import tokens
from .access import Caller, shown
from .people import now_ms
from .tokens import Known, Scope

FRESH_S = 0.5  # how old what is known of a token may be
LOOKED_UP_S = 5.0  # for the database to say whose a token is
KEPT = 4_096  # tokens that are known at once
USED_S = 60.0  # between two notes of when tokens were used


class Accounts:
    """`watch` runs beside: it looks at the tokens of answers that are under way, and notes which were used."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[str, tuple[float, Known | None]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Known | None]] = {}
        self._held = Counter[str]()
        self._used: set[str] = set()

    async def caller(self, request: Request, scope: Scope) -> Caller:
        told = shown(request)
        token_id = tokens.id_of(told)
        one = await self._of(token_id) if token_id is not None else None
        if not tokens.opens(one, told) or one is None:
            raise Refused(_why(one, told), 401)
        if scope not in one.scopes:
            raise Refused(
                f"That key does not open this: it is for {' and '.join(sorted(one.scopes))}, and this is {scope}.", 403
            )
        self._used.add(one.token_id)
        return Caller(one.name, one.person_id, one.token_id, one.role, one.weight, one.scopes)

    def holds(self, caller: Caller) -> bool:
        _, one = self._known.get(caller.token_id, (0.0, None))
        return one is not None and one.is_open and (one.expires_ms is None or one.expires_ms > now_ms())

    @contextlib.contextmanager
    def held(self, caller: Caller) -> Iterator[None]:
        """An answer of theirs is under way: `holds` stays true to the database meanwhile."""
        self._held[caller.token_id] += 1
        try:
            yield
        finally:
            self._held[caller.token_id] -= 1
            self._held += Counter()

    async def watch(self) -> None:
        """Until it is cancelled."""
        noted = time.monotonic()
        while True:
            await asyncio.sleep(FRESH_S)
            with going_on("looking tokens up"):
                for token_id in list(self._held):
                    with contextlib.suppress(Refused):
                        await self._of(token_id)
                if time.monotonic() - noted >= USED_S:
                    noted = time.monotonic()
                    await self.note_used()

    async def note_used(self) -> None:
        """Write down when tokens were last used; they are noted once a minute."""
        used, self._used = self._used, set()
        if used:
            with contextlib.suppress(StoreUnavailable):
                await self._database.write(lambda session: _note(session, used))

    async def _of(self, token_id: str) -> Known | None:
        """What is known of it, from the database where that is too old. Raises ServerBusy where it gives no answer."""
        at, one = self._known.get(token_id, (0.0, None))
        if time.monotonic() - at < FRESH_S and token_id in self._known:
            return one
        task = self._asking.get(token_id)
        if task is None:
            task = self._asking[token_id] = asyncio.create_task(self._looked_up(token_id), name="token")
            task.add_done_callback(lambda _: self._asking.pop(token_id, None))
        try:
            async with asyncio.timeout(LOOKED_UP_S):
                return await asyncio.shield(task)
        except (StoreUnavailable, TimeoutError) as error:
            self._known.pop(token_id, None)
            raise ServerBusy("Who you are cannot be looked up now: the server's database gives no answer.") from error

    async def _looked_up(self, token_id: str) -> Known | None:
        began = time.monotonic()
        one = await self._database.read(lambda session: tokens.known(session, token_id))
        if one is not None or token_id in self._known:
            self._known[token_id] = (began, one)
            self._known.move_to_end(token_id)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return one


def _note(session: Session, used: set[str]) -> None:
    session.execute(update(Token).where(Token.id.in_(used)).values(used_ms=now_ms()))


def _why(one: Known | None, told: str) -> str:
    """Why it opens nothing. Only who has the right secret hears more than that."""
    if one is None or tokens.digest(told) != one.digest:
        return "That key opens nothing here."
    if one.is_open:
        ended = datetime.fromtimestamp((one.expires_ms or 0) / 1000, UTC)
        return f"That key ended on {ended:%Y-%m-%d}. `assay login` gets another one."
    return "That key was revoked, or its account is disabled. Ask whoever runs this server."

"""Tell a team's server what became of suggestions: in batches, beside everything else, and again later where it is away. No key waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from pathlib import Path
from typing import Any

from analyzers.conventions import guide
from assay.assistant.record.outbox import Outbox
from assay.engine.api import EngineDeclined, EngineError, EngineRefused
from assay.engine.client import NOT_FOUND, Client
from assay.services import Services

log = logging.getLogger(__name__)

EVERY_S = 10.0
FEEDBACK = "feedback"
WRONG = 400  # HTTP's status for what is no request
GUIDE_S = 600.0  # between two looks at the team's guide
MOST_S = 600.0  # between two tries at a server that is away
BACK_S = 600.0  # between two looks at what was accepted a day ago


class Telling:
    """One of each window; of all windows of a user one at a time sends."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._has_guide = True

    async def run(self) -> None:
        """Until it is cancelled."""
        wait_s, since_back_s, since_guide_s = EVERY_S, BACK_S, GUIDE_S
        while True:
            await asyncio.sleep(wait_s)
            since_guide_s += wait_s
            if self._has_guide and since_guide_s >= GUIDE_S and self._services.are_made:
                since_guide_s = 0.0
                if (path := self._services.team_guide) is not None:
                    await self._fetch_guide(path)
            box = self._services.bench.ledger.outbox if self._services.are_made else None
            if box is None:
                continue
            since_back_s += wait_s
            if since_back_s >= BACK_S:
                since_back_s = 0.0
                await asyncio.to_thread(box.look_back)
            client = self._services.team() if box.waits else None
            if client is None:
                continue
            try:
                await sent(box, client)
                wait_s = EVERY_S
            except EngineError as error:
                wait_s = MOST_S if isinstance(error, EngineRefused) else min(MOST_S, wait_s * 2)
                log.info("what became of suggestions waits for the team's server, %.0f s: %s", wait_s, error)
            finally:
                await client.close()

    async def _fetch_guide(self, path: Path) -> None:
        client = self._services.team()
        if client is None:
            return
        try:
            await fetched(client, path)
            if (box := self._services.bench.ledger.outbox) is not None:
                await silenced(client, box)
        except EngineRefused as error:  # another kind of server, which is not asked again
            self._has_guide = error.status != NOT_FOUND
        except EngineError as error:
            log.info("the team's guide was not told: %s", error)
        finally:
            await client.close()


async def fetched(client: Client, path: Path) -> None:
    """Keep the team's guide in that file, as the server has it now. Raises EngineError."""
    told = await client.get("/v1/conventions")
    text = told.get("text") if isinstance(told, dict) else None
    if not isinstance(text, str) or len(text) > guide.SIZE_LIMIT:
        return
    await asyncio.to_thread(_kept, path, text)


async def silenced(client: Client, box: Outbox) -> None:
    """Keep what the team found out of its record about when to stay silent. Raises EngineError."""
    told = await client.get("/v1/silence")
    least = told.get("least") if isinstance(told, dict) else None
    if isinstance(least, dict):
        good = {str(kind): float(one) for kind, one in least.items() if type(one) in (int, float)}
        await asyncio.to_thread(box.keep_silence, good)


def _kept(path: Path, text: str) -> None:
    with contextlib.suppress(OSError):
        if not text:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_suffix(f".{os.getpid()}")
        beside.write_text(text, "utf-8")
        os.replace(beside, path)


async def sent(box: Outbox, client: Client) -> int:
    """Send all that waits, if no other window does; how many events the server has now. What it says is no event is let go: it would be none for ever. Raises
    EngineError, and all that was not sent is kept then, also where there is no record to send it to."""
    with box.sending() as is_mine:
        if not is_mine:
            return 0
        count = 0
        for batch in await asyncio.to_thread(box.take):
            count += await _sent(client, batch)
        await asyncio.to_thread(box.done)
        return count


async def _sent(client: Client, batch: list[dict[str, Any]]) -> int:
    """One batch; where the server does not take it, event by event. What somebody says goes by a way of its own."""
    said = [one for one in batch if one.get("event") == FEEDBACK]
    if said and len(batch) > 1:
        others = [one for one in batch if one.get("event") != FEEDBACK]
        return sum([await _sent(client, some) for some in ([others] if others else []) + [[one] for one in said]])
    try:
        if said:
            await client.post(
                "/v1/feedback",
                {name: said[0][name] for name in ("id", "suggestion", "thumb", "word") if name in said[0]},
            )
        else:
            await client.post("/v1/record", {"events": batch})
        return len(batch)
    except EngineDeclined as error:
        if error.status != WRONG:
            raise
        if len(batch) == 1:
            log.warning("an event was not taken: %s", error)
            return 0
    return sum([await _sent(client, [one]) for one in batch])

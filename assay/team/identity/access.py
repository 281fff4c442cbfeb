"""Who asks: what the gate is told of a request. There are two ways to know: a file of keys, for a machine's engine, and accounts, for a team's server."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request

from assay.engine.client import is_loopback
from assay.engine.web import Refused

from .people import Role
from .tokens import SCOPES, Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was let in, and with what. `name` is whose turn it is; "" for the people of one machine without keys."""

    name: str
    person_id: int | None = None
    token_id: str = ""
    role: Role = "member"
    weight: int = 1
    scopes: frozenset[str] = frozenset(SCOPES)


class Access(Protocol):
    """These exist: `Keys`, and `accounts.Accounts`."""

    async def caller(self, request: Request, scope: Scope) -> Caller:
        """Who asks for something of this kind. Raises Refused: 401 for nobody, 403 for what their key does not open, 503 where that cannot be known now."""
        ...

    def holds(self, caller: Caller) -> bool:
        """Whether they are let in still, as of the last half second. For whoever is in the middle of an answer; nothing is asked for it."""
        ...

    def held(self, caller: Caller) -> AbstractContextManager[None]:
        """An answer of theirs is under way, for as long as the block lasts."""
        ...


class Keys:
    """Names by their keys, compared in the same time whatever is shown. Without any, this machine is served by its own name."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._keys = keys

    def let_in(self, keys: Mapping[str, str]) -> None:
        """Others, from now on."""
        self._keys = keys

    async def caller(self, request: Request, scope: Scope) -> Caller:
        if not self._keys:
            if not is_loopback(request.url.hostname or ""):  # a page in a browser that found out where this listens
                raise Refused("Without keys only this machine is served, by its own name.", 403)
            return Caller("")
        told, found = shown(request), ""
        for key, name in self._keys.items():
            if hmac.compare_digest(key.encode(), told.encode("utf-8", "replace")):
                found = name
        if not found:
            raise Refused("That key opens nothing here.", 401)
        return Caller(found)

    def holds(self, caller: Caller) -> bool:
        return not caller.name or caller.name in self._keys.values()

    def held(self, caller: Caller) -> AbstractContextManager[None]:
        return nullcontext()


def shown(request: Request) -> str:
    """The key that a request shows; "" for none, or for another kind of proof."""
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    return given.strip() if kind.lower() == "bearer" else ""

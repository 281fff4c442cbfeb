"""How a machine gets its token: what this server offers, and the device flow (RFC 8628). The pages where somebody says yes are the page's."""

from __future__ import annotations

import re
from typing import Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assay import __version__
from assay.engine.web import Refused, ServerBusy, body_of
from assay.team.store.chain import Chain
from assay.team.store.database import Database, StoreUnavailable

from . import devices, people
from .access import Access
from .people import By

NO_ANSWER = "The server's database gives no answer."
Records = Literal["nothing", "events", "texts"]
LABEL = re.compile(r"[\w.@ -]{1,64}")


class LettingIn:
    """`by_browser`: whether somebody can log in to the page without a token, so that a machine without one is sent there. `url` is the server's as people see it."""

    def __init__(
        self, database: Database, chain: Chain, access: Access, url: str, *, by_browser: bool, records: Records
    ) -> None:
        self._database = database
        self._chain = chain
        self._access = access
        self._url = url
        self._by_browser = by_browser
        self._records = records

    def routes(self) -> list[Route]:
        """What is served here."""
        return [
            Route("/login/about", self.about),
            Route("/login/device", self.device, methods=["POST"]),
            Route("/login/token", self.token, methods=["POST"]),
            Route("/v1/me", self.me),
        ]

    async def about(self, _: Request) -> Response:
        return JSONResponse(
            {
                "assay": __version__,
                "login": ["device", "token"] if self._by_browser else ["token"],
                "record": self._records != "nothing",
                "texts": self._records == "texts",
            }
        )

    async def me(self, request: Request) -> Response:
        caller = await self._access.caller(request, "complete")
        return JSONResponse({"name": caller.name, "role": caller.role, "scopes": sorted(caller.scopes)})

    async def device(self, request: Request) -> Response:
        if not self._by_browser:
            raise Refused("Nobody logs in by a browser here: ask whoever runs this server for a token.", 403)
        label = (await body_of(request)).get("label", "a machine")
        if not isinstance(label, str) or not LABEL.fullmatch(label):
            raise Refused("`label` is at most 64 letters, digits, spaces and . @ _ -")
        try:
            asked = await self._database.write(lambda session: devices.begin(session, label))
        except people.Refused as error:
            raise ServerBusy(str(error), 60) from error
        except StoreUnavailable as error:
            raise ServerBusy(NO_ANSWER, 10) from error
        where = f"{self._url}/page/device"
        told = {"device_code": asked.device_code, "user_code": asked.user_code, "verification_uri": where, "verification_uri_complete": f"{where}?code={asked.user_code}", "expires_in": asked.expires_s, "interval": asked.every_s}  # fmt: skip
        return JSONResponse(told)

    async def token(self, request: Request) -> Response:
        code = (await body_of(request)).get("device_code")
        if not isinstance(code, str) or not 20 <= len(code) <= 200:
            raise Refused("`device_code` has to be what /login/device told.")
        try:
            told = await self._database.write(lambda session: devices.poll(session, By(self._chain), code))
        except StoreUnavailable as error:
            raise ServerBusy(NO_ANSWER, 10) from error
        if told in ("authorization_pending", "slow_down", "access_denied", "expired_token"):
            return JSONResponse({"error": {"message": told, "code": 400}}, status_code=400)
        return JSONResponse({"access_token": told, "token_type": "Bearer"})

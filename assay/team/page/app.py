"""The pages' routes: who looks, what they may see, and each answer with the headers that keep others out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from assay import __version__
from assay.engine.client import is_loopback
from assay.engine.web import BODY_S
from assay.team.config import Config
from assay.team.gate.nodes import Nodes
from assay.team.gate.tally import Gpus
from assay.team.identity import people, visits
from assay.team.identity.people import By, Role
from assay.team.store.chain import Chain
from assay.team.store.database import Database, StoreUnavailable
from assay.team.store.tables import Person

FORM_LIMIT = 20_000  # bytes
ROOT = "/page"
STATIC = Path(__file__).with_name("static")
HEADERS: Mapping[str, str] = {
    "content-security-policy": "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # a form has to say where it comes from
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class Turned(Exception):
    """Not this page: somebody is sent elsewhere, or told why not."""

    def __init__(self, where: str = "", status: int = 303, why: str = "") -> None:
        super().__init__(why or where)
        self.where, self.status, self.why = where, status, why


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks at a page: somebody who is logged in, and what their forms carry."""

    person: Person
    role: Role
    cookie: str
    guard: str

    def may(self, *roles: Role) -> bool:
        """Whether they have one of these roles."""
        return self.role in roles


@dataclass(frozen=True, slots=True)
class Web:
    """What pages are made of."""

    config: Config
    database: Database
    chain: Chain
    nodes: Nodes
    url: str
    key: bytes  # of forms, and of what the provider's way back carries
    gpus: Gpus

    @property
    def is_secure(self) -> bool:
        """Whether browsers come by TLS."""
        return self.url.startswith("https")

    @property
    def cookie(self) -> str:
        """Its name: one that no other host and no plain connection can set, where there is TLS."""
        return "__Host-assay" if self.is_secure else "assay"

    def by(self, looker: Looker) -> By:
        """Who changes something."""
        return By(self.chain, looker.person.id)


Page = Callable[[Web, Request, Looker], Awaitable[Response]]
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["share"] = lambda one: "–" if one is None else f"{one * 100:.0f} %"
_templates.filters["ms"] = lambda one: "–" if one is None else f"≤ {one} ms" if one < 60_000 else "over 30 s"
_templates.filters["when"] = lambda one: "–" if not one else f"{datetime.fromtimestamp(one / 1000, UTC):%Y-%m-%d %H:%M}"
_templates.filters["whole"] = lambda one: f"{one:,}".replace(",", "\u202f")


def shown(template: str, looker: Looker | None, status: int = 200, **told: Any) -> Response:
    """A page by its template."""
    role = looker.role if looker is not None else ""
    text = _templates.get_template(template).render(looker=looker, role=role, version=__version__, root=ROOT, **told)
    return Response(text, status, HEADERS, "text/html; charset=utf-8")


def to(where: str) -> Response:
    """Another page."""
    return RedirectResponse(f"{ROOT}{where}", 303, HEADERS)


def route(web: Web, path: str, page: Page, *, roles: tuple[Role, ...] = people.ROLES, posts: bool = False) -> Route:
    """A page for whoever has one of the roles. A form has to carry its guard and come from here."""

    async def endpoint(request: Request) -> Response:
        return await guarded(request, lambda: _answered(request))

    async def _answered(request: Request) -> Response:
        looker = await looking(web, request)
        if looker is None:
            here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            raise Turned("/login" + (f"?next={here}" if here != ROOT and request.method == "GET" else ""))
        if looker.role not in roles:
            raise Turned(status=403, why="That page is not for you: it needs another role.")
        if posts:
            request.state.form = await form_of(web, request)
            if not visits.is_guarded(web.key, looker.cookie, request.state.form.get("guard", "")):
                raise Turned(status=403, why="That form is too old, or was not made here. Load the page again.")
        return await page(web, request, looker)

    return Route(ROOT + path, endpoint, methods=["POST"] if posts else ["GET"], include_in_schema=False)


async def guarded(request: Request, work: Callable[[], Awaitable[Response]]) -> Response:
    """The answer, or the page that says why there is none."""
    try:
        response = await work()
    except Turned as error:
        if error.where:
            return to(error.where)
        return shown("refused.html", None, error.status, why=error.why)
    except people.Refused as error:
        return shown("refused.html", None, 409, why=str(error))
    except StoreUnavailable:
        return shown("refused.html", None, 503, why="The server's database gives no answer. Try again in a moment.")
    if request.url.scheme == "https":
        response.headers["strict-transport-security"] = "max-age=31536000"
    return response


async def looking(web: Web, request: Request) -> Looker | None:
    """Who is logged in in this browser."""
    told = request.cookies.get(web.cookie, "")
    if not told or len(told) > 100:
        return None
    person = await web.database.read(lambda session: visits.who(session, told))
    return Looker(person, people.role_of(person), told, visits.guard(web.key, told)) if person is not None else None


async def form_of(web: Web, request: Request) -> dict[str, str]:
    """The fields of a form that came from a page of ours. Raises Turned."""
    origin = request.headers.get("origin")
    if origin is not None and not _is_ours(web, request, origin):
        raise Turned(status=403, why="That form was not made here.")
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for piece in request.stream():
                data += piece
                if len(data) > FORM_LIMIT:
                    raise Turned(status=413, why="That form is too large.")
    except TimeoutError as error:
        raise Turned(status=408, why="That form did not come to its end in time.") from error
    with contextlib.suppress(ValueError):
        return {
            name: value.replace("\0", "")[:2_000]
            for name, value in parse_qsl(data.decode("utf-8"), keep_blank_values=True, max_num_fields=50)
        }
    raise Turned(status=400, why="That form cannot be read.")


def _is_ours(web: Web, request: Request, origin: str) -> bool:
    parts = urlsplit(origin)
    here = urlsplit(web.url)
    return parts.netloc in (here.netloc, request.headers.get("host", "")) or (
        is_loopback(parts.hostname or "") and is_loopback(here.hostname or "")
    )


async def static(request: Request) -> Response:
    """A style or the bundled script; by name, from one folder."""
    path = STATIC / request.path_params["name"]
    if path.parent != STATIC or path.suffix not in KINDS or not path.is_file():
        return Response("There is nothing here.", 404, HEADERS)
    return FileResponse(
        path, headers={**HEADERS, "cache-control": "public, max-age=3600"}, media_type=KINDS[path.suffix]
    )


async def read(web: Web, work: Callable[[Session], Any]) -> Any:
    """From the database, in a thread."""
    return await web.database.read(work)

"""Pages that show: the server now, suggestions, people, the record, one's own."""

from __future__ import annotations

import asyncio
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from analyzers.conventions import guide
from assay.engine import hub
from assay.engine.web import Refused
from assay.team.identity import people, tokens
from assay.team.record import book
from assay.team.record.book import Sought
from assay.team.store.counts import EVERYBODY
from assay.team.store.tables import Person

from . import charts, figures
from .app import HEADERS, Looker, Turned, Web, read, shown
from .figures import Of

DAYS = (7, 30, 90)
SVG = {
    **HEADERS,
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "cache-control": "private, max-age=60",
}


async def now(web: Web, request: Request, looker: Looker) -> Response:
    """What the server does, looked at every two seconds by the part of it that is asked for alone."""
    queue = web.nodes.queue
    engines = [
        {
            "name": one.name,
            "kind": one.kind,
            "at": queue.at(one),
            "limit": one.limit,
            "state": "drained" if one.is_drained else "up" if one.is_up else "gives no answer",
        }
        for one in web.nodes.all
    ]
    told: dict[str, Any] = {
        "waiting": queue.waiting,
        "working": queue.there,
        "limit": queue.limit,
        "engines": engines,
        "memory": await web.gpus.memory(),
    }
    part = request.headers.get("hx-request") == "true"
    return shown("now_part.html" if part else "now.html", looker, **told)


async def suggestions(web: Web, request: Request, looker: Looker) -> Response:
    """What was offered, what became of it, how long it took: of the team for whoever leads it, else of oneself."""
    days, whose = _days(request), _whose(looker, request)
    found = await read(web, lambda session: figures.of(session, days, whose))
    return shown(
        "suggestions.html",
        looker,
        found=found,
        days=days,
        choices=DAYS,
        is_team=whose == EVERYBODY,
        shares=figures.SHARES,
    )


async def chart(web: Web, request: Request, looker: Looker) -> Response:
    """A picture of the same numbers."""
    days, whose = _days(request), _whose(looker, request)
    found = await read(web, lambda session: figures.of(session, days, whose))
    name = request.path_params["name"]
    if name == "verdicts":
        picture = charts.stacked(found.days, found.verdicts)
    elif name == "requests":
        picture = charts.bars(found.days, "requests", found.requests)
    else:
        raise Turned(status=404, why="There is no such chart.")
    return Response(picture, 200, SVG, "image/svg+xml")


async def everybody(web: Web, request: Request, looker: Looker) -> Response:
    """Who uses it how much: by name, by a name that says nothing, or not at all, as the team set it."""
    days, sees = _days(request), web.config.text("page.leads_see")
    if looker.role == "lead" and sees == "numbers":
        raise Turned(status=403, why="This team shows numbers of all together alone (`page.leads_see`).")
    found: list[Of] = await read(web, lambda session: figures.of_people(session, days))
    told = [
        (_name(web, looker, one.person), one) for one in found if one.requests or one.offered or looker.role == "admin"
    ]
    return shown("people.html", looker, found=told, days=days, choices=DAYS, by_name=_sees_names(web, looker))


async def record(web: Web, request: Request, looker: Looker) -> Response:
    """Rows of the record, found by what they are; one's own for members."""
    asked = request.query_params
    below = int(asked["below"]) if is_number(asked.get("below", "")) else 0
    who = asked.get("person", "").strip()[:64] if _sees_names(web, looker) else ""
    if not looker.may("lead", "admin") or (looker.role == "lead" and web.config.text("page.leads_see") == "numbers"):
        who = looker.person.name
    kind, suggestion = asked.get("kind", "")[:24], asked.get("suggestion", "").strip()[:64]
    sought = Sought(kind, who, suggestion, _ms(asked.get("since", "")), below)
    rows = await read(web, lambda session: book.rows(session, sought))
    for row in rows:
        if not _sees_names(web, looker) and row["person"] != looker.person.name:
            row["person"], row["personal"] = _pseudonym(web, row["person"]) if row["person"] else "", None
        row["text"] = json.dumps(
            {
                **row["plain"],
                **{
                    name: value
                    for name, value in (row["personal"] or {}).items()
                    if value is not None and name != "person"
                },
            },
            ensure_ascii=False,
        )
    part = request.headers.get("hx-request") == "true"
    told = {
        "rows": rows,
        "sought": sought,
        "since": asked.get("since", ""),
        "more": rows[-1]["seq"] if len(rows) == book.PAGE else 0,
        "by_name": _sees_names(web, looker),
    }
    return shown("record_part.html" if part else "record.html", looker, **told)


async def mine(web: Web, request: Request, looker: Looker) -> Response:
    """One's own tokens, and what the record says of oneself."""

    def work(session: Session) -> tuple[Any, ...]:
        person = session.get_one(Person, looker.person.id)
        return (
            tokens.of(session, person),
            len(book.rows(session, Sought(person=person.name), 1)),
            figures.of(session, 30, person.id),
        )

    own, has_rows, found = await read(web, work)
    return shown(
        "mine.html",
        looker,
        tokens=[one for one, _ in own],
        has_rows=has_rows,
        found=found,
        scopes=tokens.USUAL,
        token="",
        now=people.now_ms(),
    )


async def download(web: Web, request: Request, looker: Looker) -> Response:
    """Everything that the record says of oneself."""

    def work(session: Session) -> list[dict[str, Any]]:
        return list(book.all_rows(session, Sought(person=looker.person.name)))

    rows = await read(web, work)
    headers = {**HEADERS, "content-disposition": f'attachment; filename="assay-{looker.person.name}.jsonl"'}
    return StreamingResponse(book.exported(iter(rows), "jsonl"), 200, headers, "application/x-ndjson")


async def model(web: Web, request: Request, looker: Looker) -> Response:
    """What writes, what is known of it, and how it does for this team."""
    try:
        _, told = await web.nodes.get("/v1/models", looker.person.name)
        names = [str(one["id"]) for one in told["data"]][:20]
    except (Refused, KeyError, TypeError):  # the page says the rest
        names = []
    found = await read(web, lambda session: figures.of(session, 30))
    licences = {name: one.licence for name in names for one in hub.known() if name.lower().startswith(one.name)}
    return shown(
        "model.html",
        looker,
        licences=licences,
        names=names,
        rows=figures.joined(found.rows),
        found=found,
        kinds=sorted({one.kind for one in web.nodes.all}),
    )


async def conventions(web: Web, request: Request, looker: Looker) -> Response:
    """The team's guide as it is now, and what of it is checked."""
    path = web.config.path("conventions.file")
    text = await asyncio.to_thread(_guide_of, path)
    return shown("conventions.html", looker, text=text, guide=guide.read(text), is_set=path is not None)


def _guide_of(path: Path | None) -> str:
    try:
        return path.read_bytes()[: guide.SIZE_LIMIT].decode("utf-8", "replace") if path is not None else ""
    except OSError:
        return ""


async def team(web: Web, request: Request, looker: Looker) -> Response:
    """Everybody, for whoever lets people in."""

    def work(session: Session) -> Any:
        return people.everybody(session), tokens.of(session)

    found, held = await read(web, work)
    by_person: dict[int, list[Any]] = {}
    for token, who in held:
        by_person.setdefault(who.id, []).append(token)
    return shown("team.html", looker, people=found, tokens=by_person, roles=people.ROLES, now=people.now_ms())


def _days(request: Request) -> int:
    told = request.query_params.get("days", "30")
    return int(told) if is_number(told) and int(told) in DAYS else 30


def is_number(told: str) -> bool:
    """Whether it is one that a database takes."""
    return told.isascii() and told.isdigit() and len(told) < 16


def _whose(looker: Looker, request: Request) -> int:
    """Of all together for leads and admins, unless they ask for their own."""
    is_own = request.query_params.get("of") == "me" or not looker.may("lead", "admin")
    return looker.person.id if is_own else EVERYBODY


def _sees_names(web: Web, looker: Looker) -> bool:
    return looker.role == "admin" or (looker.role == "lead" and web.config.text("page.leads_see") == "names")


def _name(web: Web, looker: Looker, person: Person) -> str:
    return person.name if _sees_names(web, looker) or person.id == looker.person.id else _pseudonym(web, person.name)


def _pseudonym(web: Web, name: str) -> str:
    """The same for the same person, as long as the server's key is."""
    return "p-" + hmac.new(web.key, f"person|{name}".encode(), "sha256").hexdigest()[:8]


def _ms(day: str) -> int:
    try:
        return int(datetime.fromisoformat(day[:10]).replace(tzinfo=UTC).timestamp() * 1000) if day else 0
    except ValueError:
        return 0

"""What a page changes: people and tokens by admins, one's own tokens and data by everybody. Each is a form, and each is recorded."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from assay.team.identity import people, tokens
from assay.team.identity.people import Refused
from assay.team.record import book
from assay.team.store.tables import Person, Token

from .app import Looker, Turned, Web, shown, to


async def add_person(web: Web, request: Request, looker: Looker) -> Response:
    """Let somebody in; their first token is shown this once."""
    form = request.state.form

    def work(session: Session) -> str:
        person = people.add(session, web.by(looker), form.get("name", "").strip().lower(), _role(form))
        return tokens.add(session, web.by(looker), person, "the first")

    told = await web.database.write(work)
    return shown("token.html", looker, token=told, name=form["name"], url=web.url, back="/team")


async def change_person(web: Web, request: Request, looker: Looker) -> Response:
    """A role, disabled, enabled."""
    form, act = request.state.form, request.path_params["act"]

    def work(session: Session) -> None:
        person, by = people.named(session, form.get("name", "")), web.by(looker)
        match act:
            case "role":
                people.give_role(session, by, person, _role(form))
            case "disable":
                people.disable(session, by, person)
            case "enable":
                people.enable(session, by, person)
            case _:
                raise Refused("There is no such change.")

    await web.database.write(work)
    return to("/team")


async def add_token(web: Web, request: Request, looker: Looker) -> Response:
    """One more of one's own, shown this once."""
    form = request.state.form
    scopes: Any = [one for one in tokens.USUAL if form.get(f"scope-{one}")]

    def work(session: Session) -> str:
        person = session.get_one(Person, looker.person.id)
        return tokens.add(
            session,
            web.by(looker),
            person,
            form.get("label", "")[:64] or "by the page",
            scopes,
            tokens.days_of(form.get("expires", "90d")),
        )

    told = await web.database.write(work)
    return shown("token.html", looker, token=told, name=looker.person.name, url=web.url, back="/mine")


async def revoke(web: Web, request: Request, looker: Looker) -> Response:
    """One's own, or for admins anybody's."""
    form = request.state.form

    def work(session: Session) -> int:
        found = session.get(Token, form.get("id", "")[:16])
        if found is None or (found.person_id != looker.person.id and looker.role != "admin"):
            raise Refused("That is no token of yours.")
        tokens.revoke(session, web.by(looker), found.id)
        return found.person_id

    whose = await web.database.write(work)
    return to("/mine" if whose == looker.person.id else "/team")


async def erase(web: Web, request: Request, looker: Looker) -> Response:
    """What the record says of oneself becomes numbers, and one is let in no longer: for good, so the name has to be typed."""
    form = request.state.form
    if form.get("name", "").strip() != looker.person.name:
        raise Turned(status=400, why="To erase it, type your name. Nothing was changed.")

    def work(session: Session) -> None:
        person = session.get_one(Person, looker.person.id)
        people.disable(session, web.by(looker), person)
        book.erase(session, web.chain, person)

    await web.database.write(work)
    return to("/login")


def _role(form: dict[str, str]) -> people.Role:
    found = next((one for one in people.ROLES if one == form.get("role")), None)
    if found is None:
        raise Refused("There is no such role.")
    return found

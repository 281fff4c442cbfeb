"""Into the page and out of it: by a token, or by an OpenID Connect provider; and the page on which somebody says that a machine is theirs."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from base64 import urlsafe_b64encode
from typing import Any, Literal

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import oauth2_client
from authlib.integrations.starlette_client import OAuth
from cryptography.fernet import Fernet, InvalidToken
from joserfc.errors import JoseError
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from assay.engine.client import trusting
from assay.team.identity import devices, people, tokens, visits
from assay.team.identity.people import By, Refused, Role
from assay.team.store.chain import Note
from assay.team.store.tables import Person

from .app import HEADERS, ROOT, Looker, Turned, Web, form_of, guarded, looking, shown, to

log = logging.getLogger(__name__)

# What may go wrong on the way to a provider; authlib asks by a client of its own choice.
FAILED = (oauth2_client.httpx2.HTTPError, OAuthError, JoseError, ValueError, RuntimeError, KeyError)
WAY_S = 600  # that somebody may take at the provider
WAY = "assay-way"


class Login:
    """See the module's docstring."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._sealed = Fernet(urlsafe_b64encode(web.key))
        self._provider = _provider(web)

    async def page(self, request: Request) -> Response:
        """How one logs in."""

        async def work() -> Response:
            if await looking(self._web, request) is not None:
                return to("")
            return shown(
                "login.html",
                None,
                has_provider=self._provider is not None,
                next=_next(request.query_params.get("next", "")),
                why="",
            )

        return await guarded(request, work)

    async def by_token(self, request: Request) -> Response:
        """With a token that one was given."""

        async def work() -> Response:
            form = await form_of(self._web, request)
            told = form.get("token", "").strip()
            one = await self._web.database.read(lambda session: tokens.known(session, tokens.id_of(told) or ""))
            if not tokens.opens(one, told) or one is None:
                why = "That token opens nothing here."
            elif not one.scopes >= set(
                tokens.USUAL
            ):  # a monitor's, or one for completions alone, is not for all that its person may
                why = f"That token opens {' and '.join(sorted(one.scopes))} alone: the page takes one that opens {', '.join(tokens.USUAL)}."
            else:
                return await self._in(request, one.person_id, _next(form.get("next", "")), one.token_id)
            told_next = _next(form.get("next", ""))
            return shown("login.html", None, 401, has_provider=self._provider is not None, next=told_next, why=why)

        return await guarded(request, work)

    async def to_provider(self, request: Request) -> Response:
        """To the provider, with what its way back has to bring."""

        async def work() -> Response:
            if self._provider is None:
                raise Turned(status=404, why="There is no provider here: log in with a token.")
            back = f"{self._web.url}{ROOT}/login/back"
            try:
                told = await self._provider.create_authorization_url(back)
            except FAILED as error:
                log.warning("the provider gives no answer: %s %s", type(error).__name__, error)
                raise Turned(
                    status=502, why="The provider gives no answer. Try again, or tell whoever runs this server."
                ) from error
            kept = {name: told.get(name) for name in ("state", "nonce", "code_verifier")} | {
                "next": _next(request.query_params.get("next", "")),
                "until": time.time() + WAY_S,
            }
            response = RedirectResponse(told["url"], 303, HEADERS)
            sealed = self._sealed.encrypt(json.dumps(kept).encode()).decode()
            response.set_cookie(
                WAY,
                sealed,
                max_age=WAY_S,
                path=f"{ROOT}/login",
                secure=self._web.is_secure,
                httponly=True,
                samesite="lax",
            )
            return response

        return await guarded(request, work)

    async def back(self, request: Request) -> Response:
        """From the provider: who it says they are."""

        async def work() -> Response:
            kept = self._kept(request)
            told = request.query_params
            if self._provider is None or kept is None or not told.get("state") or told["state"] != kept["state"]:
                raise Turned(
                    status=400, why="That way back is none: it took too long, or was begun elsewhere. Log in again."
                )
            if told.get("error") or not told.get("code"):
                raise Turned(status=403, why="The provider did not let you in.")
            try:
                back = f"{self._web.url}{ROOT}/login/back"
                found = await self._provider.fetch_access_token(
                    code=told["code"], redirect_uri=back, code_verifier=kept["code_verifier"]
                )
                claims = dict(await self._provider.parse_id_token(found, nonce=kept["nonce"]) or {})
                issuer = (await self._provider.load_server_metadata())["issuer"]
                if not claims.get(self._web.config.text("oidc.groups_claim")) or not claims.get(
                    self._web.config.text("oidc.name_claim")
                ):
                    claims = dict(await self._provider.userinfo(token=found)) | claims
            except FAILED as error:
                log.warning("the provider's answer was not believed: %s %s", type(error).__name__, error)
                raise Turned(
                    status=502,
                    why="The provider's answer cannot be believed. Log in again, or tell whoever runs this server.",
                ) from error
            person_id = await self._web.database.write(lambda session: self._known(session, str(issuer), claims))
            response = await self._in(request, person_id, kept["next"])
            response.delete_cookie(WAY, path=f"{ROOT}/login")
            return response

        return await guarded(request, work)

    def _kept(self, request: Request) -> dict[str, Any] | None:
        try:
            kept = json.loads(self._sealed.decrypt(request.cookies.get(WAY, "").encode()))
        except (InvalidToken, ValueError):
            return None
        return dict(kept) if kept.get("until", 0) > time.time() else None

    def _known(self, session: Session, issuer: str, claims: dict[str, Any]) -> int:
        """The person that the provider means, let in the first time where the team's configuration says so. Raises Refused."""
        subject, config = f"{issuer.rstrip('/')}|{claims['sub']}", self._web.config
        by = By(self._web.chain)
        person = session.scalars(select(Person).where(Person.subject == subject)).one_or_none()
        role = _role(config.values["oidc.roles"], claims.get(config.text("oidc.groups_claim")))
        if person is None:
            if role is None and config.text("oidc.let_in") == "groups":
                raise Refused("You are in none of the groups that are let in here. Ask whoever runs this server.")
            person = people.add(
                session,
                by,
                _free_name(session, config.text("oidc.name_claim"), claims),
                role or "member",
                subject=subject,
            )
        if person.disabled_ms is not None:
            raise Refused("Your account here is disabled. Ask whoever runs this server.")
        if config.values["oidc.roles"]:
            if role is None and config.text("oidc.let_in") == "groups":
                raise Refused("You are in none of the groups that are let in here any more.")
            with contextlib.suppress(Refused):  # the last admin stays one: somebody has to be
                people.give_role(session, by, person, role or "member")
        return person.id

    async def _in(self, request: Request, person_id: int, where: str, token_id: str | None = None) -> Response:
        def work(session: Session) -> str:
            person = session.get_one(Person, person_id)
            self._web.chain.append(session, [Note("login", {}, {}, person_id)])
            return visits.begin(session, person, token_id)

        told = await self._web.database.write(work)
        response = to(where.removeprefix(ROOT))
        response.set_cookie(
            self._web.cookie,
            told,
            max_age=visits.HOURS * 3600,
            path="/",
            secure=self._web.is_secure,
            httponly=True,
            samesite="lax",
        )
        return response


async def out(web: Web, request: Request, looker: Looker) -> Response:
    """Logged out, here."""
    await web.database.write(lambda session: visits.end(session, looker.cookie))
    response = to("/login")
    response.delete_cookie(web.cookie, path="/", secure=web.is_secure, httponly=True, samesite="lax")
    return response


async def device(web: Web, request: Request, looker: Looker) -> Response:
    """A machine that waits, by the code that it shows."""
    code = request.query_params.get("code", "")[:20]
    found = await web.database.read(lambda session: devices.waiting(session, code)) if code else None
    return shown("device.html", looker, code=code, found=found)


async def answer_device(web: Web, request: Request, looker: Looker) -> Response:
    """It is theirs, or it is not."""
    form = request.state.form
    said: Literal["yes", "no"] = "yes" if form.get("said") == "yes" else "no"
    await web.database.write(
        lambda session: devices.answer(
            session, form.get("code", "")[:20], session.get_one(Person, looker.person.id), said
        )
    )
    return shown("said.html", looker, said=said)


def _provider(web: Web) -> Any:
    config = web.config
    if not (issuer := config.text("oidc.issuer").rstrip("/")):
        return None
    path = config.path("oidc.client_secret_file")
    secret = path.read_text("utf-8").strip() if path is not None else None
    told: dict[str, Any] = {
        "scope": config.text("oidc.scopes"),
        "code_challenge_method": "S256",
        "timeout": 10,
        "verify": trusting(str(config.path("oidc.ca_file") or "")),
    }
    told |= {} if secret is not None else {"token_endpoint_auth_method": "none"}
    made = OAuth()
    made.register(
        "provider",
        client_id=config.text("oidc.client_id"),
        client_secret=secret,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs=told,
    )
    return made.create_client("provider")


def _role(by_group: dict[str, Role], groups: Any) -> Role | None:
    """The highest of somebody's groups; None where none of them has one."""
    told = {groups} if isinstance(groups, str) else set(map(str, groups)) if isinstance(groups, list) else set()
    found = [role for group, role in by_group.items() if group in told]
    return max(found, key=people.ROLES.index) if found else None


def _free_name(session: Session, claim: str, claims: dict[str, Any]) -> str:
    """What the provider calls them, in letters that a name has here; with a number where somebody else is called so: a name is no proof of who one is."""
    told = str(claims.get(claim) or claims.get("email") or claims.get("sub") or "").lower()
    plain = (
        "".join(one for one in told if one.isascii() and (one.isalnum() or one in "._@+-")).strip("._@+-")[:56]
        or "somebody"
    )
    names = set(session.scalars(select(Person.name).where(Person.name.startswith(plain))))
    return (
        plain
        if plain not in names
        else next(name for number in range(2, 10_000) if (name := f"{plain}-{number}") not in names)
    )


def _next(where: str) -> str:
    """Where somebody wanted to go: a page of ours, and nothing else."""
    return (
        where if where.startswith(f"{ROOT}/") and "//" not in where and "\\" not in where and len(where) < 300 else ROOT
    )

"""All pages, by their addresses, and who may open each."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from . import changes, login, views
from .app import HEADERS, ROOT, Web, route, static
from .login import Login


def of(web: Web) -> list[Route]:
    """What is served to browsers."""
    into = Login(web)
    shown = [
        route(web, "", views.now),
        route(web, "/suggestions", views.suggestions),
        route(web, "/chart/{name}.svg", views.chart),
        route(web, "/people", views.everybody, roles=("lead", "admin")),
        route(web, "/record", views.record),
        route(web, "/model", views.model),
        route(web, "/conventions", views.conventions),
        route(web, "/mine", views.mine),
        route(web, "/mine/record.jsonl", views.download),
        route(web, "/team", views.team, roles=("admin",)),
        route(web, "/device", login.device),
    ]
    changed = [
        route(web, "/team/add", changes.add_person, roles=("admin",), posts=True),
        route(web, "/team/{act}", changes.change_person, roles=("admin",), posts=True),
        route(web, "/mine/token", changes.add_token, posts=True),
        route(web, "/mine/revoke", changes.revoke, posts=True),
        route(web, "/mine/erase", changes.erase, posts=True),
        route(web, "/device", login.answer_device, posts=True),
        route(web, "/logout", login.out, posts=True),
    ]
    plain = [
        Route(f"{ROOT}/login", into.page, include_in_schema=False),
        Route(f"{ROOT}/login", into.by_token, methods=["POST"], include_in_schema=False),
        Route(f"{ROOT}/login/provider", into.to_provider, include_in_schema=False),
        Route(f"{ROOT}/login/back", into.back, include_in_schema=False),
        Route(f"{ROOT}/static/{{name}}", static, include_in_schema=False),
        Route("/", _home, include_in_schema=False),
    ]
    return [*plain, *shown, *changed]


async def _home(_: Request) -> Response:
    return RedirectResponse(ROOT, 303, HEADERS)

"""The pages: who sees what, forms that cannot be forged, texts that are no code, and logging in by a token, by a provider, and for a machine."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from assay.team.identity import people, tokens
from assay.team.store.chain import Note
from assay.team.store.tables import Entry, Person
from tests.team.conftest import Made, Team
from tests.team.engine import Engine
from tests.team.running import free_port

PAGES = ("", "/suggestions", "/record", "/model", "/conventions", "/mine", "/device")
FOR_LEADS, FOR_ADMINS = ("/people",), ("/team",)
ODD = "<img src=x onerror=alert(1)>"


class Browser:
    """Somebody's browser: cookies, forms with their guard."""

    def __init__(self, team: Team) -> None:
        transport = httpx.ASGITransport(team.server.application())
        self.http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8443")

    async def log_in(self, token: str) -> httpx.Response:
        return await self.http.post("/page/login", data={"token": token})

    async def get(self, path: str, **told: Any) -> httpx.Response:
        return await self.http.get(f"/page{path}", **told)

    async def post(self, path: str, where: str = "/mine", **fields: str) -> httpx.Response:
        """A form of the page `where`."""
        guard = re.search(r'name="guard" value="([^"]+)"', (await self.get(where)).text)
        assert guard is not None
        return await self.http.post(f"/page{path}", data={"guard": guard[1]} | fields)


@pytest.fixture
async def browsers(engine: Engine, team: Made) -> AsyncIterator[tuple[Team, dict[str, Browser]]]:
    """A member, a lead and an admin, each logged in."""
    made: Team = await team(engine)
    async with contextlib.AsyncExitStack() as stack:
        found = {}
        for role in people.ROLES:
            browser = Browser(made)
            stack.push_async_callback(browser.http.aclose)
            assert (await browser.log_in(made.add(f"a-{role}", role))).status_code == 303
            found[role] = browser
        yield made, found


def told_of(team: Team, *notes: Note) -> None:
    with team.store.database.writing() as session:
        team.store.chain.append(session, list(notes))


async def test_each_page_is_for_whom_it_is(browsers: tuple[Team, dict[str, Browser]]) -> None:
    made, found = browsers
    stranger = Browser(made)
    for path in (*PAGES, *FOR_LEADS, *FOR_ADMINS):
        answer = await stranger.get(path)
        assert answer.status_code == 303 and answer.headers["location"].startswith("/page/login")
        for role, browser in found.items():
            may = path in PAGES or (path in FOR_LEADS and role != "member") or role == "admin"
            answer = await browser.get(path)
            assert answer.status_code == (200 if may else 403), (path, role)
            assert "<h1>" in answer.text
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
            assert answer.headers["cache-control"] == "no-store"
            assert not re.findall(r"(?:src|href|action)=\"(?:https?:)?//", answer.text), "nothing from elsewhere"
            assert not re.findall(r"<script(?![^>]* src=)|\son\w+=|style=\"", answer.text), (
                "no code and no style in the text"
            )
    answer = await stranger.http.get("/")
    assert answer.headers["location"] == "/page"


async def test_what_is_empty_says_what_to_do(browsers: tuple[Team, dict[str, Browser]]) -> None:
    _, found = browsers
    assert "assay login" in (await found["member"].get("/suggestions")).text
    assert "Nothing was told yet" in (await found["member"].get("/model")).text


async def test_a_cookie_is_for_this_server_and_ends_with_logging_out(
    browsers: tuple[Team, dict[str, Browser]], engine: Engine, team: Made
) -> None:
    made, found = browsers
    secure: Team = await team(engine, server__url="https://models.lan:8443")
    told = (await Browser(secure).log_in(secure.add("alice"))).headers["set-cookie"]
    assert told.startswith("__Host-assay=") and all(
        one in told for one in ("Secure", "HttpOnly", "SameSite=lax", "Path=/")
    )
    member = found["member"]
    assert (await member.post("/logout")).headers["location"] == "/page/login"
    assert (await member.get("")).status_code == 303
    wrong = await member.log_in("assay_" + "a" * 10 + "_" + "b" * 43)
    assert wrong.status_code == 401 and "opens nothing here" in wrong.text
    monitor = await member.log_in(made.add("prometheus", "admin", scopes=["metrics"]))
    assert monitor.status_code == 401 and "opens metrics alone" in monitor.text


async def test_a_page_ends_with_the_token_that_it_was_opened_by(browsers: tuple[Team, dict[str, Browser]]) -> None:
    made, _ = browsers
    browser, token = Browser(made), made.add("eve", "admin")
    await browser.log_in(token)
    assert (await browser.get("/team")).status_code == 200
    with made.store.database.writing() as session:
        tokens.revoke(session, made.by, tokens.id_of(token) or "")
    assert (await browser.get("/team")).status_code == 303


async def test_a_form_that_was_not_made_here_changes_nothing(browsers: tuple[Team, dict[str, Browser]]) -> None:
    made, found = browsers
    admin = found["admin"]
    for fields, headers in (
        ({"name": "mallory", "role": "admin"}, {}),
        ({"name": "mallory", "role": "admin", "guard": "0" * 64}, {}),
    ):
        answer = await admin.http.post("/page/team/add", data=fields, headers=headers)
        assert answer.status_code == 403
    guard = re.search(r'name="guard" value="([^"]+)"', (await admin.get("/team")).text)
    assert guard
    answer = await admin.http.post(
        "/page/team/add",
        data={"name": "mallory", "role": "admin", "guard": guard[1]},
        headers={"origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    for origin in ("null", "https://127.0.0.1.evil.example"):
        refused = await admin.http.post("/page/login", data={"token": "x"}, headers={"origin": origin})
        assert refused.status_code == 403, "nobody is logged in as somebody else by another page"
    other = re.search(r'name="guard" value="([^"]+)"', (await found["member"].get("/mine")).text)
    assert other and other[1] != guard[1]
    assert (
        await admin.http.post("/page/team/add", data={"name": "mallory", "role": "admin", "guard": other[1]})
    ).status_code == 403
    assert (await admin.http.post("/page/team/add", content=b"x" * 30_000)).status_code == 413
    with made.store.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 3


async def test_admins_let_people_in_and_members_do_not(browsers: tuple[Team, dict[str, Browser]]) -> None:
    made, found = browsers
    admin, member = found["admin"], found["member"]
    answer = await admin.post("/team/add", "/team", name="Carol", role="lead")
    token = re.search(r"assay_[a-z2-7]{10}_[\w-]{43}", answer.text)
    assert token and "shown this once" in answer.text
    async with made.http(token[0]) as http:
        assert (await http.get("/v1/me")).json() == {
            "name": "carol",
            "role": "lead",
            "scopes": ["chat", "complete", "record"],
        }
    assert (await admin.post("/team/role", "/team", name="carol", role="member")).status_code == 303
    assert (await admin.post("/team/disable", "/team", name="carol")).status_code == 303
    for path, fields, said in (
        ("/team/role", {"name": "carol", "role": "king"}, "no such role"),
        ("/team/role", {"name": "nobody", "role": "lead"}, "Nobody is called"),
        ("/team/disable", {"name": "a-admin"}, "last admin"),
        ("/team/add", {"name": ODD, "role": "member"}, "is no name here"),
        ("/team/paint", {"name": "carol"}, "no such change"),
    ):
        answer = await admin.post(path, "/team", **fields)
        assert answer.status_code == 409 and said in answer.text and ODD not in answer.text, path
    assert (await member.post("/team/add", name="dan", role="admin")).status_code == 403
    with made.store.database.reading() as session:
        carol = people.named(session, "carol")
        assert (carol.role, carol.disabled_ms is not None) == ("member", True)
        kinds = list(session.scalars(select(Entry.kind).where(Entry.person_id == carol.id).order_by(Entry.seq)))
        assert kinds == ["user-added", "token-added", "role", "user-disabled"]


async def test_one_makes_and_revokes_ones_own_tokens_and_nobody_elses(
    browsers: tuple[Team, dict[str, Browser]],
) -> None:
    made, found = browsers
    answer = await found["member"].post("/mine/token", label=ODD, expires="30d", **{"scope-chat": "1"})
    token = re.search(r"assay_[a-z2-7]{10}_[\w-]{43}", answer.text)
    assert token
    assert ODD not in (await found["member"].get("/mine")).text
    token_id = tokens.id_of(token[0]) or ""
    assert (await found["lead"].post("/mine/revoke", id=token_id)).status_code == 409
    assert (await found["member"].post("/mine/token", label="x", expires="30d")).status_code == 409, (
        "one that opens nothing"
    )
    assert (await found["member"].post("/mine/revoke", id=token_id)).status_code == 303
    async with made.http(token[0]) as http:
        assert (await http.get("/v1/me")).status_code == 401


async def test_what_people_wrote_is_no_code_and_what_they_see_of_others_is_set(engine: Engine, team: Made) -> None:
    for sees in ("names", "pseudonyms", "numbers"):
        made: Team = await team(engine, page__leads_see=sees)
        lead, member, admin = Browser(made), Browser(made), Browser(made)
        for browser, name, role in ((lead, "lea", "lead"), (member, "alice", "member"), (admin, "ada", "admin")):
            await browser.log_in(made.add(name, role))
        with made.store.database.reading() as session:
            alice = people.named(session, "alice").id
        told_of(made, Note("suggestion", {"kind": ODD, "model": "m", "verdict": {"state": "passed"}, "took_ms": {"total": 120}}, {"text": "ab"}, alice, "e1", "s1"), Note("feedback", {"thumb": "up"}, {"word": ODD}, alice, None, "s1"))  # fmt: skip
        for browser in (lead, member, admin):
            for path in ("/record", "/suggestions", "/suggestions?of=me", "/model"):
                assert ODD not in (await browser.get(path)).text
        rows, page = (await lead.get("/record")).text, await lead.get("/people?days=7")
        assert ("alice" in rows) == (sees == "names")
        assert page.status_code == (403 if sees == "numbers" else 200)
        assert ("alice" in page.text) == (sees == "names")
        if sees == "pseudonyms":
            assert re.search(r"p-[0-9a-f]{8}", page.text) and re.search(r"p-[0-9a-f]{8}", rows)
            assert "alice" not in (await lead.get("/record?person=alice")).text
        assert "alice" in (await admin.get("/people")).text
        own = (await member.get("/record?person=ada")).text
        assert ">ada<" not in own and "user-added" in own, "one's own, whoever is asked for"
        assert "1" in (await lead.get("/suggestions")).text


async def test_the_record_is_looked_through_page_by_page(browsers: tuple[Team, dict[str, Browser]]) -> None:
    made, found = browsers
    with made.store.database.reading() as session:
        member = people.named(session, "a-member").id
    told_of(made, *(Note("fate", {"fate": "accepted", "kind": "line", "model": "m"}, {}, member, f"e{number}", f"s{number}") for number in range(120)))  # fmt: skip
    first = await found["admin"].get("/record?kind=fate")
    older = re.search(r'href="(\?[^"]*below=\d+[^"]*)"', first.text)
    assert older and first.text.count("<tr>") == 51
    second = await found["admin"].get("/record" + older[1].replace("&amp;", "&"))
    assert second.text.count("<tr>") == 51
    part = await found["admin"].get("/record?suggestion=s7", headers={"hx-request": "true"})
    assert "<html" not in part.text and part.text.count("<tr>") == 2
    for odd in (
        "?below=x",
        "?below=²",
        "?days=²",
        f"?below={'9' * 40}",
        "?since=nonsense",
        "?kind=%00",
        "?days=9999999999999999999",
        "?since=2026-13-45",
    ):
        assert (await found["admin"].get("/record" + odd)).status_code == 200
    own = await found["member"].get("/mine/record.jsonl")
    assert own.headers["content-disposition"].startswith("attachment") and len(own.text.splitlines()) > 120
    charts = await found["member"].get("/chart/verdicts.svg?of=me")
    assert charts.text.startswith("<svg") and "<script" not in charts.text
    assert (await found["member"].get("/chart/other.svg")).status_code == 404
    for name in ("style.css", "htmx.min.js", "icon.svg"):
        assert (await found["member"].get(f"/static/{name}")).status_code == 200
    for name in ("..%2fapp.py", "app.py", "%2e%2e/app.py", "nothing.css"):
        assert (await found["member"].get(f"/static/{name}")).status_code == 404


async def test_who_erases_themselves_is_gone_and_nobody_by_mistake(browsers: tuple[Team, dict[str, Browser]]) -> None:
    made, found = browsers
    assert (await found["member"].post("/mine/erase", name="a-lead")).status_code == 400
    assert (await found["member"].post("/mine/erase", name="a-member")).status_code == 303
    assert (await found["member"].get("")).status_code == 303
    with made.store.database.reading() as session:
        assert "a-member" not in str(session.execute(select(Person.name, Person.subject)).all()) + str(
            session.execute(select(Entry.personal)).all()
        )
        assert [one for one in made.store.chain.faults(session.connection()) if not isinstance(one, int)] == []


@pytest.fixture(scope="module")
def provider() -> Any:
    """A real provider: a program of its own."""
    port = free_port()
    users = ['{"sub": "u-1", "preferred_username": "Alice", "groups": ["engineering", "leads"]}', '{"sub": "u-2", "preferred_username": "alice", "groups": ["sales"]}']  # fmt: skip
    told = [part for one in users for part in ("--user-claims", one)]
    program = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), *told]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"http://127.0.0.1:{port}/.well-known/openid-configuration").status_code == 200:
                break
        import time

        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


def client(folder: Path) -> dict[str, str]:
    """What a server is called at the provider, and its secret there."""
    (folder / "secret").write_text("a secret\n")
    return {"oidc__client_id": "assay", "oidc__client_secret_file": str(folder / "secret")}


async def by_provider(browser: Browser, subject: str, where: str = "") -> httpx.Response:
    """Log in as that user, as a browser would."""
    sent = await browser.http.get(f"/page/login/provider{where}")
    assert sent.status_code == 303, sent.text
    async with httpx.AsyncClient() as http:
        agreed = await http.post(sent.headers["location"], data={"sub": subject})
    assert agreed.status_code in (302, 303), agreed.text
    return await browser.http.get(agreed.headers["location"].replace("http://127.0.0.1:8443", ""))


async def test_a_provider_lets_in_by_group_and_a_name_is_no_proof(
    provider: str, engine: Engine, team: Made, tmp_path: Path
) -> None:
    told = {
        "oidc__issuer": provider,
        **client(tmp_path),
        "server__url": "http://127.0.0.1:8443",
        "oidc__roles": {"leads": "lead"},
    }
    made: Team = await team(engine, **told)
    made.add("alice")  # somebody else, by hand
    browser = Browser(made)
    answer = await by_provider(browser, "u-1", "?next=/page/mine")
    assert (answer.status_code, answer.headers["location"]) == (303, "/page/mine")
    assert "alice-2, lead" in (await browser.get("")).text
    again = Browser(made)
    await by_provider(again, "u-1")
    assert "alice-2, lead" in (await again.get("")).text, "the same person the next time"
    other = Browser(made)
    await by_provider(other, "u-2", "?next=https://evil.example/")
    assert "alice-3, member" in (await other.get("")).text
    with made.store.database.writing() as session:
        people.disable(session, made.by, people.named(session, "alice-3"))
    assert "disabled" in (await by_provider(Browser(made), "u-2")).text
    strict: Team = await team(engine, **told, oidc__let_in="groups")
    assert "none of the groups" in (await by_provider(Browser(strict), "u-2")).text
    assert (await by_provider(Browser(strict), "u-1")).status_code == 303


async def test_a_way_back_that_was_begun_elsewhere_leads_nowhere(
    provider: str, engine: Engine, team: Made, tmp_path: Path
) -> None:
    made: Team = await team(engine, oidc__issuer=provider, **client(tmp_path), server__url="http://127.0.0.1:8443")
    browser, other = Browser(made), Browser(made)
    sent = await browser.http.get("/page/login/provider")
    state = re.search(r"state=([^&]+)", sent.headers["location"])
    assert state
    for who, query in (
        (other, f"?code=x&state={state[1]}"),
        (browser, "?code=x&state=other"),
        (browser, ""),
        (browser, f"?state={state[1]}&error=no"),
    ):
        assert (await who.http.get(f"/page/login/back{query}")).status_code in (400, 403)
    assert (await browser.http.get(f"/page/login/back?code=nonsense&state={state[1]}")).status_code == 502
    assert (await browser.get("")).status_code == 303
    away: Team = await team(
        engine, oidc__issuer="http://127.0.0.1:9", **client(tmp_path), server__url="http://127.0.0.1:8443"
    )
    answer = await Browser(away).http.get("/page/login/provider")
    assert answer.status_code == 502 and "provider gives no answer" in answer.text


async def test_a_machine_is_let_in_by_a_browser(provider: str, engine: Engine, team: Made, tmp_path: Path) -> None:
    made: Team = await team(engine, oidc__issuer=provider, **client(tmp_path), server__url="http://127.0.0.1:8443")
    async with made.http() as http:
        assert (await http.get("/login/about")).json()["login"] == ["device", "token"]
        asked = (await http.post("/login/device", json={"label": "laptop"})).json()
        code = {"device_code": asked["device_code"]}
        pending = await http.post("/login/token", json=code)
        assert (pending.status_code, pending.json()["error"]["message"]) == (400, "authorization_pending")
        browser = Browser(made)
        assert (await browser.get(f"/device?code={asked['user_code']}")).headers[
            "location"
        ] == f"/page/login?next=/page/device?code={asked['user_code']}"
        await by_provider(browser, "u-1")
        page = await browser.get(f"/device?code={asked['user_code'].lower()}")
        assert "laptop" in page.text and asked["user_code"] in page.text
        assert "No machine waits" in (await browser.get("/device?code=BBBB-BBBB")).text
        assert (
            "It is let in"
            in (
                await browser.post("/device", f"/device?code={asked['user_code']}", code=asked["user_code"], said="yes")
            ).text
        )
        token = (await http.post("/login/token", json=code)).json()["access_token"]
        assert (await http.get("/v1/me", headers={"authorization": f"Bearer {token}"})).json()["name"] == "alice"
        assert (await http.post("/login/token", json=code)).json()["error"]["message"] == "expired_token"
        for body in ({"label": ODD}, {"label": 3}):
            assert (await http.post("/login/device", json=body)).status_code == 400


async def test_without_a_provider_no_machine_asks(engine: Engine, team: Made) -> None:
    made: Team = await team(engine)
    async with made.http() as http:
        assert (await http.post("/login/device", json={})).status_code == 403
    assert (await Browser(made).get("/login/provider")).status_code == 404
    await asyncio.sleep(0)


async def test_the_guide_is_shown_with_what_is_checked_of_it(engine: Engine, team: Made, tmp_path: Path) -> None:
    path = tmp_path / "guide.md"
    made: Team = await team(engine, conventions__file=str(path))
    browser = Browser(made)
    await browser.log_in(made.add("alice"))
    assert "is not there" in (await browser.get("/conventions")).text
    path.write_text(
        f"# G\n## No {ODD}\nBecause.\n```rule\nbanned-calls = ['eval']\n```\n## X\n```rule\ncolour = 1\n```\n"
    )
    page = (await browser.get("/conventions")).text
    assert "1 rules are checked" in page and "Not a rule: line" in page and ODD not in page

"""The pages of a team's server in the real browser: by keyboard, on a phone, light and dark, and held against the rules of WCAG by axe."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from assay.team.config import Folder, load
from assay.team.identity import people, tokens
from assay.team.identity.people import By
from assay.team.server import opened
from assay.team.store import counts
from assay.team.store.chain import Note
from tests.editors.tools import FOLDER
from tests.team.running import Running, serving

DRAW = os.environ.get("ASSAY_DRAW", "")
AXE = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
PAGES = (
    "",
    "/suggestions",
    "/people",
    "/record",
    "/model",
    "/conventions",
    "/team",
    "/mine",
    "/device",
    "/device?code=AAAA-AAAA",
)
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1180, "height": 800}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """With thirty days of five people's suggestions, and an engine that gives no answer."""
    folder = tmp_path_factory.mktemp("team") / "server"
    with serving(folder, "http://127.0.0.1:9") as made:
        made.add("ada", "admin")
        filled(folder)
        yield made


def filled(folder: Path) -> None:
    """As clients would have told it."""
    place, chance, now = Folder(folder), random.Random(4), people.now_ms()
    store = opened(place, load(place))
    with store.database.writing() as session:
        who = [
            people.add(session, By(store.chain), name, "lead" if name == "lin" else "member")
            for name in ("alice", "bo", "chandra", "dmitri", "lin")
        ]
        for one in who:
            tokens.add(session, By(store.chain), one, "laptop")
    for day in range(30):
        notes = list[Note]()
        for number in range(chance.randrange(30, 90)):
            state = chance.choices(("passed", "unverified", "failed"), (5, 4, 1))[0]
            plain = {"kind": chance.choice(("line", "line", "block")), "model": "qwen2.5-coder-1.5b"}
            verdict = {"state": state} | (
                {"reason": chance.choice(("no-tests", "deadline"))} if state == "unverified" else {}
            )
            took = {"engine": chance.randrange(60, 400), "total": chance.randrange(120, 900)}
            notes.append(
                Note(
                    "suggestion",
                    {**plain, "verdict": verdict, "took_ms": took},
                    {},
                    chance.choice(who).id,
                    f"{day}-{number}",
                    f"s{day}-{number}",
                )
            )
            if state != "failed" and chance.random() < 0.4:
                notes.append(
                    Note(
                        "fate",
                        {**plain, "fate": "accepted"},
                        {},
                        chance.choice(who).id,
                        f"a{day}-{number}",
                        f"s{day}-{number}",
                    )
                )
                notes.append(Note("fate", {**plain, "fate": chance.choices(("kept", "gone"), (8, 2))[0]}, {}, chance.choice(who).id, f"k{day}-{number}", f"s{day}-{number}"))  # fmt: skip
        notes += [Note("contradicted", {"kind": "line", "tests": 2}, {}, who[day % 5].id, f"c{day}", f"t{day}")] * (
            day % 2
        )
        notes += [Note("feedback", {"thumb": "up" if day % 4 else "down"}, {}, who[day % 5].id, f"f{day}", f"s{day}-1")]
        with store.database.writing() as session:
            asked = [{"day": counts.day_of(now) - 29 + day, "person_id": one.id, "kind": "request:typing", "model": "", "measure": name, "count": chance.randrange(*few)} for one in who for name, few in (("requests", (80, 200)), ("tokens", (900, 2_500)))]  # fmt: skip
            counts.added(session, asked)
            store.chain.append(session, notes, now - (29 - day) * 86_400_000)
    store.close()


@pytest.fixture(scope="module")
def engine(browser: BrowserContext) -> Browser:
    found = browser.browser
    assert found is not None
    return found


def visiting(engine: Browser, server: Running, **told: Any) -> Page:
    """A window that nobody is logged in in."""
    context = engine.new_context(ignore_https_errors=True, **told)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"{server.url}/page")
    return page


def logged_in(engine: Browser, server: Running, name: str = "ada", **told: Any) -> Page:
    """By the keyboard alone."""
    page = visiting(engine, server, **told)
    page.get_by_label("Your token").focus()
    page.keyboard.insert_text(server.tokens[name])
    page.keyboard.press("Enter")
    page.wait_for_selector("nav")
    return page


def serious(page: Page) -> list[str]:
    """What axe finds that keeps somebody out."""
    if not AXE.is_file():
        pytest.skip("axe is not here: run `make editors`")
    page.evaluate(AXE.read_text("utf-8"))  # as the page's own policy allows no script of ours
    told = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{one['id']}: {node['html'][:120]}"
        for one in told
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_serious_on_any_page(engine: Browser, server: Running, scheme: Any, size: Any) -> None:
    page = visiting(engine, server, viewport=size, color_scheme=scheme)
    assert serious(page) == []
    page.context.close()
    page = logged_in(engine, server, viewport=size, color_scheme=scheme)
    said = list[str]()
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    for path in PAGES:
        page.goto(f"{server.url}/page{path}")
        for one in page.locator("details").all():
            one.locator("summary").click()
        assert serious(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
            f"{path} is wider than the window"
        )
    assert said == [], "nothing was refused by the page's own policy"
    page.context.close()


def test_the_first_page_looks_again_by_itself(engine: Browser, server: Running) -> None:
    page = logged_in(engine, server)
    with page.expect_response(lambda one: one.request.headers.get("hx-request") == "true" and one.status == 200):
        pass
    page.get_by_text("gives no answer").wait_for()
    page.context.close()


def test_everything_is_done_by_the_keyboard(engine: Browser, server: Running) -> None:
    """To a token of one's own that is revoked, by tabs alone."""
    page = logged_in(engine, server)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the page"
    page.get_by_role("link", name="Mine").focus()
    page.keyboard.press("Enter")
    page.get_by_label("What it is for").focus()
    page.keyboard.insert_text("by keyboard")
    page.keyboard.press("Enter")
    page.get_by_text("It is shown this once").wait_for()
    page.get_by_role("link", name="I have kept it").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Revoke by keyboard").focus()
    page.keyboard.press("Enter")
    page.locator("tr", has_text="by keyboard").get_by_text("revoked").wait_for()
    page.context.close()


def test_rows_are_found_while_one_types(engine: Browser, server: Running) -> None:
    page = logged_in(engine, server)
    page.goto(f"{server.url}/page/record")
    page.get_by_label("Who").press_sequentially("chandra")
    page.locator("#rows tbody tr", has_not_text="chandra").first.wait_for(state="detached")
    assert page.locator("#rows tbody tr", has_text="chandra").count() > 10
    assert "person=chandra" in page.url
    page.context.close()


@pytest.mark.skipif(not DRAW, reason="pictures are drawn by `make pictures`")
def test_pictures_of_the_pages(engine: Browser, server: Running) -> None:
    folder = Path(DRAW)
    for name, path, told in (
        ("team-suggestions", "/suggestions", {"viewport": DESK}),
        ("team-dark", "/suggestions", {"viewport": DESK, "color_scheme": "dark"}),
        ("team-phone", "/suggestions", {"viewport": PHONE}),
    ):
        page = logged_in(engine, server, **told)
        page.goto(f"{server.url}/page{path}")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"{name}.png")
        page.context.close()

"""Who is who: names, roles, tokens that are shown once and open nothing when they are over, machines that are let in, browsers that are logged in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from sqlalchemy import select, update
from starlette.requests import Request

from assay.engine import web
from assay.team.identity import devices, people, tokens, visits
from assay.team.identity.accounts import Accounts
from assay.team.identity.people import By, Refused
from assay.team.record import book
from assay.team.store.database import Database
from assay.team.store.tables import Device, Entry, Token, Visit


@pytest.mark.parametrize("name", ["", "Alice", "a b", "-a", "a" * 65, "ä", "a/b", "a\n"])
def test_a_name_has_small_letters(database: Database, by: By, name: str) -> None:
    with pytest.raises(Refused, match="is no name here"), database.writing() as session:
        people.add(session, by, name)


def test_people_are_added_given_roles_and_disabled_and_it_is_recorded(database: Database, by: By) -> None:
    with database.writing() as session:
        alice, bob = people.add(session, by, "alice", "admin"), people.add(session, by, "bob")
        with pytest.raises(Refused, match="there already"):
            people.add(session, by, "bob")
        with pytest.raises(Refused, match="last admin"):
            people.disable(session, by, alice)
        with pytest.raises(Refused, match="last admin"):
            people.give_role(session, by, alice, "member")
        people.give_role(session, by, bob, "admin")
        visits.begin(session, alice)
        assert people.disable(session, by, alice) and not people.disable(session, by, alice)
        assert session.scalars(select(Visit)).all() == []
        with pytest.raises(Refused, match="is disabled"):
            tokens.add(session, by, alice, "x")
        assert people.enable(session, by, alice) and not people.enable(session, by, alice)
        people.weigh(session, by, bob, 3)
        with pytest.raises(Refused, match="1 to 10"):
            people.weigh(session, by, bob, 0)
        with pytest.raises(Refused, match="Nobody is called carol"):
            people.named(session, "carol")
    with database.reading() as session:
        kinds = list(session.scalars(select(Entry.kind).order_by(Entry.seq)))
        assert kinds == ["user-added", "user-added", "role", "user-disabled", "user-enabled", "weight"]
        assert all("alice" not in one and "bob" not in one for one in session.scalars(select(Entry.plain)))


def test_who_left_is_disabled_by_name_and_by_subject(database: Database, by: By) -> None:
    with database.writing() as session:
        for name in ("alice", "bob", "carol", "dan"):
            people.add(session, by, name)
        people.link(session, by, people.named(session, "carol"), "https://id.lan|c-17")
        with pytest.raises(Refused, match="carol already"):
            people.link(session, by, people.named(session, "bob"), "https://id.lan|c-17")
        names = people.of_list("# gone in May\nAlice\nc-17  # carol\nnobody\n\n")
        people.give_role(session, by, people.named(session, "alice"), "admin")
        people.add(session, by, "ada", "admin")
        assert people.left(session, by, [*names, "ada"]) == ["ada", "carol"], (
            "the last admin stays, and keeps nobody else"
        )
        people.add(session, by, "eve", "admin")
        assert people.left(session, by, names) == ["alice"]
        assert people.left(session, by, names) == []


def test_a_token_is_shown_once_and_opens_what_it_says_until_it_is_over(database: Database, by: By) -> None:
    with database.writing() as session:
        told = tokens.add(session, by, people.add(session, by, "alice"), "laptop", ["chat"], days=1)
        token_id = tokens.id_of(told)
        assert token_id and tokens.id_of(told[:-1]) is None and tokens.id_of("assay_x_y") is None
        one = tokens.known(session, token_id)
        assert one is not None and one.scopes == {"chat"} and tokens.opens(one, told)
        assert not tokens.opens(one, told[:-1] + ("a" if told[-1] != "a" else "b")) and not tokens.opens(None, told)
        assert told not in str(session.execute(select(Token)).all()) and told[17:] not in str(
            vars(session.get(Token, token_id))
        )
        with pytest.raises(Refused, match="opens some of"):
            tokens.add(session, by, people.named(session, "alice"), "x", [])
        session.execute(update(Token).values(expires_ms=people.now_ms() - 1))
        session.expire_all()
        assert not tokens.opens(tokens.known(session, token_id), told)
        tokens.revoke(session, by, token_id)
        tokens.revoke(session, by, token_id)
        with pytest.raises(Refused, match="No token"):
            tokens.revoke(session, by, "nothing")


@pytest.mark.parametrize(("text", "days"), [("90d", 90), ("12 weeks", 84), ("1y", 365), ("never", None), ("1 day", 1)])
def test_how_long_a_token_holds_is_said_in_words(text: str, days: int | None) -> None:
    assert tokens.days_of(text) == days


@pytest.mark.parametrize("text", ["", "x", "0d", "-1d", "1", "1 month", "999999d", "11y", "99999y"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="is no time"):
        tokens.days_of(text)


def asking(token: str) -> Request:
    return Request({"type": "http", "headers": [(b"authorization", f"Bearer {token}".encode())]})


async def test_what_is_over_opens_nothing_within_a_second(database: Database, by: By) -> None:
    """Revoked, disabled and ended, each by another process, as far as this one knows."""
    made = Accounts(database)

    def ended(how: str) -> str:
        with database.writing() as session:
            person = people.add(session, by, how)
            return tokens.add(session, by, person, "x")

    def end(how: str, token: str) -> None:
        with database.writing() as session:
            if how == "revoked":
                tokens.revoke(session, by, tokens.id_of(token) or "")
            elif how == "disabled":
                people.disable(session, by, people.named(session, how))
            else:
                session.execute(update(Token).where(Token.id == tokens.id_of(token)).values(expires_ms=1))

    for how, said in {"revoked": "revoked", "disabled": "disabled", "ended": "ended on 1970"}.items():
        token = await asyncio.to_thread(ended, how)
        caller = await made.caller(asking(token), "complete")
        assert caller.name == how and made.holds(caller)
        begun = time.monotonic()
        await asyncio.to_thread(end, how, token)
        with made.held(caller):
            watching = asyncio.create_task(made.watch())
            while made.holds(caller):
                assert time.monotonic() - begun < 5
                await asyncio.sleep(0.02)
            watching.cancel()
        with pytest.raises(web.Refused, match=said) as seen:
            await made.caller(asking(token), "complete")
        assert seen.value.status == 401
        with pytest.raises(web.Refused, match="opens nothing here"):
            await made.caller(asking(token[:-3] + "abc"), "complete")


async def test_a_token_of_another_scope_opens_nothing_and_when_it_was_used_is_noted(database: Database, by: By) -> None:
    made = Accounts(database)
    with database.writing() as session:
        token = tokens.add(session, by, people.add(session, by, "alice"), "x", ["record"])
    with pytest.raises(web.Refused, match="it is for record, and this is chat") as seen:
        await made.caller(asking(token), "chat")
    assert seen.value.status == 403
    assert (await made.caller(asking(token), "record")).name == "alice"
    await made.note_used()
    with database.reading() as session:
        assert session.scalars(select(Token.used_ms)).one()


async def test_a_database_that_is_gone_lets_nobody_in_and_says_so(fresh: Callable[[str], str]) -> None:
    made = Accounts(Database("postgresql://x@127.0.0.1:9/x"))
    with pytest.raises(web.ServerBusy, match="database gives no answer"):
        await made.caller(asking("assay_" + "a" * 10 + "_" + "b" * 43), "chat")


def test_a_machine_gets_its_token_once_when_somebody_says_yes(database: Database, by: By) -> None:
    with database.writing() as session:
        alice = people.add(session, by, "alice")
        asked = devices.begin(session, "laptop")
        assert devices.poll(session, by, asked.device_code) == "authorization_pending"
        assert devices.poll(session, by, asked.device_code) == "slow_down"
        assert devices.waiting(session, asked.user_code.lower().replace("-", " ")) is not None
        devices.answer(session, asked.user_code, alice, "yes")
        with pytest.raises(Refused, match="No machine waits"):
            devices.answer(session, asked.user_code, alice, "no")
        told = devices.poll(session, by, asked.device_code)
        one = tokens.known(session, tokens.id_of(told) or "")
        assert one is not None and one.name == "alice" and one.scopes == {"complete", "chat", "record"}
        assert devices.poll(session, by, asked.device_code) == "expired_token", "once"
        other = devices.begin(session, "x")
        devices.answer(session, other.user_code, alice, "no")
        assert devices.poll(session, by, other.device_code) == "access_denied"
        late = devices.begin(session, "x")
        session.execute(update(Device).values(expires_ms=1))
        session.expire_all()
        assert devices.poll(session, by, late.device_code) == "expired_token"
        assert devices.waiting(session, late.user_code) is None
        assert asked.device_code not in str([vars(one) for one in session.scalars(select(Device))])


def test_machines_that_wait_are_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "WAITING", 2)
    with database.writing() as session:
        devices.begin(session, "x")
        devices.begin(session, "x")
        with pytest.raises(Refused, match="Too many machines"):
            devices.begin(session, "x")


def test_a_browser_is_logged_in_until_it_is_over_and_its_forms_cannot_be_forged(database: Database, by: By) -> None:
    key = b"k" * 32
    with database.writing() as session:
        alice = people.add(session, by, "alice")
        told, other = visits.begin(session, alice), visits.begin(session, alice)
        found = visits.who(session, told)
        assert found is not None and found.name == "alice" and visits.who(session, "nonsense") is None
        assert visits.is_guarded(key, told, visits.guard(key, told))
        assert not visits.is_guarded(key, told, visits.guard(key, other)) and not visits.is_guarded(key, told, "ä")
        token = tokens.add(session, by, alice, "x")
        third = visits.begin(session, alice, tokens.id_of(token))
        assert visits.who(session, third) is not None
        tokens.revoke(session, by, tokens.id_of(token) or "")
        assert visits.who(session, third) is None, "it ends with the token that it came by"
        visits.end(session, told)
        assert visits.who(session, told) is None and visits.who(session, other) is not None
        session.execute(update(Visit).values(expires_ms=1))
        assert visits.who(session, other) is None


def test_who_is_erased_leaves_numbers(database: Database, by: By) -> None:
    with database.writing() as session:
        alice = people.add(session, by, "alice")
        people.add(session, by, "bob")
        token = tokens.add(session, by, alice, "x")
        assert book.erase(session, by.chain, alice) == 2
    with database.reading() as session:
        assert [one.name for one in people.everybody(session)] == ["bob", "erased-1"]
        assert "alice" not in str(session.execute(select(Entry.personal, Entry.plain)).all())
        assert [one for one in by.chain.faults(session.connection()) if not isinstance(one, int)] == []
        assert not tokens.opens(tokens.known(session, tokens.id_of(token) or ""), token)
    with database.writing() as session:
        people.enable(session, by, people.named(session, "erased-1"))
        assert not tokens.opens(tokens.known(session, tokens.id_of(token) or ""), token), "for good"
    with database.reading() as session:
        assert session.scalars(select(Token.label)).all() == [""]

"""The record: what was changed, taken out or put in is found; no text comes in; what is somebody's can be taken out and the chain holds."""

from __future__ import annotations

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from assay.engine.web import Refused
from assay.team.config import Folder
from assay.team.identity import people
from assay.team.identity.people import By
from assay.team.record import book, events, incoming
from assay.team.record.book import Sought
from assay.team.store import counts
from assay.team.store.chain import Chain, Fault, Note
from assay.team.store.database import Database
from assay.team.store.tables import Count, Entry, Head
from tests.team.conftest import KEY, Made, Team
from tests.team.engine import Engine


def fates(count: int, person: int | None = 1, start: int = 0) -> list[Note]:
    return [Note("fate", {"fate": "accepted", "kind": "line", "model": "m"}, {"text": "abcdef00"}, person, f"e{number}", f"s{number}") for number in range(start, start + count)]  # fmt: skip


def faults(database: Database, chain: Chain) -> list[Fault]:
    with database.reading() as session:
        return [one for one in chain.faults(session.connection()) if isinstance(one, Fault)]


def test_what_is_sent_again_is_recorded_once(database: Database, chain: Chain) -> None:
    with database.writing() as session:
        assert chain.append(session, fates(3)) == 3
    with database.writing() as session:
        assert chain.append(session, fates(5) + fates(5)) == 2
        assert chain.append(session, fates(3)) == 0
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Entry)) == 5 == chain.end(session)
        assert session.execute(select(Count.measure, Count.count).where(Count.person_id > 0)).all() == [("accepted", 5)]
    assert faults(database, chain) == []


CHANGES: dict[str, Any] = {
    "a row's numbers": update(Entry).where(Entry.seq == 4).values(plain='{"fate": "rejected"}'),
    "a row's time": update(Entry).where(Entry.seq == 4).values(at_ms=1),
    "a row's kind": update(Entry).where(Entry.seq == 4).values(kind="role"),
    "who it was": update(Entry).where(Entry.seq == 4).values(person_id=2),
    "what it says of them": update(Entry).where(Entry.seq == 4).values(personal='{"person": 1}'),
    "which suggestion": update(Entry).where(Entry.seq == 4).values(suggestion="other"),
    "a text put in": update(Entry).where(Entry.seq == 4).values(source="x"),
    "somebody taken out": update(Entry).where(Entry.seq == 4).values(person_id=None, personal=None, salt=None, event=None, suggestion=None),
    "a row in the middle": delete(Entry).where(Entry.seq == 4),
    "rows in the middle": delete(Entry).where(Entry.seq.in_([4, 5, 6])),
    "the first rows": delete(Entry).where(Entry.seq < 4),
    "the last rows": delete(Entry).where(Entry.seq > 7),
    "all rows": delete(Entry),
    "its link": update(Entry).where(Entry.seq == 4).values(link="0" * 64),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_is_found(database: Database, chain: Chain, change: str) -> None:
    with database.writing() as session:
        chain.append(session, fates(9))
    assert faults(database, chain) == []
    with database.writing() as session:
        session.execute(CHANGES[change])
    found = faults(database, chain)
    assert found and all(one.why for one in found)


def test_the_end_that_is_cut_off_with_the_databases_own_word_for_it_is_found(database: Database, chain: Chain) -> None:
    with database.writing() as session:
        chain.append(session, fates(9))
    with database.writing() as session:
        session.execute(delete(Entry).where(Entry.seq > 7))
        link = session.scalar(select(Entry.link).where(Entry.seq == 7))
        session.execute(update(Head).values(seq=7, link=link))
    assert [one.seq for one in faults(database, chain)] == [8]
    assert "the key's folder knows row 9" in faults(database, chain)[0].why


def test_a_row_that_was_put_in_needs_the_key(database: Database, chain: Chain, tmp_path: Path) -> None:
    with database.writing() as session:
        chain.append(session, fates(2))
    forger = Chain(b"another key", tmp_path / "elsewhere")
    with database.writing() as session:
        forger.append(session, fates(1, start=50))
    assert [one.seq for one in faults(database, chain)][:1] == [3]


def test_what_was_not_written_in_the_end_is_not_told(database: Database, chain: Chain) -> None:
    def broken() -> None:
        with database.writing() as session:
            chain.append(session, fates(4))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert faults(database, chain) == []
    with database.writing() as session:
        assert chain.append(session, fates(1)) == 1
    assert faults(database, chain) == []


def test_rows_that_are_too_old_go_and_the_chain_and_the_counts_stay(database: Database, chain: Chain) -> None:
    with database.writing() as session:
        person = people.add(session, By(chain), "alice")
        chain.append(session, fates(5, person.id), at_ms=1_000)
        chain.append(session, fates(5, person.id, 10), at_ms=2_000)
        chain.append(session, fates(5, person.id, 20), at_ms=3_000)
    with database.writing() as session:  # the first row is of now
        session.execute(update(Entry).where(Entry.seq == 1).values(at_ms=1))
    assert [one.seq for one in faults(database, chain)] == [1]
    with database.writing() as session:
        assert book.forget_before(session, chain, 2_000) == 6
        assert book.forget_before(session, chain, 2_000) == 0
    assert faults(database, chain) == []
    with database.writing() as session:
        assert book.erase(session, chain, person) == 10
        assert book.forget_before(session, chain, 3_000) == 5
    assert faults(database, chain) == []
    with database.reading() as session:
        assert (
            session.scalar(select(func.sum(Count.count)).where(Count.measure == "accepted", Count.person_id >= 0)) == 15
        )
        first = session.scalar(select(func.min(Entry.seq)))
        assert first and first > 10
    with database.writing() as session:
        session.execute(delete(Entry).where(Entry.seq == first))
    assert faults(database, chain), "what is not by the rule is found still"


def test_more_than_was_erased_is_found(database: Database, chain: Chain) -> None:
    with database.writing() as session:
        alice, bob = people.add(session, By(chain), "alice"), people.add(session, By(chain), "bob")
        for number in range(4):
            chain.append(session, fates(1, alice.id, number) + fates(1, bob.id, 100 + number))
        book.erase(session, chain, alice)
    assert faults(database, chain) == []
    with database.writing() as session:
        session.execute(
            update(Entry)
            .where(Entry.suggestion == "s101")
            .values(person_id=None, personal=None, salt=None, event=None, suggestion=None)
        )
    assert "more than were erased" in faults(database, chain)[-1].why


GOOD = {"id": "1", "event": "suggestion", "suggestion": "s-1", "kind": "line", "model": "qwen2.5-coder:1.5b", "weights": "ab12cd34", "dialect": "qwen", "sampling": {"temperature": 0.2, "seed": None}, "verdict": {"state": "unverified", "reason": "no-tests", "checks": ["parse", "ruff"], "passed": 0}, "took_ms": {"model": 120, "total": 180.5}, "chars": 12, "lines": 1, "confidence": 0.8, "text": "00112233aabbccdd", "sources": ["definitions", "current file"], "project": "aabbccdd", "at_ms": 1700000000000, "client": "Neovim 0.12"}  # fmt: skip


def test_an_event_has_names_numbers_and_hashes(database: Database, chain: Chain) -> None:
    [note] = events.notes([GOOD], 7)
    assert note.event == "7:1" and note.plain["verdict"]["reason"] == "no-tests" and "text" not in note.plain
    with database.writing() as session:
        chain.append(session, [note])
    with database.reading() as session:
        counted = dict(iter(session.execute(select(Count.measure, Count.count).where(Count.person_id > 0))))
    assert counted == {"offered": 1, "unverified": 1, "why:no-tests": 1, "model:200": 1, "total:200": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"text": "def f(): return 1"},
        {"text": "DEADBEEF"},
        {"sources": ["x = 1\ny = 2"]},
        {"sources": "definitions"},
        {"kind": "def f():\n    return 'hidden'"},
        {"prompt": "anything"},
        {"note": "anything"},
        {"verdict": {"state": "passed", "evidence": "text"}},
        {"verdict": {"state": "good"}},
        {"verdict": {"state": "failed", "checks": ["assert f() == 'x'"]}},
        {"took_ms": {"model": "fast"}},
        {"took_ms": {"a\n": 1}},
        {"chars": True},
        {"chars": float("inf")},
        {"id": ""},
        {"id": "x" * 65},
        {"event": "setting"},
        {"suggestion": "a b"},
        {"model": "x" * 90},
        {"source": "def f(): pass"},
        {"took_ms": {"total": None}},
        {"took_ms": {"total": -1}},
    ],
    ids=str,
)
def test_no_text_comes_in_by_a_field(change: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        events.notes([GOOD, GOOD | change], 1)


@pytest.mark.parametrize("told", [None, {}, "x", [1], [None], [GOOD] * 501])
def test_what_is_no_batch_is_refused(told: Any) -> None:
    with pytest.raises(Refused):
        events.notes(told, 1)


def test_feedback_is_a_thumb_and_a_word() -> None:
    note = events.feedback({"suggestion": "s", "thumb": "down", "word": "wrong import"}, 3)
    assert (note.plain, note.personal) == ({"thumb": "down"}, {"word": "wrong import"})
    for told in ({}, {"suggestion": "s", "thumb": "left"}, {"suggestion": "s", "thumb": "up", "word": "x" * 501}, {"suggestion": "s", "thumb": "up", "word": 3}):  # fmt: skip
        with pytest.raises(Refused):
            events.feedback(told, 1)


def test_rows_are_found_page_by_page_and_go_out_as_tables(database: Database, chain: Chain) -> None:
    with database.writing() as session:
        person = people.add(session, By(chain), "alice")
        chain.append(
            session,
            [
                *fates(60, person.id),
                Note("feedback", {"thumb": "up"}, {"word": '=HYPERLINK("x")'}, person.id, None, "s1"),
            ],
        )
    with database.reading() as session:
        first = book.rows(session, Sought(person="Alice"))
        assert [one["seq"] for one in first] == list(range(62, 12, -1))
        rest = book.rows(session, Sought(person="alice", below=first[-1]["seq"]))
        assert [one["seq"] for one in rest] == list(range(12, 0, -1))
        assert [one["kind"] for one in book.rows(session, Sought(suggestion="s1"))] == ["feedback", "fate"]
        assert len(book.rows(session, Sought(kind="user-added"))) == 1
        assert book.rows(session, Sought(person="nobody")) == []
        table = list(csv.DictReader(io.StringIO("".join(book.exported(book.all_rows(session, Sought()), "csv")))))
        assert len(table) == 62 and table[0]["person"] == "alice"
        lines = [json.loads(one) for one in book.exported(book.all_rows(session, Sought(kind="fate")), "jsonl")]
        assert len(lines) == 60 and lines[0]["plain"]["fate"] == "accepted"


def test_no_cell_is_a_formula(database: Database, chain: Chain) -> None:
    with database.writing() as session:
        session.execute(
            insert(Entry), [{"seq": 1, "at_ms": 1, "kind": "=1+1", "plain": "{}", "sealed": "", "link": "@x"}]
        )
    with database.reading() as session:
        [row] = csv.DictReader(io.StringIO("".join(book.exported(book.all_rows(session, Sought()), "csv"))))
    assert (row["kind"], row["link"]) == ("'=1+1", "'@x")


def test_percentiles_come_of_buckets() -> None:
    assert counts.percentile({50: 90, 400: 9, 1000: 1}, 0.5) == 50
    assert counts.percentile({50: 90, 400: 9, 1000: 1}, 0.95) == 400
    assert counts.percentile({50: 90, 400: 9, 1000: 1}, 1.0) == 1000
    assert counts.percentile({}, 0.5) is None
    assert counts.edge(10**9) == counts.BEYOND


def test_the_file_of_the_end_is_for_its_owner_and_never_goes_back(database: Database, tmp_path: Path) -> None:
    end = tmp_path / "end"
    chain = Chain(KEY, end)
    with database.writing() as session:
        chain.append(session, fates(3))
    assert end.stat().st_mode & 0o777 == 0o600 and json.loads(end.read_text())["seq"] == 3
    end.write_text(json.dumps({"seq": 9, "link": "x"}))
    with database.writing() as session:
        chain.append(session, fates(1, start=30))
        session.execute(text("SELECT 1"))
    assert json.loads(end.read_text())["seq"] == 9


def test_what_says_that_rows_were_taken_away_and_does_not_is_a_fault(database: Database, chain: Chain) -> None:
    with database.writing() as session:
        chain.append(session, fates(5))
    for kind, plain in (("erased", "{}"), ("retained", "nonsense"), ("erased", "[1]")):
        with database.writing() as session:
            session.execute(update(Entry).where(Entry.seq == 2).values(kind=kind, plain=plain))
        found = faults(database, chain)
        assert found[0] == Fault(2, f"it does not say what was {kind}") and len(found) > 1


def test_an_end_that_is_noted_nowhere_is_a_fault(database: Database, chain: Chain, tmp_path: Path) -> None:
    with database.writing() as session:
        chain.append(session, fates(5))
    (tmp_path / "record.end").unlink()
    assert "noted nowhere outside the database" in faults(database, chain)[0].why
    with database.writing() as session:
        chain.anew(session)
    assert faults(database, chain) == []


def test_writers_in_threads_leave_a_chain_and_an_end_that_can_be_read(database: Database, chain: Chain) -> None:
    """Six at once: each row is behind another one, and the file of the end is whole whenever it is looked at."""

    def write(start: int) -> None:
        for number in range(12):
            with database.writing() as session:
                chain.append(session, fates(2, start=start + number * 2))
            assert chain._told() is not None

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(0, 6_000, 1_000)))
    assert faults(database, chain) == []
    told = chain._told()
    assert told is not None and told[0] == 144


async def test_texts_are_kept_encrypted_where_the_team_wants_that(engine: Engine, team: Made) -> None:
    word = "canary_of_a_text"
    for keeps in ("off", "encrypted"):
        made: Team = await team(engine, record__source=keeps)
        async with made.http(made.add("alice")) as http:
            assert (await http.get("/login/about")).json()["texts"] == (keeps == "encrypted")
            answer = await http.post("/v1/record", json={"events": [GOOD | {"source": f"x = {word}()"}]})
            assert answer.status_code == (200 if keeps == "encrypted" else 400)
        with made.store.database.reading() as session:
            stored = str(session.execute(select(Entry.source, Entry.plain, Entry.personal)).all())
            assert word not in stored and ("gAAAA" in stored) == (keeps == "encrypted")
            cipher = incoming.cipher_of(Folder(made.server.config.folder).key("source"))
            for shown, text in ((incoming.showing(cipher), f"x = {word}()"), (incoming.showing(None), "kept"), (incoming.showing(incoming.cipher_of(b"x" * 32)), "kept with another key")):  # fmt: skip
                told = [row["text"] for row in book.all_rows(session, Sought(kind="suggestion"), shown)]
                assert told == ([text] if keeps == "encrypted" else [])
        assert faults(made.store.database, made.store.chain) == []

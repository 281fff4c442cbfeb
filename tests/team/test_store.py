"""The database: the same on SQLite and PostgreSQL, brought forward with what is in it, saved and brought back, never half."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import autogenerate
from alembic.migration import MigrationContext
from sqlalchemy import func, select, text

from assay.team.identity import people, tokens
from assay.team.identity.people import By
from assay.team.store import backup, migrate
from assay.team.store.backup import NoBackup
from assay.team.store.chain import Chain, Note
from assay.team.store.database import Database, StoreUnavailable
from assay.team.store.tables import Base, Entry, Person, Token

KINDS = ["sqlite", "postgresql"]


@pytest.mark.parametrize("kind", KINDS)
def test_each_step_keeps_what_is_there(kind: str, fresh: Callable[[str], str], chain: Chain) -> None:
    """From the first form with people in it to the newest, where they can be recorded."""
    database = Database(fresh(kind))
    assert migrate.current(database) is None
    assert migrate.upgrade(database, "0001") is None
    with database.writing() as session:
        session.execute(text("INSERT INTO people (name, role, created_ms, weight) VALUES ('alice', 'admin', 5, 1)"))
        session.execute(
            text(
                "INSERT INTO tokens (id, person_id, label, scopes, digest, created_ms) SELECT 'abc', id, '', 'chat', 'd', 5 FROM people"
            )
        )
    assert migrate.upgrade(database) == "0001"
    assert migrate.upgrade(database) == migrate.newest() == migrate.current(database)
    with database.writing() as session:
        person = people.named(session, "alice")
        people.add(session, By(chain), "bob")
        assert (person.role, [one.name for one in people.everybody(session)]) == ("admin", ["alice", "bob"])
        assert tokens.known(session, "abc") is not None
    with database.reading() as session:
        assert [one for one in chain.faults(session.connection()) if not isinstance(one, int)] == []
    database.close()


def test_the_steps_make_what_the_models_say(database: Database) -> None:
    with database.reading() as session:
        context = MigrationContext.configure(session.connection())
        assert autogenerate.compare_metadata(context, Base.metadata) == []


def test_a_step_that_fails_leaves_nothing_half(
    database: Database, monkeypatch: pytest.MonkeyPatch, fresh: Callable[[str], str]
) -> None:
    empty = Database(fresh("sqlite" if database.is_sqlite else "postgresql"))

    def broken(*_: object) -> None:
        raise migrate.CommandError("no")

    with monkeypatch.context() as patch:
        patch.setattr(migrate.command, "upgrade", broken)
        with pytest.raises(StoreUnavailable, match="newer form"):
            migrate.upgrade(empty)
    assert migrate.current(empty) is None
    empty.close()


def test_a_database_of_a_newer_assay_is_left_alone(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailable, match="newer Assay"):
        migrate.upgrade(database)


def test_what_is_written_in_a_block_that_fails_is_not_there(database: Database, by: By) -> None:
    def fail() -> None:
        with database.writing() as session:
            people.add(session, by, "alice")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.reading() as session:
        assert people.everybody(session) == []


@pytest.mark.parametrize(("kind", "other"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_a_backup_goes_into_the_other_kind(
    kind: str, other: str, fresh: Callable[[str], str], tmp_path: Path, chain: Chain
) -> None:
    one, two = Database(fresh(kind)), Database(fresh(other))
    migrate.upgrade(one)
    with one.writing() as session:
        person = people.add(session, By(chain), "alice", "admin")
        told = tokens.add(session, By(chain), person, "x")
        chain.append(
            session,
            [
                Note("fate", {"fate": "accepted", "kind": "line"}, {}, person.id, f"e{number}", "s")
                for number in range(1_200)
            ],
        )
    file = tmp_path / "saved"
    count = backup.save(one, bytes(range(32)), file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert told not in file.read_bytes().decode("latin-1")
    assert backup.key_of(file) == bytes(range(32))
    assert backup.load(two, file) == count
    with two.writing() as session:
        known = tokens.known(session, tokens.id_of(told) or "")
        assert tokens.opens(known, told)
        assert session.scalar(select(func.count()).select_from(Entry)) == 1_202
        assert [one for one in chain.faults(session.connection()) if not isinstance(one, int)] == []
        people.add(session, By(chain), "bob")
        assert {one.id for one in people.everybody(session)} == {1, 2}, "who comes next has a number of their own"
    with pytest.raises(NoBackup, match="not empty"):
        backup.load(two, file)
    with pytest.raises(NoBackup, match="there already"):
        backup.save(one, b"", file)
    one.close()
    two.close()


def test_a_backup_that_was_changed_or_cut_off_is_not_brought_back(
    tmp_path: Path, fresh: Callable[[str], str], by: By
) -> None:
    import gzip

    one, two = Database(fresh("sqlite")), Database(fresh("sqlite"))
    migrate.upgrade(one)
    with one.writing() as session:
        people.add(session, by, "alice")
    backup.save(one, b"", file := tmp_path / "saved")
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    for name, data in {
        "changed": gzip.compress(b"".join(lines).replace(b"alice", b"mally")),
        "cut": gzip.compress(b"".join(lines[:-1])),
        "half": file.read_bytes()[:-30],
        "none": b"nonsense",
        "text": gzip.compress(b"hello\n"),
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(NoBackup):
            backup.load(two, tmp_path / name)
    assert migrate.current(two) is None, "nothing was written"
    one.close()
    two.close()


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "postgresql://"])
def test_what_is_no_database_is_told_in_a_sentence(url: str) -> None:
    try:
        database = Database(url)
    except StoreUnavailable as error:
        assert str(error).endswith(".")
        return
    with pytest.raises(StoreUnavailable, match="gave no answer"):
        migrate.current(database)
    database.close()


def test_no_password_is_told() -> None:
    database = Database("postgresql://alice:hidden-word@127.0.0.1:9/x")
    with pytest.raises(StoreUnavailable) as seen:
        migrate.current(database)
    assert "hidden-word" not in str(seen.value) and "***" in str(seen.value)
    database.close()


def test_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/sub/a.sqlite3")
    migrate.upgrade(database)
    with database.writing() as session:
        session.add(Person(name="x", role="member", created_ms=1, weight=1))
    assert {one.stat().st_mode & 0o777 for one in (tmp_path / "sub").iterdir()} == {0o600}
    with database.reading() as session:
        assert json.loads(json.dumps([one.name for one in session.scalars(select(Person))])) == ["x"]
        assert session.scalars(select(Token)).all() == []
    database.close()

"""A whole database in one file, and back: compressed lines of JSON with a digest at the end, the same for SQLite and PostgreSQL, so that one can be left for the other.

In it are digests of tokens and what the record says; the record's key travels with it, or the chain could not be looked at again. Whoever has the file can
read all that, so it is made for its owner alone. The key of kept texts is not in it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, insert, inspect, select, text
from sqlalchemy.orm import Session

from . import migrate
from .database import Database
from .tables import Base

FORMAT = 1
AT_ONCE = 500
LINE_LIMIT = 4 << 20  # characters; a row is far below


class NoBackup(Exception):
    """It cannot be made or brought back. The message is one sentence."""


def save(database: Database, key: bytes, path: Path) -> int:
    """Write all rows as they are at one moment; how many. A file that is there is not touched. Raises NoBackup and StoreUnavailable."""
    beside = path.with_name(f"{path.name}.part")
    if path.exists():
        raise NoBackup(f"{path} is there already.")
    digest, count = hashlib.sha256(), 0
    try:
        with os.fdopen(os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as file:  # fmt: skip
            for line in _lines(database, key):
                data = (json.dumps(line, ensure_ascii=False) + "\n").encode()
                digest.update(data)
                file.write(data)
                count += "row" in line
            file.write((json.dumps({"rows": count, "sha256": digest.hexdigest()}) + "\n").encode())
            file.flush()
            raw.flush()
            os.fsync(raw.fileno())
        os.link(beside, path)  # fails where somebody made it meanwhile
    except OSError as error:
        raise NoBackup(f"{path} cannot be written ({error.strerror}).") from error
    finally:
        beside.unlink(missing_ok=True)
    return count


def key_of(path: Path) -> bytes:
    """The record's key that travels with a backup. Raises NoBackup where that is not whole."""
    head = _checked(path)
    try:
        return bytes.fromhex(head["record_key"])
    except (KeyError, ValueError, TypeError) as error:
        raise NoBackup(f"{path} has no key of the record.") from error


def load(database: Database, path: Path) -> int:
    """Bring all rows back into an empty database; how many. The file is read twice: nothing is written before its digest is right. Raises NoBackup and
    StoreUnavailable."""
    head = _checked(path)
    if head.get("format") != FORMAT:
        raise NoBackup(f"{path} is a backup of another form. Use the Assay that made it.")
    form = str(head.get("database"))
    if migrate.current(database) is None:
        migrate.upgrade(database, form)  # the rows are of that form; the steps behind it know how to go on
    elif migrate.current(database) != form:
        raise NoBackup(
            f"The database {database.name} is of form {migrate.current(database)}, and the backup of {form}."
        )
    count = 0
    with database.writing() as session:
        tables = {one.name: one for one in Base.metadata.sorted_tables}
        for table in _there(session, tables.values()):
            if session.scalar(select(func.count()).select_from(table)):
                raise NoBackup(f"The database {database.name} is not empty: nothing was changed.")
        batch, name = list[dict[str, Any]](), ""
        for line in _read(path):
            if "row" not in line:
                continue
            if batch and (line["table"] != name or len(batch) >= AT_ONCE):
                session.execute(insert(tables[name]), batch)
                batch = []
            name = line["table"]
            batch.append(line["row"])
            count += 1
        if batch:
            session.execute(insert(tables[name]), batch)
        if not database.is_sqlite:
            session.execute(
                text(
                    "SELECT setval(pg_get_serial_sequence('people', 'id'), (SELECT COALESCE(MAX(id), 0) + 1 FROM people), false)"
                )
            )
    migrate.upgrade(database)
    return count


def _lines(database: Database, key: bytes) -> Iterator[dict[str, Any]]:
    with database.reading() as session:
        if not database.is_sqlite:
            session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        session.connection()
        yield {"format": FORMAT, "database": migrate.current(database), "record_key": key.hex()}
        for table in _there(session, Base.metadata.sorted_tables):
            found = session.execute(
                select(table).order_by(*table.primary_key), execution_options={"yield_per": AT_ONCE}
            )
            for row in found.mappings():
                yield {"table": table.name, "row": dict(row)}


def _there(session: Session, tables: Any) -> list[Table]:
    """Those that this form of the database has."""
    names = set(inspect(session.connection()).get_table_names())
    return [one for one in tables if one.name in names]


def _checked(path: Path) -> dict[str, Any]:
    """The first line, once the last one is right."""
    digest, last, first = hashlib.sha256(), b"", dict[str, Any]()
    for line in _raw(path):
        if last:
            digest.update(last)
        elif line:
            first = _json(path, line)
        last = line
    told = _json(path, last)
    if told.get("sha256") != digest.hexdigest():
        raise NoBackup(f"{path} is not whole, or was changed.")
    return first


def _read(path: Path) -> Iterator[dict[str, Any]]:
    for line in _raw(path):
        yield _json(path, line)


def _raw(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as file:
            while line := file.readline(LINE_LIMIT):
                yield line
    except (OSError, EOFError) as error:
        raise NoBackup(f"{path} cannot be read as a backup ({error}).") from error


def _json(path: Path, line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise NoBackup(f"{path} is no backup.") from error
    return found if isinstance(found, dict) else {}

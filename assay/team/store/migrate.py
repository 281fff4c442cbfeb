"""Bring a database into the form that this version of Assay works with, by Alembic. Never back: a newer one is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from .database import Database, StoreUnavailable

LOCK = 0x61737361  # PostgreSQL's, so that of two servers that start one waits


def config(connection: Connection | None = None) -> Config:
    """Alembic's, for these steps and a connection."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    made.attributes["connection"] = connection
    return made


def newest() -> str:
    """The form that this version works with."""
    return str(ScriptDirectory.from_config(config()).get_current_head())


def current(database: Database) -> str | None:
    """The form that the database has; None for an empty one. Raises StoreUnavailable."""
    with database.reading() as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def upgrade(database: Database, to: str = "head") -> str | None:
    """All steps that are missing, in one transaction; the form that it had. Raises StoreUnavailable for a database of a newer Assay."""
    with database.writing() as session:
        connection = session.connection()
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        had = MigrationContext.configure(connection).get_current_revision()
        if had is not None and had not in _known():
            raise StoreUnavailable(
                f"The database {database.name} is of a newer Assay ({had}). Update Assay, or restore an older backup."
            )
        try:
            command.upgrade(config(connection), to)
        except CommandError as error:
            raise StoreUnavailable(
                f"The database {database.name} cannot be brought to a newer form ({error})."
            ) from error
    return had


def _known() -> set[Any]:
    return {one.revision for one in ScriptDirectory.from_config(config()).walk_revisions()}

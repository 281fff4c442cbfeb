"""A database that is open: SQLite in a file, or PostgreSQL by its URL. Work on it is plain functions of a session, run in threads of their own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, InterfaceError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

T = TypeVar("T")

READERS, WRITERS = (
    4,
    2,
)  # threads at the database: who writes waits for other writers, and nobody who reads waits behind them
BUSY_S, CONNECT_S, STATEMENT_S = 10, 5, 30
_WRITES = "assay_writes"
log = logging.getLogger(__name__)


class StoreUnavailable(Exception):
    """The database gives no answer, or none that helps. The message is one sentence, without the URL's password."""


class Database:
    """`reading` and `writing` give a session for the length of a block; `read` and `write` run a function with one in a thread."""

    def __init__(self, url: str) -> None:
        """`url`: `sqlite:///PATH` or `postgresql://…`. Nothing is opened yet, but the folder of a file is made. Raises StoreUnavailable."""
        try:
            told = sqlalchemy.engine.make_url(url)
        except ArgumentError as error:
            raise StoreUnavailable(
                "The database's URL is none. It is sqlite:///PATH or postgresql://USER@HOST/NAME."
            ) from error
        kind = told.get_backend_name()
        if kind not in ("sqlite", "postgresql"):
            raise StoreUnavailable(f"A database of {kind} is not served: SQLite and PostgreSQL are.")
        self.is_sqlite = kind == "sqlite"
        self.path = Path(told.database) if self.is_sqlite and told.database else None
        if kind == "postgresql":
            told = told.set(drivername="postgresql+psycopg")
        self.name = told.render_as_string(hide_password=True)
        if self.path is not None:
            _private(self.path)
        try:
            self.engine = sqlalchemy.create_engine(told, **self._options())
        except (SQLAlchemyError, NoSuchModuleError, ImportError) as error:
            raise StoreUnavailable(f"The database {self.name} cannot be used ({type(error).__name__}).") from error
        self._writing = self.engine.execution_options(**{_WRITES: True})
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="database")
        self._writers = ThreadPoolExecutor(1 if self.is_sqlite else WRITERS, thread_name_prefix="database writes")
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepared)
            event.listen(self.engine, "begin", _begun)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """What holds together. Raises StoreUnavailable."""
        with self._session(self.engine) as session:
            yield session

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """What is written is there when the block is left, all of it or nothing. Raises StoreUnavailable."""
        with self._session(self._writing) as session, session.begin():
            yield session

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run it in a thread. Raises StoreUnavailable."""
        return await self._run(self._readers, self.reading, work)

    async def write(self, work: Callable[[Session], T]) -> T:
        """Run it in a thread; its end is the end of a transaction. Raises StoreUnavailable."""
        return await self._run(self._writers, self.writing, work)

    def close(self) -> None:
        """End what is open."""
        for one in (self._readers, self._writers):
            one.shutdown(wait=True)
        self.engine.dispose()

    async def _run(
        self,
        threads: ThreadPoolExecutor,
        opened: Callable[[], contextlib.AbstractContextManager[Session]],
        work: Callable[[Session], T],
    ) -> T:
        def run() -> T:
            with opened() as session:
                return work(session)

        return await asyncio.get_running_loop().run_in_executor(threads, run)

    @contextlib.contextmanager
    def _session(self, bind: Any) -> Iterator[Session]:
        try:
            with Session(bind, expire_on_commit=False) as session:
                yield session
        except (OperationalError, InterfaceError) as error:
            raise StoreUnavailable(f"The database {self.name} gave no answer ({type(error.orig).__name__}).") from error

    def _options(self) -> dict[str, Any]:
        usual = {"hide_parameters": True}  # in what is logged: names, digests
        if self.is_sqlite:
            return usual | {"connect_args": {"timeout": BUSY_S, "check_same_thread": False}}
        told: dict[str, Any] = {
            "connect_timeout": CONNECT_S,
            "options": f"-c statement_timeout={STATEMENT_S * 1000}",
            "application_name": "assay",
            "keepalives_idle": CONNECT_S,  # a machine that is gone says nothing
            "keepalives_interval": 2,
            "keepalives_count": 2,
            "tcp_user_timeout": STATEMENT_S * 1000,
        }
        return usual | {"connect_args": told, "pool_pre_ping": True, "pool_size": READERS + WRITERS}


@contextlib.contextmanager
def going_on(what: str) -> Iterator[None]:
    """For one round of what runs beside a server: whatever goes wrong is logged, and the next round comes."""
    try:
        yield
    except StoreUnavailable as error:
        log.warning("%s: %s", what, error)
    except Exception:
        log.exception("%s went wrong, and is tried again", what)


def _private(path: Path) -> None:
    """A file that only its owner can read, before SQLite makes one that everybody can; those beside it take its mode."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreUnavailable(f"The database {path} cannot be made ({error.strerror}).") from error


def _prepared(connection: Any, _: object) -> None:
    """Writers that keep no reader out, and are there after the machine's power was gone."""
    connection.isolation_level = None  # transactions are begun below, not by the driver
    for one in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {one}").close()


def _begun(connection: Any) -> None:
    """Who writes says so at once: two that begin as readers and write then are refused by SQLite."""
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

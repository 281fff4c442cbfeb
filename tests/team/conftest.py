"""A database of each kind, a PostgreSQL of Debian's packages among them; an engine that counts what it writes; a team's server before it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from assay.team.config import Config, Folder, load
from assay.team.gate.nodes import Nodes
from assay.team.gate.upstream import There
from assay.team.identity import people, tokens
from assay.team.identity.people import By, Role
from assay.team.server import Server, Store
from assay.team.store import migrate
from assay.team.store.chain import Chain
from assay.team.store.database import Database
from tests.team.engine import Engine

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
KEY = bytes(range(32))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server of this test's own; it is installed where that can be done without asking."""
    if _programs() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
    if _programs() is None:
        pytest.skip("PostgreSQL is not here: apt install postgresql")
    with started_postgres() as url:
        yield url


def _install() -> None:
    """By one of the tests' processes; the others wait for it."""
    import fcntl

    told = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "postgresql"]
    with (Path(tempfile.gettempdir()) / "assay-tests-postgresql.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _programs() is None:
            for command in (["apt-get", "update", "-qq"], told):
                subprocess.run(
                    command, check=False, capture_output=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
                )


@contextlib.contextmanager
def started_postgres() -> Iterator[str]:
    """The URL of a PostgreSQL that is started for this, on a socket alone."""
    folder = _programs()
    assert folder is not None, "PostgreSQL is not here: apt install postgresql"
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as name:
        place = Path(name)
        if os.geteuid() == 0:  # it refuses to run as root
            shutil.chown(place, "postgres", "postgres")
        place.chmod(0o755)

        def run(program: str, *told: str) -> None:
            command = [str(folder / program), *told]
            before = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
            done = subprocess.run([*before, *command], capture_output=True, text=True, cwd="/", check=False)
            assert done.returncode == 0, done.stderr + done.stdout

        run("initdb", "-D", f"{place}/data", "-U", "assay", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
        options = f"-k {place} -c listen_addresses='' -c fsync=off -c max_connections=60"
        run("pg_ctl", "-D", f"{place}/data", "-o", options, "-l", f"{place}/log", "-w", "start")
        try:
            yield f"postgresql://assay@/postgres?host={place}"
        finally:
            run("pg_ctl", "-D", f"{place}/data", "-m", "immediate", "stop")


def _programs() -> Path | None:
    found = [one for place in PLACES for one in sorted(Path("/").glob(place[1:])) if (one / "initdb").exists()]
    return found[-1] if found else None


_numbers = iter(range(10**6))


@pytest.fixture
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """The URL of an empty database of a kind."""

    def url(kind: str) -> str:
        number = next(_numbers)
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/db{number}.sqlite3"
        import psycopg

        server = request.getfixturevalue("postgres")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE db{number}")  # type: ignore[arg-type]
        return str(server).replace("/postgres?", f"/db{number}?")

    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, fresh: Callable[[str], str]) -> Iterator[Database]:
    """In its newest form, and empty."""
    made = Database(fresh(request.param))
    migrate.upgrade(made)
    yield made
    made.close()


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """The record's, with a key of its own."""
    return Chain(KEY, tmp_path / "record.end")


@pytest.fixture
def by(chain: Chain) -> By:
    return By(chain)


class Team:
    """A server with people, before engines that count."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.store = server.store
        self.by = By(server.store.chain)

    def add(self, name: str, role: Role = "member", **told: Any) -> str:
        """Somebody's token."""
        with self.store.database.writing() as session:
            person = people.add(session, self.by, name, role)
            return tokens.add(session, self.by, person, "test", **told)

    def http(self, token: str = "") -> httpx.AsyncClient:
        """A client with somebody's token."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(self.server.application())
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8443", headers=headers, timeout=30)


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    async with Engine() as made:
        yield made


Made = Callable[..., Any]


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Made]:
    """Make a team's server before some engines: `await team(engine, …, limits={...})`."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(*engines: Engine, limit: int = 4, **told: Any) -> Team:
            folder = Folder(tmp_path / f"server{next(_numbers)}")
            folder.path.mkdir(mode=0o700)
            config: Config = load(folder, {name.replace("__", "."): value for name, value in told.items()})
            database = Database(config.text("server.database") or folder.database)
            migrate.upgrade(database)
            stack.callback(database.close)
            store = Store(database, Chain(folder.key("record"), folder.record_end))
            server = Server(folder, config, store, Nodes([There(one.url, "", "", limit) for one in engines]))
            await stack.enter_async_context(server.beside())
            return Team(server)

        yield make

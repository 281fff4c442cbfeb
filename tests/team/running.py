"""The real server as a process of its own, set up as its own commands do it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from assay.team import certificates
from assay.team.config import Folder, load
from assay.team.identity import people, tokens
from assay.team.identity.people import By, Role
from assay.team.server import opened

ASSAY = [sys.executable, "-I", "-m", "assay"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def run(*told: str, given: str = "", env: dict[str, str] | None = None) -> str:
    """A command's output; fails where it does."""
    done = subprocess.run(
        [*ASSAY, *told],
        input=given,
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, (told, done.stdout, done.stderr)
    return done.stdout


@dataclass
class Running:
    """A folder with a server that runs in it."""

    folder: Path
    port: int
    upstreams: tuple[str, ...] = ()
    process: subprocess.Popen[str] | None = None
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def add(self, name: str, role: Role = "member") -> str:
        """Somebody's token; as `assay user add`, without its start."""
        place = Folder(self.folder)
        store = opened(place, load(place))
        with store.database.writing() as session:
            person = people.add(session, By(store.chain), name, role)
            self.tokens[name] = tokens.add(session, By(store.chain), person, "test")
        store.close()
        return self.tokens[name]

    def start(self) -> None:
        told = [part for one in self.upstreams for part in ("--upstream", one)]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [*ASSAY, "serve", "--folder", str(self.folder), "--log", "json", *told],
                stdout=log,
                stderr=log,
                text=True,
            )
        count = self.log.count("sharing at")
        deadline = time.monotonic() + 60
        while self.log.count("sharing at") == count:
            assert self.process.poll() is None and time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(40)

    def http(self, token: str = "", **told: float) -> httpx.AsyncClient:
        context = ssl.create_default_context(cafile=str(self.ca))
        headers = {"authorization": f"Bearer {token}"} if token else {}
        limits = httpx.Limits(max_connections=2_000)
        return httpx.AsyncClient(
            base_url=self.url,
            verify=context,
            headers=headers,
            timeout=told.get("timeout", 30),
            limits=limits,
            trust_env=False,
        )


@contextlib.contextmanager
def serving(folder: Path, *upstreams: str, config: str = "") -> Iterator[Running]:
    """Set up as `assay serve init` does it, started, and ended."""
    made = Running(folder, free_port(), upstreams)
    certificates.make(folder, ["127.0.0.1"])
    lines = ["[server]", f'listen = "127.0.0.1:{made.port}"', 'certificate = "cert.pem"', 'certificate_key = "key.pem"']
    (folder / "serve.toml").write_text("\n".join(lines) + "\n" + config)
    made.start()
    try:
        yield made
    finally:
        made.end(signal.SIGKILL)

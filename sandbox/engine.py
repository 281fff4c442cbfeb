"""Find and reach a container engine: Docker or anything that speaks its API. Blocking; call from a thread."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from .api import SandboxUnavailable

if TYPE_CHECKING:
    from docker import APIClient

TIMEOUT_S = 20  # our slowest call, removing a busy container, takes 2 s; beyond this the daemon hangs
BUILD_TIMEOUT_S = 900  # between two signs of life of a build, an import or a pull on a slow disk and line


LOCAL_SCHEMES = frozenset({"unix", "npipe", "http+unix"})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
Allowed = Literal[
    "here", "anywhere", "offline"
]  # where a container engine may be; "offline" is "here" by the setting of that name
ELSEWHERE: dict[Allowed, str] = {
    "here": "Set `sandbox.remote = true` in your own settings if you want that, or use an engine on this machine.",
    "offline": "`offline` is on: use an engine on this machine.",
}


def candidates(explicit: str = "") -> tuple[str, ...]:
    """Engine URLs to try, most deliberate first: the setting, DOCKER_HOST, rootless sockets, then system ones."""
    if explicit:
        return (explicit,)
    if host := os.environ.get("DOCKER_HOST"):
        return (host,)
    home = Path.home()
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}"))
    sockets = (
        runtime / "docker.sock",
        runtime / "podman" / "podman.sock",
        home / ".docker" / "run" / "docker.sock",
        home / ".colima" / "default" / "docker.sock",
        Path("/var/run/docker.sock"),
        Path("/run/podman/podman.sock"),
    )
    return tuple(f"unix://{path}" for path in sockets if path.is_socket())


def is_here(url: str) -> bool:
    """Whether an engine's URL stays on this machine: a socket file, a pipe, or loopback by its name. What cannot be read does not."""
    try:
        parts = urlsplit(url)
        return parts.scheme in LOCAL_SCHEMES or (parts.hostname or "") in LOOPBACK
    except ValueError:
        return False


def load() -> None:
    """Import the client's library, which takes a seventh of a second: the server starts without it."""
    import docker  # noqa: F401


def connect(explicit: str = "", timeout_s: float = TIMEOUT_S, *, allowed: Allowed = "here") -> APIClient:
    """A client of the first engine that answers; raises SandboxUnavailable with the sentence that mends it."""
    client = reach(explicit, allowed=allowed)[0]
    client.timeout = timeout_s
    return client


def reach(explicit: str = "", *, allowed: Allowed = "here") -> tuple[APIClient, str]:
    """The same, and the URL at which it answered. One on another machine is not even asked where that is not `allowed`: a
    project's files would go there."""
    import docker

    tried: list[str] = []
    for url in candidates(explicit):
        if allowed != "anywhere" and not is_here(url):
            raise SandboxUnavailable(
                f"Sandbox off: the container engine {_bare(url)} is on another machine, and your project's files would go there.",
                ELSEWHERE[allowed],
            )
        try:
            client = docker.APIClient(base_url=url, version="auto", timeout=TIMEOUT_S)
            client.trust_env = False  # no proxy stands before it, and looking for one reads all variables at each call, in whatever thread
            client.ping()
            return client, url
        except (docker.errors.DockerException, OSError) as error:
            tried.append(f"{url} ({_short(error)})")
    seen = "; ".join(tried) or "no Docker or Podman socket was found"
    raise SandboxUnavailable(f"Sandbox off: cannot reach a container engine: {seen}.", _advice(explicit, seen))


def _advice(explicit: str, seen: str) -> str:
    if "permission denied" in seen:
        return "This user may not use that socket: use rootless Docker or Podman, or join the `docker` group, which equals root."
    if explicit:
        return "Start that engine, or correct `sandbox.engine_url`."
    if "DOCKER_HOST" in os.environ:
        return "It is what DOCKER_HOST names: start that engine, or unset the variable."
    return "Start Docker or Podman, or run `assay setup`."


@contextlib.contextmanager
def trouble() -> Iterator[None]:
    """Make what the engine refuses a SandboxUnavailable."""
    import docker

    try:
        yield
    except (docker.errors.DockerException, OSError) as error:
        raise refusal(error) from error


def full(said: str) -> SandboxUnavailable | None:
    """Whether what an engine or a program said means that a disk is full."""
    if "no space left on device" not in said.lower() and "disk quota exceeded" not in said.lower():
        return None
    return SandboxUnavailable(
        "Sandbox off: the disk is full.",
        "Make room on the container engine's disk: `assay sandbox prune` removes the images of Assay that are not in use.",
    )


def refusal(error: Exception) -> SandboxUnavailable:
    """What went wrong in a call to an engine that was reached: it went away, or it said no and why."""
    import docker

    if (no_room := full(str(error))) is not None:
        return no_room
    if isinstance(error, OSError) and not isinstance(
        error, docker.errors.APIError
    ):  # all of the HTTP client's are OSErrors
        return SandboxUnavailable("Sandbox off: the container engine went away.", "It is used again when it is back.")
    text = str(getattr(error, "explanation", "") or error).splitlines()
    return SandboxUnavailable(
        f"Sandbox failed: the container engine refused ({text[0][:200] if text else type(error).__name__})."
    )


def _bare(url: str) -> str:
    """A URL without a user's name and password."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"


def _short(error: BaseException) -> str:
    text = str(error)
    for phrase in ("Connection refused", "Permission denied", "No such file", "timed out"):
        if phrase.lower() in text.lower():
            return phrase.lower()
    return text.splitlines()[0][:120] if text else type(error).__name__


def title(client: APIClient) -> str:
    """The engine's name and version: "Docker 20.10.24"."""
    return f"{'Podman' if is_podman(client) else 'Docker'} {client.version().get('Version', '')}".strip()


@lru_cache(maxsize=8)
def is_podman(client: APIClient) -> bool:
    """Whether Podman answers behind Docker's API; it differs in a few habits."""
    parts = client.version().get("Components") or []
    return any("podman" in str(part.get("Name", "")).lower() for part in parts)

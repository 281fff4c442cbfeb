"""`assay login` and `assay logout`: this user's key of a team's server, where their editors find it."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from assay import compose
from assay.assistant import settings as table
from assay.cli import out
from assay.engine.api import EngineError, EngineRefused
from assay.engine.client import Client, is_loopback
from assay.folders import Folders, folders

LIMIT = 4096  # characters of a token


@dataclass(frozen=True, slots=True)
class _Found:
    """What a server says of itself, and the key that it gave."""

    about: dict[str, Any]
    key: str
    who: dict[str, Any]


def login(
    url: Annotated[str, typer.Argument(metavar="URL", help="The team's server, such as https://models.lan:8443.")],
    ca: Annotated[
        str, typer.Option(metavar="FILE", help="The team's own authority, PEM, where the system does not trust it.")
    ] = "",
    token_file: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Where the token stands that you were given; - for standard input. By default you are asked, or sent to a browser.",
        ),
    ] = "",
) -> None:
    """Use a team's server from now on: its model for your editors, and your key in a file that only you can read."""
    where = folders()
    if out.settings(where).is_on("offline"):
        out.fail("offline", "`offline` is on: no server is asked.")
    parts = urlsplit(url if "://" in url else f"https://{url}")
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        out.fail("usage", f"A key goes to {parts.hostname} by https alone.")
    if not parts.hostname:
        out.fail("usage", f"{url} is no URL of a server.")
    address = f"{parts.scheme}://{parts.netloc}"
    ca_file = str(Path(ca).expanduser().absolute()) if ca else ""
    if ca_file and not Path(ca_file).is_file():
        out.fail("usage", f"{ca_file} is no file: --ca names the team's authority, a PEM file.")
    try:
        found = asyncio.run(_found(address, ca_file, token_file))
    except EngineRefused as error:
        out.fail("refused", f"{address} does not take that key, or is no team's server ({error.status}).")
    except EngineError as error:
        out.fail("no-server", _why(str(error), address))
    _keep(where, address, ca_file, found)
    typer.echo(
        f"You are {found.who.get('name')} at {address}. Editors use it from their next start on; `assay doctor` says whether it answers."
    )
    if found.about.get("record"):
        typer.echo(
            "It keeps a record: which suggestions were shown and what became of them, as hashes and numbers, no text. `assay login` turned that on (`team.record`)."
        )
    if found.about.get("texts"):
        typer.echo("It keeps texts of suggestions, encrypted, of whoever sets `team.texts`; nobody else's.")


def _why(said: str, address: str) -> str:
    """What went wrong, in words of logging in."""
    if "not trusted" in said:
        return f"The certificate of {address} is not trusted here. Name its authority with --ca FILE: whoever runs the server has it (ca.pem)."
    if "no answer" in said:
        return f"{address} gives no answer. Is that its address, and does the server run?"
    return said.removeprefix("Engine off: ")


def logout() -> None:
    """Forget the team's server and its key on this machine."""
    where = folders()
    for one in ("team.key", "team-ca.pem"):
        (where.config / one).unlink(missing_ok=True)
    for name in ("engine.url", "engine.api_key_file", "engine.ca_file"):
        compose.save_setting(where, name, "")
    for name in ("team.record", "team.texts"):
        compose.save_setting(where, name, False)
    typer.echo("Forgotten here. Whoever runs the server revokes the token itself.")


async def _found(url: str, ca_file: str, token_file: str) -> _Found:
    plain = Client(url, ca_file=ca_file)
    try:
        about = await plain.get("/login/about")
        if not isinstance(about, dict) or "login" not in about:
            raise EngineError(f"{url} is no team's server: it says nothing of how one logs in.")
        if token_file or "device" not in about["login"]:
            key = _token(token_file)
        else:
            key = await _by_browser(plain)
    finally:
        await plain.close()
    own = Client(url, api_key=key, ca_file=ca_file)
    try:
        return _Found(about, key, await own.get("/v1/me"))
    finally:
        await own.close()


def _token(file: str) -> str:
    """The token that somebody was given, from where they say."""
    try:
        if file == "-" or (not file and not sys.stdin.isatty()):
            told = sys.stdin.readline(LIMIT)
        elif file:
            told = Path(file).expanduser().read_text("ascii")[:LIMIT]
        else:
            told = typer.prompt("Your token", hide_input=True)
    except (OSError, ValueError) as error:
        out.fail("usage", f"The token cannot be read ({error}).")
    if not told.strip() or not told.strip().isascii():
        out.fail("usage", "There is no token: `assay user add` on the server's machine shows one.")
    return told.strip()


async def _by_browser(http: Client) -> str:
    """Show a code, and wait for somebody to say yes to it. Raises EngineError."""
    asked = await http.post(
        "/login/device", {"label": f"{os.environ.get('USER', 'somebody')} at {platform.node()}"[:64]}
    )
    typer.echo(f"Open {asked['verification_uri']} in a browser and type {asked['user_code']}", err=True)
    typer.echo(f"  or open {asked['verification_uri_complete']}", err=True)
    end, every_s = time.monotonic() + float(asked["expires_in"]), float(asked["interval"])
    while time.monotonic() < end:
        await asyncio.sleep(every_s)
        try:
            told = await http.post("/login/token", {"device_code": asked["device_code"]})
            return str(told["access_token"])
        except EngineError as error:
            if "slow_down" in str(error):
                every_s += 1
            elif "access_denied" in str(error):
                raise EngineError("Not let in: the code was refused.") from error
            elif "authorization_pending" not in str(error):
                raise
    raise EngineError("Not let in: nobody said yes to the code in time. Try again.")


def _keep(where: Folders, url: str, ca_file: str, found: _Found) -> None:
    """The key in a file of its own, and where it is in the settings."""
    path = where.config / "team.key"
    try:
        where.config.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(found.key + "\n")
    except OSError as error:
        out.fail("usage", f"The key cannot be kept in {path} ({error.strerror}).")
    told: dict[str, table.Value] = {
        "engine.url": url,
        "engine.api_key_file": str(path),
        "engine.ca_file": _kept_authority(where, ca_file),
        "team.record": bool(found.about.get("record")),
    }
    for name, value in told.items():
        compose.save_setting(where, name, value)


def _kept_authority(where: Folders, ca_file: str) -> str:
    """A copy beside the key: what somebody downloaded goes away sooner or later."""
    if not ca_file:
        return ""
    path = where.config / "team-ca.pem"
    try:
        path.write_bytes(Path(ca_file).read_bytes())
    except OSError as error:
        out.fail("usage", f"{ca_file} cannot be read ({error.strerror}).")
    return str(path)

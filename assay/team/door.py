"""Where a shared engine listens and who has a key to it."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from assay.engine.client import is_loopback

KEY_LENGTH = 24  # characters at least
KEYS_LIMIT = 1 << 20  # bytes of the file


class NotShared(Exception):
    """It cannot be shared so. The message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where it listens, and with what. Raises NotShared where that would let others read along, or in."""

    host: str
    port: int
    keys: Mapping[str, str]
    certificate: Path | None = None
    certificate_key: Path | None = None
    key_file: Path | None = None
    client_ca: Path | None = None  # who has no certificate of this authority does not get through the handshake
    has_accounts: bool = False

    def __post_init__(self) -> None:
        if self.is_here:
            return
        if not self.keys and not self.has_accounts:
            raise NotShared(
                f"Not shared: off loopback everybody needs a key. Name a file with one a line to --key-file (listening at {self.host})."
            )
        if self.certificate is None:
            raise NotShared(
                "Not shared: off loopback prompts go through TLS alone. Name a certificate to --cert and its key to --cert-key; docs/team.md makes both."
            )

    @property
    def address(self) -> str:
        """As a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}"

    @property
    def guests(self) -> str:
        """For whom it is, in words."""
        if self.has_accounts:
            return "for whoever has a token"
        return f"for {', '.join(sorted(self.keys.values()))}" if self.keys else "for everybody on this machine"

    @property
    def is_here(self) -> bool:
        """Whether nobody but this machine can come in."""
        return is_loopback(self.host)


def address(text: str) -> tuple[str, int]:
    """HOST:PORT, with an IPv6 host in brackets. Raises NotShared."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise NotShared(f"{text} is no HOST:PORT.")
    return host, int(port)


def keys_of(path: Path) -> dict[str, str]:
    """The people by their keys, from a file of lines `NAME KEY`. Raises NotShared, without a word of what stands in it."""
    try:
        status = path.stat()
        text = path.read_text("utf-8")[:KEYS_LIMIT]
    except (OSError, ValueError) as error:
        raise NotShared(f"The key file {path} cannot be read ({type(error).__name__}).") from error
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise NotShared(f"{path} can be read by others. Run `chmod 600 {path}`.")
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = line.split()
        if len(parts) != 2 or len(parts[1]) < KEY_LENGTH or not line.isascii():
            raise NotShared(
                f"Line {number} of {path} is not a name and a key of at least {KEY_LENGTH} characters, in ASCII."
            )
        if parts[1] in found or parts[0] in found.values():
            raise NotShared(f"Line {number} of {path} has a name or a key that stands there already.")
        found[parts[1]] = parts[0]
    if not found:
        raise NotShared(f"{path} has no key. A line is a name and a key of at least {KEY_LENGTH} characters.")
    return found


def key_of(path: Path) -> str:
    """A key that stands alone in a file. Raises NotShared."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise NotShared(f"{path} can be read by others. Run `chmod 600 {path}`.")
        return path.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise NotShared(f"The key file {path} cannot be read ({type(error).__name__}).") from error


def url(text: str, key: str) -> str:
    """The URL of a server elsewhere, which gets prompts. Raises NotShared where they, or a key, would go in the clear."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotShared(f"{text} is no URL of a server.")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        what = "prompts and the key" if key else "prompts"
        raise NotShared(
            f"Not shared: {what} would go to {parts.hostname} in the clear. Use https, or a tunnel to this machine."
        )
    return text

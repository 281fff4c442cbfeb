"""How a team's server is set up: one table of what `serve.toml` may say, with each default, and the folder in which it stands with its keys and its database."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.team.door import NotShared
from assay.team.gate.limits import Limits
from assay.team.gate.turns import BACKGROUND
from assay.team.identity.people import ROLES, Role

LARGEST = 1 << 20  # bytes of the file


@dataclass(frozen=True, slots=True)
class Field:
    """One row: what it is called in the file, what holds where it says nothing, and one sentence."""

    name: str
    default: Any
    summary: str
    choices: tuple[str, ...] = ()


TABLE: tuple[Field, ...] = (
    Field("server.listen", "127.0.0.1:8443", "Where it listens."),
    Field("server.url", "", "Its address as people see it, for links and the provider's way back; empty for the certificate's first name."),
    Field("server.certificate", "", "Certificate, PEM, with what stands between it and the authority. Needed off loopback. Read again when it changes."),
    Field("server.certificate_key", "", "Its key, PEM."),
    Field("server.client_ca", "", "Authority, PEM: who has no certificate of it does not get through the handshake."),
    Field("server.database", "", "URL of the database, `postgresql://…`; empty for SQLite in the folder."),
    Field("server.drain_s", 20, "Seconds that answers under way have when it is told to end."),
    Field("engine.upstreams", [], "URLs of the engines it stands before; none for an engine of this machine."),
    Field("engine.upstream_key_file", "", "File with the key for them, alone in it."),
    Field("engine.upstream_ca", "", "Certificates to trust beside the system's, PEM."),
    Field("engine.upstream_requests", 0, "Requests that one of them has at once; 0 for what it says, or 64."),
    Field("limits.requests", 32, "Requests of one person at once, those that wait among them; 0 for no limit. `[limits.member]`, `[limits.lead]` and `[limits.admin]` say it otherwise for a role."),
    Field("limits.tokens_a_minute", 0, "Tokens that are written for one person in a minute; 0 for no limit."),
    Field("limits.max_tokens", 4096, "Tokens of one answer."),
    Field("limits.prompt_chars", 400_000, "Characters of one prompt."),
    Field("limits.priority", 0, "The most urgent that a person's requests may be: 0 typing, 1 asked for, 2 background."),
    Field("oidc.issuer", "", "URL of an OpenID Connect provider for the page and `assay login`; empty for tokens alone."),
    Field("oidc.client_id", "", "This server's name there. Its way back is `server.url` and /page/login/back."),
    Field("oidc.client_secret_file", "", "File with this server's secret there; none for a public client."),
    Field("oidc.scopes", "openid profile email", "What is asked for."),
    Field("oidc.name_claim", "preferred_username", "The claim that names a person here the first time."),
    Field("oidc.groups_claim", "groups", "The claim with a person's groups."),
    Field("oidc.roles", {}, "Roles by groups: `\"engineering-leads\" = \"lead\"`. Looked at each time somebody logs in."),
    Field("oidc.let_in", "everybody", "Who of the provider's people is let in: everybody, or who is in one of the groups of `oidc.roles`.", ("everybody", "groups")),
    Field("oidc.ca_file", "", "Certificates to trust there beside the system's, PEM."),
    Field("people.left_file", "", "File with the names of who left, one a line: they are disabled. Looked at every two seconds."),
    Field("conventions.file", "", "The team's guide, Markdown, told to everybody's editors as it is now; docs/conventions.md."),
    Field("record.enabled", True, "Whether clients are asked to tell what became of suggestions."),
    Field("record.keep_days", 400, "Days after which rows of the record go; 0 keeps them. What was counted of them stays."),
    Field("record.source", "off", "Whether the text of suggestions is kept, encrypted: off or encrypted.", ("off", "encrypted")),
    Field("page.leads_see", "pseudonyms", "What leads see of others: names, pseudonyms, or numbers of all together.", ("names", "pseudonyms", "numbers")),
    Field("metrics.open", False, "Whether /metrics is told without a token; else one with the scope metrics opens it."),
    Field("metrics.people", False, "Whether /metrics tells requests and tokens by person."),
)  # fmt: skip
_BY_NAME = {one.name: one for one in TABLE}
_LIMITS = tuple(one.name.rpartition(".")[2] for one in TABLE if one.name.startswith("limits."))


@dataclass(frozen=True, slots=True)
class Config:
    """What holds: by the names of the table. `roles`: limits that a role has otherwise."""

    values: Mapping[str, Any]
    roles: Mapping[Role, Limits]
    folder: Path

    def text(self, name: str) -> str:
        return str(self.values[name])

    def number(self, name: str) -> int:
        return int(self.values[name])

    def is_on(self, name: str) -> bool:
        return bool(self.values[name])

    def path(self, name: str) -> Path | None:
        """A file, from the folder where it is no whole path."""
        return self.folder / Path(told).expanduser() if (told := self.text(name)) else None

    def limits(self, role: Role) -> Limits:
        """Those of a role."""
        return self.roles[role]


@dataclass(frozen=True, slots=True)
class Folder:
    """Where a server has its files, readable by its user alone."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "serve.toml"

    @property
    def database(self) -> str:
        """The URL of the one that is in it."""
        return f"sqlite:///{self.path / 'assay.sqlite3'}"

    @property
    def record_end(self) -> Path:
        """The end of the record's chain, as it was noted last."""
        return self.path / "record.end"

    def key(self, name: str) -> bytes:
        """A secret of 32 bytes that is made the first time. Raises NotShared."""
        path = self.path / f"{name}.key"
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            except FileExistsError:
                if path.stat().st_mode & 0o077:
                    raise NotShared(f"{path} can be read by others. Run `chmod 600 {path}`.") from None
                return bytes.fromhex(path.read_text("ascii").strip())
            with os.fdopen(handle, "w") as file:
                made = secrets.token_bytes(32)
                file.write(made.hex())
                return made
        except (OSError, ValueError) as error:
            raise NotShared(f"The key {path} cannot be read or made ({error}).") from error


def load(folder: Folder, told: Mapping[str, Any] | None = None) -> Config:
    """What the file says, and what the command line told over it. Raises NotShared for what is no setting."""
    raw: dict[str, Any] = {}
    try:
        if folder.config.is_file():
            raw = tomllib.loads(folder.config.read_bytes()[:LARGEST].decode())
    except (OSError, ValueError) as error:
        raise NotShared(f"{folder.config} cannot be used: {error}.") from error
    values = {one.name: one.default for one in TABLE}
    roles = dict[str, dict[str, Any]]()
    for section, rows in raw.items():
        if not isinstance(rows, dict):
            raise NotShared(f"{folder.config}: {section} stands in no section. docs/serve.md has them all.")
        for name, value in rows.items():
            if section == "limits" and name in ROLES and isinstance(value, dict):
                roles[name] = {key: _checked(folder, f"limits.{key}", one) for key, one in value.items()}
            else:
                values[f"{section}.{name}"] = _checked(folder, f"{section}.{name}", value)
    if url := os.environ.get("ASSAY_DATABASE_URL"):  # with a password that stands in no file
        values["server.database"] = url
    values |= {name: value for name, value in (told or {}).items() if value not in (None, "", [])}
    made = {
        role: Limits(**{name: roles.get(role, {}).get(name, values[f"limits.{name}"]) for name in _LIMITS})
        for role in ROLES
    }
    return Config(values, made, folder.path)


def _checked(folder: Folder, name: str, value: Any) -> Any:
    field = _BY_NAME.get(name)
    if field is None:
        raise NotShared(f"{folder.config}: there is no {name}. docs/serve.md has all that there is.")
    if type(value) is not type(field.default):
        wanted = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}[
            type(field.default)
        ]
        raise NotShared(f"{folder.config}: {name} has to be {wanted}.")
    if field.choices and value not in field.choices:
        raise NotShared(f"{folder.config}: {name} is one of {', '.join(field.choices)}.")
    if isinstance(value, int) and value < 0:
        raise NotShared(f"{folder.config}: {name} is not below 0.")
    if name == "limits.priority" and value > BACKGROUND:
        raise NotShared(f"{folder.config}: {name} is 0, 1 or {BACKGROUND}.")
    if name == "oidc.roles" and not all(role in ROLES for role in value.values()):
        raise NotShared(f"{folder.config}: a role of {name} is one of {', '.join(ROLES)}.")
    return value

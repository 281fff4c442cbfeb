"""Tokens: shown once, kept as digests, with scopes and an end. They are long random numbers, so a plain SHA-256 of them tells nothing."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from assay.team.store.tables import Person, Token

from .people import By, Refused, Role, now_ms, role_of

Scope = Literal["complete", "chat", "record", "metrics"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
USUAL: tuple[Scope, ...] = ("complete", "chat", "record")
DAY_MS = 86_400_000
MOST_DAYS = 3_650
DAYS = 365  # until a token ends, where nothing else is said
_SHAPE = re.compile(r"assay_([a-z2-7]{10})_([A-Za-z0-9_-]{43})")
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_DURATION = re.compile(r"(\d{1,5})\s*(d|days?|w|weeks?|y|years?)")
_IN_DAYS = {"d": 1, "w": 7, "y": 365}


@dataclass(frozen=True, slots=True)
class Known:
    """What a token says: whose it is and what it opens, until when."""

    token_id: str
    digest: str
    person_id: int
    name: str
    role: Role
    weight: int
    scopes: frozenset[str]
    expires_ms: int | None
    is_open: bool  # neither revoked nor its person disabled


def add(
    session: Session, by: By, person: Person, label: str, scopes: Sequence[Scope] = USUAL, days: int | None = DAYS
) -> str:
    """A new token of somebody's: what is told here is told never again. Raises Refused."""
    if person.disabled_ms is not None:
        raise Refused(f"{person.name} is disabled.")
    if not scopes or not set(scopes) <= set(SCOPES):
        raise Refused(f"A token opens some of {', '.join(SCOPES)}.")
    token_id, secret = "".join(secrets.choice(_LETTERS) for _ in range(10)), secrets.token_urlsafe(32)
    told = f"assay_{token_id}_{secret}"
    ends = now_ms() + days * DAY_MS if days is not None else None
    made = Token(
        id=token_id,
        person_id=person.id,
        label=label[:64],
        scopes=" ".join(sorted(set(scopes))),
        digest=digest(told),
        created_ms=now_ms(),
        expires_ms=ends,
    )
    session.add(made)
    by.note(session, "token-added", person, scopes=made.scopes, days=days)
    return told


def revoke(session: Session, by: By, token_id: str) -> Token:
    """It opens nothing from now on; twice is as good as once. Raises Refused."""
    found = session.get(Token, token_id)
    if found is None:
        raise Refused(f"No token has the id {token_id[:40]}. `assay user token list` tells them.")
    if found.revoked_ms is None:
        found.revoked_ms = now_ms()
        person = session.get(Person, found.person_id)
        assert person is not None
        by.note(session, "token-revoked", person)
    return found


def of(session: Session, person: Person | None = None) -> list[tuple[Token, Person]]:
    """All tokens, or somebody's, the newest first."""
    asked = select(Token, Person).join(Person, Person.id == Token.person_id).order_by(Token.created_ms.desc())
    if person is not None:
        asked = asked.where(Token.person_id == person.id)
    return [(token, who) for token, who in session.execute(asked)]


def id_of(told: str) -> str | None:
    """The part of a token that finds it; None for what is none."""
    match = _SHAPE.fullmatch(told)
    return match[1] if match else None


def known(session: Session, token_id: str) -> Known | None:
    """What is known of a token by its id, as it is now."""
    asked = select(Token, Person).join(Person, Person.id == Token.person_id).where(Token.id == token_id)
    row = session.execute(asked).one_or_none()
    if row is None:
        return None
    token, person = row
    is_open = token.revoked_ms is None and person.disabled_ms is None
    return Known(token.id, token.digest, person.id, person.name, role_of(person), person.weight, frozenset(token.scopes.split()), token.expires_ms, is_open)  # fmt: skip


def opens(one: Known | None, told: str) -> bool:
    """Whether what somebody showed is this token, and it opens something now; in the same time whatever it is."""
    wanted = one.digest if one is not None else "0" * 64
    is_it = hmac.compare_digest(digest(told), wanted)
    return one is not None and is_it and one.is_open and (one.expires_ms is None or one.expires_ms > now_ms())


def digest(told: str) -> str:
    """What is kept of it."""
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def days_of(text: str) -> int | None:
    """How long a token holds, from words: `90d`, `12 weeks`, `1 year`, `never`. Raises Refused."""
    if text.strip().lower() == "never":
        return None
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None or not 0 < (days := int(match[1]) * _IN_DAYS[match[2][0]]) <= MOST_DAYS:
        raise Refused(f"{text[:40]!r} is no time: say 90d, 12w, 1y or never, ten years at most.")
    return days

"""Browsers in which somebody is logged in to the page: a cookie that is a random number, kept as its digest, and a token against forged requests made of it."""

from __future__ import annotations

import hmac
import secrets

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from assay.team.store.tables import Person, Token, Visit

from .people import now_ms
from .tokens import digest

HOURS = 12
HOUR_MS = 3_600_000


def begin(session: Session, person: Person, token_id: str | None = None) -> str:
    """The cookie's value; by a token it ends when that does. What is over is cleared away."""
    told = secrets.token_urlsafe(32)
    session.execute(delete(Visit).where(Visit.expires_ms < now_ms()))
    session.add(Visit(digest=digest(told), person_id=person.id, token_id=token_id, created_ms=now_ms(), expires_ms=now_ms() + HOURS * HOUR_MS))  # fmt: skip
    return told


def who(session: Session, told: str) -> Person | None:
    """Whose it is; None for nobody's, and for whoever is disabled or came by a token that opens nothing any more."""
    asked = select(Person).join(Visit, Visit.person_id == Person.id).outerjoin(Token, Token.id == Visit.token_id)
    asked = asked.where(Visit.digest == digest(told), Visit.expires_ms > now_ms(), Person.disabled_ms.is_(None))
    holds = and_(Token.revoked_ms.is_(None), or_(Token.expires_ms.is_(None), Token.expires_ms > now_ms()))
    return session.scalars(asked.where(or_(Visit.token_id.is_(None), and_(Token.id.is_not(None), holds)))).one_or_none()


def end(session: Session, told: str) -> None:
    """Logged out."""
    session.execute(delete(Visit).where(Visit.digest == digest(told)))


def guard(key: bytes, told: str) -> str:
    """What a form of this visit carries: another site can send the cookie, and cannot know this."""
    return hmac.new(key, f"form|{told}".encode(), "sha256").hexdigest()


def is_guarded(key: bytes, told: str, given: str) -> bool:
    """Whether a form carries it."""
    return bool(told) and hmac.compare_digest(guard(key, told).encode(), given.encode("utf-8", "replace"))

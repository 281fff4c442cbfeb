"""The tables: who is known, with which tokens; what was recorded; what was counted. Times are milliseconds since 1970.

One set of models for SQLite and PostgreSQL. A change of it needs a step in `migrations/versions`; a test holds both against each other.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAME, TOKEN, DIGEST = 64, 16, 64  # characters
Big = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up in columns of this type alone


class Base(DeclarativeBase):
    """What all tables have in common."""


class Person(Base):
    """Somebody who was let in. Never deleted: what they did refers to them, until they are erased, which leaves a name that says nothing."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    created_ms: Mapped[int] = mapped_column(Big)
    disabled_ms: Mapped[int | None] = mapped_column(Big)
    subject: Mapped[str | None] = mapped_column(String(512), unique=True)  # issuer and subject of an OIDC provider
    weight: Mapped[int] = mapped_column(default=1)  # of their turns


class Token(Base):
    """A key of somebody's. What opens is not here, only its digest."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(String(TOKEN), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    label: Mapped[str] = mapped_column(String(NAME))
    scopes: Mapped[str] = mapped_column(String(64))  # with spaces between
    digest: Mapped[str] = mapped_column(String(DIGEST))
    created_ms: Mapped[int] = mapped_column(Big)
    expires_ms: Mapped[int | None] = mapped_column(Big)
    revoked_ms: Mapped[int | None] = mapped_column(Big)
    used_ms: Mapped[int | None] = mapped_column(Big)


class Visit(Base):
    """A browser in which somebody is logged in to the page: its cookie's digest."""

    __tablename__ = "visits"

    digest: Mapped[str] = mapped_column(String(DIGEST), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    token_id: Mapped[str | None] = mapped_column(String(TOKEN))  # by which one: it ends with that
    created_ms: Mapped[int] = mapped_column(Big)
    expires_ms: Mapped[int] = mapped_column(Big)


class Device(Base):
    """A machine that waits for somebody to say that it is theirs (RFC 8628)."""

    __tablename__ = "devices"

    digest: Mapped[str] = mapped_column(String(DIGEST), primary_key=True)  # of the code that the machine keeps
    user_code: Mapped[str] = mapped_column(String(TOKEN), unique=True)  # that the person types
    label: Mapped[str] = mapped_column(String(NAME))
    expires_ms: Mapped[int] = mapped_column(Big)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))  # who said yes
    refused_ms: Mapped[int | None] = mapped_column(Big)
    asked_ms: Mapped[int | None] = mapped_column(Big)


class Entry(Base):
    """One row of the record. `plain` says nothing of anybody; what does is in `personal`, bound to the chain by `sealed`, so that it can be erased."""

    __tablename__ = "record"

    seq: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    at_ms: Mapped[int] = mapped_column(Big)
    kind: Mapped[str] = mapped_column(String(24))
    plain: Mapped[str] = mapped_column(Text)  # JSON
    person_id: Mapped[int | None] = mapped_column(Big)
    event: Mapped[str | None] = mapped_column(
        String(DIGEST), unique=True
    )  # given by the client: sent twice is recorded once
    suggestion: Mapped[str | None] = mapped_column(String(DIGEST))
    personal: Mapped[str | None] = mapped_column(Text)  # JSON
    salt: Mapped[str | None] = mapped_column(String(32))
    source: Mapped[str | None] = mapped_column(Text)  # text that the team keeps, encrypted
    sealed: Mapped[str] = mapped_column(String(DIGEST))
    link: Mapped[str] = mapped_column(String(DIGEST))

    __table_args__ = (
        Index("record_of_kind", "kind", "seq"),
        Index("record_of_person", "person_id", "seq"),
        Index("record_of_suggestion", "suggestion"),
        Index("record_at", "at_ms"),
    )


class Head(Base):
    """The end of the record's chain: one row."""

    __tablename__ = "head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(Big)
    link: Mapped[str] = mapped_column(String(DIGEST))


class Count(Base):
    """How often something was on a day, so that no page has to read the record. `person_id` 0: of somebody who was erased, or of nobody; -1: of all together."""

    __tablename__ = "counts"

    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # since 1970
    person_id: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    model: Mapped[str] = mapped_column(String(128), primary_key=True)
    measure: Mapped[str] = mapped_column(String(48), primary_key=True)
    count: Mapped[int] = mapped_column(Big)

    __table_args__ = (
        Index("counts_of_person", "person_id", "day"),
        Index("counts_of_measure", "measure", "day", "person_id", "count"),  # all that a list of people reads
    )


class Told(Base):
    """A setting that the team changed while the server runs."""

    __tablename__ = "told"

    name: Mapped[str] = mapped_column(String(48), primary_key=True)
    value: Mapped[str] = mapped_column(Text)

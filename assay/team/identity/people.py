"""People: added, given a role, disabled, and those who left by a list. Each change is recorded in the transaction that makes it."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from assay.team.store.chain import Chain, Note
from assay.team.store.tables import Person, Visit

Role = Literal["member", "lead", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


class Refused(Exception):
    """It cannot be done. The message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class By:
    """Who changes something: `person_id` None for the command line of the server's machine."""

    chain: Chain
    person_id: int | None = None

    def note(self, session: Session, kind: str, person: Person, **plain: object) -> None:
        """Record what was done to somebody."""
        by = "the command line" if self.person_id is None else self.person_id
        self.chain.append(session, [Note(kind, plain, {"name": person.name, "by": by}, person.id)])


def named(session: Session, name: str) -> Person:
    """Raises Refused."""
    found = session.scalars(select(Person).where(Person.name == name.lower())).one_or_none()
    if found is None:
        raise Refused(f"Nobody is called {name}. `assay user list` tells who is.")
    return found


def role_of(person: Person) -> Role:
    """The least that there is, for one that this version does not know."""
    return next((one for one in ROLES if one == person.role), "member")


def everybody(session: Session) -> list[Person]:
    """By name."""
    return list(session.scalars(select(Person).order_by(Person.name)))


def add(session: Session, by: By, name: str, role: Role = "member", *, subject: str | None = None) -> Person:
    """Let somebody in. Raises Refused."""
    if not NAME.fullmatch(name):
        raise Refused(
            f"{name[:80]!r} is no name here: one has small letters, digits and . _ @ + -, 64 at most, and begins with a letter or digit."
        )
    if session.scalars(select(Person.id).where(Person.name == name)).one_or_none() is not None:
        raise Refused(f"{name} is there already.")
    made = Person(name=name, role=role, created_ms=now_ms(), subject=subject, weight=1)
    session.add(made)
    session.flush()
    by.note(session, "user-added", made, role=role)
    return made


def give_role(session: Session, by: By, person: Person, role: Role) -> None:
    """From now on. Raises Refused where nobody would be left who may change anything."""
    if person.role == role:
        return
    if person.role == "admin":
        _leave_an_admin(session, person)
    person.role = role
    by.note(session, "role", person, role=role)


def disable(session: Session, by: By, person: Person) -> bool:
    """Nothing of theirs opens anything from now on, and no browser stays logged in; whether that is new. Raises Refused for the last admin."""
    if person.disabled_ms is not None:
        return False
    _leave_an_admin(session, person)
    person.disabled_ms = now_ms()
    session.execute(delete(Visit).where(Visit.person_id == person.id))
    by.note(session, "user-disabled", person)
    return True


def enable(session: Session, by: By, person: Person) -> bool:
    """What is theirs opens again; whether that is new."""
    if person.disabled_ms is None:
        return False
    person.disabled_ms = None
    by.note(session, "user-enabled", person)
    return True


def weigh(session: Session, by: By, person: Person, weight: int) -> None:
    """How many turns they have for each of another's. Raises Refused."""
    if not 1 <= weight <= 10:
        raise Refused("A weight is a whole number from 1 to 10.")
    session.execute(update(Person).where(Person.id == person.id).values(weight=weight))
    by.note(session, "weight", person, weight=weight)


def link(session: Session, by: By, person: Person, subject: str) -> None:
    """Who they are at a provider: issuer|subject. Raises Refused where that is somebody else's."""
    other = session.scalars(select(Person).where(Person.subject == subject, Person.id != person.id)).one_or_none()
    if other is not None:
        raise Refused(f"That is {other.name} already.")
    person.subject = subject
    by.note(session, "linked", person)


def left(session: Session, by: By, names: Iterable[str]) -> list[str]:
    """Disable those of a list who are there: by their names, or the subjects of a provider. Who of them that is new for. The last admin stays."""
    gone, found = {one.strip().lower() for one in names}, list[str]()
    for one in everybody(session):
        if one.name in gone or (one.subject or "").rpartition("|")[2].lower() in gone:
            with contextlib.suppress(Refused):
                if disable(session, by, one):
                    found.append(one.name)
    return found


def of_list(text: str) -> list[str]:
    """The names in a file of them: one a line; what follows a # is a remark."""
    return [name for line in text.splitlines() if (name := line.partition("#")[0].strip())]


def now_ms() -> int:
    """Since 1970."""
    return int(time.time() * 1000)


def _leave_an_admin(session: Session, person: Person) -> None:
    if person.role != "admin" or person.disabled_ms is not None:
        return
    others = select(Person.id).where(Person.role == "admin", Person.disabled_ms.is_(None), Person.id != person.id)
    if session.scalars(others.limit(1)).one_or_none() is None:
        raise Refused(f"{person.name} is the last admin. Make somebody else one first.")

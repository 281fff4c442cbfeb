"""Settings of a server that are changed while it runs, in its database: each change is on record."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from assay.team.identity.people import By
from assay.team.store.chain import Note
from assay.team.store.tables import Told

DRAINED = "drained"  # engines that get nothing new, as a list of their URLs
SILENCE = "silence"  # how likely a suggestion has to be kept before it is shown, by kind


def read(session: Session, name: str) -> str | None:
    """Its value; None where it was never changed."""
    return session.scalar(select(Told.value).where(Told.name == name))


def write(session: Session, by: By, name: str, value: str) -> None:
    """Change it."""
    found = session.get(Told, name)
    if found is None:
        session.add(Told(name=name, value=value))
    else:
        found.value = value
    by.chain.append(session, [Note("setting", {"name": name}, {"value": value, "by": by.person_id}, by.person_id)])

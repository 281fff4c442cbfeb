"""Machines that ask to be let in without a browser of their own (RFC 8628): they show a short code, somebody who is logged in says yes to it, and they get a token."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from assay.team.store.tables import Device, Person

from . import tokens
from .people import By, Refused, now_ms
from .tokens import USUAL, Scope, digest

MINUTES = 10
EVERY_S = 2  # between two questions of a machine
WAITING = 1_000  # machines at once: whoever asks needs no key for it
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels, so that no code is a word
Pending = Literal["authorization_pending", "slow_down", "access_denied", "expired_token"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a machine is told: the code that it keeps, the one that it shows, and for how long both hold."""

    device_code: str
    user_code: str
    expires_s: int
    every_s: int


def begin(session: Session, label: str) -> Asked:
    """A machine asks. Raises Refused where too many wait."""
    session.execute(delete(Device).where(Device.expires_ms < now_ms()))
    if (session.scalar(select(func.count()).select_from(Device)) or 0) >= WAITING:
        raise Refused("Too many machines wait to be let in. Try again in some minutes.")
    device_code = secrets.token_urlsafe(32)
    letters = "".join(secrets.choice(LETTERS) for _ in range(8))
    user_code = f"{letters[:4]}-{letters[4:]}"
    session.add(
        Device(
            digest=digest(device_code), user_code=user_code, label=label[:64], expires_ms=now_ms() + MINUTES * 60_000
        )
    )
    return Asked(device_code, user_code, MINUTES * 60, EVERY_S)


def waiting(session: Session, user_code: str) -> Device | None:
    """The machine that shows this code, whoever types it in small letters or without the line."""
    plain = "".join(one for one in user_code.upper() if one in LETTERS)
    asked = select(Device).where(Device.user_code == f"{plain[:4]}-{plain[4:8]}", Device.expires_ms > now_ms())
    asked = asked.where(Device.person_id.is_(None), Device.refused_ms.is_(None))
    return session.scalars(asked).one_or_none()


def answer(session: Session, user_code: str, person: Person, said: Literal["yes", "no"]) -> None:
    """Somebody says that it is theirs, or that it is not. Raises Refused."""
    device = waiting(session, user_code)
    if device is None:
        raise Refused("No machine waits with that code: it was answered, it is over, or it is mistyped.")
    if said == "yes":
        device.person_id = person.id
    else:
        device.refused_ms = now_ms()


def poll(session: Session, by: By, device_code: str, scopes: Sequence[Scope] = USUAL) -> str | Pending:
    """A machine asks whether somebody said yes: its token, once, or why not (yet)."""
    device = session.get(Device, digest(device_code), with_for_update=True)
    if device is None or device.expires_ms <= now_ms():
        return "expired_token"
    if device.refused_ms is not None:
        session.delete(device)
        return "access_denied"
    if device.person_id is None:
        soon = device.asked_ms is not None and now_ms() - device.asked_ms < EVERY_S * 1000 - 500
        device.asked_ms = now_ms()
        return "slow_down" if soon else "authorization_pending"
    person = session.get(Person, device.person_id)
    session.delete(device)
    if person is None or person.disabled_ms is not None:
        return "access_denied"
    return tokens.add(session, By(by.chain, person.id), person, device.label, scopes)

"""Values that are no literals, as somebody writes them: of well-known types of the standard library, each by the name that an annotation has for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# What stands behind the name of the type, the simplest first, then edges.
KNOWN: Mapping[str, tuple[str, ...]] = {
    "date": ("(2024, 2, 29)", "(2023, 12, 31)", "(2024, 1, 1)", "(2023, 2, 28)", "(2000, 6, 15)", "(2024, 3, 1)"),
    "datetime": ("(2024, 2, 29, 12, 30)", "(2023, 12, 31, 23, 59, 59)", "(2024, 1, 1)", "(2023, 6, 15, 8)", "(2000, 1, 1, 0, 0, 1)"),
    "time": ("(12, 30)", "(0, 0)", "(23, 59, 59)", "(6, 5, 4)"),
    "timedelta": ("(1)", "(0)", "(0, 90)", "(-1)", "(7, 3600)", "(0, 59)"),
    "Decimal": ("('1.5')", "('0')", "('-2.25')", "('100')", "('0.005')", "('19.99')"),
    "Fraction": ("(1, 3)", "(0)", "(-7, 2)", "(4)"),
    "Path": ("('a/b.txt')", "('.')", "('x.tar.gz')", "('../up')", "('/etc/name.conf')"),
    "PurePath": ("('a/b.txt')", "('.')", "('x.tar.gz')", "('/etc/name.conf')"),
    "PurePosixPath": ("('a/b.txt')", "('.')", "('x.tar.gz')", "('/etc/name.conf')"),
    "UUID": ("('12345678123456781234567812345678')", "(int=0)"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """A value by its source, which is what `repr` gives of it."""

    source: str

    def __repr__(self) -> str:
        return self.source


def known(kind: str) -> tuple[Written, ...]:
    """Values of a kind "new:NAME:TYPE", NAME being what the code calls the type."""
    _, name, what = kind.split(":")
    return tuple(Written(f"{name}{one}") for one in KNOWN[what])

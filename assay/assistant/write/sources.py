"""Where candidates are from, in the order in which they are asked."""

from __future__ import annotations

from pathlib import Path

from . import alike, model, rules, small
from .library import Library
from .way import Sourced


def every(cache: Path) -> tuple[Sourced, ...]:
    """All sources: what is there before what is new. `cache` is this user's folder for what may be deleted."""
    return (Library(cache).candidates, alike.candidates, rules.candidates, small.candidates, model.candidates)

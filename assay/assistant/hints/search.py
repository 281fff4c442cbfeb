"""What could mend a failing test: mutants of the most suspicious statements, the likeliest to mend it first. `trials/` tries them."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzers.mutants import Mutants
from analyzers.text import Edit

from ..trials.variants import Variant
from .ranking import Suspect

SUSPECTS_LIMIT = 24  # statements whose mutants are tried
MUTANTS_LIMIT = 600


@dataclass(frozen=True, slots=True)
class Candidate:
    """One edit of a file at a suspect; `weight` says when its turn is, `likelihood` how likely it is the right one where several are green."""

    suspect: Suspect
    edit: Edit
    weight: float
    likelihood: float

    @property
    def variant(self) -> Variant:
        """What is tried."""
        return Variant(self.suspect.name, self.edit)


def candidates(suspects: Sequence[Suspect], texts: Mapping[str, str], until: float) -> list[Candidate]:
    """The mutants of the most suspicious statements, the likeliest to mend it first; of as many as can be made in half of the time until `until`."""
    half = (time.monotonic() + until) / 2
    by_file = {name: Mutants(texts[name]) for name in {one.name for one in suspects[:SUSPECTS_LIMIT]}}
    best = suspects[0].score if suspects else 1.0
    found: list[Candidate] = []
    for suspect in suspects[:SUSPECTS_LIMIT]:
        # A statement that is half as suspicious as the first one is a quarter as likely the one.
        share = (suspect.score / best) ** 2
        if found and time.monotonic() > half:
            break
        mutants = by_file[suspect.name].of_line(suspect.line)
        found += [Candidate(suspect, one.edit, share * one.prior, math.sqrt(share) * one.prior) for one in mutants]
    return sorted(found, key=lambda one: -one.weight)[:MUTANTS_LIMIT]

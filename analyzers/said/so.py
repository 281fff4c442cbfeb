"""Which function says whether a form of claim is so."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import of_things, of_uses
from .claims import Claim
from .look import Look, So

Way = Callable[[Look, Claim], So | None]
WAYS: Mapping[str, Way] = {
    "called_by": of_uses.called_by, "uncalled": of_uses.uncalled, "calls": of_uses.calls, "order": of_uses.order, "raises": of_uses.raises, "raised_by": of_uses.raises, "raises_nothing": of_uses.raises_nothing, "catches": of_uses.catches,
    "default_of": of_things.defaults, "default_has": of_things.defaults, "default_with": of_things.defaults, "defaults_to": of_things.defaults, "default_uses": of_things.default_uses,
    "takes_none": of_things.takes, "takes_no_keywords": of_things.takes, "takes_count": of_things.takes, "takes": of_things.takes, "inherits": of_things.inherits, "inherits_no": of_things.inherits, "is_a": of_things.inherits, "is_kind": of_things.is_kind,
    "defined_at": of_uses.defined_at, "on_line": of_uses.defined_at, "imported_into": of_uses.imported, "decorated": of_things.decorated, "tested_by": of_uses.tested, "tests": of_uses.tested, "untested": of_uses.untested, "deprecated": of_uses.deprecated, "warns": of_uses.deprecated,
    "set_to": of_things.set_to, "value_is": of_things.set_to, "has_of": of_things.set_to, "sets": of_things.set_to, "reads_env": of_uses.reads, "returns": of_things.returns, "returns_words": of_things.returns, "methods": of_things.methods, "overrides": of_things.overrides,
}  # fmt: skip


def holds(look: Look, claim: Claim) -> So | None:
    """Whether a claim is so; None where nobody can tell."""
    way = WAYS.get(claim.what)
    return way(look, claim) if way is not None else None

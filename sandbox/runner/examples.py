"""Examples in prose as people write them: an exception stands there by its name alone, which doctest takes for another one than the same with its module."""

from __future__ import annotations

import doctest
import re
import sys
from typing import Any

NAMED = re.compile(r"([A-Za-z_][\w.]*)\.(\w+)(?=:|\s*$)")


def take_names_alone() -> None:
    """From here on `DropEvent` in an example is `structlog.exceptions.DropEvent`, where that is what is raised."""
    checks = doctest.OutputChecker.check_output

    def check_output(self: Any, want: str, got: str, optionflags: int) -> bool:
        return bool(checks(self, want, got, optionflags)) or (
            (short := _short(got)) is not None and bool(checks(self, want, short, optionflags))
        )

    doctest.OutputChecker.check_output = check_output  # type: ignore[method-assign]


def _short(got: str) -> str | None:
    """The message of an exception without its module; None for what is none."""
    found = NAMED.match(got.partition("\n")[0])
    kind = getattr(sys.modules.get(found[1]), found[2], None) if found else None
    if found is None or not isinstance(kind, type) or not issubclass(kind, BaseException):
        return None
    return got[len(found[1]) + 1 :]

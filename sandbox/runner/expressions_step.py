"""Look for small expressions that give what examples show, for a function that nobody wrote yet: in the container, for what they do is run."""

from __future__ import annotations

import ast
import math
import sys
import time
from pathlib import Path
from typing import Any, Callable

from . import expressions
from .calls_step import send

CLOSE = 1e-6  # by which numbers may differ, as pytest.approx has it
OTHER = 3  # for a float where a whole number is shown


def main(step: dict[str, Any], root: Path, report: int) -> int:
    """Search as `step["search"]` says, and tell what is found, the likeliest first."""
    sys.dont_write_bytecode = True
    wanted = step["search"]
    rows = [[ast.literal_eval(one) for one in row] for row in wanted["rows"]]
    checks = [_check(one) for one in wanted["checks"]]
    constants = [ast.literal_eval(one) for one in wanted["constants"]]
    about = expressions.About(constants, set(wanted["words"]), time.monotonic() + wanted["seconds"])
    for one in expressions.found(wanted["names"], rows, checks, about):
        send(report, {"found": one.source, "cost": one.cost})
    return 0


def _check(source: str) -> Callable[[Any], int]:
    """Whether a value, `_` in the source, is what an example shows: 1 where it is, more where it is a number of another type."""
    head, equals, told = source.partition(" == ")
    if head == "_" and equals:
        try:
            return _equal(ast.literal_eval(told))
        except (ValueError, SyntaxError):
            pass
    code = compile(source, "<example>", "eval", dont_inherit=True)

    def holds(value: Any) -> int:
        return int(bool(eval(code, {"_": value, "math": math})))

    return holds


def _equal(wanted: Any) -> Callable[[Any], int]:
    numbers = (int, float)

    def holds(value: Any) -> int:
        if type(wanted) in numbers and type(value) in numbers:
            is_near = value == wanted or math.isclose(value, wanted, rel_tol=CLOSE)
            return (1 if type(value) is type(wanted) else OTHER) if is_near else 0
        return int(type(value) is type(wanted) and bool(value == wanted))

    return holds

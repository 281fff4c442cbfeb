"""All that is found in a change, the gravest first. Pure."""

from __future__ import annotations

import ast
import contextlib

from . import configured, mocked, renamed, special, swallowed, weakened
from .compared import Compared, Finding

ORDER = ("weakened-test", "special-case", "swallowed-exception", "mock", "half-rename", "broken-caller", "unwritten")


def of(change: Compared) -> tuple[Finding, ...]:
    """What makes a change look better than it is, each once."""
    every = list[Finding]()
    for look in (weakened.of, configured.of, special.of, swallowed.of, mocked.of, renamed.of, _unwritten):
        with contextlib.suppress(
            RecursionError, ValueError
        ):  # hundreds of branches of one `if`, a number of thousands of digits
            every += look(change)
    ordered = sorted(dict.fromkeys(every), key=lambda one: (ORDER.index(one.kind), one.file, one.line))
    return tuple(ordered)


def _unwritten(change: Compared) -> list[Finding]:
    """Functions that the change leaves to be written."""
    from ..unfinished import is_unwritten

    found = []
    for name in change.files(tests=False):
        old = change.old(name)
        for path, node in change.new(name).items():
            was = old.get(path)
            decorators = {ast.unparse(one).rpartition(".")[2] for one in node.decorator_list}
            if was is not None and is_unwritten(node) and not is_unwritten(was) and not decorators & {"overload", "abstractmethod"}:  # fmt: skip
                found.append(Finding("unwritten", name, node.lineno, f"`{path}` was written, and is not any more."))
    return found

"""Look for inputs, by type hints, with which functions of a module raise what nobody meant; of each function the smallest that is found.

Hypothesis makes the values and shrinks them. A function without hints for all it needs has no inputs here, and the time of each is bounded.
"""

from __future__ import annotations

import contextlib
import inspect
import signal
import sys
import typing
from pathlib import Path
from typing import Any

from .calls_step import TooLong, ended, module, send, told
from .own import Own
from .sought import Sought

TOOLS = "/opt/assay/tools"  # of the image: for projects that have no hypothesis of their own
FUNCTION_S, WAITING_S = 3.0, 9.0  # of the search in one function, on a processor and by the clock
EXAMPLES = 200


def main(step: dict[str, Any], root: Path, report: int) -> int:
    """Search in the functions `step["calls"]` of the module `step["path"]` below `root`; each is told by its number."""
    for folder in reversed([str(root), str(root / "src"), *(str(root / one) for one in step.get("paths", []))]):
        sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    for one in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(one, ended)
    sys.path.append(TOOLS)
    with contextlib.suppress(ImportError):  # before anything is timed, for it takes a second
        import hypothesis.strategies  # noqa: F401
    sought = Sought(str(root))
    namespace = module(root, root / step["path"])
    for number, name in enumerate(step["calls"]):
        sought.begin()
        function = namespace.get(name)
        found: dict[str, Any] | None = None
        if inspect.isfunction(function):
            _limit(FUNCTION_S, WAITING_S)
            # What cannot be made, or is not made in time, is not found; whatever it is, the next function is looked at.
            with contextlib.suppress(Exception, SystemExit, TooLong):
                found = _searched(function, Own(str(root)))
            _limit(0, 0)
        send(report, {"call": number} | (found or {"late": True}) | sought.names())
    return 0


def _limit(busy_s: float, waiting_s: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, busy_s)
    signal.setitimer(signal.ITIMER_REAL, waiting_s)


def _searched(function: Any, own: Own) -> dict[str, Any] | None:
    """The smallest input that was found, as a call, with what it raises; None where none was."""
    import hypothesis
    from hypothesis import strategies

    hints = typing.get_type_hints(function)
    needed = [
        p
        for p in inspect.signature(function).parameters.values()
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY, p.POSITIONAL_ONLY)
    ]
    if not needed or any(p.name not in hints for p in needed if p.default is p.empty):
        return None
    made = {p.name: strategies.from_type(hints[p.name]) for p in needed if p.name in hints}
    smallest: list[dict[str, Any]] = []

    def run(values: dict[str, Any]) -> None:
        call = f"{function.__name__}({', '.join(f'{name}={value!r}' for name, value in values.items())})"
        try:
            positional = [values[p.name] for p in needed if p.kind is p.POSITIONAL_ONLY and p.name in values]
            function(
                *positional,
                **{
                    name: value
                    for name, value in values.items()
                    if name not in [p.name for p in needed if p.kind is p.POSITIONAL_ONLY]
                },
            )
        except Exception as error:
            raised = told(error, own)
            if not raised["meant"] and raised["frames"] and not _is_documented(function, raised["kinds"]):
                smallest[:] = [raised | {"source": call}]
                raise

    settings = hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck),
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink), verbosity=hypothesis.Verbosity.quiet,
    )  # fmt: skip
    with contextlib.suppress(Exception, TooLong):  # what was found before the time was up is found
        settings(hypothesis.given(strategies.fixed_dictionaries(made))(run))()
    return smallest[0] if smallest else None


def _is_documented(function: Any, kinds: list[str]) -> bool:
    return any(kind in (function.__doc__ or "") for kind in kinds[:2])

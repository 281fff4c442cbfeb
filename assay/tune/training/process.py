"""The process that learns: `python -I -m assay.tune.training.process RUN [--background]`. It goes on with the run, and makes of it what comes out. It speaks in lines on its standard output; the last one of a failure is the
sentence for a person."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from assay.engine.api import EngineUnavailable

from ..material.sources import SourceError
from . import yielding
from .plan import RunError

FAILED = 1


def main(given: list[str]) -> int:
    """The exit status."""
    folder, is_background = Path(given[0]), "--background" in given
    yielding.end_with_parent()
    if is_background:
        yielding.lowest()
    from . import steps  # torch, whose threads inherit the priority

    must_end = list[int]()
    signal.signal(signal.SIGTERM, lambda number, _: must_end.append(number))

    def why_end() -> str:
        if must_end:
            return "stopped"
        return "the machine is on battery" if is_background and yielding.on_battery() else ""

    def say(line: str) -> None:
        print(line, flush=True)

    try:
        if steps.run(folder, why_end, say).ended:
            from . import finish

            finish.of(folder, say)
    except (RunError, SourceError, EngineUnavailable) as error:
        say(str(error))
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

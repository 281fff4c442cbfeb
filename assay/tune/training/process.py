"""The process that learns: `python -I -m assay.tune.training.process RUN PROCESSES [--background]`. It goes on with the run, and makes of it what comes out. Lines of its output that begin with TOLD are for whoever waits; the last of
them of a failure is the sentence for a person.

Of several processes this is the one that starts and minds the others (by torch's own launcher), which are all ended with it.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path

from assay.engine.api import EngineUnavailable

from ..material.sources import SourceError
from . import yielding
from .plan import TOLD, RunError

FAILED = 1
ONE_OF = "RANK"  # which of several a process is, as torch's launcher tells it


def main(given: list[str]) -> int:
    """The exit status."""
    folder, count, is_background = Path(given[0]), int(given[1]), "--background" in given
    yielding.end_with_parent()
    if is_background:
        yielding.lowest()
    if count > 1 and ONE_OF not in os.environ:
        return _several(given, count)
    must_end = list[int]()
    signal.signal(signal.SIGTERM, lambda number, _: must_end.append(number))

    def why_end() -> str:
        if must_end:
            return "it was told to"
        return "the machine is on battery" if is_background and yielding.on_battery() else ""

    try:
        _learn(folder, why_end)
    except (RunError, SourceError, EngineUnavailable) as error:
        _say(str(error))
        return FAILED
    except Exception as error:  # noqa: BLE001  whatever it is, a person hears one sentence, and the log has the rest
        traceback.print_exc()
        _say(f"{type(error).__name__}: {(str(error).strip() or 'no message').splitlines()[0][:200]}")
        return FAILED
    return 0


def _learn(folder: Path, why_end: object) -> None:
    from . import finish, steps  # torch, whose threads inherit the priority

    is_first = os.environ.get(ONE_OF, "0") == "0"
    say = _say if is_first else _unheard
    progress = steps.run(folder, why_end, say)  # type: ignore[arg-type]  # it is `main`'s own
    if progress.ended and is_first:
        finish.of(folder, say)


def _several(given: list[str], count: int) -> int:
    from torch.distributed import run

    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        run.main(["--standalone", "--nproc-per-node", str(count), "-m", "assay.tune.training.process", *given])
    except Exception:  # noqa: BLE001  one of them has said why
        return FAILED
    return 0


def _say(line: str) -> None:
    print(f"{TOLD}{line}", flush=True)


def _unheard(line: str) -> None:
    """The first process speaks."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

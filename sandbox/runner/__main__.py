"""PID 1 of a sandbox container: unpack the project, run one job, answer, end.

It forks once per step so that what runs it is already imported (of the kinds of steps that its first argument names, where a job waits for it; of all, and warmed up, where it is to wait for one), watches its standard input while a step runs (the host
may die), and never reads anything that a step can write except through the capped pipes of `steps`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import site
import sys
from pathlib import Path
from typing import Any

from . import bundle, steps, tree, wire

DEPENDENCIES = "/deps"  # packages that no environment of this Python holds
PROJECT = Path("/work/project")  # of a job that has no place of its own
PR_SET_DUMPABLE = 4  # from <sys/prctl.h>; 0 keeps children from reading our memory and descriptors through /proc


def main() -> None:
    """Serve frames until the one job is done or the host goes away."""
    inbox, outbox = _private_channel()
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    kinds, *places = sys.argv[1:] or [""]
    root = Path(places[0]) if places else PROJECT
    top = Path(places[1]) if len(places) > 1 else root
    top.mkdir(parents=True, exist_ok=True)
    if kinds:
        steps.load(kinds.split(","))
    else:
        steps.warm_up()
    _send(outbox, {"kind": "ready", "python": list(sys.version_info[:2])})
    while (frame := wire.unpack(lambda size: os.read(inbox, size))) is not None:
        header, blob = frame
        if header.get("kind") == "files":
            bundle.unpack(blob, top)
            root.mkdir(parents=True, exist_ok=True)
            _add_editable()
            _send(outbox, {"kind": "unpacked"})
        elif header.get("kind") == "job":
            _run([{**step, "top": str(top)} for step in header["steps"]], root, inbox, outbox)
            return


def _run(wanted: list[dict[str, Any]], root: Path, inbox: int, outbox: int) -> None:
    """Run the steps in order, each answered as soon as it is done."""
    for step in wanted:
        top = Path(step["top"])
        tree.write(step.get("files", {}), root)
        before = tree.fingerprint(top)
        outcome = steps.run(step, root, host=inbox, told=lambda how: _send(outbox, {"kind": "running"} | how))
        outcome["touched"] = tree.changed(before, tree.fingerprint(top))
        _send(outbox, {"kind": "outcome"} | outcome)


def _add_editable() -> None:
    """What `.pth` files name of the project was not there yet when Python started, and Python leaves out what is not there."""
    for folder in (*site.getsitepackages(), DEPENDENCIES):
        for file in sorted(Path(folder).glob("*.pth")):
            with contextlib.suppress(OSError, UnicodeDecodeError):
                for line in file.read_text("utf-8-sig").splitlines():
                    named = os.path.join(folder, line.strip())
                    is_path = line.strip() and not line.startswith(("#", "import ", "import\t"))
                    if is_path and named not in sys.path and os.path.isdir(named):
                        sys.path.append(named)


def _private_channel() -> tuple[int, int]:
    """Move the host's pipes away from 0 and 1, where a step would find them, and make them close-on-exec."""
    inbox, outbox = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(null, standard)
    os.close(null)
    return inbox, outbox


def _send(outbox: int, header: dict[str, Any]) -> None:
    data = wire.pack(header)
    while data:
        data = data[os.write(outbox, data) :]


if __name__ == "__main__":
    main()

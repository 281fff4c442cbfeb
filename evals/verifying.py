"""How long does `assay verify` take in projects as people have them, the first time and the next? `python -m evals.verifying --project NAME … [--keep FOLDER]`.

The command itself, in the folders of `evals.projects`: with a new home, which knows nothing of the project, then the same change again, then two others. Each puts a line back that was cut out on
disk. `--new` removes the images of packages before, so that a Python or packages that no environment has are made anew; what that downloads is in the figure.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from evals.packages import Row, replaced
from evals.projects import KNOWN, PROJECTS, set_up


def verify(root: Path, row: Row, home: Path) -> tuple[float, str]:
    """Seconds, and what was printed first."""
    path = root / row.path
    whole = path.read_bytes()
    try:
        path.write_bytes(replaced(whole.decode(), row.line, "").encode())
        started = time.perf_counter()
        command = [sys.executable, "-m", "assay", "verify", row.path]
        environment = {**os.environ, "ASSAY_HOME": str(home)}
        done = subprocess.run(command, input=whole, capture_output=True, cwd=root, env=environment, check=False)
        took = time.perf_counter() - started
    finally:
        path.write_bytes(whole)
    return took, (done.stdout.decode().splitlines() or [""])[0]


def main(given: argparse.Namespace) -> None:
    """Time the projects one after the other."""
    known = json.loads(KNOWN.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(given.keep or temporary).resolve()
        for name in given.project:
            root = set_up(name, folder)
            home = Path(temporary) / "homes" / name
            if given.new:
                subprocess.run(
                    [sys.executable, "-m", "assay", "sandbox", "prune", "--all"], check=True, capture_output=True
                )
            truths = [Row(**row) for row in known[name] if row["kind"] == "truth"]
            told = []
            for row in (truths[0], truths[0], *truths[1:3]):
                took, said = verify(root, row, home)
                told.append(f"{took:.1f} s {said.partition(':')[0]}")
            print(f"{name:20} first {told[0]}, again {told[1]}, others {', '.join(told[2:])}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.verifying")
    parser.add_argument("--project", nargs="+", choices=list(PROJECTS), default=list(PROJECTS))
    parser.add_argument("--keep", default="", help="where evals.projects keeps the projects")
    parser.add_argument("--new", action="store_true")
    main(parser.parse_args())

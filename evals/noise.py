"""How quiet `assay check --static` is on code that is mostly right, what it costs, and whether ruff's findings come through as ruff tells them.

`python -m evals.noise [--rules N] [--folder FOLDER]`: N files of installed packages under `select = ["E9", "F", "B"]`, each finding's place and code compared with ruff's own;
then the Python files of FOLDER (the standard library's, without what pip installed) twice, with what is suspected a thousand lines, and processor and wall time of both runs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from analyzers import lint
from evals.typing import SITE_PACKAGES

LEFT_OUT = ("site-packages", "dist-packages", "__pycache__", "lib2to3", "bad")
CONFIGURATION = '[project]\nname = "p"\nversion = "0"\n[tool.ruff.lint]\nselect = ["E9", "F", "B"]\n'


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=int, default=30)
    parser.add_argument("--folder", type=Path, default=Path(sysconfig.get_paths()["stdlib"]))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "ASSAY_HOME": home}
        rules(given.rules, environment)
        noise(given.folder, environment)


def rules(count: int, environment: dict[str, str]) -> None:
    """Ruff's findings, by us and by ruff."""
    every = sorted(path for path in SITE_PACKAGES.rglob("*.py") if 2000 < path.stat().st_size < 60_000)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "pyproject.toml").write_text(CONFIGURATION)
        for number, path in enumerate(random.Random(20).sample(every, count)):
            shutil.copy(path, root / f"f{number}_{path.name}")
        found, _, _ = checked(root, environment)
        ours = Counter(
            (h["file"], h["code"], h["line"], h["column"], h["endLine"], h["endColumn"])
            for h in found["hints"]
            if h["class"] == "rule"
        )
        command = [lint.program(), "check", "--no-cache", "--exit-zero", "--output-format=json", "."]
        told = json.loads(subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout)
        theirs = Counter(
            (
                Path(i["filename"]).name,
                i["code"] or "invalid-syntax",
                i["location"]["row"],
                i["location"]["column"],
                i["end_location"]["row"],
                i["end_location"]["column"],
            )
            for i in told
        )
        print(f"{count} files: ruff has {sum(theirs.values())} findings of {len({one[1] for one in theirs})} rules; {sum((theirs & ours).values())} are told with the same place and code, "
              f"{sum((ours - theirs).values())} otherwise", flush=True)  # fmt: skip


def noise(folder: Path, environment: dict[str, str]) -> None:
    """What is suspected in a folder, and what looking costs, the first time and again."""
    with tempfile.TemporaryDirectory() as copied:
        root = Path(copied) / "code"
        shutil.copytree(folder, root, ignore=shutil.ignore_patterns(*LEFT_OUT, "*.so", "*.pyc"), symlinks=True)
        lines = sum(path.read_bytes().count(b"\n") for path in root.rglob("*.py"))
        (root / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "0"\n')
        first, cpu_s, wall_s = checked(root, environment)
        _, again_cpu_s, again_s = checked(root, environment)
        suspected = [hint for hint in first["hints"] if hint["class"] == "suspected"]
        for hint in suspected:
            print(f"  {hint['file']}:{hint['line']} {hint['code']}")
        print(f"{lines} lines: {len(suspected)} suspected, {1000 * len(suspected) / lines:.3f} in a thousand; {cpu_s:.1f} s of processor time ({100_000 * cpu_s / lines:.1f} for 100 000 lines), "
              f"{wall_s:.1f} s; a second run {again_cpu_s:.1f} and {again_s:.1f} s ({again_s / wall_s:.2f})", flush=True)  # fmt: skip


def checked(root: Path, environment: dict[str, str]) -> tuple[dict[str, Any], float, float]:
    """What `assay check --static` tells of a folder, and the processor and wall seconds that it took."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, "-m", "assay", "check", ".", "--static", "--json"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment, check=False)
    after, took = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - started
    if done.returncode not in (0, 1):
        raise SystemExit(f"assay check ended with {done.returncode}: {done.stderr[-500:]}")
    return json.loads(done.stdout), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, took


if __name__ == "__main__":
    main()

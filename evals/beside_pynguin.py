"""Tests by `assay test` beside those by Pynguin, for the same functions in the same time.

    python -m evals.beside_pynguin FOLDER --pynguin SITE_PACKAGES [--count 6] [--seed S] [--show]

FOLDER as `evals.tests_made` has it. SITE_PACKAGES is where `pip install pynguin` put it, for the Python 3.11 of the sandbox's image: it runs in a container of that image without a network, for as many seconds as `assay test`
took for the function. Both files of tests are then held against the usual mutants, one run of pytest for each; a test that fails without a mutant is left out of neither, so its file notices nothing. `--show` prints both.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from analyzers import subjects
from analyzers.mutants import usual
from analyzers.text import applied
from assay import compose
from assay.assistant.test import suite
from assay.assistant.workbench import Workbench
from assay.folders import folders
from evals.tests_made import BATCH, MUTANT_S, Function, functions, made
from sandbox.api import Job, Step

LEAST_S = 10  # for Pynguin, however soon the other one is done
RUN_S = 180.0


def by_pynguin(root: Path, packages: Path, image: str, seconds: float) -> str:
    """The tests that it writes for the module of a project; "" for none."""
    command = [
        "docker", "run", "--rm", "--network", "none", "--user", "1000", "--entrypoint", "/usr/bin/python3.11", "-w", "/project",
        "-v", f"{packages}:/pynguin:ro", "-v", f"{root}:/project", "-e", "PYTHONPATH=/pynguin", "-e", "HOME=/tmp", "-e", "PYNGUIN_DANGER_AWARE=1", image,
        "-m", "pynguin", "--project-path", "/project", "--module-name", "module", "--output-path", "/project/out", "--maximum-search-time", str(max(LEAST_S, round(seconds))),
        "--seed", "7",
    ]  # fmt: skip
    subprocess.run(command, capture_output=True, timeout=RUN_S, check=False)
    found = sorted((root / "out").glob("test_*.py"))
    return found[0].read_text("utf-8") if found else ""


async def score(bench: Workbench, root: Path, one: Function, test: str) -> float:
    """The share of a function's usual mutants that a file of tests notices."""
    subject = next(two for two in subjects.of_text(one.module) if two.name == one.name)
    mutants = usual.of_lines(one.module, *subject.lines)
    project = (await bench.projects.state(root)).project
    texts = [one.module, *(applied(one.module, (two.edit,)) for two in mutants)]
    outcomes = []
    for first in range(0, len(texts), BATCH):
        steps = (
            Step("pytest", MUTANT_S, (("module.py", text), ("test_theirs.py", test)), ("test_theirs.py",))
            for text in texts[first : first + BATCH]
        )
        outcomes += await bench.sandbox.run(Job(project, tuple(steps)))
    is_red = [suite.notices(outcome, ()) or not outcome.tests.tests for outcome in outcomes]
    return 0.0 if is_red[0] else sum(is_red[1:]) / max(1, len(mutants))


async def main(given: argparse.Namespace) -> None:
    """One line a function, and what they come to."""
    chosen = random.Random(given.seed).sample(functions(given.folder), given.count)
    settings, _ = compose.load_settings(folders())
    bench = compose.workbench(settings, folders())
    ours, theirs = list[float](), list[float]()
    try:
        await bench.sandbox.warm((await bench.projects.state(Path(__file__).parents[1])).project)
        image = bench.sandbox.health().image
        for one in chosen:
            with tempfile.TemporaryDirectory() as place:
                root = Path(place) / "project"
                root.mkdir()
                root.chmod(0o777)
                Path(place).chmod(0o755)
                (root / "pyproject.toml").write_text('[project]\nname = "project"\nversion = "0"\n')
                (root / "module.py").write_text(one.module)
                told, took = made(root, one.name)
                test = (told["files"][0]["test"] or {}).get("text", "")
                other = await asyncio.to_thread(by_pynguin, root, given.pynguin, image, took)
                ours.append(await score(bench, root, one, test) if test else 0.0)
                theirs.append(await score(bench, root, one, other) if other else 0.0)
                print(
                    f"{one.task:16} {one.name:30} {took:5.1f} s  assay {ours[-1]:4.0%}  Pynguin {theirs[-1]:4.0%}",
                    flush=True,
                )
                if given.show:
                    print(f"--- assay\n{test}\n--- Pynguin\n{other}")
    finally:
        await compose.close(bench)
    print(
        f"{len(chosen)} functions: mutation score on the mean: assay {statistics.mean(ours):.1%}, Pynguin {statistics.mean(theirs):.1%}"
    )


def read(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pynguin", type=Path, required=True)
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--show", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    asyncio.run(main(read()))

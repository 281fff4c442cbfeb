"""Do verdicts hold on projects as people have them: with dependencies, their own Python and pytest, set up as their guides say?

    python -m evals.projects --project NAME … [--kinds truth mutant] [--keep FOLDER]     set up, and judge the rows of projects.json
    python -m evals.projects --project NAME … --find                                     make a project's rows anew
    python -m evals.projects --project NAME … --freeze                                   print what its environment holds

Lines of a project are cut out and put back (truths), and changed in one token so that its own suite kills them (mutants); each is judged as `assay verify` does, no command in between. Suites run in
containers only. `projects.json` names the lines, PROJECTS the distributions with their hashes and what is installed. Needs the sandbox, an index of packages, and Pythons of these versions (pyenv's or uv's).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from analyzers.environment import is_interpreter
from assay import compose
from assay.assistant.workbench import Workbench
from assay.assistant.world.state import State
from assay.folders import folders
from evals import holes
from evals.packages import Row, judged, one_liners, replaced, report
from sandbox.api import Job, Piece, Step, StepOutcome

KNOWN = Path(__file__).with_name("projects.json")
COUNT = 10  # of each kind and project
SUITE_S = 240.0
TRIED = 150  # lines of a project that are looked at for truths


@dataclass(frozen=True, slots=True)
class Published:
    """A distribution with its tests: `python` runs it, `installed` is what pip is asked for beside the project itself; `about` says which kind of project it is.

    `beside` are others of PROJECTS that stand in one workspace with it; where `locker` names what pdm is installed from, it writes the lock, and no environment is made.
    """

    distribution: str
    sha256: str
    python: str
    installed: tuple[str, ...]
    about: str
    beside: tuple[str, ...] = ()
    locker: tuple[str, ...] = ()


PROJECTS = {
    "flask": Published("flask==3.1.3", "0ef0e52b8a9cd932855379197dd8f94047b359ca0a78695144304cb45f87c9eb", "3.12", ("pytest==8.4.2", "asgiref==3.13.0", "python-dotenv==1.2.4"),
                       "a pinned older pytest, for its conftest needs a name that 9 no longer has"),
    "structlog": Published("structlog==26.1.0", "f63a716cbd1b1291cf7661de7794b455acfa4c43c5bcf1630e6ad5ddc1adb3b7", "3.13",
                           ("pytest==9.2.0", "pytest-asyncio==1.5.0", "pytest-randomly==5.1.0", "simplejson==4.3.0", "time-machine==3.6.0"), "plugins, async tests, shuffled"),
    "djangorestframework": Published("djangorestframework==3.18.3", "446a9b352e7eff630421ab3f2328bd2401b109a9470afa4a31189994911ed030", "3.11",
                                     ("pytest==9.2.0", "pytest-django==4.14.0", "django==5.2.19", "dj-database-url==3.1.2", "importlib-metadata==9.0.0", "pytz==2026.6", "django-filter==26.2",
                                      "inflection==0.5.1", "markdown==3.11.3", "pyyaml==6.0.4", "uritemplate==4.2.0", "requests==2.34.2"), "Django, by pytest-django"),
    "async-lru": Published("async-lru==2.4.0", "b0b0077d9b7596615b3c12d0aad4f6aeccaaa0ac75ceae472608ede89e764c08", "3.12",
                           ("pytest==8.4.2", "pytest-asyncio==0.25.3", "pytest-cov==7.1.0", "pytest-timeout==2.4.0"), "async tests, coverage and time limits in its own options"),
    "jinja2": Published("jinja2==3.1.6", "0137fb05990d35f1275a587e9aee6d56da821fc83491a0fb838183be43f66d6d", "3.10", ("pytest==9.2.0", "trio==0.35.0"), "a compiled dependency, an older Python"),
    "marshmallow": Published("marshmallow==4.4.0", "9e6ffa8511012ca89732324c1c253efd7b4d35632dcbdf80aa793fe01804af3e", "3.13", ("pytest==9.2.0", "simplejson==4.3.0"), "src layout"),
    "apispec": Published("apispec==6.10.1", "46896cb0cab23b4e853e528528937719739f836358832bb8610edd14db1d9c01", "3.12", ("pytest==9.2.0", "openapi-spec-validator==0.9.0", "pyyaml==6.0.4"),
                         "a workspace of two packages, one environment at its root, the one imports the other", beside=("marshmallow",)),
    "dep-logic": Published("dep-logic==0.7.2", "2a3c49526075b0bc6825f0ea8c2d9f464de48b7b85f3f3d2900b4e5950fefedf", "3.12", (), "a lock of pdm and no environment", locker=("pdm==2.29.4", "hishel==1.4.0")),
}  # fmt: skip


def interpreter(python: str) -> Path:
    """An installed Python of this version; exits where there is none."""
    places = [Path("~/.pyenv/versions").expanduser(), Path("~/.local/share/uv/python").expanduser()]
    prefixes = [
        Path(sys.base_prefix),
        Path("/usr"),
        *(one for place in places for one in sorted(place.glob(f"*{python}.*"))),
    ]
    found = next((one for one in prefixes if is_interpreter(one, python)), None)
    if found is None:
        raise SystemExit(f"no Python {python} is installed here (looked where pyenv and uv have them, and in /usr)")
    return found / "bin" / f"python{python}"


def set_up(name: str, folder: Path) -> Path:
    """The project with its environment, as its guide says: an editable install, and what its tests need. What is there already is kept."""
    published = PROJECTS[name]
    top = folder / f"{name}-workspace" if published.beside else folder
    members = [_unpacked(one, top / "packages" if published.beside else folder) for one in (name, *published.beside)]
    home = top if published.beside else members[0]
    if published.beside:
        (top / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["packages/*"]\n')
    if published.locker and not (home / "pdm.lock").exists():
        pip = _environment(published.python, folder / "locker")
        subprocess.run([*pip, *published.locker], check=True)
        pdm: list[str | Path] = [folder / "locker" / "bin" / "pdm", "lock", "-q", "-G", ":all"]
        subprocess.run(pdm, check=True, cwd=home)
        shutil.rmtree(home / ".venv", ignore_errors=True)  # pdm makes one in order to ask its Python
        (home / ".pdm-python").unlink(missing_ok=True)
    elif not published.locker and not (home / ".venv").exists():
        pip = _environment(published.python, home / ".venv")
        editable = [part for one in members for part in ("-e", str(one))]
        subprocess.run([*pip, *editable, *published.installed], check=True)
    return members[0]


def _unpacked(name: str, folder: Path) -> Path:
    """The distribution's files."""
    published, root = PROJECTS[name], folder / name
    if not root.exists():
        folder.mkdir(parents=True, exist_ok=True)
        wanted = folder / f"{name}.txt"
        wanted.write_text(f"{published.distribution} --hash=sha256:{published.sha256}\n")
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "--require-hashes"]
        subprocess.run([*pip, "-d", folder, "-r", wanted], check=True)
        stem = published.distribution.replace("==", "-").replace("-", "_").lower()
        archive = next(one for one in folder.glob("*.tar.gz") if one.name.replace("-", "_").lower().startswith(stem))
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
            made = folder / opened.getnames()[0].partition("/")[0]
        made.rename(root)
    return root


def _environment(python: str, folder: Path) -> list[str]:
    """A new environment; the command that installs into it."""
    subprocess.run([interpreter(python), "-m", "venv", folder], check=True)
    return [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]


def lines(state: State) -> Iterator[tuple[str, int, str]]:
    """Statements of one line in the functions of the project's own files: path, line from 1, text."""
    for name, text in sorted(state.texts.items()):
        if (
            state.is_run(name)
            or {"docs", "tests", "examples", "scripts"} & set(name.split("/")[:-1])
            or name == "setup.py"
        ):
            continue
        yield from ((name, line, row) for line, row in one_liners(text))


async def find(bench: Workbench, root: Path, chance: random.Random) -> list[Row]:
    """COUNT truths, lines that a green test executes, and COUNT mutants, with which a test fails that is green without them, by whole runs of the suite, each done twice."""
    state = await bench.projects.state(root)
    files = tuple(name for name in state.texts if state.is_run(name))

    async def suite(step: Step) -> StepOutcome:
        return (await bench.sandbox.run(Job(state.project, (step,))))[0]

    every = list(dict.fromkeys(lines(state)))
    chance.shuffle(every)
    every = every[:TRIED]
    pieces = tuple(Piece(path, (line, line)) for path, line, _ in every)
    known = await suite(
        Step("pytest", SUITE_S, (), files, changed=tuple({piece.path for piece in pieces}), pieces=pieces)
    )
    green = _green(known) & _green(await suite(Step("pytest", SUITE_S, (), files)))
    hit = {number for test in known.tests.tests if test.is_green for number in test.hit}
    print(
        f"  {len(green)} of {len(known.tests.tests)} tests pass, {known.tests.harness}, {len(hit)} of {len(pieces)} lines executed",
        flush=True,
    )
    executed = [one for number, one in enumerate(every) if number in hit]
    rows = [Row("truth", path, line) for path, line, _ in executed[:COUNT]]
    mutants: list[Row] = []
    for path, line, text in (one for one in executed[::-1]):
        if len(mutants) == COUNT:
            break
        whole = state.texts[path]
        forms = [m.rstrip("\n") for m in holes.mutants(text) if holes.parses(replaced(whole, line, m.rstrip("\n")))]
        if not forms:
            continue
        row = Row("mutant", path, line, chance.choice(forms))
        step = Step("pytest", SUITE_S, ((path, replaced(whole, line, row.text)),), files)
        if killed := _killed(green, await suite(step)):
            again = Step("pytest", SUITE_S, step.files, tuple(sorted({test.partition("::")[0] for test in killed})))
            if killed & _killed(green, await suite(again)):
                mutants.append(row)
        print(f"\r  {len(mutants)} mutants", end="", flush=True)
    print()
    return rows + mutants


def _killed(green: frozenset[str], outcome: StepOutcome) -> frozenset[str]:
    """The tests that fail now; none where the run did not end."""
    failed = frozenset(test.id for test in outcome.tests.tests if test.outcome == "failed")
    return failed & green if outcome.tests.finished and not outcome.timed_out else frozenset()


def _green(outcome: StepOutcome) -> frozenset[str]:
    return frozenset(test.id for test in outcome.tests.tests if test.is_green)


async def main(given: argparse.Namespace) -> None:
    """Find or judge, project by project."""
    known = json.loads(KNOWN.read_text("utf-8")) if KNOWN.exists() else {}
    where = folders()
    settings, _ = compose.load_settings(where)
    total: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as temporary:
        for name in given.project:
            folder = Path(given.keep or temporary).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            started = time.perf_counter()
            root = await asyncio.to_thread(set_up, name, folder)
            print(
                f"{name}: Python {PROJECTS[name].python}, {PROJECTS[name].about}; set up in {time.perf_counter() - started:.0f} s",
                flush=True,
            )
            if given.freeze:
                home = (
                    folder / "locker" if PROJECTS[name].locker else root.parents[1] if PROJECTS[name].beside else root
                )
                python = (home if PROJECTS[name].locker else home / ".venv") / "bin" / "python"
                subprocess.run([python, "-m", "pip", "freeze", "--exclude-editable"], check=True)
                continue
            bench = compose.workbench(settings, where)
            try:
                if given.find:
                    known[name] = [asdict(row) for row in await find(bench, root, random.Random(17))]
                    KNOWN.write_text(json.dumps(known, indent=0) + "\n", "utf-8")
                    continue
                rows = [Row(**row) for row in known.get(name, ()) if row["kind"] in given.kinds]
                results = await judged(bench, root, rows)
                report(name, results)
                total.update((row.kind, type(verdict).__name__.lower()) for row, verdict, _ in results)
            finally:
                await compose.close(bench)
    for (kind, state), count in sorted(total.items()):
        print(f"{kind:7} {state:11} {count} of {sum(n for (other, _), n in total.items() if other == kind)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.projects")
    parser.add_argument("--project", nargs="+", choices=list(PROJECTS), default=list(PROJECTS))
    parser.add_argument("--kinds", nargs="+", default=["truth", "mutant"])
    parser.add_argument(
        "--keep", default="", help="a folder in which the projects and their environments are kept for the next run"
    )
    parser.add_argument("--find", action="store_true")
    parser.add_argument("--freeze", action="store_true")
    asyncio.run(main(parser.parse_args()))

"""One code-server and one browser for the session; a window, a folder and a script of the model for each scenario."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, sync_playwright

from assay.engine import weights
from tests.editors.codeserver import WAIT_MS, CodeServer, Window
from tests.editors.film import Film
from tests.editors.neovim import Neovim
from tests.editors.tools import ROOT, Tools, tools

QUIET = "--disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
ALONE = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"  # nothing but this machine is looked up
BROWSER = ["--no-sandbox", "--disable-gpu", *QUIET.split(), ALONE]
ASSAY = Path(sys.executable).parent / "assay"
PICTURES = os.environ.get("ASSAY_PICTURES", "")  # a folder: what failed is drawn there
Open = Callable[..., Window]
Traces = Callable[[], list[dict[str, Any]]]
FIGURES: list[str] = []
SECOND = ("test_vscode_install.py", "test_vscode_window.py")  # run in the process that has the other editors
TOLD = pytest.StashKey[int]()
WAIT_S = 40.0
TAIL_LINES, TAIL_CHARS = 8, 400
INSTALL_S = 180  # pip fetches a hundred megabytes
SCENARIO_S = 60  # the slowest here takes twenty; an editor that waits for a key would wait for ever


def until(holds: Callable[[], Any]) -> Any:
    """What `holds` gives once it gives something; an error after WAIT_S."""
    deadline = time.monotonic() + WAIT_S
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)
    return found


def report(line: str) -> None:
    """A figure that a scenario measured, printed after the run: for people, nothing depends on it."""
    FIGURES.append(line)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Where the scenarios run in processes of their own, their figures come with their reports."""
    if hasattr(report, "node"):
        FIGURES.extend(value for name, value in report.user_properties if name == "figure")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if FIGURES:
        terminalreporter.section("measured in the editors")
        for line in FIGURES:
            terminalreporter.write_line(line)


def child_named(parent: int, word: str) -> int | None:
    """The newest process below `parent` whose command line has `lsp` and this word: the last window's language server.

    The newest, because the server of a window that was just closed may still be there. None where there is none.
    """
    ps = ["ps", "-ww", "-eo", "pid=,ppid=,args=", "--sort=-start_time"]
    done = subprocess.run(ps, capture_output=True, text=True, check=True)
    rows = [line.split(None, 2) for line in done.stdout.splitlines()]
    below = {parent}
    for _ in range(10):
        below |= {int(pid) for pid, above, _ in rows if int(above) in below}
    servers = {
        int(pid): int(above) for pid, above, line in rows if int(pid) in below and word in line and " lsp" in line
    }
    return next((pid for pid, above in servers.items() if above not in servers), None)


@pytest.fixture(scope="session")
def embedded(assay_home: Path, model: Path) -> Iterator[None]:
    """The fallback model in the scenarios' own folder; its engine ends with the session."""
    ours = weights.fallback_path(assay_home / "cache")
    ours.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model, ours)  # a link would be followed, and the engine be one of the developer's own
    yield
    done = subprocess.run(["ps", "-ww", "-eo", "pid=,args="], capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        if " engine --model" in line and str(ours) in line:
            os.kill(int(line.split()[0]), signal.SIGTERM)


@pytest.fixture(scope="session")
def the_tools() -> Tools:
    return tools()


@pytest.fixture(scope="session")
def vsix() -> Path:
    found = sorted((ROOT / "dist").glob("assay-*.vsix"))
    assert found, "run `make vsix` first"
    return found[-1]


@pytest.fixture(scope="session")
def browser(the_tools: Tools) -> Iterator[BrowserContext]:
    """One for all windows: what makes the first one slow is in its cache for the next."""
    if the_tools.missing:
        pytest.skip(the_tools.missing)
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=the_tools.chromium, args=BROWSER)
        context = one.new_context(viewport={"width": 1280, "height": 720})
        context.set_default_timeout(WAIT_MS)
        yield context
        one.close()


@pytest.fixture(scope="session")
def assay_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ASSAY_HOME of the scenarios: traces and settings of nobody."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def code(
    the_tools: Tools, vsix: Path, assay_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CodeServer]:
    if the_tools.missing:
        pytest.skip(the_tools.missing)
    server = CodeServer(the_tools, tmp_path_factory.mktemp("code"), extension=vsix, env={"ASSAY_HOME": str(assay_home)})
    server.start()
    yield server
    server.stop()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of examples/shop."""
    return Path(shutil.copytree(ROOT / "examples" / "shop", tmp_path / "shop"))


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    """A project with one function that has no body yet: line 3 of sums.py waits for it. Nothing nearby resembles what is missing."""
    folder = tmp_path / "sums"
    (folder / "tests").mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "sums"\nversion = "1"\n', "utf-8")
    (folder / "sums.py").write_text('def add(a: int, b: int) -> int:\n    """Add two numbers."""\n    \n', "utf-8")
    test = "from sums import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n"
    (folder / "tests" / "test_sums.py").write_text(test, "utf-8")
    return folder


def slow(sums: Path, seconds: float) -> None:
    """Have the project's test take so long that the answer does not wait for it."""
    file = sums / "tests" / "test_sums.py"
    text = file.read_text("utf-8").replace("    assert", f"    import time; time.sleep({seconds})\n    assert")
    file.write_text(text, "utf-8")


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., str]:
    """A file for the scripted engine: (what the prompt ends with, what the model answers)."""

    def write(*answers: tuple[str, str]) -> str:
        path = tmp_path / "script.json"
        path.write_text(json.dumps({"answers": [{"after": after, "text": text} for after, text in answers]}), "utf-8")
        return str(path)

    return write


@pytest.fixture
def traces(assay_home: Path) -> Traces:
    """What the servers of all scenarios noted of their requests, oldest first."""

    def read() -> list[dict[str, Any]]:
        file = assay_home / "state" / "traces.jsonl"
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.is_file() else []

    return read


@pytest.fixture
def film() -> Film:
    """Draws what a scenario shows, where `make pictures` asks for it."""
    return Film()


@pytest.fixture
def window(code: CodeServer, browser: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Open VS Code on a folder with these settings of Assay; a failed scenario tells what stood there, and leaves a picture."""
    opened: list[Window] = []
    request.node.windows = opened

    def one(folder: Path, *files: str, user: dict[str, Any] | None = None, **settings: Any) -> Window:
        machine = {"assay.path": str(ASSAY), "assay.sandbox.enabled": False, "assay.complete.pace_ms": 0}
        machine |= {f"assay.{name.replace('__', '.')}": value for name, value in settings.items()}
        code.settings({name: value for name, value in machine.items() if value is not None}, user)
        opened.append(Window(browser, code, folder, *(folder / file for file in files)))
        return opened[-1]

    yield one
    if getattr(request.node, "failed", False) and PICTURES:
        for number, each in enumerate(opened):
            each.picture(Path(PICTURES) / f"{request.node.name}-{number}.png")
    for each in opened:
        each.close()


def log_tail(assay_home: Path) -> str:
    """What the scenarios' servers said last: their log, and how the last requests ended."""
    found = []
    for name in ("lsp.log", "traces.jsonl"):
        file = assay_home / "state" / name
        lines = file.read_text("utf-8", "replace").splitlines()[-TAIL_LINES:] if file.is_file() else []
        found += [line[:TAIL_CHARS] for line in lines]
    return "\n".join(found)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.timeout(SCENARIO_S if "install" not in item.nodeid else INSTALL_S))
        is_first = "browser" in item.fixturenames and item.path.name not in SECOND
        item.add_marker(pytest.mark.xdist_group("first" if is_first else "second"))  # type: ignore[attr-defined]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = (yield).get_result()
    if report.when == "call":
        report.user_properties += [("figure", line) for line in FIGURES[item.session.stash.setdefault(TOLD, 0) :]]
        item.session.stash[TOLD] = len(FIGURES)
        item.failed = report.failed
        if report.failed:
            shown = [(f"window {number}", each.shown()) for number, each in enumerate(getattr(item, "windows", ()))]
            report.sections += shown
            if (home := item.funcargs.get("assay_home")) is not None:
                report.sections.append(("the end of the server's log", log_tail(home)))


@pytest.fixture(params=["0.11", "0.12"])
def neovim(request: pytest.FixtureRequest, the_tools: Tools, assay_home: Path) -> Iterator[Callable[..., Neovim]]:
    """Open Neovim on a folder with these settings of Assay, after the user's own lines `init`. 0.12 draws the ghost text itself."""
    program = the_tools.nvim if request.param == "0.11" else the_tools.newer_nvim
    if not program.is_file():
        pytest.skip(f"Neovim {request.param} is not here: run `make editors`, which says why.")
    opened: list[Neovim] = []

    def one(folder: Path, *files: str, init: str = "", options: str = "", **settings: Any) -> Neovim:
        told = {"sandbox.enabled": False, "complete.pace_ms": 0}
        told |= {name.replace("__", "."): value for name, value in settings.items()}
        lua = f"{init}\nrequire('assay').setup({{ cmd = {{ '{ASSAY}', 'lsp' }}, settings = vim.json.decode([==[{json.dumps(told)}]==]), {options} }})"
        env = {"ASSAY_HOME": str(assay_home)}
        opened.append(Neovim([str(program)], folder, lua, *(folder / file for file in files), env=env))
        return opened[-1]

    yield one
    for each in opened:
        each.close()

"""Run chosen tests with pytest and report, over a pipe that is not stdout, what ran and which changed lines it hit.

The report is written by a plugin in the test's own process, so it can be forged by code that sets out to; a control
test with an unpredictable name that must fail catches the careless tricks, and the host checks the rest.
"""

from __future__ import annotations

import contextlib
import dis
import io
import json
import os
import re
import signal
import sys
from collections.abc import Generator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import pytest

from . import codes, examples
from .monitor import tracer
from .options import project_options, pytests_own
from .own import Own
from .sought import Sought
from .unseen import Unseen

PACKAGES = "/opt/assay/packages"  # of the image: for projects that have no pytest of their own
RAISES = dis.opmap["RAISE_VARARGS"]  # what `raise` and `assert` come to
AGAIN_S = 0.7  # of each further test once one was interrupted: they hang for the same reason
CACHE = "/tmp/pytest-cache"  # tests may ask for `pytestconfig.cache`
DETAIL_LIMIT = 600  # characters of a failure's message


def main(step: dict[str, Any], root: Path, report: int) -> int:
    """Run `step["tests"]` (node ids without parameters) below `root`; returns pytest's exit code."""
    for folder in reversed([str(root), str(root / "src"), *(str(root / one) for one in step.get("paths", []))]):
        sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    plugin = _Plugin(step, root, report)
    files = list(dict.fromkeys(test.partition("::")[0] for test in step["tests"]))
    if step.get("records"):
        os.nice(19)  # nobody waits for it
    always = [
        "-q",
        "-p",
        "no:randomly",
        "-p",
        "no:random_order",
        "-o",
        f"cache_dir={CACHE}",
        "-o",
        "addopts=",
        "--continue-on-collection-errors",
        "--tb=line",
    ]
    own = project_options(root, files, has_plugins=bool(step.get("plugins")))
    if not step.get("plugins"):
        # Without the project's dependencies its settings for pytest name modules that are not here, and pytest would not start.
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        always += ["-o", "filterwarnings=", "-o", "required_plugins="]
    if step.get("doctests"):
        always.append("--doctest-modules")
        examples.take_names_alone()
    plugin.trace_collection()
    always.append(f"--rootdir={root}")
    plugin.send({"harness": harness()})
    code = 0
    # Options may be of a plugin, or of a conftest.py, that is not here; and a conftest.py that cannot be imported concerns the tests below it.
    choices = list(dict.fromkeys((tuple(own), tuple(pytests_own(own)), ())))
    while choices:
        with _heard() as heard:
            code = int(pytest.main([*choices[0], *always, *files], plugins=[plugin]))
        if code != pytest.ExitCode.USAGE_ERROR:
            break
        broken = _below_broken_conftest(heard.getvalue(), root, files)
        if broken and len(broken) < len(files):
            for file in broken:
                plugin.send({"collect_error": file, "detail": _conftests_error(heard.getvalue())})
            files = [file for file in files if file not in broken]
        else:
            choices.pop(0)
    plugin.send({"end": step["nonce"]})
    return code


class _Tee(io.TextIOBase):
    """Standard error, and what was written to it."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._text = stream, io.StringIO()

    def write(self, text: str) -> int:
        self._stream.write(text)
        return self._text.write(text)

    def flush(self) -> None:
        self._stream.flush()

    def fileno(self) -> int:
        return int(self._stream.fileno())

    def getvalue(self) -> str:
        return self._text.getvalue()


@contextlib.contextmanager
def _heard() -> Generator[_Tee, None, None]:
    """What pytest itself writes to standard error: it says there why it does not start."""
    before = sys.stderr
    tee = _Tee(before)
    sys.stderr = tee
    try:
        yield tee
    finally:
        sys.stderr = before


def _below_broken_conftest(said: str, root: Path, files: list[str]) -> list[str]:
    """The test files in the folder of a conftest.py that could not be imported."""
    found = re.search(r"ImportError while loading conftest '([^']+)'", said)
    if found is None or not found[1].startswith(f"{root}/"):
        return []
    folder = os.path.dirname(found[1][len(str(root)) + 1 :])
    return [file for file in files if not folder or file.startswith(f"{folder}/")]


def _conftests_error(said: str) -> str:
    place = re.search(r"ImportError while loading conftest '([^']+)'", said)
    return f"{place[1].rpartition('/')[2] if place else 'conftest.py'} cannot be imported: {_last_error(said)}"


def harness() -> dict[str, Any]:
    """Which Python and which pytest run the tests, and whether pytest is the project's own."""
    is_own = not str(pytest.__file__).startswith(PACKAGES)
    return {"python": "{}.{}.{}".format(*sys.version_info[:3]), "pytest": pytest.__version__, "own": is_own}


class HangingError(BaseException):
    """A test was interrupted because it did not end; no `except Exception` of the code takes it for something else."""


class _Plugin:
    """What pytest tells us; one line of JSON an event."""

    def __init__(self, step: dict[str, Any], root: Path, report: int) -> None:
        self._wanted, self._order = frozenset(step["tests"]), list(step["tests"])
        self._stops, self._has_failed = bool(step.get("stops")), False
        self._without = frozenset(step.get("without", ()))
        self._own = Own(str(root))
        self._report = report
        self._control = f"control_{step['nonce']}"
        self._pieces = step.get("pieces", [])
        self._changed = {
            (f"{root}/{piece['path']}", line)
            for piece in self._pieces
            for line in range(piece["lines"][0], piece["lines"][1] + 1)
        }
        self._traces, self._records = bool(step.get("traces")), bool(step.get("records"))
        self._tracer = tracer(
            str(root),
            self._pieces,
            records=self._records,
            watched=tuple(step.get("watched", ())),
            observes=bool(step.get("observes")),
            takes=bool(step.get("takes")),
        )
        self._functions: dict[tuple[str, str], int] = {}
        self._names: frozenset[str] = frozenset()
        self._test_s = float(step.get("test_s") or 0)
        if self._test_s:
            signal.signal(signal.SIGALRM, self._interrupt)
        self._shared: dict[str, frozenset[tuple[str, str]]] = {}
        self._unseen, self._sought = Unseen(), Sought(str(root))

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        limit_s, self._test_s = self._test_s, min(self._test_s, AGAIN_S)
        raise HangingError(f"it did not end within {limit_s:g} s")

    def send(self, event: dict[str, Any]) -> None:
        data = (json.dumps(event) + "\n").encode()
        while data:
            data = data[os.write(self._report, data) :]

    def trace_collection(self) -> None:
        """What is executed while tests are imported, where that is asked for; what is called there makes what tests use."""
        if self._traces or self._records or self._tracer.taken is not None:
            self._tracer.start(imports=True)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        self._tracer.stop()
        if self._unseen.has_started:  # as tests were imported: nobody knows for which of them
            self.send({"unseen": ""})
        if self._traces and self._tracer.hit:
            self.send({"import_hit": _mask(self._tracer.hit)})
        self._tell_sought("")
        self._tell_entered("")
        items[:] = [item for item in items if self._is_wanted(item.nodeid)]
        if self._stops:
            items.sort(key=self._turn(items))
        self.send({"collected": [item.nodeid for item in items]})

    # Wrappers are of the older kind, which every pytest of a project understands.
    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Generator[None, Any, None]:
        """What the import of a test file sought is sought by its tests; what that of a conftest.py did, by all."""
        before = self._sought.begin()
        yield
        if isinstance(collector, pytest.File):
            self._tell_sought(collector.nodeid)
        # Folders that pytest itself looks through are no wish of a test.
        self._sought.noted = {one for one in self._sought.noted if not one.endswith("/")} | before

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, None]:
        """The control test comes last, by itself: it has no fixtures, and tears nobody else's down."""
        result = yield
        if result.excinfo is None:
            if self._tracer.taken is not None and self._tracer.entries is not None:
                self.send({"taken": self._tracer.taken.told()})
                self.send({"entries": self._tracer.entries.told()})
            control = _Control.from_parent(session, name=self._control)
            control.ihook.pytest_runtest_protocol(item=control, nextitem=None)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.send({"collect_error": report.nodeid, "detail": _last_error(str(report.longrepr))})

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, None]:
        """Fixtures included: code that only runs in a test's set-up is executed by it too."""
        self.send({"start": item.nodeid})
        self._names = frozenset(getattr(item, "fixturenames", ()))
        self._unseen.begin()
        self._sought.begin()
        if self._control not in item.nodeid:
            self._tracer.start()
        if self._test_s:
            signal.setitimer(signal.ITIMER_REAL, self._test_s)
        try:
            yield
        finally:
            if self._test_s:
                signal.setitimer(signal.ITIMER_REAL, 0)
            lost_trace = self._tracer.is_lost
            self._tracer.stop()
            if self._control not in item.nodeid and self._unseen.is_some(self._names, lost_trace=lost_trace):
                self.send({"unseen": item.nodeid})
            self._tell_sought(item.nodeid)
            for name in getattr(item, "fixturenames", ()):
                self._tracer.entered |= self._shared.get(name, frozenset())
            self._tell_entered(item.nodeid)
            if self._control not in item.nodeid:
                self._tell_watched(item.nodeid)
            if self._stops and self._has_failed and item in item.session.items:
                del item.session.items[item.session.items.index(item) + 1 :]

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Generator[None, Any, None]:
        """What several tests share is entered for the first of them, and reaches them all."""
        if fixturedef.scope == "function":
            yield
            return
        before, self._unseen.has_started = self._unseen.has_started, False
        outer = self._tracer.restart() if self._records else set()
        sought = self._sought.begin()
        try:
            yield
        finally:
            if self._unseen.has_started:
                self._unseen.shared.add(fixturedef.argname)
            self._unseen.has_started = self._unseen.has_started or before
            self._sought.shared[fixturedef.argname] = set(self._sought.noted)
            self._sought.noted |= sought
        if self._records:
            self._shared[fixturedef.argname] = self._shared.get(fixturedef.argname, frozenset()) | self._tracer.entered
            if fixturedef.argname not in self._names:  # asked for as a test runs: it may be by others, too
                self._tell_entered(request.node.nodeid)
            self._tracer.restart()
            self._tracer.entered |= outer

    def _tell_sought(self, node: str) -> None:
        if told := self._sought.told(self._names if "::" in node else frozenset()):
            self.send({**told, "by": node})
        self._sought.begin()

    def _tell_watched(self, node: str) -> None:
        if any(self._tracer.lines.values()):
            lines = {file: _mask(found) for file, found in self._tracer.lines.items() if found}
            self.send({"lines": lines, "by": node})
        if observed := self._tracer.observed():
            self.send({"observed": observed, "by": node})

    def _tell_entered(self, node: str) -> None:
        """The functions entered by a test, or for all tests below a node; by number, each new one told before."""
        if self._tracer.entered:
            self.send({"entered": self._numbered(self._tracer.entered), "by": node})

    def _numbered(self, functions: set[tuple[str, str]]) -> list[int]:
        new = [one for one in functions if one not in self._functions]
        if new:
            self._functions |= {one: len(self._functions) + n for n, one in enumerate(new)}
            self.send({"functions": new})
        return sorted(self._functions[one] for one in functions)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
        """Where a failure was raised: the innermost frame of the project's own."""
        report = (yield).get_result()
        if call.excinfo is not None and report.failed:
            trace: TracebackType | None = call.excinfo.tb
            while trace is not None:
                code = trace.tb_frame.f_code
                if file := self._own.name(code.co_filename):
                    report.assay_where = f"{file}:{codes.qualname(code)}"
                    report.assay_inside = (code.co_filename, trace.tb_lineno) in self._changed
                    report.assay_meant = code.co_code[trace.tb_lasti] == RAISES
                trace = trace.tb_next

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.outcome == "passed":
            return
        event: dict[str, Any] = {"test": report.nodeid, "outcome": report.outcome, "when": report.when}
        if hasattr(report, "wasxfail"):
            event["outcome"] = "xfailed" if report.outcome == "skipped" else "xpassed"
        if self._control in report.nodeid:
            event = {"control": report.outcome}
        elif report.failed:
            self._has_failed = True
            event["detail"] = _reason(report)
            event |= {name: getattr(report, f"assay_{name}", "") for name in ("where", "inside", "meant")}
        event |= {"hit": _mask(self._tracer.hit), "s": round(report.duration, 3)}
        self.send(event)

    def _turn(self, items: list[pytest.Item]) -> Any:
        """The order in which tests were asked for, those of one file together."""
        ranks = {test: number for number, test in enumerate(self._order)}

        def rank(item: pytest.Item) -> int:
            return ranks.get(item.nodeid.partition("[")[0], len(ranks))

        firsts: dict[str, int] = {}
        for item in items:
            file = item.nodeid.partition("::")[0]
            firsts[file] = min(firsts.get(file, len(ranks)), rank(item))
        return lambda item: (firsts[item.nodeid.partition("::")[0]], rank(item))

    def _is_wanted(self, nodeid: str) -> bool:
        path, _, rest = nodeid.partition("::")
        function = f"{path}::{rest.partition('[')[0]}" if rest else path
        if nodeid in self._without or function in self._without:
            return False
        parts = function.split("::")
        return nodeid in self._wanted or any("::".join(parts[:n]) in self._wanted for n in range(1, len(parts) + 1))


def _mask(numbers: set[int]) -> str:
    """Numbers as bits, in hexadecimal: short, however many there are."""
    return format(sum(1 << number for number in numbers), "x")


class _Control(pytest.Item):
    def runtest(self) -> None:
        raise AssertionError("the control test must fail")

    def repr_failure(self, excinfo: Any, style: Any = None) -> str:
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return Path(), None, self.name


def _reason(report: pytest.TestReport) -> str:
    """One line where that says it: the exception's message; of a doctest, what was expected and what came."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return str(crash.message)[:DETAIL_LIMIT]
    if lookup := getattr(report.longrepr, "errorstring", ""):  # a fixture that is not found
        return str(lookup).strip().splitlines()[0][:DETAIL_LIMIT]
    examples = getattr(report.longrepr, "reprlocation_lines", None)
    lines = [line.strip() for _, part in examples for line in part] if examples else []
    if "Expected:" in lines and "Got:" in lines[lines.index("Expected:") :]:
        expected, got = lines.index("Expected:"), lines.index("Got:", lines.index("Expected:"))
        wanted, came = " ".join(lines[expected + 1 : got]), " ".join(lines[got + 1 :])
        return f"expected {wanted}, got {came}"[:DETAIL_LIMIT]
    return _last_error("\n".join(lines) or str(report.longrepr))


def _last_error(text: str) -> str:
    """The last line that names an exception, else the text's end."""
    found = re.findall(r"(?m)^(?:E\s+)?((?:[\w.]*(?:Error|Exception|Interrupt|Exit)|Failed)\b.*)$", text)
    return str(found[-1] if found else text.strip())[-DETAIL_LIMIT:]

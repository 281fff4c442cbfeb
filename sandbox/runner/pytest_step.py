"""Run chosen tests with pytest and report, over a pipe that is not stdout, what ran and which changed lines it hit.

The report is written by a plugin in the test's own process, so it can be forged by code that sets out to; a control
test with an unpredictable name that must fail catches the careless tricks, and the host checks the rest.
"""

from __future__ import annotations

import json
import os
import random
import re
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

DETAIL_LIMIT = 600  # characters of a failure's message


def main(step: dict[str, Any], root: Path, report: int) -> int:
    """Run `step["tests"]` (node ids without parameters) below `root`; returns pytest's exit code."""
    for folder in reversed([str(root), str(root / "src"), *step.get("paths", [])]):
        sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    plugin = _Plugin(step, root, report)
    files = sorted({test.partition("::")[0] for test in step["tests"]})
    options = ["-q", "-p", "no:cacheprovider", "-o", "addopts=", "--continue-on-collection-errors", "--tb=line"]
    if not step.get("plugins"):
        # Without the project's dependencies its settings for pytest name modules that are not here, and pytest would not start.
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        options += ["-o", "filterwarnings=", "-o", "required_plugins="]
    if step.get("doctests"):
        options.append("--doctest-modules")
    plugin.trace_imports()
    code = pytest.main([*options, f"--rootdir={root}", *files], plugins=[plugin])
    plugin.send({"end": step["nonce"]})
    return int(code)


class _Plugin:
    """What pytest tells us; one line of JSON an event."""

    def __init__(self, step: dict[str, Any], root: Path, report: int) -> None:
        self._wanted = tuple(step["tests"])
        self._root = root
        self._report = report
        self._control = f"control_{step['nonce']}"
        self._target = str(root / step["target"]) if step.get("target") else ""
        self._body = frozenset(step.get("body_lines", ()))
        self._module = frozenset(step.get("module_lines", ()))
        self._hit = False

    def send(self, event: dict[str, Any]) -> None:
        data = (json.dumps(event) + "\n").encode()
        while data:
            data = data[os.write(self._report, data) :]

    def trace_imports(self) -> None:
        if self._module and not self._body:
            self._start(self._module)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        self._stop()
        if self._hit:
            self.send({"import_hit": True})
        items[:] = [item for item in items if self._is_wanted(item.nodeid)]
        self.send({"collected": [item.nodeid for item in items]})
        if items:
            parent = items[0].getparent(pytest.Module) or session
            control = pytest.Function.from_parent(parent, name=self._control, callobj=_must_fail)
            items.insert(random.randrange(len(items) + 1), control)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.send({"collect_error": report.nodeid, "detail": _last_error(str(report.longrepr))})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Fixtures included: code that only runs in a test's set-up is executed by it too."""
        self._hit = False
        self.send({"start": item.nodeid})
        if self._body and self._control not in item.nodeid:
            self._start(self._body)
        try:
            return (yield)
        finally:
            self._stop()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.outcome == "passed":
            return
        event: dict[str, Any] = {"test": report.nodeid, "outcome": report.outcome, "when": report.when}
        if hasattr(report, "wasxfail"):
            event["outcome"] = "xfailed" if report.outcome == "skipped" else "xpassed"
        if self._control in report.nodeid:
            event = {"control": report.outcome}
        elif report.failed:
            event["detail"] = _reason(report)
        event["hit"] = self._hit
        self.send(event)

    def _is_wanted(self, nodeid: str) -> bool:
        return any(nodeid == wanted or nodeid.startswith((wanted + "[", wanted + "::")) for wanted in self._wanted)

    def _start(self, lines: frozenset[int]) -> None:
        target = self._target

        def enter(frame: FrameType, event: str, arg: object) -> Any:
            return inside if frame.f_code.co_filename == target else None

        def inside(frame: FrameType, event: str, arg: object) -> Any:
            if event == "line" and frame.f_lineno in lines:
                self._hit = True
                self._stop()
                return None
            return inside

        threading.settrace(enter)
        sys.settrace(enter)

    def _stop(self) -> None:
        sys.settrace(None)
        threading.settrace(None)


def _must_fail() -> None:
    raise AssertionError("the control test must fail")


def _reason(report: pytest.TestReport) -> str:
    """One line where that says it: the exception's message; of a doctest, what was expected and what came."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return str(crash.message)[:DETAIL_LIMIT]
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

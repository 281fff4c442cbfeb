"""What made tests are made of: inputs of the module's own classes, of dates, of calls that were seen; and what is no expectation, because it depends on the day or the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzers import subjects
from assay.assistant.test.asking import RUNS
from assay.assistant.test.suite import Place
from assay.assistant.test.way import made
from assay.assistant.workbench import Workbench

OUTSIDE = """import os
import shutil
import socket
import time
from datetime import date, datetime, timedelta
from pathlib import Path

BASE, KEY = Path(__file__).parent, "LIMIT_OF_IT"


def age(born: date) -> int:
    return (date.today() - born).days // 365


def stamp(n: int) -> str:
    return f"{n} at {time.strftime('%Y')}"


def hour(n: int) -> int:
    return datetime.fromtimestamp(n).hour


def home(name: str) -> str:
    return os.path.expanduser("~") + name


def place(name: str) -> str:
    return str(BASE / name)


def there(name: str) -> bool:
    return os.path.exists("/etc") and len(open("/etc/hostname").read()) > 0


def reached(host: str) -> str:
    try:
        socket.create_connection((host, 80), 0.1)
    except OSError as error:
        raise RuntimeError("nobody is there") from error
    return host


def git(n: int) -> bool:
    return shutil.which("git" * n) is not None


def workers(n: int) -> int:
    return min(n, os.cpu_count() or 1)


def listed(name: str) -> bool:
    return Path(f"/etc/{name}").exists()


def limit(n: int) -> int:
    return min(n, int(os.getenv(KEY, "10")))


def who(path: Path) -> str:
    return path.owner()


def moved(folder: Path) -> int:
    os.chdir(folder)
    return len(os.listdir("."))


def mode(path: Path) -> int:
    return os.stat(path).st_mode


def unique(words: list[str]) -> list[str]:
    return [one for one in set(words) | {"q", "w", "e", "r"}]


def later(day: date, n: int = 1) -> date:
    return day + timedelta(days=n)


async def soon(n: int) -> int:
    return n * 2 if n > 3 else n
"""


@pytest.mark.parametrize(
    "name",
    [
        "age",
        "stamp",
        "hour",
        "home",
        "place",
        "there",
        "reached",
        "git",
        "workers",
        "listed",
        "limit",
        "who",
        "moved",
        "mode",
        "unique",
    ],
)
async def test_what_depends_on_the_day_or_the_machine_is_no_test(bench: Workbench, tmp_path: Path, name: str) -> None:
    (tmp_path / "outside.py").write_text(OUTSIDE)
    place = Place(await bench.projects.state(tmp_path), "outside.py", OUTSIDE)
    subject = next(one for one in subjects.of_text(OUTSIDE) if one.name == name)
    found = await made(bench, place, subject, lambda stage, done, count: None)
    assert found.written is None, found.written and found.written.text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("later", ("from datetime import date", "from outside import later", "repr(later(")),
        ("soon", ("import asyncio", "asyncio.run(soon(")),
    ],
)
async def test_dates_and_what_is_waited_for_are_tested(
    bench: Workbench, tmp_path: Path, name: str, said: tuple[str, ...]
) -> None:
    (tmp_path / "outside.py").write_text(OUTSIDE)
    place = Place(await bench.projects.state(tmp_path), "outside.py", OUTSIDE)
    subject = next(one for one in subjects.of_text(OUTSIDE) if one.name == name)
    found = await made(bench, place, subject, lambda stage, done, count: None)
    assert found.written is not None and found.runs == RUNS, found.why
    assert all(one in found.written.text for one in said), found.written.text


USED = """from enum import Enum


class Kind(Enum):
    NEAR = 1
    FAR = 2


class Trip:
    def __init__(self, name: str, legs: list[tuple[str, int]]):
        self.name, self.legs = name, legs

    def length(self) -> int:
        return sum(leg[1] for leg in self.legs)


def price(trip: Trip, kind: Kind) -> int:
    rate = 3 if kind is Kind.FAR else 2
    return trip.length() * rate


def _fee(code, weight):
    if not code.startswith("ZX-"):
        raise ValueError(code)
    return int(code[3:]) * weight


def fee(order):
    return _fee(order["code"], order["weight"])


def renamed(settings: dict, name: str) -> dict:
    found = dict(settings)
    found["name"] = name
    return found
"""
USED_TEST = """from used import fee


def test_fee():
    assert fee({"code": "ZX-12", "weight": 2}) > 0
"""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("price", ("from used import Kind, Trip, fee, price", "Kind.FAR")),
        ("_fee", ("ZX-1",)),
        ("renamed", ("def test_renamed_leaves_settings_as_it_is", "settings = {")),
    ],
)
async def test_inputs_come_from_the_modules_classes_and_from_what_tests_call(
    bench: Workbench, tmp_path: Path, name: str, said: tuple[str, ...]
) -> None:
    (tmp_path / "used.py").write_text(USED)
    (tmp_path / "test_used.py").write_text(USED_TEST)
    bench.projects.open_folder(tmp_path)
    place = Place(await bench.projects.state(tmp_path), "used.py", USED)
    subject = next(one for one in subjects.of_text(USED) if one.name == name)
    found = await made(bench, place, subject, lambda stage, done, count: None)
    assert found.written is not None and found.runs == RUNS, found.why
    assert all(one in found.written.text for one in said), found.written.text
    assert len(found.survivors) <= found.mutants / 4


TEMPLATE = """import re


class State:
    def __init__(self, source: str, rules) -> None:
        self.source, self.rules, self.out = source, rules, []

    def feed(self, piece: str) -> None:
        self.out.append(piece)


def _emphasis(state, match) -> int:
    depth = len(match.group(1))
    if depth > 3:
        state.feed(match.group(0))
        return match.end()
    text = match.group(2).strip()
    state.feed(f"<em>{text}</em>" if depth == 1 else f"<strong>{text}</strong>")
    return match.end()


_RULES = [(re.compile(r"(\\*+)([^*\\n]+)\\1"), _emphasis)]


class Renderer:
    def __init__(self, rules) -> None:
        self._rules = rules

    def __call__(self, text: str) -> str:
        state, at = State(text, self._rules), 0
        while at < len(text):
            for pattern, rule in self._rules:
                if match := pattern.match(text, at):
                    at = rule(state, match)
                    break
            else:
                state.feed(text[at])
                at += 1
        return "".join(state.out)


render = Renderer(_RULES)
"""
TEMPLATE_TEST = """from template import render


def test_render():
    assert "em" in render("a *b* c")
    assert "strong" in render("**b** c")
"""


async def test_what_nobody_can_call_is_tested_by_what_the_tests_call(bench: Workbench, tmp_path: Path) -> None:
    """A rule takes a state and a match: no literal is one. The tests reach it by `render`, and notice little of it."""
    (tmp_path / "template.py").write_text(TEMPLATE)
    (tmp_path / "test_template.py").write_text(TEMPLATE_TEST)
    bench.projects.open_folder(tmp_path)
    place = Place(await bench.projects.state(tmp_path), "template.py", TEMPLATE)
    subject = next(one for one in subjects.of_text(TEMPLATE) if one.name == "_emphasis")
    found = await made(bench, place, subject, lambda stage, done, count: None)
    assert found.written is not None and found.runs == RUNS, found.why
    assert "def test_render_as_it_is_today" in found.written.text, found.written.text
    assert found.before and len(found.survivors) < found.mutants - found.before

"""Tests of functions that need something around them: files, the environment, what is typed in, chance, the clock; and of what is printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzers import subjects
from assay.assistant.test.asking import RUNS
from assay.assistant.test.suite import Place
from assay.assistant.test.way import made
from assay.assistant.workbench import Workbench

SHOP = """import json
import os
import time
from pathlib import Path


def load(path: Path) -> dict:
    if not path.exists():
        return {}
    data = json.loads(path.read_text())
    if not isinstance(data, dict):
        raise ValueError("no object")
    return data


def greet(name: str, loud: bool = False) -> None:
    print(name.upper() if loud else name)


def port() -> int:
    return int(os.environ.get("SHOP_PORT", "8000")) + 1


def is_old(stamp: float, limit: float = 60) -> bool:
    return time.time() - stamp > limit


def ask(question: str) -> bool:
    return input(question).strip().lower() in ("y", "yes")


def logs(folder):
    return sorted(name for name in os.listdir(folder) if name.endswith(".log"))


def loudly(src: str, dst: str) -> int:
    text = open(src).read()
    with open(dst, "w") as out:
        out.write(text.upper())
    return len(text)


async def first(path: Path) -> str:
    return path.read_text()[:1]
"""


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("load", ('load(tmp_path / "given.json")', "with pytest.raises(ValueError):", "def test_load_raises_value_error(tmp_path: Path)")),
        ("greet", ("capsys.readouterr().out ==", "def test_greet_as_it_is_today(capsys: pytest.CaptureFixture[str])")),
        ("port", ('monkeypatch.setenv("SHOP_PORT",', 'monkeypatch.delenv("SHOP_PORT", raising=False)')),
        ("is_old", ('monkeypatch.setattr("time.time", lambda: ',)),
        ("ask", ('monkeypatch.setattr("builtins.input", lambda *_: "', "assert ask(")),
        ("logs", ('(tmp_path / "Dd.log").write_text(', "assert logs(str(tmp_path)) == [")),
        ("loudly", ('assert (tmp_path / "other.txt").read_text() ==', 'loudly(str(tmp_path / "given.txt"), str(tmp_path / "other.txt"))')),
        ("first", ('asyncio.run(first(tmp_path / "given.txt"))', "import asyncio\n")),
    ],
)  # fmt: skip
async def test_what_a_function_needs_around_it_is_made(
    bench: Workbench, tmp_path: Path, name: str, parts: tuple[str, ...]
) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_other.py").write_text("def test_other() -> None:\n    assert True\n")
    bench.projects.open_folder(tmp_path)
    state = await bench.projects.state(tmp_path)
    subject = next(one for one in subjects.of_text(SHOP) if one.name == name)
    found = await made(bench, Place(state, "shop.py", SHOP), subject, lambda stage, done, of: None)
    assert found.written is not None and found.runs == RUNS
    for part in parts:
        assert part in found.written.text
    for body in found.written.text.split("def test_")[1:]:
        assert "assert " in body or "pytest.raises" in body
    assert len(found.survivors) * 4 <= found.mutants, [one.told for one in found.survivors]

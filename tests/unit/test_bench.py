"""The measurement that chooses the backend: a real process, a table that adds up, and a record that is believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from analyzers import naming
from analyzers.text import Snapshot
from assay.cli.commands import app
from assay.engine import backends, bench
from assay.engine.backends import Choice
from assay.engine.bench import Measured, Row


def row(tokens: int, kept_s: float, per_s: float) -> Row:
    return Row(tokens, 1.0, kept_s, per_s, 100)


def test_the_sooner_suggestion_decides() -> None:
    steady = Measured("torch", 1, (row(64, 0.01, 10), row(2000, 0.1, 40)))
    quick = Measured("llamacpp", 1, (row(64, 0.01, 200), row(2100, 0.5, 60)))
    assert bench.faster([steady, quick]) == "torch"
    assert bench.faster([quick, Measured("torch", 0, (), "it is not there")]) == "llamacpp"
    assert bench.faster([Measured("torch", 0, (), "no")]) is None
    assert steady.suggestion_s == pytest.approx(0.1 + 32 / 40)


def test_what_was_measured_is_believed_where_both_were(tmp_path: Path) -> None:
    model = tmp_path / "m.gguf"
    one, other = Measured("torch", 1, (row(64, 0.1, 90),)), Measured("llamacpp", 1, (row(64, 0.1, 40),))
    bench.record(tmp_path, model, [one])
    assert backends.recorded(tmp_path) == {}
    (tmp_path / "bench.json").write_text("[1]")
    bench.record(tmp_path, model, [one, other])
    assert backends.recorded(tmp_path) == {"m.gguf": "torch"}
    bench.record(tmp_path, tmp_path / "n.gguf", [other, Measured("torch", 0, (), "broken")])
    assert backends.recorded(tmp_path) == {"m.gguf": "torch", "n.gguf": "llamacpp"}, "what cannot run is the slower"


async def test_a_real_backend_is_measured_and_ended(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "WRITTEN", 8)
    said: list[str] = []
    (found,) = await bench.measure(model, [Choice("llamacpp", "")], "auto", said.append, sizes=(64, 200))
    assert [round(one.tokens / 64) for one in found.rows] == [1, 3] and not found.why
    for one in found.rows:
        assert one.kept_s > 0 and one.tokens_per_s > 1 and one.memory > 50e6
    assert found.rows[1].new_s > found.rows[1].kept_s
    assert "starting" in said[0] and len(said) == 4
    assert found.streams_per_s > 1


async def test_a_model_that_is_none_is_told_in_its_row(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF")
    (found,) = await bench.measure(broken, [Choice("llamacpp", "")], "auto", lambda _: None, sizes=(64,))
    assert found.rows == () and "Engine off" in found.why


def test_a_backend_that_cannot_be_is_said(model: Path) -> None:
    run = CliRunner().invoke(app, ["engine", "--model", str(model), "--bench", "--backend", "abacus"])
    assert run.exit_code == 2 and "abacus cannot run" in run.output


@pytest.mark.parametrize(
    ("marked", "names", "expected"),
    [
        ("import os\nos.|", ["path", "getcwd"], True),
        ("x = self.|", ["a"], True),
        ("if self.|", ["a"], True),
        ("def f(self):\n    self.|", ["a"], False),  # it may be the attribute's first assignment
        ("a = 1; cls.|", ["a"], False),
        ("Token.|", ["Name", "__getattr__"], False),  # makes names up
        ("x.|", [], False),
    ],
)
def test_names_are_all_there_are_only_where_no_other_can_come(marked: str, names: list[str], expected: bool) -> None:
    place = naming.at(Snapshot("file:///m.py", "/m.py", 1, marked.replace("|", "")), marked.index("|"))
    assert place is not None
    assert naming.is_closed(place, names) is expected

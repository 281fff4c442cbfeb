"""What the model doubts, with a model that prefers what the test says: where it is asked, what it must be sure of, and what is said where it cannot be asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analyzers.text import applied
from assay.assistant.hints import check, doubt
from assay.assistant.hints.check import Scope
from assay.assistant.workbench import Workbench
from assay.engine.api import EngineHealth
from assay.engine.scripted import Scripted
from tests.unit.conftest import Make

TEXT = "def total(prices, rates):\n    found = 0\n    for price in prices:\n        found -= price\n    return found\n"


class Prefers(Scripted):
    """A model to which a text with `likely` in it is likelier by `nats`."""

    def __init__(self, likely: str, nats: float) -> None:
        super().__init__(())
        self.likely, self.nats = likely, nats
        self.asked: list[tuple[str, Sequence[str]]] = []

    async def score(self, prefix: str, continuations: Sequence[str]) -> tuple[float, ...]:
        self.asked.append((prefix, continuations))
        return tuple(-50.0 + (self.nats if self.likely in prefix + one else 0.0) for one in continuations)


class Small(Prefers):
    """The same as the embedded model."""

    async def health(self) -> EngineHealth:
        return replace(await super().health(), is_fallback=True)


def model(bench: Workbench, likely: str, nats: float) -> tuple[Workbench, Prefers]:
    engine = Prefers(likely, nats)
    return replace(bench, engine=engine), engine


async def test_a_form_that_is_far_likelier_is_a_suspicion_with_its_edit(make: Make) -> None:
    bench, engine = model(make(), "found += price", 40.0)
    hints, note = await doubt.of_text(bench, "m.py", TEXT, least=0.7, until=math.inf)
    (one,) = hints
    assert (one.kind, one.code, one.function, one.is_error) == ("suspected", "doubt", "total", False)
    assert (one.evidence.source, note) == ("model", "")
    assert one.fix is not None
    assert applied(TEXT, one.fix.edits) == TEXT.replace("-=", "+=")
    assert 0.7 <= one.confidence <= 1
    prefix, continuations = next(item for item in engine.asked if item[1][0].startswith(" -= price"))
    assert TEXT.startswith(prefix + continuations[0])
    assert "return found" in continuations[0]  # the lines behind it count
    asked = len(engine.asked)
    assert (await doubt.of_text(bench, "m.py", TEXT, least=0.7, until=math.inf))[0] == hints
    assert len(engine.asked) == asked  # what it said it is not asked again


async def test_what_is_a_little_likelier_is_no_hint(make: Make) -> None:
    bench, _ = model(make(), "found += price", 1.0)
    assert await doubt.of_text(bench, "m.py", TEXT, least=0.7, until=math.inf) == ([], "")
    bench, _ = model(make(), "found -= price", 40.0)  # what stands there is the likeliest
    assert await doubt.of_text(bench, "m.py", TEXT, least=0.0, until=math.inf) == ([], "")


async def test_a_text_that_cannot_be_weighed_says_nothing(make: Make) -> None:
    bench, _ = model(
        make(), "found -= price", -math.inf
    )  # what stands there has no probability, as of a token that the engine did not tell
    assert await doubt.of_text(bench, "m.py", TEXT, least=0.0, until=math.inf) == ([], "")


def test_at_most_eight_places_of_a_function_are_asked_about_each_by_small_edits_of_its_own_lines() -> None:
    lines = "".join(f"    a{number} = b - {number} if c else d\n" for number in range(30))
    inner = "    def inner(e):\n        return e + 1\n"
    text = f"def outer(b, c, d):\n{lines}{inner}    return a1\n"
    by_name = {of_one[0].function: of_one for make in doubt.places(text) if (of_one := make())}
    assert {name: len(of_one) for name, of_one in by_name.items()} == {"outer": 8, "outer.inner": 1}
    for place in by_name["outer"]:
        assert "return e" not in place.stands.splitlines()[0]
        assert 1 <= len(place.others) <= doubt.FORMS_LIMIT
        assert all(applied(text, [edit]).startswith(place.prefix + other) for edit, other in place.others)
        assert all(len(edit.text) <= doubt.FORM_CHARS for edit, _ in place.others)


@pytest.mark.parametrize("text", ["def f(:\n", "", "x = 1\r\ry = 2\n", "def f(a):\n    pass\n"])
def test_a_text_with_nothing_to_ask_about_has_no_places(text: str) -> None:
    assert [place for make in doubt.places(text) for place in make()] == []


def test_no_secret_is_in_what_the_model_reads() -> None:
    secret = "sk-proj-" + "a1B2c3D4" * 6
    text = f"API_KEY = '{secret}'\n\n\ndef f(a, b):\n    call(a, '{secret}')\n    return a - b\n"
    (of_one,) = [make() for make in doubt.places(text)]
    assert of_one
    assert all(
        secret not in place.prefix + place.stands + "".join(other for _, other in place.others) for place in of_one
    )


@pytest.mark.parametrize(
    "settings", [{}, {"hints__doubt": True, "verify__policy": "static"}, {"hints__doubt": True, "hints__proved": False}]
)
async def test_the_model_is_asked_only_on_request_and_where_runs_can_contradict_it(
    make: Make, tmp_path: Path, settings: dict[str, Any]
) -> None:
    (tmp_path / "m.py").write_text(TEXT)
    bench, engine = model(make(**settings), "found += price", 40.0)
    scope = Scope(tmp_path, {"m.py": TEXT}, tmp_path / "cache")
    assert (await check.of_files(bench, scope, lambda what, done, of: None)).all == []
    assert engine.asked == []


async def test_a_doubt_that_no_run_could_contradict_yet_is_not_told(make: Make, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "m.py").write_text(TEXT)
    (tmp_path / "test_m.py").write_text("from m import total\n\n\ndef test_total():\n    assert total([], 1) == 0\n")
    bench, engine = model(make(hints__doubt=True), "found += price", 40.0)
    report = await check.of_files(
        bench, Scope(tmp_path, {"m.py": TEXT}, tmp_path / "cache"), lambda what, done, of: None
    )
    assert engine.asked
    assert report.all == []


async def test_an_engine_that_cannot_score_is_a_note(make: Make, tmp_path: Path) -> None:
    bench = replace(make(), engine=Scripted(()))
    scope = Scope(tmp_path, {"m.py": TEXT}, tmp_path / "cache")
    _, (note,) = await check.doubts(bench, scope, lambda what, done, of: None)
    assert note.startswith("The model was not asked what it doubts: ")


async def test_the_embedded_model_is_not_asked(make: Make, tmp_path: Path) -> None:
    bench = make(hints__doubt=True)
    engine = Small("found += price", 40.0)
    scope = Scope(tmp_path, {"m.py": TEXT}, tmp_path / "cache")
    hints, notes = await check.doubts(replace(bench, engine=engine), scope, lambda what, done, of: None)
    assert (hints, engine.asked) == ([], [])
    assert "too small" in notes[0]


async def test_what_takes_too_long_is_said(make: Make) -> None:
    bench, engine = model(make(), "found += price", 40.0)
    hints, note = await doubt.of_text(bench, "m.py", TEXT, least=0.7, until=0.0)
    assert (hints, engine.asked) == ([], [])
    assert "not about all of m.py" in note

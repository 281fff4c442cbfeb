"""Reading ahead by an engine that keeps what it reads; little context first, where all of it would take long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from assay.assistant.complete.path import complete
from assay.assistant.complete.way import Typing
from assay.assistant.drafting import ahead
from assay.assistant.drafting.readings import LATE_S, TRUST_S
from assay.assistant.workbench import Workbench
from assay.engine.api import Chunk, EngineError, Reading, Request
from assay.engine.scripted import Answer, Scripted
from tests.unit.conftest import Make
from tests.unit.test_path import ask

LONG = "".join(f"def function_{n}(value):\n    return value + {n}\n\n\n" for n in range(60)) + "total = "
SPEED = 300.0  # tokens a second


class Reader(Scripted):
    """Keeps the beginnings that it has read, and takes its time for what is new; tells how far it is as llama.cpp does."""

    def __init__(self, text: str = "1\n", *, tells: bool = True, speed: float = SPEED) -> None:
        super().__init__([Answer("", (text,))])
        self.read: list[str] = []
        self.anew: list[int] = []
        self._tells = tells
        self._speed = speed

    async def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
        prompt = request.prompt
        kept = max((n for one in self.read for n in range(len(one) + 1) if prompt.startswith(one[:n])), default=0)
        at, total = kept, len(prompt) // 3
        self.anew.append((len(prompt) - kept) // 3)
        while at < len(prompt):
            step = min(len(prompt), at + 60)
            await asyncio.sleep((step - at) / 3 / self._speed)
            at = step
            self.read.append(prompt[:at])
            if self._tells:
                yield Chunk(0, "", reading=Reading(total - kept // 3, kept // 3, (len(prompt) - at) // 3))
        async for chunk in super().generate(request):
            yield replace(chunk, reading=Reading(total - kept // 3, kept // 3) if self._tells else None)


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Typing:
    monkeypatch.setattr(ahead, "SUPPLIES", Path("/nowhere"))
    return Typing()


def bench_of(make: Make, engine: Scripted, **settings: object) -> Workbench:
    return replace(make(verify__policy="static", **settings), engine=engine)


async def test_what_was_read_ahead_is_not_read_again(make: Make, typing: Typing, tmp_path: Path) -> None:
    engine = Reader()
    bench = bench_of(make, engine)
    await typing.model.read_ahead(bench, ask(tmp_path, f"{LONG}‸"))
    assert all(request.priority == ahead.PRIORITY and request.max_tokens == 1 for request in engine.requests)
    read = sum(engine.anew)
    assert read > 400
    await complete(bench, typing, ask(tmp_path, f"{LONG}1‸", "automatic"))
    assert len(engine.requests[-1].prompt) > 3 * 400
    assert engine.anew[-1] < ahead.WORTH_S * SPEED + 5


async def test_it_is_read_in_pieces_that_nobody_waits_long_for(make: Make, typing: Typing, tmp_path: Path) -> None:
    engine = Reader()
    await typing.model.read_ahead(bench_of(make, engine), ask(tmp_path, f"{LONG}‸"))
    assert max(engine.anew) <= 2 * ahead.PIECE_S * SPEED  # the speed is measured
    assert len(engine.anew) >= 5


async def test_an_engine_that_reads_fast_is_left_alone(make: Make, typing: Typing, tmp_path: Path) -> None:
    engine = Reader()
    typing.model.readings.took(10_000, 1.0, time.monotonic())
    await typing.model.read_ahead(bench_of(make, engine), ask(tmp_path, f"{LONG}‸"))
    assert engine.anew == []


async def test_a_request_ends_the_reading_and_goes_on_from_there(make: Make, typing: Typing, tmp_path: Path) -> None:
    engine = Reader()
    bench, model = bench_of(make, engine), typing.model
    model.ahead.begin("u", model.read_ahead(bench, ask(tmp_path, f"{LONG}‸")))
    async with asyncio.timeout(30):
        while max(map(len, engine.read), default=0) < 450:
            await asyncio.sleep(0.01)
    await complete(bench, typing, ask(tmp_path, f"{LONG}‸", "invoked"))
    assert 0 < engine.anew[-1] <= len(engine.requests[-1].prompt) // 3 - 100, "what was read stays read"
    count = len(engine.anew)
    await asyncio.sleep(0.3)
    assert len(engine.anew) == count


@pytest.mark.parametrize("tells", [True, False])
async def test_who_types_in_a_place_that_was_never_read_has_little_context_first(
    make: Make, typing: Typing, tmp_path: Path, tells: bool
) -> None:
    engine = Reader(tells=tells)
    bench = bench_of(make, engine)
    await complete(bench, typing, ask(tmp_path, f"{LONG}‸", "automatic"))
    first = engine.requests[-1].prompt
    assert first.endswith("total =")
    assert len(first) <= 3 * typing.model.readings.room + 200
    await complete(bench, typing, ask(tmp_path, f"{LONG}1 +‸", "automatic"))
    assert engine.anew[-1] < 10, "it goes on from there"
    await typing.model.read_ahead(bench, ask(tmp_path, f"{LONG}1 +‸"))
    await complete(bench, typing, ask(tmp_path, f"{LONG}1 + 2‸", "automatic"))
    assert len(engine.requests[-1].prompt) > 2 * len(first)


async def test_who_asks_has_all_of_the_context(make: Make, typing: Typing, tmp_path: Path) -> None:
    engine = Reader()
    await complete(bench_of(make, engine), typing, ask(tmp_path, f"{LONG}‸", "invoked"))
    assert engine.anew[0] > 400


async def test_what_could_only_come_late_is_not_begun(make: Make, typing: Typing, tmp_path: Path) -> None:
    engine = Reader(speed=1e6)
    typing.model.readings.took(200, 200 / 10, time.monotonic())
    found = await complete(bench_of(make, engine), typing, ask(tmp_path, f"{LONG}‸", "automatic"))
    assert engine.requests == []
    assert "needs about" in found.why
    assert typing.model.readings.seconds(90) > LATE_S


async def test_what_was_slow_long_ago_is_tried_again(make: Make, typing: Typing, tmp_path: Path) -> None:
    engine = Reader(speed=1e6)
    typing.model.readings.took(200, 200 / 10, time.monotonic() - TRUST_S)
    await complete(bench_of(make, engine), typing, ask(tmp_path, f"{LONG}‸", "automatic"))
    assert len(engine.requests) == 1
    assert typing.model.readings.tokens_per_s > 12, "and measured anew"


@pytest.mark.parametrize(
    "off", [{"complete__ahead": False}, {"complete__enabled": False}], ids=["off", "no completions"]
)
async def test_it_can_be_switched_off(make: Make, typing: Typing, tmp_path: Path, off: dict[str, object]) -> None:
    engine = Reader()
    await typing.model.read_ahead(bench_of(make, engine, **off), ask(tmp_path, f"{LONG}‸"))
    assert engine.requests == []


async def test_what_is_withheld_from_a_model_is_not_read_ahead(make: Make, typing: Typing, tmp_path: Path) -> None:
    (tmp_path / ".assayignore").write_text("module.py\n")
    engine = Reader()
    await typing.model.read_ahead(bench_of(make, engine), ask(tmp_path, f"{LONG}‸"))
    assert engine.requests == []


async def test_an_engine_that_fails_is_no_error_of_reading_ahead(make: Make, typing: Typing, tmp_path: Path) -> None:
    class Failing(Scripted):
        async def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
            raise EngineError("The engine gave up.")
            yield Chunk(0, "")

    await typing.model.read_ahead(bench_of(make, Failing([])), ask(tmp_path, f"{LONG}‸"))


def test_a_machine_is_on_battery_where_nothing_else_feeds_it(tmp_path: Path) -> None:
    def supply(name: str, **files: str) -> None:
        (tmp_path / name).mkdir(exist_ok=True)
        for file, text in files.items():
            (tmp_path / name / file).write_text(f"{text}\n")

    assert not ahead.is_on_battery(tmp_path / "none")
    assert not ahead.is_on_battery(tmp_path)
    supply("BAT0", type="Battery", status="Charging")
    assert not ahead.is_on_battery(tmp_path)
    supply("BAT0", status="Discharging")
    assert ahead.is_on_battery(tmp_path)
    supply("AC", type="Mains", online="0")
    assert ahead.is_on_battery(tmp_path)
    supply("AC", online="1")
    assert not ahead.is_on_battery(tmp_path)


async def test_nothing_is_read_ahead_on_battery_and_nobody_is_told_to_wait_for_it(
    make: Make, typing: Typing, tmp_path: Path
) -> None:
    engine = Reader(speed=1e6)
    (tmp_path / "supplies" / "BAT0").mkdir(parents=True)
    for file, text in (("type", "Battery"), ("status", "Discharging")):
        (tmp_path / "supplies" / "BAT0" / file).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ahead, "SUPPLIES", tmp_path / "supplies")
        await typing.model.read_ahead(bench_of(make, engine), ask(tmp_path, f"{LONG}‸"))
        assert engine.requests == []
        typing.model.readings.took(200, 200 / 10, time.monotonic())
        await complete(bench_of(make, engine), typing, ask(tmp_path, f"{LONG}‸", "automatic"))
    assert len(engine.requests) > 0

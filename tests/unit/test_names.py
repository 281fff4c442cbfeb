"""The worker process seen from the server: asked one thing at a time, ended when it hangs, started anew."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from analyzers import names
from analyzers.names import Names, NamesUnavailable, Where

WRONG = Where("import os\nos.path.jion\n", "", "/nowhere")


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Names]:
    made = Names(tmp_path / "jedi")
    await made.warm(str(tmp_path))
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("lines", "may"),
    [("x = y + 1\nreturn x", False), ("f(x)", False), ("x.y", True), ("import os", True), ("f(x=1)", True)],
)
def test_lines_without_anything_to_look_up_are_known(lines: str, may: bool) -> None:
    assert names.may_be_looked_up(lines) is may


async def test_it_finds_what_does_not_exist(asked: Names) -> None:
    looked = await asked.check(WRONG, 1, 2, timeout_s=20)
    (found,) = looked.unknown
    assert looked.count == looked.of
    assert (found.line, found.column, found.length, found.instead) == (2, 8, 4, "join")


async def test_it_completes_and_defines(asked: Names, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("def area(width):\n    return width\n")
    text = "from other import area\narea\nare"
    where = Where(text, str(tmp_path / "m.py"), str(tmp_path))
    assert "area" in [c.name for c in await asked.complete(where, 3, 3, timeout_s=20)]
    (defined,) = await asked.define(where, ((2, 0),), timeout_s=20)
    assert (Path(defined.path).name, defined.line) == ("other.py", 1)


async def test_no_time_left_defines_nothing(asked: Names, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("def area(width):\n    return width\n")
    where = Where("from other import area\narea\n", str(tmp_path / "m.py"), str(tmp_path))
    assert await asked.define(where, ((2, 0),), timeout_s=0.0) == ()


async def test_a_check_waits_for_one_definition_only(asked: Names, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("def area(width):\n    return width\n")
    where = Where("from other import area\n" + "area\n" * 40, str(tmp_path / "m.py"), str(tmp_path))
    defining = asyncio.create_task(asked.define(where, tuple((n, 0) for n in range(2, 42)), timeout_s=60))
    await asyncio.sleep(0)
    await asked.check(WRONG, 1, 2, timeout_s=20)
    assert not defining.done()
    assert len(await defining) == 40


async def test_what_jedi_fails_on_teaches_nothing(asked: Names) -> None:
    with pytest.raises(NamesUnavailable, match="does not parse"):
        await asked.check(Where("def f(:\n", "", "/nowhere"), 1, 1, timeout_s=20)


async def test_a_killed_worker_is_started_again(asked: Names) -> None:
    assert asked._process is not None
    os.kill(asked._process.pid, signal.SIGKILL)
    await asked._process.wait()
    assert len((await asked.check(WRONG, 1, 2, timeout_s=20)).unknown) == 1


async def test_a_worker_that_is_late_too_often_is_ended(asked: Names) -> None:
    assert asked._process is not None
    first = asked._process
    os.kill(first.pid, signal.SIGSTOP)
    for _ in range(names.SLOW_LIMIT):
        with pytest.raises(NamesUnavailable, match="too long"):
            await asked.check(WRONG, 1, 2, timeout_s=0.05)
    assert first.returncode is not None
    assert len((await asked.check(WRONG, 1, 2, timeout_s=20)).unknown) == 1


async def test_waiting_for_ones_turn_is_not_a_slow_worker(tmp_path: Path) -> None:
    made = Names(tmp_path / "jedi")
    warming = asyncio.create_task(made.warm(str(tmp_path)))
    while made._process is None:
        await asyncio.sleep(0.005)
    first = made._process
    for _ in range(names.SLOW_LIMIT + 1):
        with pytest.raises(NamesUnavailable, match="too long"):
            await made.check(WRONG, 1, 2, timeout_s=0.001)
    await warming
    assert made._process is first
    assert len((await made.check(WRONG, 1, 2, timeout_s=20)).unknown) == 1
    await made.close()


async def test_a_closed_one_says_so(tmp_path: Path) -> None:
    made = Names(tmp_path)
    await made.close()
    with pytest.raises(NamesUnavailable, match="was ended"):
        await made.check(WRONG, 1, 2, timeout_s=5)

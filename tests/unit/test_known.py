"""Jedi's names at a place: asked for once, ahead of the keys, and kept for as long as the receiver means the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from analyzers import memo, naming
from analyzers.names import Completion, Names, NamesUnavailable, Where
from analyzers.naming import Naming
from analyzers.text import Snapshot
from assay.assistant.suggest import known
from assay.assistant.suggest.known import KnownNames


class Asked(Names):
    """Jedi's own process, with a count of what it was asked and a gate before it."""

    def __init__(self, cache: Path) -> None:
        super().__init__(cache)
        self.asked: list[tuple[int, int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_broken = False

    async def complete(
        self, where: Where, line: int, column: int, *, timeout_s: float, kinds_s: float = 0.02
    ) -> tuple[Completion, ...]:
        self.asked.append((line, column))
        await self.gate.wait()
        if self.is_broken:
            raise NamesUnavailable("broken")
        return await super().complete(where, line, column, timeout_s=timeout_s, kinds_s=kinds_s)


@pytest.fixture
async def jedi(tmp_path: Path) -> AsyncIterator[Asked]:
    made = Asked(tmp_path / "jedi")
    await made.warm(str(tmp_path))
    yield made
    await made.close()


def place(marked: str) -> Naming:
    offset = marked.index("|")
    found = naming.at(Snapshot("file:///m.py", "/m.py", 1, marked.replace("|", "")), offset)
    assert found is not None
    return found


def where(one: Naming) -> Where:
    return Where(one.text, one.path, "/nowhere")


async def whole(names: KnownNames, jedi: Asked, one: Naming) -> list[str]:
    """The names once they are all there."""
    while True:
        found, is_whole = await names.at(jedi, where(one), one)
        if is_whole:
            return [name.name for name in found]


async def test_a_word_that_goes_on_asks_once(jedi: Asked) -> None:
    names = KnownNames()
    first = await whole(names, jedi, place("text = ''\ntext.|"))
    assert "upper" in first and "lower" in first
    for typed in ("u", "up", "upp"):
        assert await whole(names, jedi, place(f"text = ''\ntext.{typed}|")) == first
    assert len(jedi.asked) == 1
    names.close()


async def test_what_was_expected_is_there_at_once(jedi: Asked) -> None:
    names, one = KnownNames(), place("text = ''\ntext.|")
    assert not names.here(where(one), one)
    names.expect(jedi, where(one), one)
    await whole(names, jedi, one)
    jedi.gate.clear()  # nothing can be asked now
    found, is_whole = await names.at(jedi, where(one), one)
    assert is_whole and found
    names.close()


async def test_an_older_answer_serves_until_the_new_one_is_there(jedi: Asked) -> None:
    names = KnownNames()
    old = await whole(names, jedi, place("class C:\n    def f(self):\n        self.|\n"))
    jedi.gate.clear()
    later = place("class C:\n    def f(self):\n        self.f()\n        self.|\n    def g(self): ...\n")
    found, is_whole = await names.at(jedi, where(later), later)
    assert ([one.name for one in found], is_whole) == (old, False)
    jedi.gate.set()
    assert "g" in await whole(names, jedi, later)
    names.close()


async def test_another_binding_is_another_receiver(jedi: Asked) -> None:
    names = KnownNames()
    await whole(names, jedi, place("def f():\n    a = ''\n    a.|\n"))
    jedi.gate.clear()
    other = place("def f():\n    a = ''\n    a = 1\n    a.|\n")
    assert await names.at(jedi, where(other), other) == ((), False)
    names.close()


async def test_of_several_that_wait_the_newest_is_asked_and_nobody_waits_for_ever(jedi: Asked) -> None:
    names = KnownNames()
    places = [place(f"text = ''\n{'x' * count} = text.|\n") for count in range(1, 5)]
    jedi.gate.clear()
    waiting = []
    for one in places:
        waiting.append(asyncio.create_task(names.at(jedi, where(one), one)))
        await asyncio.sleep(0.001)
    found = await asyncio.gather(*waiting)
    assert all(not is_whole for _, is_whole in found)
    jedi.gate.set()
    assert "upper" in await whole(names, jedi, places[-1])
    assert len(jedi.asked) == 2, "the first was under way, those between were left out"
    names.close()


async def test_a_jedi_that_fails_gives_an_empty_list_and_is_asked_again(jedi: Asked) -> None:
    names, one = KnownNames(), place("text = ''\ntext.|")
    jedi.is_broken = True
    for _ in range(3):  # who is told that this is all would not ask again
        assert await names.at(jedi, where(one), one) == ((), False)
    jedi.is_broken = False
    assert "upper" in await whole(names, jedi, one)
    names.close()


async def test_only_so_much_is_kept(jedi: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [place(f"a{n} = ''\na{n}.|\n") for n in range(3)]
    names = KnownNames()
    await whole(names, jedi, places[0])
    one_answer = memo.ENTRY + memo.size_of((0.0, names.here(where(places[0]), places[0])), (Completion, str))
    names.close()
    monkeypatch.setattr(known, "ANSWERS", 5 * one_answer // 2)
    names = KnownNames()
    for one in places:
        await whole(names, jedi, one)
    assert [bool(names.here(where(one), one)) for one in places] == [False, True, True]
    names.close()


async def test_what_else_changed_makes_an_answer_an_older_one(jedi: Asked) -> None:
    names, one = KnownNames(), place("text = ''\ntext.|")
    found = await whole(names, jedi, one)
    names.renew()
    jedi.gate.clear()
    older, is_whole = await names.at(jedi, where(one), one)
    assert ([name.name for name in older], is_whole) == (found, False)
    names.close()


async def test_an_answer_is_asked_for_again_when_it_is_old_and_not_before(
    jedi: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 29.0
    monkeypatch.setattr(known, "time", SimpleNamespace(monotonic=lambda: now))  # the loop keeps its own
    names, one = KnownNames(), place("text = ''\ntext.|")
    found = await whole(names, jedi, one)
    jedi.gate.clear()
    now += known.STALE_S - 1
    assert (await names.at(jedi, where(one), one))[1] is True
    now += 2
    older, is_whole = await names.at(jedi, where(one), one)
    assert ([name.name for name in older], is_whole) == (found, False)
    names.close()


async def test_a_question_that_fails_in_an_unknown_way_is_not_the_last(
    jedi: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    names, one = KnownNames(), place("text = ''\ntext.|")

    async def broken(*arguments: object, **more: object) -> tuple[Completion, ...]:
        raise RuntimeError("nobody thought of it")

    good, jedi.complete = jedi.complete, broken  # type: ignore[method-assign]
    assert await names.at(jedi, where(one), one) == ((), False)
    assert "a question about names failed" in caplog.text
    jedi.complete = good  # type: ignore[method-assign]
    assert "upper" in await whole(names, jedi, one)
    names.close()


async def test_another_open_document_makes_it_another_question(jedi: Asked) -> None:
    names, one = KnownNames(), place("text = ''\ntext.|")
    await whole(names, jedi, one)
    with_other = replace(where(one), others={"/nowhere/b.py": "x = 1\n"})
    assert names.exact(where(one), one)
    assert not names.exact(with_other, one)
    assert names.here(with_other, one), "the older answer serves until the new one is there"
    names.close()

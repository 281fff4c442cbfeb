"""The coverage map: what it knows of a change, what is owing, how it is kept."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from analyzers import syntax
from analyzers.changed import changed, hunks
from assay.assistant.proof.mapping import Keeper
from assay.assistant.record import coverage
from assay.assistant.record.coverage import CoverageMap, Maps, Reached, digests
from tests.unit.conftest import Make

CALC = "LIMIT = 3\n\n\ndef double(x):\n    return 2 * x\n\n\ndef triple(x):\n    return min(3 * x, LIMIT)\n"
TESTS = "from calc import double, triple\n\n\ndef test_two():\n    assert double(1) == 2\n\n\ndef test_three():\n    assert triple(1) == 3\n\n\ndef test_red():\n    assert 0\n"
OTHER = "def test_nothing():\n    pass\n"
TEXTS = {"calc.py": CALC, "test_calc.py": TESTS, "test_other.py": OTHER}
MAP = CoverageMap(
    "here",
    {name: digests(text) for name, text in TEXTS.items()},
    {
        "test_calc.py::test_two": frozenset({"test_calc.py::test_two", "calc.py::double"}),
        "test_calc.py::test_three": frozenset({"test_calc.py::test_three", "calc.py::triple"}),
        "test_calc.py::test_red": None,
        "test_other.py::test_nothing": frozenset({"test_other.py::test_nothing"}),
    },
)


def known(after: str, *, before: str = CALC, texts: dict[str, str] = TEXTS, of: CoverageMap = MAP) -> Reached | None:
    tree = syntax.module(after)
    assert tree is not None
    return of.reaching("calc.py", changed(tree, after, hunks(before, after), syntax.module(before)), texts, before)


def test_a_changed_function_is_reached_by_the_tests_that_entered_it_and_by_red_ones() -> None:
    found = known(CALC.replace("2 * x", "x + x"))
    assert found == Reached(("test_calc.py::test_red", "test_calc.py::test_two"), frozenset())


def test_of_what_stands_in_no_function_and_of_new_methods_a_map_cannot_tell() -> None:
    assert known(CALC.replace("LIMIT = 3", "LIMIT = 4")) is None
    assert known(CALC.replace("LIMIT = 3\n", "")) is None
    assert known(f"{CALC}\n\nclass Box:\n    pass\n") is None
    box = f"{CALC}\n\nclass Box:\n    pass\n"
    assert known(box.replace("    pass\n", "    def __len__(self):\n        return 1\n"), before=box) is None


def test_where_a_function_keeps_what_it_computed_a_map_cannot_tell() -> None:
    cached = CALC.replace("def triple", "@functools.lru_cache\ndef triple")
    texts = {**TEXTS, "calc.py": cached}
    made = CoverageMap().joined("here", texts, MAP.entered, frozenset(), texts, ())
    assert known(cached.replace("3 * x", "4 * x"), before=cached, texts=texts, of=made) is None
    assert known(cached.replace("2 * x", "4 * x"), before=cached, texts=texts, of=made) is not None


def test_of_a_test_file_that_is_gone_nothing_runs() -> None:
    found = known(CALC.replace("2 * x", "x + x"), texts={"calc.py": CALC, "test_other.py": OTHER})
    assert found is None or found.tests == ()


def test_a_new_function_is_reached_through_those_that_use_it() -> None:
    with_half = CALC.replace("3 * x", "half(6 * x)")
    found = known(
        f"{with_half}\n\ndef half(x):\n    return x // 2\n", before=with_half, texts={**TEXTS, "calc.py": with_half}
    )
    assert found is not None
    assert "test_calc.py::test_three" in found.tests


def test_a_function_that_no_test_entered_is_not_known() -> None:
    assert known(f"{CALC}\n\ndef lonely():\n    return 1\n") is None


def test_who_entered_what_is_not_as_it_was_may_reach_anything() -> None:
    edited = CALC.replace("3 * x", "4 * x")
    found = known(edited.replace("2 * x", "x + x"), before=edited)
    assert found is not None
    assert found.tests == ("test_calc.py::test_red", "test_calc.py::test_three", "test_calc.py::test_two")


def test_of_a_test_file_that_is_not_as_it_was_nothing_is_known() -> None:
    found = known(
        CALC.replace("2 * x", "x + x"),
        texts={**TEXTS, "test_calc.py": TESTS + "\n\ndef test_new():\n    assert double(2) == 4\n", "test_more.py": ""},
    )
    assert found == Reached((), frozenset({"test_calc.py", "test_more.py"}), ("test_calc.py",))


def test_what_is_entered_as_tests_are_imported_may_reach_any_test() -> None:
    shared = CoverageMap(MAP.place, MAP.files, MAP.entered, frozenset({"calc.py::double"}))
    assert known(CALC.replace("2 * x", "x + x"), of=shared) is None
    assert known(CALC.replace("2 * x", "x + x"), of=CoverageMap()) is None


def test_only_what_no_longer_holds_is_owing() -> None:
    files = ("test_calc.py", "test_other.py")
    assert MAP.owing("here", files, TEXTS) == ()
    assert MAP.owing("there", files, TEXTS) == files
    edited = {**TEXTS, "calc.py": CALC.replace("3 * x", "4 * x")}
    assert MAP.owing("here", files, edited) == ("test_calc.py::test_three", "test_calc.py::test_red")
    edited = {**TEXTS, "test_other.py": "def test_new(): pass\n"}
    assert MAP.owing("here", files, edited) == ("test_other.py", "test_calc.py::test_red")


def test_a_recording_that_was_cut_off_goes_on_where_it_was() -> None:
    texts = {**TEXTS, "calc.py": CALC.replace("3 * x", "4 * x"), "test_other.py": "def test_new(): pass\n"}
    owing = MAP.owing("here", ("test_calc.py", "test_other.py"), texts)
    half = MAP.joined("here", texts, {"test_other.py::test_new": frozenset()}, frozenset(), owing[:1], owing[1:])
    assert "test_other.py::test_nothing" not in half.entered
    assert half.owing("here", ("test_calc.py", "test_other.py"), texts) == (
        "test_calc.py::test_three",
        "test_calc.py::test_red",
    )
    assert (
        "test_calc.py::test_three"
        in (
            known(texts["calc.py"].replace("2 *", "3 *"), before=texts["calc.py"], texts=texts, of=half)
            or Reached((), frozenset())
        ).tests
    )
    made = {"test_calc.py::test_three": frozenset({"calc.py::triple"}), "test_calc.py::test_red": None}
    whole = half.joined("here", texts, made, frozenset(), owing[1:], ())
    assert whole.owing("here", ("test_calc.py", "test_other.py"), texts) == ()


def test_a_map_is_kept_without_source_and_a_broken_one_is_none(tmp_path: Path) -> None:
    root, maps = tmp_path / "p", Maps(tmp_path / "maps")
    assert maps.load(root) == CoverageMap()
    every = replace(
        MAP,
        shared=frozenset({"calc.py::double"}),
        owed=frozenset({"test_new.py"}),
        cached=frozenset({"calc.py::triple"}),
    )
    assert all(getattr(every, one.name) for one in fields(every)), "each field has something to keep"
    maps.save(root, every)
    (file,) = (tmp_path / "maps").iterdir()
    assert "return" not in file.read_text()
    assert maps.load(root) == Maps(tmp_path / "maps").load(root) == every
    for text in ("{", "[]", '{"version": 1}', '{"version": 99}'):
        file.write_text(text)
        assert Maps(tmp_path / "maps").load(root) == CoverageMap()


def test_the_maps_of_the_latest_projects_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "MAPS_LIMIT", 2)
    maps = Maps(tmp_path)
    for number in range(4):
        maps.save(Path(f"/p{number}"), MAP)
        os.utime(max(tmp_path.iterdir(), key=lambda one: one.stat().st_mtime_ns), (number, number))
    assert len(list(tmp_path.iterdir())) == 2
    assert maps.load(Path("/p3")) == MAP


@pytest.mark.parametrize("is_on", [True, False])
async def test_a_map_is_kept_some_time_after_the_last_change(make: Make, tmp_path: Path, is_on: bool) -> None:
    bench, titles = make("x", verify__map=is_on), []

    async def progress(title: str, work: Coroutine[Any, Any, None]) -> None:
        titles.append(title)
        await work

    keeper = Keeper(lambda root: bench, progress, idle_s=0.5)
    for _ in range(3):
        keeper.changed(tmp_path)
        await asyncio.sleep(0.04)
    assert titles == []
    async with asyncio.timeout(30):
        while not titles:
            await asyncio.sleep(0.01)
    assert titles == ["Assay is recording which test runs which function"]
    keeper.close()

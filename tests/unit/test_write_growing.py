"""How fast time may grow, and inputs that grow."""

from __future__ import annotations

import ast

import pytest

from analyzers.constraints import Constraint
from analyzers.wishes import heads
from assay.assistant.write import growing


@pytest.mark.parametrize(
    ("demand", "power", "holds"),
    [("n", 1.0, True), ("n", 2.0, False), ("n log n", 1.1, True), ("n log n", 2.0, False), ("n^2", 2.0, True), ("n^2", 3.0, False), ("1", 0.0, True), ("1", 1.0, False)],
)  # fmt: skip
def test_what_grows_faster_than_is_asked_for_is_told(demand: str, power: float, holds: bool) -> None:
    seconds: dict[int, float | None] = {size: 0.003 * (size / 250) ** power for size in growing.SIZES}
    told = growing.verdict(Constraint("growth", demand, ""), seconds)
    assert (told == "") is holds, told
    if told:
        assert f"O({demand}) is asked for" in told


def test_where_the_clock_tells_nothing_nothing_is_said() -> None:
    demand = Constraint("growth", "n", "")
    assert growing.verdict(demand, dict.fromkeys(growing.SIZES, 0.0001)) == ""
    assert growing.verdict(demand, {}) == ""
    assert "does not come to an end with 1000 items" in growing.verdict(demand, {250: 0.1, 1000: None, 4000: None})


@pytest.mark.parametrize(
    "head", ["f(xs: list[int])", "f(xs: list[str], n: int)", "f(text: str)", "f(rows: list[list[int]])", "f(d: dict)", "f(xs)", "f(a: tuple, b: set)"]
)  # fmt: skip
def test_inputs_grow(head: str) -> None:
    wish = heads.of_function(f"def {head}:\n    pass\n", "f")
    assert wish is not None
    calls = growing.calls_of(wish)
    assert len(calls) == len(growing.SIZES)
    for call in calls:
        ast.parse(call, mode="eval")


def test_what_has_no_size_is_not_measured() -> None:
    for head in ("f()", "f(x: float)", "f(x: int = 3)"):
        wish = heads.of_function(f"def {head}:\n    pass\n", "f")
        assert wish is not None
        assert growing.calls_of(wish) == ()

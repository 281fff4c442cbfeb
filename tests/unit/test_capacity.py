"""The simulation of typing: cancelled requests cost nothing more, slower steps carry fewer people, and the same seed types the same."""

from __future__ import annotations

import random

from evals.capacity import GPUS, Asked, Steps, assumed, carried, simulated, told, typing

STEPS = Steps(0.01, 0.001, 0.005, 0.0001, 128, 4)


def test_one_request_takes_its_passes() -> None:
    (end,) = simulated([Asked(1.0, 0, 200, 5, 9.0)], STEPS)
    assert end is not None
    assert abs(end - (2 * 0.005 + 200 * 0.0001 + 4 * 0.011)) < 1e-9, (
        "two pieces, whose last brings a token, and four passes"
    )


def test_a_request_that_is_cancelled_ends_and_frees_its_row() -> None:
    asked = [Asked(0.0, n, 20, 400, 0.5) for n in range(4)] + [Asked(0.1, 9, 20, 4, 9.0)]
    ends = simulated(asked, STEPS)
    assert ends[:4] == [None] * 4
    assert ends[4] is not None and 0.4 < ends[4] < 0.6


def test_people_type_in_bursts_and_the_same_seed_types_the_same() -> None:
    one, other = (typing(3, 60, 32, random.Random(5)) for _ in range(2))
    assert one == other and {asked.who for asked in one} == {0, 1, 2}
    assert all(asked.until > asked.at for asked in one)


def test_slower_steps_carry_fewer_people() -> None:
    slow = Steps(STEPS.write * 3, STEPS.write_row * 3, STEPS.read, STEPS.read_token, 128, 4)
    assert carried(slow, 16, 0.5, seconds=30, most=32) < carried(STEPS, 16, 0.5, seconds=30, most=32)
    h100 = next(one for one in GPUS if one.name.startswith("H100"))
    assert assumed(h100, 4.5).write < assumed(h100, 16).write
    assert told([], []) == (0.0, 0.0, 1.0)

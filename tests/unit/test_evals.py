"""The parts of the evaluations that a figure rests on: which material, which split, which interval."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from assay.assistant.world.state import State
from evals import fit, holes, proof, replay, tests_of_packages, typing
from evals.fit import Row
from evals.replay import Tally
from evals.typing import Insertion
from sandbox.api import Project


def test_packages_are_held_out_whole() -> None:
    rows = [Row({"x": 1.0}, True, package) for package in "abcdefghij" for _ in range(3)]
    fitting, held = fit.split(rows)
    assert {row.package for row in held} == {"a", "f"}
    assert not {row.package for row in fitting} & {row.package for row in held}
    assert len(fitting) + len(held) == len(rows)


def test_a_fit_finds_what_made_the_rows() -> None:
    chance = random.Random(1)
    rows = []
    for _ in range(4000):
        good = chance.random() < 0.5
        rows.append(Row({"good": float(good), "noise": chance.random()}, chance.random() < (0.9 if good else 0.2), "p"))
    weights = fit.fit(rows)
    assert weights["good"] == pytest.approx(3.58, abs=0.4)  # the difference of the log odds of 0.9 and 0.2
    assert weights["noise"] == pytest.approx(0.0, abs=0.4)


def test_blocks_are_cut_out_of_the_named_packages_alone_the_same_each_time(tmp_path: Path) -> None:
    for package in ("one", "two", "other"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "m.py").write_text("".join(f"{package}_{n} = {'1' * 40}\n" for n in range(60)))
    made = list(typing.cut_out(tmp_path, 4, seed=1, packages=("one", "two")))
    assert [one.package for one in made] == ["one", "one", "two", "two"]
    assert made == list(typing.cut_out(tmp_path, 4, seed=1, packages=("one", "two")))
    for one in made:
        assert one.before + one.text + one.after == (tmp_path / one.package / "m.py").read_text()


def test_nothing_that_is_evaluated_is_fitted_on() -> None:
    assert not {"pygls", "lsprotocol", "pylsp"} & set(typing.PACKAGES)
    there = [package for package in typing.PACKAGES if (typing.SITE_PACKAGES / package).is_dir()]
    assert there == list(typing.PACKAGES)


def test_a_sample_has_its_characters_and_is_the_same_each_time() -> None:
    insertions = [Insertion(str(n), "", "x" * 10, "") for n in range(50)]
    chosen = replay.sample(insertions, 95)
    assert len(chosen) == 10
    assert chosen == replay.sample(insertions, 95)
    assert len(replay.sample(insertions, 0)) == len(replay.sample(insertions, 10_000)) == 50


def test_the_interval_of_a_difference_is_paired() -> None:
    one = [Tally(characters=10, keys=5 + n % 4) for n in range(40)]
    other = [Tally(characters=10, keys=6 + n % 4) for n in range(40)]
    low, high = replay.interval(one, other)
    assert (low, high) == (pytest.approx(0.1), pytest.approx(0.1))
    low, high = replay.interval(one)
    assert low < replay.total(one).saved < high


def test_own_time_leaves_out_waiting_and_what_was_cancelled() -> None:
    traces = [
        {"ms": 100.0, "waited_ms": {"engine": 70.0, "pace": 10.0}, "outcome": "nothing"},
        {"ms": 500.0, "waited_ms": {}, "outcome": "cancelled"},
    ]
    assert replay.overheads_ms(traces) == [20.0]


def test_every_killed_mutant_is_a_hole_with_another_line(data: Path) -> None:
    pairs = proof.killed(data / "HumanEval-SingleLineInfilling.jsonl.gz")
    assert len(pairs) == proof.KILLED_COUNT
    for hole, text in pairs:
        assert text != hole.truth
        assert text in list(holes.mutants(hole.truth))


def test_what_is_drawn_of_a_package_is_its_own_code() -> None:
    given = tests_of_packages.read(["--package", "parse", "--mutants"])
    assert (given.count, tests_of_packages.read(["--package", "parse"]).count) == (60, 20)
    texts = dict.fromkeys(("parse.py", "tests/test_parse.py", "docs/conf.py", "setup.py", "test_more.py"), "")
    state = State(Path("/p"), {}, texts, Project("", b""))
    assert set(tests_of_packages.own_files(state)) == {"parse.py"}

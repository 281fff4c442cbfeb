"""When to stay silent: found where the record shows it, held out by days, and switched on only where it is better."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assay.assistant.record.outbox import LEAST_MOST, Outbox
from assay.cli.commands import app
from assay.team.config import Folder, load
from assay.team.identity import people
from assay.team.identity.people import By
from assay.team.record import silence, told
from assay.team.record.silence import Shown
from assay.team.server import opened
from assay.team.store.chain import Note
from assay.team.store.database import Database
from tests.team.conftest import Made, Team
from tests.team.engine import Engine


def some(count: int, kept: str, days: int = 20, kind: str = "line", seed: int = 3) -> list[Shown]:
    """Suggestions that are kept as likely as they were said to be ("as said"), as likely whatever was said ("alike"), or the other way round after two thirds of
    the days ("turned")."""
    chance, found = random.Random(seed), list[Shown]()
    for number in range(count):
        day, confidence = number * days // count, chance.random()
        likely = {"as said": confidence, "alike": 0.6, "turned": confidence if day < days * 0.7 else 1 - confidence}[
            kept
        ]
        found.append(Shown(day, kind, confidence, 10, chance.random() < likely))
    return found


def test_what_is_seldom_kept_is_not_shown_and_the_rest_is() -> None:
    [found] = silence.calibrated(some(4_000, "as said"))
    assert 0.2 <= found.least <= 0.45, "a third is where ten characters and five are even"
    assert found.is_better and 0 < found.interval[0] < found.gain < found.interval[1]
    assert found.accepted_kept > 0.85 and found.others_kept < 0.75


def test_where_it_tells_nothing_nothing_is_found() -> None:
    [found] = silence.calibrated(some(4_000, "alike"))
    assert not found.is_better


def test_what_held_once_and_does_not_any_more_is_not_better() -> None:
    [found] = silence.calibrated(some(4_000, "turned"))
    assert found.least > 0 and not found.is_better


@pytest.mark.parametrize(("count", "days"), [(299, 20), (4_000, 9), (0, 1)])
def test_too_little_is_said_to_be(count: int, days: int) -> None:
    found = silence.calibrated(some(count, "as said", days))
    assert [one.is_better for one in found] == [False] * bool(count) and all("too little" in one.why for one in found)


def recorded(database: Database, by: By, every: list[Shown]) -> None:
    """As clients tell it."""
    now = people.now_ms()
    for day in sorted({one.day for one in every}):
        notes = list[Note]()
        for number, one in enumerate(one for one in every if one.day == day):
            name = f"s{day}-{number}"
            notes.append(
                Note(
                    "suggestion",
                    {"kind": one.kind, "confidence": one.confidence, "chars": one.chars},
                    {},
                    None,
                    f"e{name}",
                    name,
                )
            )
            if one.is_accepted:
                notes.append(Note("fate", {"kind": one.kind, "fate": "accepted"}, {}, None, f"f{name}", name))
        notes.append(Note("suggestion", {"kind": "line", "chars": 3}, {}, None, f"n{day}", f"n{day}"))
        with database.writing() as session:
            by.chain.append(session, notes, now - (20 - day) * 86_400_000)


def test_it_is_read_of_the_record(database: Database, by: By) -> None:
    every = some(900, "as said")
    recorded(database, by, every)
    with database.reading() as session:
        found = silence.shown(session, people.now_ms() - 30 * 86_400_000)
        assert sorted((one.confidence, one.is_accepted) for one in found) == sorted(
            (one.confidence, one.is_accepted) for one in every
        )
        assert len(silence.shown(session, people.now_ms() - 5 * 86_400_000)) < 300


async def test_the_command_switches_on_what_is_better_and_editors_hear_of_it(tmp_path: Path, engine: Engine, team: Made, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    made: Team = await team(engine)
    recorded(made.store.database, made.by, some(3_000, "as said") + some(3_000, "alike", kind="block"))
    monkeypatch.setenv("ASSAY_SERVER", str(made.server.config.folder))

    def run(*more: str) -> dict[str, object]:
        done = CliRunner().invoke(app, ["serve", "calibrate", "--json", *more])
        assert done.exit_code == 0, done.output
        return dict(json.loads(done.stdout))

    async with made.http(made.add("alice")) as http:
        assert run()["on"] == {}
        assert (await http.get("/v1/silence")).json() == {"least": {}}
        on = run("--apply")["on"]
        assert isinstance(on, dict) and set(on) == {"line"}
        assert (await http.get("/v1/silence")).json() == {"least": on}
        told_ = CliRunner().invoke(app, ["serve", "calibrate"]).output
        assert "line" in told_ and ": better" in told_ and "block" in told_
        run("--clear")
        assert (await http.get("/v1/silence")).json() == {"least": {}}
    store = opened(Folder(tmp_path / "other"), load(Folder(tmp_path / "other")))
    with store.database.writing() as session:
        told.write(session, By(store.chain), told.SILENCE, "nonsense")
        assert silence.read(told.read(session, told.SILENCE)) == {}
    store.close()


def test_a_window_keeps_it_and_nobody_is_silenced_whole(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    assert box.least("line") == 0.0
    box.keep_silence({"line": 0.4, "block": 7.0})
    assert (box.least("line"), box.least("block"), box.least("function")) == (0.4, LEAST_MOST, 0.0)
    assert Outbox(tmp_path).least("line") == 0.4
    box.keep_silence({})
    assert box.least("line") == 0.0

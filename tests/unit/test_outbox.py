"""What a team's server is to be told waits on disk without a word of text, is sent once, and never gets in the way."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from analyzers.text import Span
from assay.assistant.nouns import Check, Counts, Origin, Passed, Suggestion, Unverified
from assay.assistant.record import outbox
from assay.assistant.record.outbox import Outbox
from assay.engine.api import EngineDeclined, EngineError, EngineFailing, EngineRefused, EngineUnavailable
from assay.team.record import events
from lsp_server import telling

TEXT = "total = canary(price)\n    return total"


def suggestion(name: str = "s1", text: str = TEXT) -> Suggestion:
    checks = (Check("parse", "passed", "", 1.0), Check("tests", "passed", "canary", 5.0, Counts(2, 2, 3, 3)))
    origin = Origin(
        "remote",
        "qwen2.5 coder: 1.5b é",
        "abc",
        ("shop/prices.py:3", "definitions"),
        {"temperature": 0.2, "seed": 1, "stop": "canary"},
        0.7,
    )
    return Suggestion(name, text, Span(0, 0), Passed(checks, ""), origin)


def waiting(box: Outbox) -> list[dict[str, Any]]:
    return [one for batch in box.take() for one in batch]


def test_what_waits_is_names_numbers_and_hashes_that_the_server_takes(tmp_path: Path) -> None:
    box = Outbox(tmp_path / "team")
    box.offered(suggestion(), "line", {"engine": 120.44, "total": 180}, "balanced")
    box.fate("accepted", "s1")
    box.fate("rejected", "unknown")
    box.contradicted("trace1", "line", "m", 2)
    kept = "".join(one.read_text() for one in (tmp_path / "team").iterdir())
    assert "canary" not in kept and "total" in kept
    told = waiting(box)
    assert [one["event"] for one in told] == ["suggestion", "fate", "contradicted"]
    assert told[0]["verdict"] == {"state": "passed", "checks": ["parse", "tests"], "passed": 3}
    assert told[0]["model"] == "qwen2.5 coder: 1.5b " and told[1]["model"] == told[0]["model"]
    assert len(events.notes(told, 1)) == 3
    assert {one.stat().st_mode & 0o777 for one in (tmp_path / "team").iterdir()} == {0o600}


def test_an_unverified_one_says_why(tmp_path: Path) -> None:
    assert outbox.verdict_facts(Unverified((Check("tests", "skipped", "", 0.0),), "no-tests", "")) == {"state": "unverified", "checks": [], "reason": "no-tests"}  # fmt: skip


def test_what_was_taken_and_not_done_is_taken_again_and_what_came_meanwhile_waits(tmp_path: Path) -> None:
    box, other = Outbox(tmp_path), Outbox(tmp_path)
    box.contradicted("t1", "line", "m", 1)
    first = waiting(box)
    other.contradicted("t2", "line", "m", 1)
    assert waiting(box) == first == waiting(other)
    box.done()
    assert [one["suggestion"] for one in waiting(box)] == ["t2"]
    box.done()
    assert not box.waits and waiting(box) == []


def test_one_window_sends(tmp_path: Path) -> None:
    box, other = Outbox(tmp_path), Outbox(tmp_path)
    with box.sending() as mine, other.sending() as theirs:
        assert mine and not theirs
    with other.sending() as theirs:
        assert theirs


def test_a_line_that_was_cut_off_and_a_disk_that_is_none_stop_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Outbox(tmp_path)
    box.contradicted("t1", "line", "m", 1)
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('{"id": "x", "eve')
    assert len(waiting(box)) == 1
    for nowhere in (Path("/proc/nowhere"), tmp_path / "events-file"):
        (tmp_path / "events-file").write_text("")
        broken = Outbox(nowhere)
        broken.offered(suggestion(), "line", {}, "static")
        broken.fate("accepted", "s1", "/x.py")
        broken.look_back()
        assert broken.take() == []
        broken.done()
    monkeypatch.setattr(outbox, "LIMIT", 10)
    box.done()
    for _ in range(5):
        box.contradicted("t1", "line", "m", 1)
    assert len(waiting(box)) == 1, "what waits is bounded"


@pytest.mark.parametrize(
    ("after", "fate"),
    [
        ("x = 1\nif a:\n        total=canary( price )\n        return   total\n", "kept"),
        ("x = total = canary(price)\n    return total\n", "kept"),
        ("x = 1\n    return total\n", "gone"),
        ("", "gone"),
        (None, "gone"),
    ],
)  # fmt: skip
def test_after_a_day_it_is_looked_whether_it_is_there_still(tmp_path: Path, after: str | None, fate: str) -> None:
    box, file = Outbox(tmp_path / "team"), tmp_path / "a.py"
    box.offered(suggestion(), "line", {}, "static")
    box.fate("accepted", "s1", str(file))
    if after is not None:
        file.write_text(after)
    box.look_back()
    waiting(box)
    box.done()
    assert waiting(box) == [], "not before"
    again = Outbox(tmp_path / "team")
    again.look_back(time.time() + outbox.DAY_S + 1)
    told = waiting(again)
    assert [(one["event"], one["fate"], one["suggestion"]) for one in told] == [("fate", fate, "s1")]
    again.done()
    again.look_back(time.time() + 2 * outbox.DAY_S)
    assert not again.waits


async def test_what_somebody_says_goes_by_a_way_of_its_own(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    assert not box.feedback("up"), "of nothing there is nothing to say"
    box.offered(suggestion(), "line", {}, "static")
    assert box.feedback("down", "x" * 900) and box.feedback("up", "", "another")
    server = Server()
    assert await telling.sent(box, server) == 3  # type: ignore[arg-type]
    assert [len(one) for one in server.batches] == [1] and [one["thumb"] for one in server.said] == ["down", "up"]
    assert server.said[0]["suggestion"] == "s1" and len(server.said[0]["word"]) == 500
    note = events.feedback(server.said[0], 3)
    assert note.event == f"3:{server.said[0]['id']}", "sent twice it is recorded once"
    assert events.feedback(server.said[1], 3).suggestion == "another"


class Server:
    """Takes batches, or raises."""

    def __init__(self, *errors: EngineError) -> None:
        self.errors = list(errors)
        self.batches: list[Any] = []
        self.said: list[Any] = []

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        if path == "/v1/feedback":
            self.said.append(body)
            return {"acknowledged": 1}
        assert path == "/v1/record"
        if self.errors:
            raise self.errors.pop(0)
        self.batches.append(json.loads(json.dumps(body))["events"])
        return {"acknowledged": len(body["events"])}


async def test_it_waits_while_the_server_is_away_and_a_wrong_batch_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "BATCH", 2)
    box = Outbox(tmp_path)
    for number in range(5):
        box.contradicted(f"t{number}", "line", "m", 1)
    away = Server(EngineUnavailable("away"))
    with pytest.raises(EngineUnavailable):
        await telling.sent(box, away)  # type: ignore[arg-type]
    assert len(waiting(box)) == 5
    with pytest.raises(EngineFailing):
        await telling.sent(box, Server(EngineFailing("broken")))  # type: ignore[arg-type]
    with pytest.raises(EngineRefused):
        await telling.sent(box, Server(EngineRefused("no", 401)))  # type: ignore[arg-type]
    server = Server(EngineDeclined("no event", 400), EngineDeclined("no event", 400))
    assert await telling.sent(box, server) == 4  # type: ignore[arg-type]
    assert [len(one) for one in server.batches] == [1, 2, 1], "one event was none, and took no other along"
    assert not box.waits
    box.contradicted("t", "line", "m", 1)
    for error in (
        EngineDeclined("too large", 413),
        EngineRefused("no record here", 404),
        EngineError("a page of a proxy"),
    ):
        with pytest.raises(EngineError):
            await telling.sent(box, Server(error))  # type: ignore[arg-type]
        assert box.waits


class Silent:
    """A team's server that says when to stay silent."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def get(self, path: str) -> Any:
        assert path == "/v1/silence"
        return self.answer


async def test_what_the_team_found_is_kept_as_it_is_now(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    for answer, least in (
        ({"least": {"line": 0.3, "odd": "x"}}, 0.3),
        ([], 0.3),
        ({"least": 3}, 0.3),
        ({"least": {}}, 0.0),
    ):
        await telling.silenced(Silent(answer), box)  # type: ignore[arg-type]
        assert box.least("line") == least


class Other:
    """A model's server that is no team's."""

    def __init__(self) -> None:
        self.asked = 0

    async def get(self, _: str) -> Any:
        self.asked += 1
        raise EngineRefused("nothing is there", 404)

    async def close(self) -> None: ...


async def test_a_server_without_a_guide_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "EVERY_S", 0.01)
    monkeypatch.setattr(telling, "GUIDE_S", 0.01)
    other, bench = Other(), SimpleNamespace(ledger=SimpleNamespace(outbox=None))
    services = SimpleNamespace(are_made=True, team_guide=tmp_path / "guide.md", bench=bench, team=lambda: other)
    running = asyncio.create_task(telling.Telling(services).run())  # type: ignore[arg-type]
    await asyncio.sleep(0.3)
    assert other.asked == 1 and not running.done()
    running.cancel()

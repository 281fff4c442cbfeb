"""The gate before engines that count: caps, cancels, answers that go on elsewhere or make room, and nobody's words in another's hands."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from assay.team.config import Folder
from assay.team.gate import resumed, upstream
from assay.team.identity import people, tokens
from assay.team.record import told
from assay.team.store.chain import Note
from assay.team.store.tables import Count, Entry
from tests.team.conftest import Made, Team
from tests.team.engine import Engine


def asked(text: str, tokens_: int = 8, **told: Any) -> dict[str, Any]:
    return {"prompt": f"# a file\n{text}", "max_tokens": tokens_, "stream": True} | told


async def events(http: httpx.AsyncClient, body: dict[str, Any], **told: Any) -> list[dict[str, Any]]:
    """What came, as events. Fails where it is refused."""
    found = []
    async with http.stream("POST", "/v1/completions", json=body, **told) as response:
        assert response.status_code == 200, await response.aread()
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                found.append(json.loads(line[6:]))
    return found


def text_of(found: list[dict[str, Any]]) -> str:
    return "".join(one["choices"][0]["text"] for one in found if one.get("choices"))


async def test_caps_are_said_with_a_time(engine: Engine, team: Made) -> None:
    engine.word_s = 0.03
    made: Team = await team(engine, limits__requests=2, limits__max_tokens=20, limits__prompt_chars=500)
    async with made.http(made.add("alice")) as http:
        for body, status, said in (
            (asked("x", 21), 400, "at most 20 for you"),
            (asked("x" * 600), 413, "at most 500 characters"),
            (asked("x", n=2), 400, "`n` is 1"),
            (asked("x", echo=True), 400, "`echo`"),
        ):
            answer = await http.post("/v1/completions", json=body)
            assert (answer.status_code, said in answer.json()["error"]["message"]) == (status, True)
        running = [asyncio.create_task(events(http, asked("x", 20))) for _ in range(2)]
        await asyncio.sleep(0.1)
        busy = await http.post("/v1/completions", json=asked("x"))
        assert busy.status_code == 429 and int(busy.headers["retry-after"]) >= 1
        await asyncio.gather(*running)
        assert len(await events(http, {"prompt": "x", "stream": True})) == 20, "who names no number has the most"


async def test_a_minutes_tokens_are_a_bucket(engine: Engine, team: Made) -> None:
    engine.word_s = 0.0
    made: Team = await team(engine, limits__tokens_a_minute=60)
    async with made.http(made.add("alice")) as http, made.http(made.add("bob")) as other:
        await events(http, asked("x", 64))
        busy = await http.post("/v1/completions", json=asked("x"))
        assert busy.status_code == 429 and 2 <= int(busy.headers["retry-after"]) <= 8
        assert await events(other, asked("x"))


async def test_a_priority_may_be_capped_by_role(engine: Engine, team: Made, tmp_path: Any) -> None:
    made: Team = await team(engine, limits__priority=2)
    done = list[Any]()
    made.server.gate._told = done.append
    async with made.http(made.add("alice")) as http:
        await events(http, asked("x", priority=0))
    assert [one.priority for one in done] == [2]


async def test_a_cancel_ends_the_engines_work_and_keeps_the_connection(engine: Engine, team: Made) -> None:
    engine.word_s = 0.05
    made: Team = await team(engine)
    async with made.http(made.add("alice")) as http, made.http(made.add("bob")) as other:
        running = asyncio.create_task(events(http, asked("long", 400), headers={"x-request-id": "k1"}))
        while engine.words["long"] < 3:
            await asyncio.sleep(0.01)
        assert (await other.post("/v1/cancel", json={"id": "k1"})).json() == {"cancelled": False}, "not somebody else's"
        assert (await http.post("/v1/cancel", json={"id": "k1"})).json() == {"cancelled": True}
        found = await running
        written = engine.words["long"]
        assert 3 <= len(found) < 100
        await asyncio.sleep(0.2)
        assert engine.words["long"] <= written + 1 and engine.at_work == 0
        assert (await http.post("/v1/cancel", json={"id": "k1"})).json() == {"cancelled": False}
        for body in ({}, {"id": "a b"}, {"id": 3}):
            assert (await http.post("/v1/cancel", json=body)).status_code == 400


async def test_whoever_is_let_in_no_longer_hears_no_more(engine: Engine, team: Made) -> None:
    engine.word_s = 0.02
    made: Team = await team(engine)
    token = made.add("alice")

    def revoke() -> None:
        with made.store.database.writing() as session:
            tokens.revoke(session, made.by, tokens.id_of(token) or "")

    async with made.http(token) as http:
        running = asyncio.create_task(events(http, asked("long", 2_000)))
        while engine.words["long"] < 3:
            await asyncio.sleep(0.01)
        begun = time.monotonic()
        await asyncio.to_thread(revoke)
        found = await running
        assert found[-1]["error"]["code"] == 401
        assert engine.words["long"] < 500 and time.monotonic() - begun < 8
        assert (await http.get("/v1/models")).status_code == 401


async def test_an_answer_goes_on_at_another_engine_when_its_own_is_gone(
    team: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "LOOK_S", 0.05)
    async with Engine(word_s=0.02) as one, Engine(word_s=0.02) as two:
        made: Team = await team(one, two)
        async with made.http(made.add("alice")) as http:
            running = asyncio.create_task(events(http, asked("word", 40, stream_options={"include_usage": True})))
            while one.words["word"] + two.words["word"] < 5:
                await asyncio.sleep(0.01)
            dead, other = (one, two) if one.at_work else (two, one)
            dead.kill()
            found = await running
            assert text_of(found) == " / word" * 40, "one answer, whoever wrote it"
            assert other.prompts[-1] == "# a file\nword" + " / word" * (40 - other.words["word"])
            ready = await http.get("/readyz")
            assert ready.status_code == 200
            assert await events(http, asked("next")), "nobody hears of the dead one again"
            await dead.start()
            async with asyncio.timeout(10):
                while not all(node.is_up for node in made.server.nodes.all):
                    await asyncio.sleep(0.02)
        assert dead.connections > 0


async def test_what_cannot_go_on_is_told_once(team: Made) -> None:
    async with Engine(word_s=0.02) as one:
        made: Team = await team(one)
        async with made.http(made.add("alice")) as http:
            running = asyncio.create_task(events(http, asked("word", 400)))
            while one.words["word"] < 5:
                await asyncio.sleep(0.01)
            one.kill()
            found = await running
            assert [event for event in found if "error" in event] == [
                {"error": {"message": "The engine gave no answer.", "code": 502}}
            ]
            assert (await http.get("/readyz")).json()["status"] == "no engine answers"
            assert (await http.get("/healthz")).status_code == 200


async def test_a_long_answer_makes_room_and_is_whole_all_the_same(team: Made) -> None:
    async with Engine(word_s=0.02, slots=1) as one:
        made: Team = await team(one, limit=1)
        async with made.http(made.add("greedy")) as greedy, made.http(made.add("typist")) as typist:
            running = [asyncio.create_task(events(greedy, asked("long", 120))) for _ in range(4)]
            while one.words["long"] < 5:
                await asyncio.sleep(0.01)
            begun = time.monotonic()
            assert text_of(await events(typist, asked("key", 5))) == " / key" * 5
            waited = time.monotonic() - begun
            whole = one.words["long"]
            assert whole < 120, "before the first of them was over"
            assert waited < 2
            for found in await asyncio.gather(*running):
                assert text_of(found) == " / long" * 120
                assert [event["choices"][0]["finish_reason"] for event in found if event.get("choices")].count(
                    "length"
                ) == 1


@pytest.mark.parametrize("told", [{"grammar": "x"}, {"seed": 1}, {"names": ["a"]}, {"stream": False}, {"prompt": [1, 2]}, {"max_tokens": None}, {"suffix": "x"}])  # fmt: skip
def test_what_an_engine_keeps_count_of_does_not_go_on_elsewhere(told: dict[str, Any]) -> None:
    assert resumed.can("/v1/completions", asked("x"))
    assert not resumed.can("/v1/completions", asked("x") | told)
    assert not resumed.can("/v1/chat/completions", asked("x"))


def test_half_an_event_is_nothing_to_go_on_from() -> None:
    written = resumed.Written(asked("x", 10))
    event = b'data: {"choices": [{"index": 0, "text": " one", "finish_reason": null}]}\n\n'
    assert written.taken(event + event[:20]) == event
    assert written.rest()["prompt"].endswith(" one") and written.rest()["max_tokens"] == 9
    written.let_go()
    assert written.taken(event) == event and written.tokens == 2, "the half of it was let go"
    usage = b'data: {"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 4}}\n\n'
    written = resumed.Written(asked("x", 10))
    written.taken(event)
    written.rest()
    told = json.loads(written.taken(usage)[5:])["usage"]
    assert told == {"prompt_tokens": 11, "completion_tokens": 5}


async def test_nobodys_words_are_in_what_another_gets_or_what_is_kept(
    engine: Engine, team: Made, capfd: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    engine.word_s = 0.002
    made: Team = await team(engine, limit=2, metrics__open=True, metrics__people=True)
    names = [f"p{number}" for number in range(6)]
    clients = {name: made.http(made.add(name)) for name in names}

    async def types(name: str) -> None:
        for number in range(12):
            found = await events(clients[name], asked(f"canary-{name}-{number}", 3, temperature=0.1))
            assert text_of(found) == f" / canary-{name}-{number}" * 3

    await asyncio.gather(*map(types, names))
    metrics = (await clients["p0"].get("/metrics")).text
    for one in clients.values():
        await one.aclose()
    await made.server.tally.flush(made.store.database)
    with made.store.database.reading() as session:
        kept = str(session.execute(select(Entry.plain, Entry.personal)).all()) + str(
            session.execute(select(Count.kind, Count.model, Count.measure)).all()
        )
        told = {
            (kind, measure): count
            for kind, measure, count in session.execute(
                select(Count.kind, Count.measure, Count.count).where(Count.person_id == 2)
            )
        }
    assert told["request:typing", "requests"] == 12 and told["request:typing", "tokens"] == 36
    out = capfd.readouterr()
    assert 'assay_tokens_total{kind="typing",person="p1"} 36.0' in metrics
    for where in (metrics, kept, out.out, out.err, caplog.text):
        assert "canary" not in where


async def test_metrics_need_a_token_with_their_scope(engine: Engine, team: Made) -> None:
    made: Team = await team(engine)
    async with made.http() as http:
        assert (await http.get("/metrics")).status_code == 401
    async with made.http(made.add("alice")) as http:
        assert (await http.get("/metrics")).status_code == 403
    async with made.http(made.add("prometheus", scopes=["metrics"])) as http:
        assert "assay_queue 0.0" in (await http.get("/metrics")).text
        assert (await http.get("/v1/models")).status_code == 403


async def test_a_server_that_ends_begins_nothing_new(engine: Engine, team: Made) -> None:
    made: Team = await team(engine)
    async with made.http(made.add("alice")) as http:
        made.server.ends()
        answer = await http.post("/v1/completions", json=asked("x"))
        assert answer.status_code == 503 and answer.headers["retry-after"]
        assert (await http.get("/readyz")).json()["status"] == "it ends"


async def test_who_left_is_disabled_while_it_runs(
    engine: Engine, team: Made, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.team.server.LOOK_S", 0.05)
    left = tmp_path / "left"
    left.write_text("")
    made: Team = await team(engine, people__left_file=str(left))
    async with made.http(made.add("alice")) as http:
        assert (await http.get("/v1/models")).status_code == 200
        left.write_text("alice\n")
        async with asyncio.timeout(10):
            while (await http.get("/v1/models")).status_code == 200:
                await asyncio.sleep(0.05)
    with made.store.database.reading() as session:
        assert people.named(session, "alice").disabled_ms


async def test_a_drained_engine_gets_nothing_new_and_comes_back(team: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.team.server.LOOK_S", 0.05)
    async with Engine() as one, Engine() as two:
        made: Team = await team(one, two)

        def drain(*urls: str) -> None:
            with made.store.database.writing() as session:
                told.write(session, made.by, told.DRAINED, json.dumps(urls))

        async with made.http(made.add("alice")) as http:
            for gone, other in ((one, two), (two, one)):
                await asyncio.to_thread(drain, gone.url)
                async with asyncio.timeout(10):
                    while [node.is_drained for node in made.server.nodes.all] != [gone is one, gone is two]:
                        await asyncio.sleep(0.02)
                before = len(other.prompts)
                await asyncio.gather(*(events(http, asked("x")) for _ in range(5)))
                assert len(other.prompts) == before + 5


async def test_the_teams_guide_is_told_as_it_is_now(engine: Engine, team: Made, tmp_path: Any) -> None:
    path = tmp_path / "conventions.md"
    made: Team = await team(engine, conventions__file=str(path))
    async with made.http(made.add("alice")) as http:
        assert (await http.get("/v1/conventions")).json() == {"text": "", "version": ""}
        path.write_text("# Ours")
        first = (await http.get("/v1/conventions")).json()
        path.write_text("# Ours, again")
        second = (await http.get("/v1/conventions")).json()
        assert first["text"] == "# Ours" and second["version"] not in ("", first["version"])


async def test_what_is_paused_or_taken_over_is_never_told_to_come_again(
    team: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of it is told already: neither the number of those that wait nor their time ends it."""
    from assay.team.gate import turns

    monkeypatch.setattr(turns, "WAITING", 3)
    async with Engine(word_s=0.01, slots=1) as one:
        made: Team = await team(one, limit=1)
        async with made.http(made.add("greedy")) as greedy, made.http(made.add("typist")) as typist:
            running = [asyncio.create_task(events(greedy, asked("long", 60))) for _ in range(4)]
            while one.words["long"] < 5:
                await asyncio.sleep(0.005)
            for _ in range(4):
                assert text_of(await events(typist, asked("key", 3))) == " / key" * 3
            for found in await asyncio.gather(*running):
                assert text_of(found) == " / long" * 60


async def test_what_is_to_be_read_is_capped_wherever_it_stands(engine: Engine, team: Made) -> None:
    made: Team = await team(engine, limits__prompt_chars=500)
    long = "x" * 600
    async with made.http(made.add("alice")) as http:
        for path, body in (
            ("/v1/completions", {"prompt": long}),
            ("/v1/completions", {"prompt": [long]}),
            ("/v1/completions", {"prompt": list(range(300))}),
            ("/v1/chat/completions", {"messages": [{"role": "user", "content": long}]}),
            ("/v1/chat/completions", {"messages": [{"role": "user", "content": [{"type": "text", "text": long}]}]}),
            ("/tokenize", {"content": long}),
            ("/score", {"prompt": "x", "texts": [long]}),
        ):
            assert (await http.post(path, json=body | {"max_tokens": 1})).status_code == 413, path
        assert (await http.post("/tokenize", json={"content": "x" * 100, "n_parallel": 4})).status_code == 200


async def test_what_goes_wrong_beside_is_tried_again(engine: Engine, team: Made, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:  # fmt: skip
    from assay.team.identity import accounts
    from assay.team.identity import tokens as known

    monkeypatch.setattr(accounts, "FRESH_S", 0.05)
    engine.word_s = 0.02
    made: Team = await team(engine)
    token, real, failed = made.add("alice"), known.known, list[int]()

    def broken(*told: Any) -> Any:
        if len(failed) < 3:
            failed.append(1)
            raise KeyError("something that nobody thought of")
        return real(*told)

    async with made.http(token) as http:
        running = asyncio.create_task(events(http, asked("long", 400)))
        while engine.words["long"] < 3:
            await asyncio.sleep(0.01)
        monkeypatch.setattr("assay.team.identity.tokens.known", broken)
        async with asyncio.timeout(10):
            while len(failed) < 3:
                await asyncio.sleep(0.02)

        def revoke() -> None:
            with made.store.database.writing() as session:
                tokens.revoke(session, made.by, tokens.id_of(token) or "")

        await asyncio.to_thread(revoke)
        assert (await running)[-1]["error"]["code"] == 401, "it looks again after what went wrong"
    assert "tried again" in caplog.text


async def test_rows_that_are_too_old_go_while_it_runs(
    engine: Engine, team: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy import func

    monkeypatch.setattr("assay.team.server.LOOK_S", 0.05)
    monkeypatch.setattr("assay.team.server.HOUR_S", 0.1)
    made: Team = await team(engine, record__keep_days=30)
    with made.store.database.writing() as session:
        made.store.chain.append(session, [Note("fate", {"fate": "accepted"}, {}, None, f"e{number}") for number in range(20)], at_ms=people.now_ms() - 40 * 86_400_000)  # fmt: skip
    made.add("alice")
    async with asyncio.timeout(10):
        while True:
            with made.store.database.reading() as session:
                if session.scalar(select(func.count()).where(Entry.kind == "fate")) == 0:
                    break
            await asyncio.sleep(0.05)
    with made.store.database.reading() as session:
        assert [one for one in made.store.chain.faults(session.connection()) if not isinstance(one, int)] == []


async def test_the_record_has_the_hash_of_what_this_machine_loaded(engine: Engine, team: Made, tmp_path: Any) -> None:
    import hashlib

    from assay.engine import weights
    from assay.team.server import Server

    path = tmp_path / "stub.gguf"
    path.write_bytes(b"weights")
    made: Team = await team(engine)
    server = Server(Folder(made.server.config.folder), made.server.config, made.store, made.server.nodes, path)
    await server._hashed(path)
    wanted = hashlib.sha256(b"weights").hexdigest()
    note = server.incoming._covered(Note("suggestion", {"model": "stub", "weights": "00000000"}))
    assert note.plain["weights"] == wanted, "whatever a client says"
    assert "weights" not in server.incoming._covered(Note("suggestion", {"model": "another"})).plain
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.safetensors").write_bytes(b"a")
    first = weights.digest(tmp_path / "folder")
    (tmp_path / "folder" / "b.safetensors").write_bytes(b"b")
    assert weights.digest(tmp_path / "folder") != first

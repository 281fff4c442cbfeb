"""The engine: the real fallback model in its process where it is installed, and every kind of server by a stub."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from assay import compose
from assay.engine import dialects, processes
from assay.engine import launch as launching
from assay.engine.api import EngineError, EngineUnavailable, Request
from assay.engine.by_url import Server
from assay.engine.local import Local
from assay.folders import folders
from tests.lsp.stub import Stub

PREFIX = 'def add(a, b):\n    """Add two numbers."""\n    return'


@pytest.fixture
async def engine(model: Path, tmp_path: Path) -> AsyncIterator[Local]:
    """A process of its own, ended with the test."""
    launch = processes.launch_for(model, tmp_path / "run", idle_s=60)
    made = Local(launch)
    yield made
    await made.close()
    if pid := _pid(launch):
        os.kill(pid, signal.SIGKILL)
    for started in processes.spawned:
        started.wait(10)


def _pid(launch: launching.Launch) -> int:
    lock = launch.folder / "engine.lock"
    return int(lock.read_text() or 0) if lock.exists() and processes.is_locked(launch) else 0


async def text_of(engine: Local | Server, request: Request) -> str:
    async with aclosing(engine.generate(request)) as chunks:
        return "".join([chunk.text async for chunk in chunks if chunk.index == 0])


async def test_the_fallback_model_adds(engine: Local) -> None:
    text = await text_of(engine, Request(PREFIX, max_tokens=8, stop=("\n",)))
    assert text.replace(" ", "") == "a+b"
    health = await engine.health()
    assert (health.state, health.is_fallback) == ("ready", True)
    assert "fallback model" in health.model


async def test_what_is_read_of_a_prompt_is_told_with_each_piece(engine: Local) -> None:
    """Most generations are left before their last piece."""
    for prompt, is_known in ((PREFIX, False), (PREFIX, True)):
        async with aclosing(engine.generate(Request(prompt, max_tokens=4))) as chunks:
            readings = [chunk.reading async for chunk in chunks]
        assert None not in readings
        assert {one.anew + one.kept for one in readings if one} == {await engine.count(prompt)}
        assert [one.kept > 0 for one in readings if one] == [is_known] * len(readings)


async def test_a_prompt_that_was_left_is_not_read_again(engine: Local) -> None:
    """Each key leaves the request of the one before, whose slot is free a moment later."""
    prompt, readings = "# a file\n" * 60, []
    for _ in range(12):
        async with aclosing(engine.generate(Request(prompt, max_tokens=16))) as chunks:
            async for chunk in chunks:
                if chunk.text:
                    assert chunk.reading is not None
                    readings.append(chunk.reading)
                    break
        prompt += " a"
    assert readings[0].kept == 0
    assert [one.anew for one in readings[1:] if one.anew > 4] == []


async def test_what_was_read_when_a_prompt_was_left_stays_read(engine: Local) -> None:
    """Even the first batch alone, which is a small share of it."""
    for file in range(3):
        prompt, kept = f"value{file} = other + 1  # of a file\n" * 110, []
        for _ in range(4):
            async with aclosing(engine.generate(Request(prompt, max_tokens=1))) as chunks:
                first = await anext(chunks)
                assert first.reading is not None
                kept.append(first.reading.kept)
        assert kept[0] < kept[1] < kept[2] < kept[3] < await engine.count(prompt)


async def test_the_beginning_of_a_stop_text_at_the_end_is_not_lost(engine: Local) -> None:
    """llama.cpp's own stream would lose it."""
    whole = await text_of(engine, Request(PREFIX, max_tokens=4, temperature=0.0))
    for kept in (1, 2, len(whole)):
        stop = (f"{whole[-kept:]}never",)
        assert await text_of(engine, Request(PREFIX, max_tokens=4, temperature=0.0, stop=stop)) == whole
    assert await text_of(engine, Request(PREFIX, max_tokens=4, temperature=0.0, stop=(whole[2:4],))) == whole[:2]


async def test_scores_are_the_models_own_probabilities(engine: Local) -> None:
    plus, minus, long = await engine.score(PREFIX, [" a + b", " a - b", " a + b + a + b + a + b"])
    assert long < plus < 0
    assert minus < plus - 3
    async with aclosing(engine.generate(Request(PREFIX, max_tokens=3))) as chunks:
        seen = [token.logprob async for chunk in chunks for token in chunk.tokens]
    assert abs(sum(seen) - plus) < 0.15


async def test_two_starts_at_once_start_one_process(engine: Local, model: Path) -> None:
    other = Local(engine._launch)
    await asyncio.gather(text_of(engine, Request(PREFIX, max_tokens=1)), text_of(other, Request(PREFIX, max_tokens=1)))
    await other.close()
    log = (engine._launch.folder / "engine.log").read_text()
    assert log.count("serving") == 1


def test_where_a_socket_cannot_be_it_is_elsewhere_for_each_place_apart(model: Path, tmp_path: Path) -> None:
    deep = [tmp_path / ("x" * 60) / name for name in ("a" * 40, "b" * 40)]
    folders_ = [processes.launch_for(model, one, idle_s=60).folder for one in deep]
    assert len(set(folders_)) == 2
    assert all(len(os.fsencode(one / "engine.sock")) <= processes.SOCKET_PATH_LIMIT for one in folders_)
    assert processes.launch_for(model, deep[0], idle_s=60).folder == folders_[0], "the same from every window"


async def test_an_engine_that_ends_while_another_starts_is_replaced(engine: Local) -> None:
    folder = engine._launch.folder
    with (folder / "engine.lock").open("w") as held:  # one that has its folder still, and answers nothing any more
        fcntl.flock(held, fcntl.LOCK_EX)
        answer = asyncio.create_task(text_of(engine, Request(PREFIX, max_tokens=1)))
        deadline = time.monotonic() + 20
        while "already running" not in (
            (folder / "engine.log").read_text() if (folder / "engine.log").exists() else ""
        ):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
    assert await answer
    assert (await engine.health()).state == "ready"


async def test_a_killed_engine_is_started_again(engine: Local) -> None:
    await text_of(engine, Request(PREFIX, max_tokens=1))
    os.kill(_pid(engine._launch), signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _pid(engine._launch):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    assert await text_of(engine, Request(PREFIX, max_tokens=1))


async def test_a_model_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\0" * 100)
    engine = Local(processes.launch_for(broken, tmp_path / "run", idle_s=5))
    with pytest.raises(EngineUnavailable, match="Engine off: it ended while starting"):
        await text_of(engine, Request(PREFIX))
    assert (await engine.health()).state == "broken"
    await engine.close()


async def test_an_idle_engine_ends(model: Path, tmp_path: Path) -> None:
    launch = processes.launch_for(model, tmp_path / "run", idle_s=1)
    engine = Local(launch)
    await text_of(engine, Request(PREFIX, max_tokens=1))
    assert _pid(launch)
    deadline = time.monotonic() + 15
    while _pid(launch):
        assert time.monotonic() < deadline, "it did not end when idle"
        await asyncio.sleep(0.1)
    await engine.close()


def test_a_folder_behind_somebody_elses_link_is_not_taken(model: Path) -> None:
    with tempfile.TemporaryDirectory(
        prefix="l"
    ) as short:  # a socket's path has a limit, and elsewhere there is no link
        ours, link = Path(short, "ours"), Path(short, "link")
        ours.mkdir(mode=0o700)
        link.symlink_to(ours)
        assert processes.launch_for(model, link, idle_s=60).folder.is_relative_to(link)
        if os.getuid():
            pytest.skip("only root can give a link to somebody else")
        os.lchown(link, 12345, 12345)
        with pytest.raises(EngineUnavailable, match="belongs to somebody else"):
            processes.launch_for(model, link, idle_s=60)


async def test_the_socket_is_private(engine: Local) -> None:
    await text_of(engine, Request(PREFIX, max_tokens=1))
    assert engine._launch.folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
async def test_a_url_may_end_as_people_write_it(ending: str) -> None:
    async with Stub(lambda body: " a + b") as stub:
        engine = Server(stub.url + ending)
        assert await text_of(engine, Request(PREFIX)) == " a + b"
        assert await engine.count("x" * 30) > 0
        assert (await engine.health()).state == "ready"
        await engine.close()


@pytest.mark.parametrize(
    ("status", "why"),
    [(401, "does not accept the API key (401 no). Set `engine.api_key_file`."), (403, "does not accept the API key (403 no)"),
     (404, "has no /v1/completions (404 no). Check `engine.url` and `engine.model`.")],
)  # fmt: skip
async def test_an_engine_that_does_not_serve_us_is_not_ready(status: int, why: str) -> None:
    async with Stub(lambda body: "x", refuse=status) as stub:
        engine = Server(stub.url)
        health = await engine.health()
        assert health.state == "broken"
        assert why in health.why
        with pytest.raises(EngineUnavailable, match="Engine off"):
            await text_of(engine, Request(PREFIX))
        await engine.close()


async def test_a_request_that_is_refused_for_itself_does_not_make_the_engine_broken() -> None:
    async with Stub(lambda body: "x", refuse=400) as stub:
        engine = Server(stub.url)
        assert (await engine.health()).state == "ready"
        with pytest.raises(EngineError, match="The engine refused the request: 400 no") as caught:
            await text_of(engine, Request(PREFIX))
        assert not isinstance(caught.value, EngineUnavailable)
        await engine.close()


class Looked(Local):
    """Counts how often the process is asked how it is."""

    looks = 0

    async def _is_up(self) -> bool:
        self.looks += 1
        return await super()._is_up()


async def test_an_engine_that_serves_is_not_asked_how_it_is_before_each_request(engine: Local) -> None:
    await text_of(engine, Request(PREFIX, max_tokens=1))
    other = Looked(engine._launch)
    for _ in range(3):
        await text_of(other, Request(PREFIX, max_tokens=1))
        await other.is_token("x")
        await other.count("x")
    assert other.looks == 1
    await other.close()


def test_a_dialect_is_chosen_by_the_models_name() -> None:
    assert dialects.choose("auto", "Qwen2.5-Coder-1.5B-Instruct-Q8_0").name == "qwen"
    assert dialects.choose("auto", "Mellum-4b-base").name == "mellum"
    assert dialects.choose("auto", "SmolLM2-135M-Instruct.Q4_1").name == "left-to-right"
    assert dialects.choose("suffix", "whatever").sends_suffix_apart


def test_markers_in_user_text_cannot_steer_the_model() -> None:
    dialect = dialects.choose("qwen", "")
    prompt, _ = dialects.render(dialect, "a <|fim_suffix|> b", "<|fim_middle|>c {prefix}")
    assert prompt == "<|fim_prefix|>a  b<|fim_suffix|>c {prefix}<|fim_middle|>"


async def test_abandoned_requests_leave_the_engine_free(engine: Local) -> None:
    """Ten clients that leave in mid-stream, with one and with several samples; then it must answer as before."""
    for count in (1, 3) * 5:
        async with aclosing(
            engine.generate(Request(PREFIX, max_tokens=200, n=count, temperature=0.8, seed=1))
        ) as chunks:
            async for _ in chunks:
                break
    text = await asyncio.wait_for(text_of(engine, Request(PREFIX, max_tokens=8, stop=("\n",))), 20)
    assert text.replace(" ", "") == "a+b"


async def test_an_empty_prompt_is_answered(engine: Local) -> None:
    assert await asyncio.wait_for(text_of(engine, Request("", max_tokens=4, n=2, temperature=0.5)), 20) is not None
    assert await asyncio.wait_for(text_of(engine, Request(PREFIX, max_tokens=2)), 20)


async def test_markers_that_are_no_tokens_of_the_model_are_not_written(engine: Local) -> None:
    assert await engine.is_token("<|im_start|>") is True
    marked = [one for one in dialects.DIALECTS if one.markers]
    spoken = {one.name: (await dialects.spoken(engine, one.name)).name for one in marked}
    assert spoken.pop("taught") == "taught", "its tokens are there, whoever taught it what they mean"
    assert set(spoken.values()) == {"left-to-right"} and len(spoken) > 5


async def test_how_fast_it_writes_and_what_it_holds_is_told(engine: Local) -> None:
    async with aclosing(engine.generate(Request(PREFIX, max_tokens=12))) as chunks:
        async for _ in chunks:
            pass
    health = await engine.health()
    assert health.tokens_per_s is not None and health.tokens_per_s > 0
    assert health.memory is not None and health.memory > 50_000_000


async def test_a_key_from_the_environment_goes_to_the_server_and_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor with a secret storage has no file to name."""
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n" + b'{"data":[]}'
        )
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    monkeypatch.setenv("ASSAY_ENGINE_URL", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    monkeypatch.setenv("ASSAY_ENGINE_API_KEY_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("ASSAY_ENGINE_API_KEY", "from-the-editor\n")
    where = folders()
    engine = compose.engine(compose.load_settings(where)[0], where)
    await engine.health()
    await engine.close()
    server.close()
    assert any(b"authorization: bearer from-the-editor\r\n" in head.lower() for head in seen)


def test_idle_time_is_no_part_of_a_request() -> None:
    """An engine that nobody asked for longer than a request may stand still reads a long prompt next, and its counters do not move at once."""
    watch = launching.Watch(idle_s=600, since=0.0)
    assert watch.look("1", False, 0.0) == ""
    assert watch.look("1", False, launching.STUCK_S + 6) == ""
    assert watch.look("1", True, launching.STUCK_S + 7) == "", "it began a second ago"
    assert watch.look("1", True, 2 * launching.STUCK_S + 6) == ""
    assert watch.look("1", True, 2 * launching.STUCK_S + 8) == "stuck"


def test_work_that_moves_is_never_stuck_and_its_end_begins_the_idle_time() -> None:
    watch = launching.Watch(idle_s=10, since=0.0)
    assert {watch.look(str(minute), True, 60.0 * minute) for minute in range(20)} == {""}
    assert watch.look("19", False, 5000.0) == ""
    assert watch.look("19", False, 5009.0) == ""
    assert watch.look("19", False, 5011.0) == "idle"
    assert launching.Watch(idle_s=0, since=0.0).look("", False, 1e9) == "", "0 keeps it"


@pytest.mark.parametrize("url", ["http://models.example/v1", "http://10.0.0.7:8000", "http://me:secret@models.example"])
def test_a_key_is_never_sent_in_the_clear_to_another_machine(url: str) -> None:
    key = "" if "@" in url else "k-1"
    with pytest.raises(EngineUnavailable, match=r"in the clear.*https"):
        Server(url, api_key=key)


@pytest.mark.parametrize(
    ("url", "key"),
    [("https://models.example", "k"), ("http://127.0.0.9:80", "k"), ("http://[::1]:80", "k"), ("http://10.0.0.7", "")],
)
async def test_a_key_goes_by_tls_or_stays_on_this_machine(url: str, key: str) -> None:
    await Server(url, api_key=key).close()

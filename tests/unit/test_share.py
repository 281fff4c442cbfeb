"""A shared engine: nobody without a key, nothing in the clear beyond this machine, and turns that are fair; with the real engine process behind it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import re
import signal
import socket as sockets
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import httpx
import pytest
import trustme
from typer.testing import CliRunner

from assay import compose
from assay.cli.commands import app
from assay.engine import processes
from assay.engine.api import Request
from assay.engine.by_url import Server
from assay.engine.client import Client
from assay.engine.local import Local
from assay.folders import folders
from assay.team import door, listening, serving
from assay.team.door import Door, NotShared
from assay.team.gate import answers, private
from assay.team.gate.answers import Gate
from assay.team.gate.nodes import Nodes
from assay.team.gate.upstream import Here, Who
from assay.team.identity.access import Keys
from assay.team.serving import application

ALICE, BOB = "alice-" + "a" * 30, "bob-" + "b" * 30
PREFIX = 'def add(a, b):\n    """Add two numbers."""\n    return'


def keys_file(folder: Path, text: str = f"# ours\nalice {ALICE}\nbob {BOB}\n", mode: int = 0o600) -> Path:
    path = folder / "keys"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_keys_are_names_and_keys(tmp_path: Path) -> None:
    assert door.keys_of(keys_file(tmp_path)) == {ALICE: "alice", BOB: "bob"}


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (f"alice {ALICE}\n", 0o644, "can be read by others"),
        ("alice short\n", 0o600, "Line 1"),
        (f"{ALICE}\n", 0o600, "Line 1"),
        (f"alice {ALICE}\nbob {ALICE}\n", 0o600, "Line 2"),
        (f"alice {ALICE}\nalice {BOB}\n", 0o600, "Line 2"),
        (f"jörg {ALICE}\n", 0o600, "ASCII"),
        ("# nobody\n", 0o600, "has no key"),
        ("alice " + "ü" * 30, 0o600, "Line 1"),
    ],
)
def test_a_key_file_that_is_none_is_said_without_its_keys(tmp_path: Path, text: str, mode: int, said: str) -> None:
    with pytest.raises(NotShared, match=said) as seen:
        door.keys_of(keys_file(tmp_path, text, mode))
    assert ALICE not in str(seen.value)


@pytest.mark.parametrize("text", ["", "8080", "host:", ":80", "host:0", "host:99999", "host:x"])
def test_an_address_is_a_host_and_a_port(text: str) -> None:
    with pytest.raises(NotShared, match="no HOST:PORT"):
        door.address(text)
    assert door.address("[::1]:8443") == ("::1", 8443)


def test_off_loopback_a_key_and_tls_are_needed(tmp_path: Path) -> None:
    with pytest.raises(NotShared, match="everybody needs a key"):
        Door("0.0.0.0", 8443, {})
    with pytest.raises(NotShared, match="TLS alone"):
        Door("0.0.0.0", 8443, {ALICE: "alice"})
    assert Door("127.0.0.1", 8443, {}).is_here
    run = CliRunner().invoke(app, ["engine", "--listen", "0.0.0.0:8443", "--key-file", str(keys_file(tmp_path))])
    if "No model" not in run.output:
        assert run.exit_code == 2 and "TLS alone" in run.output


@pytest.fixture
async def engine(model: Path, tmp_path: Path) -> AsyncIterator[Local]:
    launch = processes.launch_for(model, tmp_path / "run", idle_s=60)
    made = Local(launch)
    yield made
    if processes.is_locked(launch):
        os.kill(int((launch.folder / "engine.lock").read_text()), signal.SIGKILL)
    for started in processes.spawned:
        started.wait(10)


@pytest.fixture
async def http(engine: Local) -> AsyncIterator[httpx.AsyncClient]:
    made = Gate(Nodes([Here(engine, 4)]), Keys({ALICE: "alice", BOB: "bob"}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application(made)), base_url="http://s") as client:
        yield client
    await made.close()


async def test_nobody_without_a_key_reaches_the_engine(http: httpx.AsyncClient, engine: Local) -> None:
    for header in ({}, {"authorization": ALICE}, {"authorization": "Bearer nope"}, {"authorization": f"Basic {ALICE}"}):
        for path in answers.POSTS:
            answer = await http.post(path, json={"prompt": "x"}, headers=header)
            assert answer.status_code == 401
            assert "opens nothing" in answer.json()["error"]["message"]
        assert (await http.get("/v1/models", headers=header)).status_code == 401
    assert (await http.get("/health")).status_code == 200
    assert not processes.is_locked(engine._launch), "it was not even started"
    key = {"authorization": f"Bearer {ALICE}"}
    assert (await http.post("/completion", json={}, headers=key)).status_code == 404, (
        "the engine's other addresses are not shared"
    )
    assert (await http.post("/v1/completions", content=b"[", headers=key)).status_code == 400


async def test_without_keys_a_strange_name_of_this_machine_is_refused(engine: Local) -> None:
    made = Gate(Nodes([Here(engine, 1)]), Keys({}))
    for host, status in (("evil.example", 403), ("127.0.0.1", 400)):
        transport = httpx.ASGITransport(application(made))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}:8443") as client:
            assert (await client.post("/v1/completions", content=b"[")).status_code == status
    await made.close()


async def test_an_engine_that_was_killed_is_started_again(http: httpx.AsyncClient, engine: Local) -> None:
    key = {"authorization": f"Bearer {ALICE}"}
    body = {"prompt": "x = ", "max_tokens": 2}
    for path in ("/v1/completions", "/v1/models"):
        assert (await http.post("/v1/completions", json=body, headers=key)).status_code == 200
        os.kill(int((engine._launch.folder / "engine.lock").read_text()), signal.SIGKILL)
        for started in processes.spawned:
            started.wait(10)
        answer = await (
            http.get(path, headers=key) if path.endswith("models") else http.post(path, json=body, headers=key)
        )
        assert answer.status_code == 200
    odd = await http.post("/v1/completions", content=b'{"prompt": "\\ud800"}', headers=key)
    assert odd.status_code == 400


class Closing:
    """A server on a socket that answers each connection once, and closes it when it is asked again: what llama.cpp does with idle ones."""

    def __init__(self, path: Path, answer: dict[str, object]) -> None:
        self.path = path
        self.asked = 0
        self._body = json.dumps(answer).encode()

    async def __aenter__(self) -> Closing:
        self._server = await asyncio.start_unix_server(self._serve, self.path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            for is_first in (True, False):
                head = await reader.readuntil(b"\r\n\r\n")
                if found := re.search(rb"content-length: (\d+)", head, re.IGNORECASE):
                    await reader.readexactly(int(found[1]))
                if is_first:
                    self.asked += 1
                    writer.write(
                        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
                        % len(self._body)
                        + self._body
                    )
        writer.close()

    backend = "torch"

    async def running(self, *, again: bool = False) -> Path:
        return self.path

    async def end(self) -> None: ...


async def test_a_kept_connection_that_is_closed_costs_nobody_an_answer(tmp_path: Path) -> None:
    key = {"authorization": f"Bearer {ALICE}"}
    async with Closing(tmp_path / "s", {"choices": [{"text": "x", "index": 0}], "data": []}) as engine:
        made = Gate(Nodes([Here(engine, 4)]), Keys({ALICE: "alice"}))  # type: ignore[arg-type]  # what it uses of a Local
        transport = httpx.ASGITransport(application(made))
        async with httpx.AsyncClient(transport=transport, base_url="http://s") as client:
            for _ in range(3):
                answer = await client.post("/v1/completions", json={"prompt": "x"}, headers=key)
                assert answer.status_code == 200
                assert (await client.get("/v1/models", headers=key)).status_code == 200
        await made.close()
        direct = Client("http://engine", socket_path=str(tmp_path / "s"))
        for _ in range(3):
            assert (await direct.get("/v1/models"))["data"] == []
            async with direct.stream("/v1/completions", {}) as response:
                assert b"choices" in await response.aread()
        await direct.close()
    assert engine.asked == 12


async def test_what_was_kept_of_a_prompt_is_told_to_nobody(http: httpx.AsyncClient) -> None:
    """How much the engine had read before says what others asked, and so does the time that it took."""
    asking = {"timings_per_token": True, "return_progress": True, "verbose": True}
    body = {"prompt": PREFIX + ' # "timings":{1}', "max_tokens": 2} | asking
    key = {"authorization": f"Bearer {ALICE}"}
    for more in ({}, {"stream": True}, {"stream": True, "stop": ["never"]}):
        answer = (await http.post("/v1/completions", json=body | more, headers=key)).text
        assert '"text"' in answer
        assert not any(word in answer for word in ("cached", '"timings"', "cache_n", "progress", "__verbose"))
    assert "choices" in (await http.post("/v1/completions", json=body, headers=key)).json()


def test_what_people_wrote_is_no_count() -> None:
    untold = private.Untold()
    pieces = (
        b'data: {"choices":[{"text":"\\"timings\\":{1}"}],"tim',
        b'ings":{"cache_n":7,"prompt_ms":1.5}}\n',
        b"\ndata: [DONE]\n",
    )
    told = b"".join(map(untold.taken, pieces)) + untold.end()
    assert told == b'data: {"choices":[{"text":"\\"timings\\":{1}"}]}\n\ndata: [DONE]\n'
    written = b'data: {"choices":[{"text":"\\"prompt_progress\\":{"}]}\n\n'
    progress = b'data: {"choices":[{"text":""}],"prompt_progress":{"total":9,"cache":7}}\n\n'
    assert private.Untold().taken(progress + written) == b"\n\n" + written


@pytest.mark.parametrize("kept", [0, 1, 2, 3], ids=lambda n: f"{n} characters of a stop text at the end")
async def test_a_stream_says_what_the_whole_answer_says(http: httpx.AsyncClient, kept: int) -> None:
    key = {"authorization": f"Bearer {ALICE}"}
    body = {"prompt": PREFIX, "max_tokens": 6, "temperature": 0}
    text = (await http.post("/v1/completions", json=body, headers=key)).json()["choices"][0]["text"]
    asked = body | {"stop": [f"{text[len(text) - kept :]}never"]}
    whole = (await http.post("/v1/completions", json=asked, headers=key)).json()["choices"][0]
    streamed = await http.post("/v1/completions", json=asked | {"stream": True}, headers=key)
    events = [json.loads(line[6:]) for line in streamed.text.splitlines() if line.startswith("data: {")]
    told = "".join(one["choices"][0]["text"] or "" for one in events)
    assert (whole["text"], told) == (text, text)


@pytest.mark.parametrize(
    "more",
    [
        {"echo": True},
        {"max_tokens": 0},
        {"max_tokens": "4"},
        {"best_of": 3},
        {"use_beam_search": True, "n": 64},
        {"n": 2},
        {"n": 2.0},
        {"n": "2"},
        {"prompt": ["x"] * 2},
        {"prompt": [[1, 2], [3]]},
        {"stop": ["x"] * 17},
        {"stop": ["x" * 1_001]},
    ],
    ids=lambda more: str(more)[:30],
)
async def test_what_would_be_left_out_without_a_word_or_takes_all_places_is_refused(
    http: httpx.AsyncClient, more: dict[str, object]
) -> None:
    answer = await http.post(
        "/v1/completions", json={"prompt": "x", **more}, headers={"authorization": f"Bearer {ALICE}"}
    )
    assert answer.status_code == 400
    assert f"`{next(iter(more))}`" in answer.json()["error"]["message"]


async def test_what_the_engine_refuses_is_passed_on(http: httpx.AsyncClient) -> None:
    key = {"authorization": f"Bearer {ALICE}"}
    answer = await http.post("/v1/completions", json={"prompt": "word " * 20_000}, headers=key)
    assert answer.status_code == 400 and answer.json()["error"]["message"]


async def test_two_editors_on_one_model_over_tls(
    engine: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: settings of two people, their keys, the certificate of the team."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    with sockets.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = Door("127.0.0.1", port, door.keys_of(keys_file(tmp_path)), tmp_path / "cert.pem", tmp_path / "key.pem")
    running = asyncio.create_task(serving.share(Nodes([Here(engine, 4)]), made))

    async def text_of(key: str, ca_file: str) -> str:
        monkeypatch.setenv("ASSAY_ENGINE_URL", f"https://127.0.0.1:{port}")
        monkeypatch.setenv("ASSAY_ENGINE_API_KEY", key)
        monkeypatch.setenv("ASSAY_ENGINE_CA_FILE", ca_file)
        where = folders()
        person = compose.engine(compose.load_settings(where)[0], where)
        assert isinstance(person, Server)
        try:
            async with aclosing(person.generate(Request(PREFIX, max_tokens=8, stop=("\n",)))) as chunks:
                return "".join([chunk.text async for chunk in chunks])
        finally:
            await person.close()

    try:
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        async with httpx.AsyncClient(verify=context) as client:
            while True:
                try:
                    await client.get(f"https://127.0.0.1:{port}/health")
                    break
                except httpx.TransportError:
                    assert not running.done(), running.result()
                    await asyncio.sleep(0.05)
        ca = str(tmp_path / "ca.pem")
        texts = await asyncio.gather(text_of(ALICE, ca), text_of(BOB, ca))
        assert [one.replace(" ", "") for one in texts] == ["a+b", "a+b"]
        with pytest.raises(Exception, match="does not accept the API key"):
            await text_of("carol-" + "c" * 30, ca)
        with pytest.raises(Exception, match="is not trusted"):
            await text_of(ALICE, "")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_who_is_sent_away_is_not_listened_to(http: httpx.AsyncClient) -> None:
    """A stranger's body is nothing to wait for."""
    answer = await http.post("/v1/completions", json={"prompt": "x"}, headers={"authorization": "Bearer nope"})
    assert (answer.status_code, answer.headers["connection"]) == (401, "close")


@pytest.mark.parametrize("is_streamed", [True, False], ids=["streamed", "in one piece"])
async def test_whoever_goes_away_while_a_long_prompt_is_read_frees_the_engine(
    http: httpx.AsyncClient, engine: Local, is_streamed: bool
) -> None:
    key = {"authorization": f"Bearer {ALICE}"}
    assert (await http.post("/v1/completions", json={"prompt": "x", "max_tokens": 1}, headers=key)).status_code == 200
    prompt = "".join(
        f"name_{number} = {number * 7919}\n" for number in range(450)
    )  # half a minute of reading, and more
    body = {"prompt": prompt, "max_tokens": 4000, "stream": is_streamed}
    asking = asyncio.create_task(http.post("/v1/completions", json=body, headers=key))
    while not await engine._slots():
        assert not asking.done(), asking.result().text
        await asyncio.sleep(0.02)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    while slots := await engine._slots():
        assert not slots[0]["next_token"][0]["n_decoded"], "it read to the end, for nobody"
        await asyncio.sleep(0.05)


async def test_a_field_that_nobody_knows_goes_no_further(http: httpx.AsyncClient) -> None:
    """llama.cpp has another name for `n`."""
    key = {"authorization": f"Bearer {ALICE}"}
    body = {"prompt": PREFIX, "max_tokens": 2, "n_cmpl": 3, "stream": True}
    events = (await http.post("/v1/completions", json=body, headers=key)).text
    assert '"index":0' in events and '"index":1' not in events
    tools = {"messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function"}]}
    refused = await http.post("/v1/chat/completions", json=tools, headers=key)
    assert (refused.status_code, "`tools`" in refused.text) == (400, True)


async def test_an_answer_in_one_piece_is_joined_from_a_stream(http: httpx.AsyncClient) -> None:
    """Its shape is what llama.cpp gives itself."""
    key = {"authorization": f"Bearer {ALICE}"}
    body = {"prompt": PREFIX, "max_tokens": 8, "temperature": 0, "logprobs": 1, "stop": ["\n"]}
    answer = (await http.post("/v1/completions", json=body, headers=key)).json()
    choice = answer["choices"][0]
    assert (answer["object"], choice["index"], choice["finish_reason"]) == ("text_completion", 0, "stop")
    assert choice["text"].replace(" ", "") == "a+b"
    assert "".join(one["token"] for one in choice["logprobs"]["content"]).startswith(choice["text"])
    chat = {"messages": [{"role": "user", "content": "Say yes."}], "max_tokens": 8, "temperature": 0}
    told = (await http.post("/v1/chat/completions", json=chat, headers=key)).json()
    assert told["object"] == "chat.completion" and told["usage"]["completion_tokens"] > 0
    assert told["choices"][0]["message"]["role"] == "assistant" and told["choices"][0]["message"]["content"]


async def test_whoever_goes_away_frees_the_engine(engine: Local, tmp_path: Path) -> None:
    made = Nodes([Here(engine, 1)])
    pieces = made.post("/v1/completions", {"prompt": "x = ", "max_tokens": 4000, "stream": True}, Who(), 0)
    async with aclosing(pieces):
        await anext(pieces)
        assert made.queue.there == 1
    assert made.queue.there == 0
    await made.close()


async def test_keys_are_read_again_and_strangers_keep_nobody_out(
    engine: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real door: SIGHUP, connections that ask for nothing, and the model's process gone with it."""
    monkeypatch.setattr(listening, "STRANGERS", 20)
    with sockets.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path, told = keys_file(tmp_path), list[str]()
    made = Door("127.0.0.1", port, door.keys_of(path), key_file=path)
    running = asyncio.create_task(serving.share(Nodes([Here(engine, 4)]), made, told.append))
    while not told:
        assert not running.done(), running.result()
        await asyncio.sleep(0.02)
    assert told == [f"sharing at http://127.0.0.1:{port} for alice, bob; Ctrl+C ends it"]
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(40)]
    carol = "carol-" + "c" * 30

    async def status(key: str) -> int:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            return (await client.get("/v1/models", headers={"authorization": f"Bearer {key}"})).status_code

    assert [await status(ALICE), await status(carol)] == [200, 401]
    assert await silent[0][0].read() == b"", "the oldest stranger was sent away"
    path.write_text(f"carol {carol}\n")
    os.kill(os.getpid(), signal.SIGHUP)
    while len(told) < 2:
        await asyncio.sleep(0.02)
    assert [await status(ALICE), await status(carol)] == [401, 200]
    path.write_text("nonsense\n")
    os.kill(os.getpid(), signal.SIGHUP)
    while len(told) < 3:
        await asyncio.sleep(0.02)
    assert "Line 1" in told[2] and "holds on" in told[2]
    assert await status(carol) == 200
    for _, writer in silent:
        writer.close()
    monkeypatch.setattr(listening, "HEAD_S", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
    assert await reader.readuntil(b"}")
    writer.write(b"G")  # which keeps it, for uvicorn
    async with asyncio.timeout(4):
        assert await reader.read() == b""
    writer.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert not processes.is_locked(engine._launch), "who started the model ends it"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl+C", "SIGTERM"])
@pytest.mark.parametrize("when", ["starting", "sharing"])
async def test_the_model_goes_with_the_door(model: Path, home: Path, when: str, number: signal.Signals) -> None:
    """A real process and a real signal, while a window's client keeps its connection."""
    with sockets.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = [sys.executable, "-m", "assay", "engine", "--listen", f"127.0.0.1:{port}", "--model", str(model)]
    process = await asyncio.create_subprocess_exec(
        *told, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    async with asyncio.timeout(60), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        line = b""
        while when.encode() not in line:
            line = await process.stdout.readline()
            assert line, "it ended"
        if when == "sharing":
            assert (await client.post("/v1/completions", json={"prompt": "x", "max_tokens": 1})).status_code == 200
        locks = list[Path]()
        while not locks or not locks[0].read_text():
            locks = list((folders().runtime).glob("*/engine.lock"))
            await asyncio.sleep(0.01)
        process.send_signal(number)
        said = await process.stdout.read()
        assert await process.wait() == 0, said.decode()
    with locks[0].open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody holds it: the model's process is gone


async def test_a_port_that_is_taken_is_told_before_anything_is_started(engine: Local) -> None:
    with sockets.create_server(("127.0.0.1", 0)) as taken:
        told = list[str]()
        with pytest.raises(NotShared, match="Nothing can listen"):
            at = Door("127.0.0.1", taken.getsockname()[1], {})
            await serving.share(Nodes([Here(engine, 4)]), at, told.append)
    assert told == []
    assert not processes.is_locked(engine._launch)


async def test_a_certificate_that_is_none_is_said(engine: Local, tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("nothing")
    made = Door("127.0.0.1", 1, {}, tmp_path / "cert.pem", tmp_path / "cert.pem")
    with pytest.raises(NotShared, match="cannot be used"):
        await serving.share(Nodes([Here(engine, 1)]), made)

"""The real server, as a process behind TLS: set up by the book, refused to whoever may not, and there again when something was killed."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.lsp.client import Client
from tests.team.engine import Engine
from tests.team.running import Running, free_port, run, serving

ROOT = Path(__file__).parents[2]
STREAM = {"prompt": "# a file\nword", "max_tokens": 400, "stream": True}


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    async with Engine() as made:
        yield made


@pytest.fixture
async def server(engine: Engine, tmp_path: Path) -> AsyncIterator[Running]:
    """One with alice and bob."""
    opened = serving(tmp_path / "server", engine.url)
    made = await asyncio.to_thread(opened.__enter__)
    try:
        await asyncio.to_thread(lambda: [made.add("alice", "admin"), made.add("bob")])
        yield made
    finally:
        await asyncio.to_thread(opened.__exit__, None, None, None)


def by_the_book() -> list[str]:
    """The commands of docs/team.md from nothing to an editor that is logged in."""
    text = (
        (ROOT / "docs" / "team.md")
        .read_text("utf-8")
        .partition("## From nothing to two editors")[2]
        .partition("\n## ")[0]
    )
    return [line.strip() for line in text.splitlines() if line.startswith("    assay ")]


async def test_five_commands_of_the_book_lead_to_an_editor_that_completes(
    model: Path, tmp_path: Path, home: Path
) -> None:
    """With the real model of this machine, which `assay setup` fetched."""
    commands = by_the_book()
    assert [one.split()[1] for one in commands] == ["serve", "user", "user", "serve", "login"]
    port, folder = free_port(), tmp_path / "server"
    theirs = {"ASSAY_HOME": str(tmp_path / "served"), "ASSAY_SERVER": str(folder)}
    (tmp_path / "served" / "cache").mkdir(parents=True)
    (tmp_path / "served" / "cache" / "models").symlink_to(model.parent)
    told = [
        one.replace("https://models.lan:8443", f"https://127.0.0.1:{port}").replace(
            "models.lan", f"127.0.0.1 --port {port}"
        )
        for one in commands
    ]
    tokens = list[str]()
    process = None
    try:
        for one in told:
            words = shlex.split(one)[1:]
            if words == ["serve"]:
                process = await asyncio.create_subprocess_exec(
                    *run_with("serve"), env={**os.environ, **theirs}, stderr=asyncio.subprocess.PIPE
                )
                assert process.stderr is not None
                async with asyncio.timeout(90):
                    while b"sharing at" not in (line := await process.stderr.readline()):
                        assert line, "it ended"
            elif words[0] == "login":
                words[words.index("ca.pem")] = str(folder / "ca.pem")
                said = await asyncio.to_thread(run, *words, "--token-file", "-", given=tokens[-1])
                assert "You are bob" in said and "keeps a record" in said
            else:
                tokens += (await asyncio.to_thread(run, *words, env=theirs)).splitlines()[-1:]
        assert len(tokens) == 3
        assert (home / "config" / "team.key").stat().st_mode & 0o777 == 0o600
        client = await Client.start(
            env={"ASSAY_SANDBOX_ENABLED": "false", "ASSAY_VERIFY_POLICY": "static", "ASSAY_COMPLETE_PACE_MS": "0"}
        )
        try:
            project = tmp_path / "project"
            project.mkdir()
            file = project / "sums.py"
            file.write_text('def add(a, b):\n    """Add two numbers."""\n    return \n')
            await client.initialize(project)
            client.open(file, file.read_text())
            found = await completed(client, file.as_uri(), 2, 11)
            assert found["insertText"].strip().replace(" ", "").startswith(("a+b", "returna+b"))
        finally:
            await client.end()
    finally:
        if process is not None:
            process.terminate()
            await process.wait()
    verified = await asyncio.to_thread(run, "audit", "verify", "--folder", str(folder), env=theirs)
    assert "The chain holds" in verified


def run_with(*told: str) -> list[str]:
    from tests.team.running import ASSAY

    return [*ASSAY, *told]


async def completed(client: Client, uri: str, line: int, character: int) -> dict[str, Any]:
    """A suggestion, asked for by hand; asked again until the parts are there."""
    async with asyncio.timeout(60):
        while not (found := await client.inline(uri, line, character, invoked=True)):
            await asyncio.sleep(0.3)
    return found[0]


async def test_on_no_route_anything_opens_that_should_not(server: Running) -> None:
    folder = str(server.folder)

    def prepared() -> dict[str, str]:
        for name in ("carol", "dan"):
            server.add(name)
        found = {
            "nothing": "",
            "wrong": server.tokens["bob"][:-4] + "abcd",
            "none": "assay_x",
            "revoked": server.tokens["carol"],
            "disabled": server.tokens["dan"],
        }
        run("user", "disable", "dan", "--folder", folder)
        listed = json.loads(run("user", "token", "list", "carol", "--json", "--folder", folder))
        run("user", "token", "revoke", listed["tokens"][0]["id"], "--folder", folder)
        found["expired"] = run("user", "token", "add", "bob", "--expires", "1d", "--folder", folder).splitlines()[-1]
        with sqlite3.connect(server.folder / "assay.sqlite3") as connection:
            connection.execute("UPDATE tokens SET expires_ms = 1000 WHERE id = ?", (found["expired"].split("_")[1],))
        for scope in ("complete", "chat", "record", "metrics"):
            found[f"scope {scope}"] = run(
                "user", "token", "add", "bob", "--scopes", scope, "--folder", folder
            ).splitlines()[-1]
        return found

    tokens = await asyncio.to_thread(prepared)
    await asyncio.sleep(1)
    seen = 0
    async with server.http() as http:
        listed = (await http.get("/openapi.json")).json()["paths"]
        for path, methods in listed.items():
            for method, told in methods.items():
                wanted = re.search(r"scope (\w+)", told.get("description", ""))
                for name, token in tokens.items():
                    headers = {"authorization": f"Bearer {token}"} if token else {}
                    answer = await http.request(
                        method,
                        path,
                        headers=headers,
                        json={"prompt": "x", "max_tokens": 2} if method == "post" else None,
                    )
                    if not wanted:
                        assert answer.status_code not in (401, 500), path
                    elif name.startswith("scope"):
                        is_right = name == f"scope {wanted[1]}"
                        assert (answer.status_code not in (401, 403, 500)) if is_right else answer.status_code == 403, (
                            path,
                            name,
                            answer.text,
                        )
                        seen += 1
                    else:
                        assert answer.status_code == 401, (path, name, answer.text)
                        assert answer.json()["error"]["message"]
                        seen += 1
    assert len(listed) >= 14 and seen > 60


async def test_logging_in_says_what_is_wrong_in_words_of_logging_in(
    server: Running, tmp_path: Path, home: Path
) -> None:
    (tmp_path / "other.pem").write_text("no certificate")

    def said(*told: str, given: str = "") -> str:
        done = subprocess.run(
            [*run_with("login"), *told], input=given, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    def all_said() -> None:
        ca, token = str(server.ca), server.tokens["bob"]
        assert "with --ca FILE" in said(server.url, "--token-file", "-", given=token)
        assert "is no file" in said(server.url, "--ca", "/nowhere", "--token-file", "-", given=token)
        assert "can be made" in said(server.url, "--ca", str(tmp_path / "other.pem"), "--token-file", "-", given=token)
        assert "does not take that key" in said(server.url, "--ca", ca, "--token-file", "-", given="wrong")
        assert "There is no token" in said(server.url, "--ca", ca, "--token-file", "-", given="\n")
        assert "gives no answer" in said(f"https://127.0.0.1:{free_port()}", "--token-file", "-", given=token)
        assert "by https alone" in said("http://models.lan", "--token-file", "-", given=token)

    await asyncio.to_thread(all_said)
    assert not (home / "config").exists(), "nothing was kept"
    await asyncio.to_thread(
        run, "login", server.url, "--ca", str(server.ca), "--token-file", "-", given=server.tokens["bob"]
    )
    assert (home / "config" / "team-ca.pem").read_text() == server.ca.read_text()
    await asyncio.to_thread(run, "logout")
    assert (
        not list((home / "config").glob("team*")) and "127.0.0.1" not in (home / "config" / "settings.toml").read_text()
    )


async def test_what_is_revoked_opens_nothing_a_second_later_and_ends_what_is_written(
    server: Running, engine: Engine
) -> None:
    engine.word_s = 0.02
    token_id = server.tokens["bob"].split("_")[1]
    async with server.http(server.tokens["bob"]) as http:
        assert (await http.get("/v1/me")).json()["name"] == "bob"
        answer = asyncio.create_task(http.post("/v1/completions", json=STREAM | {"max_tokens": 4_000}))
        while engine.words["word"] < 3:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(run, "user", "token", "revoke", token_id, "--folder", str(server.folder))
        begun = time.monotonic()
        async with asyncio.timeout(1.5):
            while (await http.get("/v1/me")).status_code == 200:
                await asyncio.sleep(0.05)
        assert '"code": 401' in (await answer).text
        assert time.monotonic() - begun < 3


async def test_answers_under_way_end_well_when_it_is_told_to_end(server: Running, engine: Engine) -> None:
    engine.word_s = 0.02
    async with server.http(server.tokens["bob"]) as http:
        answer = asyncio.create_task(http.post("/v1/completions", json=STREAM | {"max_tokens": 80}))
        while engine.words["word"] < 3:
            await asyncio.sleep(0.01)
        assert await asyncio.to_thread(server.end) == 0
        assert (await answer).text.count('"text"') == 80


async def test_clients_that_vanish_stop_the_engines_work(server: Running, engine: Engine) -> None:
    """Two hundred in the middle of their answers, and some while they wait."""
    engine.word_s = 0.05
    before = engine.words["word"]
    async with server.http(server.tokens["bob"]) as http, server.http(server.tokens["alice"]) as other:
        for number in range(10):
            tasks = [
                asyncio.create_task((http, other)[one % 2].post("/v1/completions", json=STREAM)) for one in range(20)
            ]
            async with asyncio.timeout(20):
                while engine.at_work < 20:
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.06)
                for one in tasks:
                    one.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                gone, written = time.monotonic(), engine.words["word"]
                while engine.at_work:
                    await asyncio.sleep(0.005)
            assert engine.words["word"] - written <= 20 * 2, "each wrote the word that it was at, and one more at most"
            assert time.monotonic() - gone < 2, number
        assert engine.words["word"] - before < 200 * 20, "of 80 000"
        assert (await http.post("/v1/completions", json=STREAM | {"max_tokens": 3})).status_code == 200


async def test_a_server_that_was_killed_loses_nothing_that_it_acknowledged(server: Running, engine: Engine) -> None:
    engine.word_s = 0.01
    acknowledged, said = list[str](), list[str]()
    stop = asyncio.Event()

    async def tells(name: str) -> None:
        number = 0
        async with server.http(server.tokens[name]) as http:
            while not stop.is_set():
                events = [
                    {
                        "id": f"{name}-{number}-{one}",
                        "event": "fate",
                        "suggestion": "s",
                        "kind": "line",
                        "model": "m",
                        "fate": "accepted",
                    }
                    for one in range(5)
                ]
                try:
                    answer = await http.post("/v1/record", json={"events": events})
                    if answer.status_code == 200:
                        acknowledged.extend(one["id"] for one in events)
                        number += 1
                except httpx.HTTPError as error:
                    said.append(type(error).__name__)
                    await asyncio.sleep(0.1)

    telling = [asyncio.create_task(tells(name)) for name in ("alice", "bob")]
    for _ in range(2):
        await asyncio.sleep(0.7)
        await asyncio.to_thread(server.end, signal.SIGKILL)
        begun = time.monotonic()
        await asyncio.to_thread(server.start)
        count = len(acknowledged)
        async with asyncio.timeout(5):
            while len(acknowledged) == count:
                await asyncio.sleep(0.02)
        assert time.monotonic() - begun < 10
    await asyncio.to_thread(run, "user", "disable", "bob", "--folder", str(server.folder))
    stop.set()
    await asyncio.gather(*telling)
    await asyncio.to_thread(server.end, signal.SIGKILL)
    await asyncio.to_thread(server.start)
    async with server.http(server.tokens["bob"]) as http, server.http(server.tokens["alice"]) as other:
        assert (await http.get("/v1/me")).status_code == 401, "who was disabled stays so"
        assert (await other.get("/v1/me")).status_code == 200
    rows = [
        json.loads(line)
        for line in (
            await asyncio.to_thread(run, "audit", "export", "--kind", "fate", "--folder", str(server.folder))
        ).splitlines()
    ]
    kept = {one["personal"]["event"].partition(":")[2] for one in rows}
    assert set(acknowledged) <= kept and len(kept) == len(rows) and len(acknowledged) > 30
    assert "The chain holds" in await asyncio.to_thread(run, "audit", "verify", "--folder", str(server.folder))


async def test_an_upstream_that_was_killed_is_left_out_within_seconds(tmp_path: Path) -> None:
    async with Engine(word_s=0.02) as one, Engine(word_s=0.02) as two:
        opened = serving(tmp_path / "server", one.url, two.url)
        server = await asyncio.to_thread(opened.__enter__)
        try:
            await asyncio.to_thread(server.add, "alice")
            async with server.http(server.tokens["alice"]) as http:
                answers = [
                    asyncio.create_task(http.post("/v1/completions", json=STREAM | {"max_tokens": 60}))
                    for _ in range(12)
                ]
                while one.at_work + two.at_work < 12:
                    await asyncio.sleep(0.01)
                (one if one.at_work else two).kill()
                found = await asyncio.gather(*answers)
                assert [answer.text.count(" / word") for answer in found] == [60] * 12
                assert all(answer.text.count("[DONE]") == 1 and "error" not in answer.text for answer in found)
        finally:
            await asyncio.to_thread(opened.__exit__, None, None, None)
        assert server.log.count("gave no answer; whoever had it") == 1, "said once"


async def test_strangers_and_bodies_without_end_keep_nobody_out(server: Running) -> None:
    """A thousand connections that ask for nothing, some that never end, heads and bodies that are too large."""
    import contextlib
    import ssl

    context = ssl.create_default_context(cafile=str(server.ca))

    async def opened(with_tls: bool) -> asyncio.StreamWriter:
        told: dict[str, Any] = {"ssl": context} if with_tls else {}
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, **told)
        return writer

    async def status(http: httpx.AsyncClient) -> int:
        async with asyncio.timeout(10):
            return (await http.get("/v1/me")).status_code

    async with server.http(server.tokens["bob"]) as http:
        writers = [await opened(with_tls=False) for _ in range(800)]
        writers += [await opened(with_tls=True) for _ in range(200)]
        assert await status(http) == 200
        for one in writers[-100:]:
            one.write(b"POST /v1/completions HTTP/1.1\r\nhost: x\r\n")
        for one in writers[-50:]:
            with contextlib.suppress(OSError):
                one.write(b"authorization: Bearer x\r\ncontent-length: 1000000\r\n\r\n{")
        assert await status(http) == 200
        flood = await opened(with_tls=True)
        flood.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\n" + b"x-header: " + b"y" * 200_000 + b"\r\n\r\n")
        for _ in range(3):
            with contextlib.suppress(httpx.HTTPError):
                answer = await http.post("/v1/completions", content=_endless(100 << 20))
                assert answer.status_code == 413
        with contextlib.suppress(httpx.HTTPError):
            answer = await http.post("/v1/record", content=b"[" * 3_000_000)
            assert answer.status_code == 400
        assert await status(http) == 200
        for one in [*writers, flood]:
            one.transport.abort()
    status_of = (Path("/proc") / str(server.process.pid) / "status").read_text() if server.process and Path("/proc").is_dir() else "VmHWM: 0 kB"  # fmt: skip
    assert int(re.findall(r"VmHWM:\s+(\d+)", status_of)[0]) < 700_000, "kilobytes, at the most that it ever had"


async def _endless(size: int) -> AsyncIterator[bytes]:
    for _ in range(size >> 20):
        yield b"x" * (1 << 20)


async def test_its_certificate_is_read_again_when_it_changes(server: Running) -> None:
    import ssl

    from assay.team import certificates

    def seen() -> bytes:
        return ssl.get_server_certificate(("127.0.0.1", server.port)).encode()

    first = await asyncio.to_thread(seen)
    key = (server.folder / "key.pem").read_bytes()
    (server.folder / "key.pem").write_bytes((server.folder / "ca-key.pem").read_bytes())  # half of another pair
    await asyncio.sleep(2.5)
    assert await asyncio.to_thread(seen) == first, "what fits no more is not taken, and what was is served still"
    (server.folder / "key.pem").write_bytes(key)
    await asyncio.to_thread(certificates.make, server.folder, ["127.0.0.1"])
    async with asyncio.timeout(15):
        while await asyncio.to_thread(seen) == first:
            await asyncio.sleep(0.1)
    async with server.http(server.tokens["bob"]) as http:
        assert (await http.get("/healthz")).status_code == 200


async def test_who_has_no_certificate_of_the_authority_does_not_get_in(engine: Engine, tmp_path: Path) -> None:
    import ssl

    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "clients.pem")
    opened = serving(tmp_path / "server", engine.url, config=f'client_ca = "{tmp_path}/clients.pem"\n')
    server = await asyncio.to_thread(opened.__enter__)
    try:
        await asyncio.to_thread(server.add, "alice")
        async with server.http(server.tokens["alice"]) as http:
            with pytest.raises(httpx.HTTPError):
                await http.get("/v1/me")
        context = ssl.create_default_context(cafile=str(server.ca))
        authority.issue_cert("alice.lan").configure_cert(context)
        async with httpx.AsyncClient(verify=context, base_url=server.url) as http:
            assert (await http.get("/v1/me")).status_code == 401
            assert (
                await http.get("/v1/me", headers={"authorization": f"Bearer {server.tokens['alice']}"})
            ).status_code == 200
    finally:
        await asyncio.to_thread(opened.__exit__, None, None, None)


async def test_what_is_typed_is_nowhere_but_at_the_engine(
    server: Running, engine: Engine, tmp_path: Path, home: Path
) -> None:
    """A session in an editor that tells the record what became of its suggestions."""
    word = "canary7391"
    await asyncio.to_thread(
        run, "login", server.url, "--ca", str(server.ca), "--token-file", "-", given=server.tokens["bob"]
    )
    client = await Client.start(
        env={
            "ASSAY_SANDBOX_ENABLED": "false",
            "ASSAY_VERIFY_POLICY": "static",
            "ASSAY_COMPLETE_PACE_MS": "0",
            "ASSAY_COMPLETE_EAGERNESS": "1",
        }
    )
    try:
        project = tmp_path / "project"
        project.mkdir()
        file = project / "a.py"
        file.write_text(f"# {word}\n{word} = 1\nvalue = {word} \n")
        await client.initialize(project)
        client.open(file, file.read_text())
        found = await completed(client, file.as_uri(), 2, len(f"value = {word} "))
        suggestion = found["command"]["arguments"][0]["suggestionId"]
        await client.ask(
            "workspace/executeCommand", {"command": "assay.accepted", "arguments": [{"suggestionId": suggestion}]}
        )
        assert any(word in one for one in engine.prompts)
        exported = ""
        async with asyncio.timeout(40):
            while '"accepted"' not in exported:
                await asyncio.sleep(0.5)
                exported = await asyncio.to_thread(run, "audit", "export", "--folder", str(server.folder))
    finally:
        await client.end()
    kinds = [json.loads(line)["kind"] for line in exported.splitlines()]
    assert "suggestion" in kinds and "fate" in kinds
    async with server.http(await asyncio.to_thread(server.add, "watch")) as http:
        token = (
            await asyncio.to_thread(
                run, "user", "token", "add", "watch", "--scopes", "metrics", "--folder", str(server.folder)
            )
        ).splitlines()[-1]
        metrics = (await http.get("/metrics", headers={"authorization": f"Bearer {token}"})).text
    assert "assay_requests_total" in metrics
    await asyncio.to_thread(server.end)
    stored = b"".join(one.read_bytes() for one in server.folder.glob("assay.sqlite3*"))
    for where in (exported, metrics, server.log, stored.decode("latin-1")):
        assert word not in where

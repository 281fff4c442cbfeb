"""A shared engine before several servers: each person has one, another one while it is away, and no key or prompt goes in the clear."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from assay.cli.commands import app
from assay.engine.web import Refused, ServerBusy, error_response
from assay.team import door
from assay.team.door import NotShared
from assay.team.gate import nodes, upstream
from assay.team.gate.answers import Gate
from assay.team.gate.nodes import Nodes
from assay.team.gate.upstream import There
from assay.team.identity.access import Keys
from assay.team.serving import application
from tests.lsp.stub import Stub

PEOPLE = {f"key-of-person-{number:02}-and-more": f"person{number}" for number in range(40)}


def before(*stubs: Stub) -> Nodes:
    return Nodes([There(one.url, "", "", 64) for one in stubs])


def http_of(made: Nodes) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(application(Gate(made, Keys(PEOPLE))))
    return httpx.AsyncClient(transport=transport, base_url="http://s")


async def served_by(http: httpx.AsyncClient) -> dict[str, str]:
    """Which server answered each person."""
    found = {}
    for key, name in PEOPLE.items():
        answer = await http.post("/v1/completions", json={"prompt": "x"}, headers={"authorization": f"Bearer {key}"})
        assert answer.status_code == 200, answer.text
        found[name] = answer.json()["choices"][0]["text"]
    return found


async def test_each_person_has_a_node_and_only_those_of_one_that_is_gone_have_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upstream, "LOOK_S", 0.05)
    async with Stub(lambda _: "a") as a, Stub(lambda _: "b") as b, Stub(lambda _: "c", owner="vllm") as c:
        made = before(a, b, c)
        async with http_of(made) as http:
            first = await served_by(http)
            assert min(Counter(first.values()).values()) >= 5, "they are spread"
            assert await served_by(http) == first
            c.refuse = 503
            assert {name: by for name, by in (await served_by(http)).items() if first[name] != "c"} == {
                name: by for name, by in first.items() if by != "c"
            }
            c.refuse = 0
            async with asyncio.timeout(10):
                while not all(one.is_up for one in made._nodes):
                    await asyncio.sleep(0.02)
            assert await served_by(http) == first, "who had it has it again"
        await made.close()


async def test_a_node_that_nobody_reaches_costs_nobody_an_answer() -> None:
    async with Stub(lambda _: "a", owner="vllm") as a:
        made = Nodes([There(a.url, "", "", 64), There("http://127.0.0.1:9", "", "", 64)])
        async with http_of(made) as http:
            assert set((await served_by(http)).values()) == {"a"}
            key = {"authorization": f"Bearer {next(iter(PEOPLE))}"}
            assert (await http.get("/v1/models", headers=key)).json()["data"][0]["id"] == "stub"
        await made.close()
    made = Nodes([There("http://127.0.0.1:9", "", "", 64)])
    async with http_of(made) as http:
        answer = await http.post("/v1/completions", json={"prompt": "x"}, headers=key)
        assert (answer.status_code, answer.json()["error"]["message"]) == (502, "The engine gave no answer.")
    await made.close()


async def test_what_a_node_refuses_is_refused_and_no_reason_to_ask_another() -> None:
    async with Stub(lambda _: "a", refuse=400) as a, Stub(lambda _: "b", refuse=400) as b:
        made = before(a, b)
        async with http_of(made) as http:
            for key in PEOPLE:
                asked = await http.post(
                    "/v1/completions", json={"prompt": "x"}, headers={"authorization": f"Bearer {key}"}
                )
                assert asked.status_code == 400
        assert all(one.is_up for one in made._nodes)
        await made.close()


async def test_a_door_before_a_door_keeps_people_apart_and_asks_for_no_more_than_it_may_have() -> None:
    """The second one sees one person; what the first one says of people goes into what is kept."""
    async with Stub(lambda _: "a", owner="vllm") as a:
        inner = before(a)
        inner._nodes[0]._is_steered, inner._nodes[0]._kind = True, "vllm"  # type: ignore[attr-defined]  # as if it were ours
        inner._nodes[0]._is_known = True  # type: ignore[attr-defined]
        outer_node = There("http://inner", "", "", 64)
        transport = httpx.ASGITransport(application(Gate(inner, Keys({}))))
        outer_node._http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        outer = Nodes([outer_node])
        async with http_of(outer) as http:
            await served_by(http)
        assert outer_node.is_steered and outer_node.limit == 63
        assert len({one["cache_salt"] for one in a.requests}) == len(PEOPLE)
        assert {one["priority"] for one in a.requests} == {0}
        await outer.close()
        await inner.close()


async def test_a_node_that_is_busy_is_not_away() -> None:
    async with Stub(lambda _: "a") as a, Stub(lambda _: "b") as b:
        made = before(a, b)
        for one in made._nodes:
            transport = httpx.MockTransport(
                lambda _: httpx.Response(503, headers={"retry-after": "1"}, json={"error": {"message": "busy"}})
            )
            await one._http.aclose()  # type: ignore[attr-defined]
            one._http = httpx.AsyncClient(transport=transport, base_url="http://n")  # type: ignore[attr-defined]
        async with http_of(made) as http:
            told = await http.post(
                "/v1/completions", json={"prompt": "x"}, headers={"authorization": f"Bearer {next(iter(PEOPLE))}"}
            )
        assert (told.status_code, told.json()["error"]["message"]) == (503, "busy")
        assert told.headers["retry-after"], "or a door before this one would take it for gone"
        assert all(one.is_up for one in made._nodes)
        await made.close()


async def test_only_a_node_that_can_be_told_keeps_prefixes_apart() -> None:
    """A server that does not know the field may refuse it."""
    async with Stub(lambda _: "a", owner="vllm") as plain:
        made = before(plain)
        async with http_of(made) as http:
            await served_by(http)
        assert "cache_salt" not in plain.requests[-1]
        await made.close()


async def test_a_node_that_is_broken_is_stood_in_for() -> None:
    """A full queue says when to come again; what is broken, or starts, does not."""
    broken = ServerBusy("full"), Refused("The engine ended while starting.", 503)
    assert [("retry-after" in error_response(one).headers) for one in broken] == [True, False]
    async with Stub(lambda _: "a") as a:
        away = There("http://127.0.0.1:9", "", "", 64)
        transport = httpx.MockTransport(lambda _: httpx.Response(503, json={"error": {"message": "no"}}))
        away._http = httpx.AsyncClient(transport=transport, base_url="http://n")
        made = Nodes([away, There(a.url, "", "", 64)])
        async with http_of(made) as http:
            assert set((await served_by(http)).values()) == {"a"}
        await made.close()


@pytest.mark.parametrize(
    ("kind", "told", "wanted"),
    [
        ("server", {}, {}),
        ("llamacpp", {}, {}),
        ("llamacpp", {"stream": True}, {"stream": True, "return_progress": True}),
        ("torch", {}, {"priority": 1}),
        ("vllm", {}, {"priority": 1 + 3 * nodes.STEP, "cache_salt": "s"}),
        ("vllm", {nodes.LOAD: 1}, {"priority": 1 + nodes.STEP, "cache_salt": "s"}),
        ("vllm", {nodes.LOAD: 90}, {"priority": 1 + 3 * nodes.STEP, "cache_salt": "s"}),
        ("vllm", {nodes.LOAD: "0"}, {"priority": 1 + 3 * nodes.STEP, "cache_salt": "s"}),
        ("door", {}, {"priority": 1, nodes.LOAD: 3}),
    ],
    ids=str,
)
def test_each_kind_is_told_what_it_knows(
    kind: upstream.Kind, told: dict[str, object], wanted: dict[str, object]
) -> None:
    """Of one whose person has three answers under way already."""
    node = There("http://127.0.0.1:9", "", "", 4)
    node._kind, node._is_steered = kind, kind == "vllm"
    body = {"prompt": "x", "cache_salt": "s", "priority": 7} | told
    assert json.loads(nodes._packed(body, node, 3, 1)) == {"prompt": "x"} | wanted


async def test_servers_of_others_hear_no_names_and_a_slow_one_is_not_gone() -> None:
    heard = list[httpx.Headers]()

    def slow(request: httpx.Request) -> httpx.Response:
        heard.append(request.headers)
        if request.url.path == "/v1/models":
            return httpx.Response(200, json={"data": []})
        raise httpx.ReadTimeout("slow", request=request)

    node = There("http://127.0.0.1:9", "", "", 64)
    node._http, node._is_known = httpx.AsyncClient(transport=httpx.MockTransport(slow), base_url="http://n"), True
    made = Nodes([node])
    async with http_of(made) as http:
        key = {"authorization": f"Bearer {next(iter(PEOPLE))}"}
        answer = await http.post("/v1/completions", json={"prompt": "x"}, headers=key)
    assert (answer.status_code, answer.json()["error"]["message"]) == (504, "The engine took too long.")
    assert node.is_up
    assert not any("person0" in value for one in heard for value in one.values())
    await made.close()


async def test_nothing_goes_to_a_proxy_that_is_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with Stub(lambda _: "a") as a:
        made = before(a)
        async with http_of(made) as http:
            assert set((await served_by(http)).values()) == {"a"}
        await made.close()


@pytest.mark.parametrize(("url", "key", "said"), [
    ("http://models.lan:8000", "", "prompts would go to models.lan in the clear"),
    ("http://10.0.0.7:8000", "k", "prompts and the key would go"),
    ("ftp://x", "", "is no URL"), ("models.lan", "", "is no URL"),
])  # fmt: skip
def test_nothing_goes_in_the_clear_to_another_machine(url: str, key: str, said: str) -> None:
    with pytest.raises(NotShared, match=said):
        door.url(url, key)
    assert door.url("http://127.0.0.1:8000", key) and door.url("https://models.lan", key)


def test_the_command_says_what_it_needs(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("k" * 30)
    os.chmod(key, 0o644)
    (tmp_path / "serve.toml").write_text(f'[engine]\nupstream_key_file = "{key}"\n')
    asked = ["serve", "--folder", str(tmp_path), "--listen", "127.0.0.1:8443", "--upstream", "https://models.lan"]
    run = CliRunner().invoke(app, asked)
    assert run.exit_code == 2 and "can be read by others" in run.output
    os.chmod(key, 0o600)
    run = CliRunner().invoke(app, [*asked[:-1], "http://models.lan"])
    assert run.exit_code == 2 and "in the clear" in run.output
    run = CliRunner().invoke(app, [*asked[:4], "0.0.0.0:8443", *asked[5:]])
    assert run.exit_code == 2 and "TLS alone" in run.output

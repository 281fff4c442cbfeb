"""What agents hear: each tool, by the official SDK's client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

import jsonschema
from mcp_types import CallToolResult

from evals import handed_in, handing_in
from mcp_server import tools
from sandbox import engine
from sandbox.container import LABEL
from tests.mcp.conftest import Connect

TOOLS = {"verify_change", "check", "explain", "find", "write_function", "write_tests", "undo"}


def diff(title: str) -> str:
    (one,) = [each for each in handed_in.every() if title in each.title]
    return handing_in.diff_of(one)


def text(result: CallToolResult) -> str:
    (content,) = result.content
    return str(getattr(content, "text", ""))


def output(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, text(result)
    assert result.structured_content is not None
    assert len(text(result).splitlines()) <= 40
    return result.structured_content


async def test_the_tools_have_schemas_and_say_what_they_are_for(connect: Connect) -> None:
    async with connect() as client:
        tools = (await client.list_tools()).tools
    assert {one.name for one in tools} == TOOLS
    for one in tools:
        jsonschema.Draft202012Validator.check_schema(one.input_schema)
        assert one.output_schema is not None
        jsonschema.Draft202012Validator.check_schema(one.output_schema)
        assert one.description and not {"by", "context"} & set(one.input_schema["properties"])
        told = [row for row in one.input_schema["properties"].values() if row.get("description")]
        assert len(told) == len(one.input_schema["properties"]), f"a parameter of {one.name} has no description"
    writing = {one.name for one in tools if one.annotations is not None and not one.annotations.read_only_hint}
    assert writing == {"write_function", "write_tests", "undo"}


async def test_a_change_is_judged_and_nothing_is_written(connect: Connect, shop: Path, docker_url: str) -> None:
    before = {path: path.read_bytes() for path in shop.rglob("*.py")}
    async with connect() as client:
        right = output(await client.call_tool("verify_change", {"diff": diff("count() counts pieces")}))
        wrong = await client.call_tool("verify_change", {"diff": diff("the rounding is broken")})
        schema = next(one.output_schema for one in (await client.list_tools()).tools if one.name == "verify_change")
    assert (right["state"], right["findings"]) == ("passed", [])
    assert right["tests"]["own"] == ["tests/test_cart.py::test_count"]
    assert {one["kind"] for one in output(wrong)["findings"]} == {"weakened-test"}
    assert "expects another answer" in text(wrong) and "as it was fails" in text(wrong)
    jsonschema.validate(output(wrong), schema)
    assert {path: path.read_bytes() for path in shop.rglob("*.py")} == before


async def test_files_are_a_change_too_and_nothing_run_is_no_pass(connect: Connect, shop: Path, docker_url: str) -> None:
    async with connect() as client:
        files = {"src/shop/extra.py": "def spare(x):\n    return x + 1\n", "src/shop/rates.py": None}
        found = output(await client.call_tool("verify_change", {"files": files}))
        assert found["state"] != "passed"
        assert {one["kind"] for one in found["findings"]} == {"half-rename"}
        nothing = output(await client.call_tool("verify_change", {"files": {"src/shop/extra.py": "X = 1\n"}}))
    assert (nothing["state"], nothing["reason"]) == ("unverified", "no-tests")


async def test_what_cannot_be_done_is_a_sentence_to_act_on(connect: Connect, shop: Path) -> None:
    (shop.parent / "secret.py").write_text("KEY = 1\n")
    async with connect() as client:
        for tool, arguments, told in (
            ("verify_change", {"diff": "no diff at all"}, "diff"),
            ("verify_change", {"diff": "x", "against": "index"}, "not several"),
            ("verify_change", {"files": {"../secret.py": "KEY = 2\n"}}, "outside"),
            ("verify_change", {}, "repository"),
            ("verify_change", {"against": "index", "folder": ".."}, "no folder below"),
            ("check", {"files": {"src/shop/none.py": None}}, "not there"),
            ("explain", {"output": "all is well"}, "traceback"),
            ("write_function", {"what": "x", "file": "none.py"}, "There is no file"),
            ("write_function", {"what": "with_tax", "file": "src/shop/prices.py"}, "written already"),
            ("write_tests", {"file": "../secret.py", "function": "x"}, "outside"),
            ("write_tests", {"file": "src/shop/prices.py", "function": "none"}, "it has with_tax"),
            ("undo", {}, "nothing to take back"),
        ):
            result = await client.call_tool(tool, arguments)
            assert result.is_error, (tool, arguments)
            assert told in text(result), (tool, text(result))


async def test_a_client_without_roots_asks_about_the_servers_folder(connect: Connect, shop: Path) -> None:
    async with connect(roots=None, here=shop) as client:
        found = output(await client.call_tool("find", {"query": "with_tax"}))
    assert [(one["file"], one["name"]) for one in found["places"]] == [("src/shop/prices.py", "with_tax")]
    assert any("Called by" in fact and "report.py" in fact for fact in found["places"][0]["facts"])


async def test_names_and_descriptions_are_found(connect: Connect, shop: Path) -> None:
    async with connect() as client:
        one = output(await client.call_tool("find", {"query": "src/shop/cart.py::Cart.remove"}))
        assert [(place["name"], place["line"]) for place in one["places"]] == [("Cart.remove", 19)]
        there = output(await client.call_tool("find", {"query": "the price with the tax of a country"}))
    assert any("with_tax" in line for line in there["there"])


async def test_hints_stand_on_changed_lines_alone(connect: Connect, shop: Path, docker_url: str) -> None:
    path = shop / "src/shop/prices.py"
    old = path.read_text()
    path.write_text(f"import os\n{old}")  # an unused import that is there already
    async with connect() as client:
        files = {"src/shop/prices.py": path.read_text().replace("    return int(whole)", "    rest = rest or undefined_name\n    return int(whole)")}  # fmt: skip
        found = output(await client.call_tool("check", {"files": files}))
    assert any("undefined_name" in one["message"] + one["evidence"] for one in found["hints"]), found
    assert all(one["line"] != 1 for one in found["hints"]), "what stood there before is nobody's business now"


async def test_tests_that_fail_elsewhere_are_not_silence(connect: Connect, shop: Path, docker_url: str) -> None:
    path = shop / "src/shop/prices.py"
    path.write_text(path.read_text().replace("cents * percent // 100\n", "cents * percent // 10\n"))
    async with connect() as client:
        files = {"src/shop/prices.py": path.read_text() + "\n\ndef nothing() -> None:\n    return None\n"}
        found = output(await client.call_tool("check", {"files": files}))
    assert found["hints"] == []
    assert any("stands on no changed line" in note and "2 tests fail" in note for note in found["notes"]), found


async def test_a_failure_is_explained_with_a_fix(connect: Connect, shop: Path, docker_url: str) -> None:
    path = shop / "src/shop/prices.py"
    path.write_text(path.read_text().replace("cents * percent // 100\n", "cents * percent // 10\n"))
    log = "FAILED tests/test_prices.py::test_discounted - assert 0 == 900\n"
    async with connect() as client:
        found = output(await client.call_tool("explain", {"output": log}))
    assert found["file"] == "src/shop/prices.py" and 11 <= found["line"] <= 15
    assert "test_discounted" in found["cause"]
    if found["fix"] is not None:  # a machine that is busy has no time to look for one
        assert "+    return cents - cents * percent // 100" in found["fix"]


async def test_a_function_and_tests_are_written_and_taken_back(connect: Connect, shop: Path, docker_url: str) -> None:
    path = shop / "src/shop/prices.py"
    before = path.read_text()
    said = "halved(cents: int) -> int: half of the price, halved(10) == 5, halved(7) == 3"
    async with connect() as client:
        shown = output(await client.call_tool("write_function", {"what": said, "file": "src/shop/prices.py"}))
        assert "+def halved(cents: int) -> int:" in shown["diff"] and not shown["applied"]
        assert path.read_text() == before
        made = output(
            await client.call_tool("write_function", {"what": said, "file": "src/shop/prices.py", "apply": True})
        )
        assert made["applied"] and "def halved" in path.read_text()
        tests = output(await client.call_tool("write_tests", {"file": "src/shop/cart.py", "function": "Cart"}))
        assert "+def test_" in tests["diff"] or tests["why"]
        back = output(await client.call_tool("undo", {}))
    assert back["title"] == "write halved" and path.read_text() == before


def _parent(pid: str) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


SLOW = "import time\n\n\ndef test_slow():\n    from shop.prices import with_tax\n\n    time.sleep(60)\n    assert with_tax(100, 'de') == 119\n"


async def test_a_long_call_tells_how_far_it_is_and_a_cancelled_one_leaves_no_container(
    connect: Connect, shop: Path, tmp_path: Path, docker_url: str
) -> None:
    (shop / "tests/test_slow.py").write_text(SLOW)
    heard: list[tuple[float, str | None]] = []

    async def progress(done: float, of: float | None, message: str | None) -> None:
        heard.append((done, message))

    def containers() -> set[str]:
        """Those of servers that this process started."""
        with contextlib.closing(engine.connect()) as told:
            found = told.containers(filters={"label": LABEL})
        owners = {one["Id"]: one["Labels"]["assay.owner"].split(":")[1] for one in found}
        return {one for one, pid in owners.items() if _parent(pid) == os.getpid()}

    arguments = {"diff": diff("one more country")}
    (tmp_path / "home/config").mkdir(parents=True)
    (tmp_path / "home/config/settings.toml").write_text("[sandbox]\npool = 1\n")  # one waits for another call
    async with connect() as client:
        call = asyncio.ensure_future(client.call_tool("verify_change", arguments, progress_callback=progress))
        until = time.monotonic() + 60
        while len(heard) < 3 and time.monotonic() < until:
            await asyncio.sleep(0.1)  # tidy: allow-sleep
        assert len(heard) >= 3 and [done for done, _ in heard] == sorted(done for done, _ in heard)
        while len(there := await asyncio.to_thread(containers)) < 2 and time.monotonic() < until:
            await asyncio.sleep(0.1)  # tidy: allow-sleep
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        begun = time.monotonic()
        while len(there & await asyncio.to_thread(containers)) > 1 and time.monotonic() < begun + 20:
            await asyncio.sleep(0.1)  # tidy: allow-sleep
        assert len(there) >= 2 and len(there & await asyncio.to_thread(containers)) <= 1
        assert output(await client.call_tool("find", {"query": "Cart"}))["places"], "the server goes on"


def test_who_does_not_listen_is_answered_before_it_gives_up() -> None:
    assert tools.budget(300, hears=True) == (300, False)
    assert tools.budget(300, hears=False) == (tools.DEAF_S, True) and tools.DEAF_S < 50
    assert tools.budget(20, hears=False) == (20, False)
    assert tools.budget(1, hears=False) == (5, False)
    assert tools.budget(10_000, hears=True) == (600, False)


async def test_two_clients_at_once(connect: Connect, shop: Path, docker_url: str) -> None:
    async with connect() as one, connect() as other:
        calls = [client.call_tool("verify_change", {"diff": diff(title)}) for client, title in ((one, "one more country"), (other, "the rounding is broken"))]  # fmt: skip
        first, second = await asyncio.gather(*calls)
    assert (output(first)["findings"], bool(output(second)["findings"])) == ([], True)
    assert json.dumps(output(first)) != json.dumps(output(second))
    assert os.environ.get("ASSAY_HOME") != str(shop)

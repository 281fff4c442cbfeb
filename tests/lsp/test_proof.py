"""A suggestion's way through the real sandbox, as an editor sees it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from assay.assistant.record.coverage import Maps
from evals import holes, infilling
from tests.lsp.stub import Stub

SANDBOX = {"ASSAY_SANDBOX_ENABLED": "true"}


def project(root: Path) -> Path:
    (root / "calc.py").write_text("def double(x):\n    \n")
    (root / "test_calc.py").write_text("from calc import double\n\n\ndef test_double():\n    assert double(2) == 4\n")
    return root / "calc.py"


async def test_eager_offers_at_once_and_upgrades_later(start, tmp_path: Path, script, docker_url: str) -> None:
    path = project(tmp_path)
    client = await start(tmp_path, env=script("return 2 * x") | SANDBOX | {"ASSAY_VERIFY_POLICY": "eager"})
    uri = client.open(path)
    argument = (await client.inline(uri, 1, 4))[0]["command"]["arguments"][0]
    assert (argument["verdict"]["state"], argument["verdict"]["reason"]) == ("unverified", "deadline")
    later = await client.until(lambda m: m.get("method") == "assay/verdict", timeout_s=20)
    assert later["params"]["suggestionId"] == argument["suggestionId"]
    assert later["params"]["verdict"]["state"] == "passed"
    assert await client.stop() == 0


async def test_a_project_that_is_open_gets_its_coverage_map(start, tmp_path: Path, script, docker_url: str) -> None:
    root = tmp_path / "p"
    root.mkdir()
    path = project(root)
    path.write_text("def double(x):\n    return 2 * x\n")
    env = script("x") | SANDBOX | {"ASSAY_HOME": str(tmp_path / "home"), "ASSAY_SUMMARIES_LENS": "true"}
    client = await start(root, env=env, workspace={"codeLens": {"refreshSupport": True}})
    uri = client.open(path)
    for _ in range(400):
        if (found := Maps(tmp_path / "home" / "cache" / "coverage").load(root)).entered:
            break
        await asyncio.sleep(0.1)
    assert found.entered == {"test_calc.py::test_double": frozenset({"calc.py::double", "test_calc.py::test_double"})}
    await client.until(lambda m: m.get("method") == "workspace/codeLens/refresh")
    (lens,) = await client.call("textDocument/codeLens", {"textDocument": {"uri": uri}})
    assert lens["command"]["title"] == "✓ 1 test, 1 caller"
    client.open(path, "def double(x):\n    return x + x\n", version=2)
    (lens,) = await client.call("textDocument/codeLens", {"textDocument": {"uri": uri}})
    assert lens["command"]["title"] == "? 1 test, before it changed, 1 caller"
    assert await client.stop() == 0


async def test_what_is_not_saved_is_what_is_checked(start, tmp_path: Path, script, docker_url: str) -> None:
    path = project(tmp_path)
    client = await start(tmp_path, env=script("return 2 * x") | SANDBOX)
    uri = client.open(path)
    wrong = "from calc import double\n\n\ndef test_double():\n    assert double(2) == 5\n"
    client.open(tmp_path / "test_calc.py", wrong)
    assert await client.inline(uri, 1, 4) == []
    told = await client.call("workspace/executeCommand", {"command": "assay.why", "arguments": []})
    assert "1 test that reaches it fails with it" in str(told)
    assert "4 == 5" in str(told)


async def test_the_better_sample_is_offered(start, tmp_path: Path, script, docker_url: str) -> None:
    path = project(tmp_path)
    answers = iter(["return x + 1", "return x - 1", "return 2 * x"])
    async with Stub(lambda body: next(answers)) as stub:
        client = await start(tmp_path, env=SANDBOX | {"ASSAY_ENGINE_URL": stub.url})
        uri = client.open(path)
        (item,) = await client.inline(uri, 1, 4)
    assert item["insertText"] == "return 2 * x"
    assert item["command"]["title"].endswith("1 test ✓")


async def test_a_wrong_attribute_is_mended(start, tmp_path: Path, script) -> None:
    client = await start(tmp_path, env=script("return os.path.jion(a, b)") | {"ASSAY_VERIFY_POLICY": "static"})
    uri = client.open(tmp_path / "a.py", "import os\n\n\ndef f(a, b):\n    \n")
    texts: list[str] = []
    until = time.monotonic() + 20
    while texts != ["return os.path.join(a, b)"] and time.monotonic() < until:
        # While jedi is loading, or has no processor, names are skipped and the text is offered as it came.
        texts = [item["insertText"] for item in await client.inline(uri, 4, 4, invoked=True)]
    assert texts == ["return os.path.join(a, b)"]


async def test_truths_are_passed_and_killed_mutants_never(start, tmp_path: Path, data: Path, docker_url: str) -> None:
    """Ten holes each; `python -m evals.proof` does hundreds."""
    chosen = holes.load(data / "HumanEval-SingleLineInfilling.jsonl.gz", 10, seed=3)
    seen: Counter[str] = Counter()
    current = {"text": ""}
    async with Stub(lambda body: current["text"]) as stub:
        client = await start(tmp_path, env=SANDBOX | {"ASSAY_ENGINE_URL": stub.url})
        for number, hole in enumerate(chosen):
            folder = tmp_path / f"p{number}"
            uri = client.open(hole.write(folder))
            wrong = next((m for m in holes.mutants(hole.truth) if holes.parses(hole.prefix + m + hole.suffix)), None)
            for kind, text in (("truth", hole.truth), ("mutant", wrong), ("garbage", "@@ no code ((")):
                if text is None:
                    continue
                current["text"] = text
                items = await client.inline(uri, *hole.position, invoked=True)
                state = items[0]["command"]["arguments"][0]["verdict"]["state"] if items else "nothing"
                seen[f"{kind} {state}"] += 1
                if kind == "mutant" and state == "passed":
                    pytest.fail(f"{hole.id}: {text!r} was called passed")
    assert seen["truth passed"] >= 9
    assert seen["garbage nothing"] == 10


async def test_holes_of_several_lines_are_filled(start, tmp_path: Path, data: Path, docker_url: str) -> None:
    """Ten holes by an author who takes only what he would type; `python -m evals.infilling` does hundreds."""
    filled, current = 0, {"text": ""}
    async with Stub(lambda body: current["text"]) as stub:
        client = await start(tmp_path, env=SANDBOX | {"ASSAY_ENGINE_URL": stub.url})
        for number, gap in enumerate(infilling.lines(data, 10, seed=3)):
            path, done = gap.write(tmp_path / f"p{number}"), ""
            while left := gap.truth[len(done) :]:
                current["text"], before = left, gap.before + done
                uri = client.open(path, before + gap.after)
                line, character = before.count("\n"), len(before) - before.rfind("\n") - 1
                items = await client.inline(uri, line, character, invoked=True)
                client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
                text = items[0]["insertText"].removeprefix(before.rpartition("\n")[2]) if items else ""
                if not text.strip() or not left.startswith(text):
                    break
                done += text
            filled += done == gap.truth
    assert filled >= 8


async def test_the_status_tells_of_the_pool_and_its_engine(start, tmp_path: Path, script, docker_url: str) -> None:
    path = project(tmp_path)
    client = await start(tmp_path, env=script("return 2 * x") | SANDBOX)
    assert await client.inline(client.open(path), 1, 4)
    told = await client.call("workspace/executeCommand", {"command": "assay.status"})
    sandbox = told["sandbox"]
    assert (sandbox["state"], sandbox["size"]) == ("ready", 2)
    assert sandbox["engine"].split()[0] in ("Docker", "Podman")
    assert 0 <= sandbox["warm"] <= 2
    assert told["environment"] is None, "the project has none"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True, umask=0o022)
    (tmp_path / "more.py").touch()
    await client.inline(client.open(path), 1, 4)
    deadline = time.monotonic() + 20
    while (told := await client.call("workspace/executeCommand", {"command": "assay.status"}))["environment"] is None:
        assert time.monotonic() < deadline
    python = f"Python 3.{sys.version_info.minor} of {tmp_path / '.venv'} (.venv in {tmp_path})"
    assert told["environment"] == {"told": python, "flaw": ""}

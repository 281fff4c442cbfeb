"""The workspace is hostile input: nothing of it runs on the host, and its secrets go nowhere."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.lsp.stub import Stub

BODY = "def add(a, b):\n    \n"
KEY = "sk-proj-Zx81kLmQpW72nVbTyU5431"
PASSWORD = "hunter2-Correct.Horse9"
AWS = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY"


def plant(root: Path, canary: Path) -> None:
    """Everything that tools have been seen to run from a workspace, each writing a line into the canary."""
    code = f"open({str(canary)!r}, 'a').write(__file__ + '\\n')\n"
    for name in ("analyzers", "sandbox", "lsp_server", "assay", "jedi", "pygls", "docker", "httpx"):
        (root / name).mkdir()
        (root / name / "__init__.py").write_text(code)
    for name in (
        "conftest.py",
        "sitecustomize.py",
        "usercustomize.py",
        "ruff.py",
        "json.py",
        "asyncio.py",
        "setup.py",
        "typing.py",
    ):
        (root / name).write_text(code)
    site = root / ".venv" / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    (root / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (site / "evil.pth").write_text(f"import os; open({str(canary)!r}, 'a').write('pth\\n')\n")
    (site / "sitecustomize.py").write_text(code)
    program = f'#!/bin/sh\necho program >> {canary}\nexec /usr/bin/env python3 "$@"\n'
    hook = root / "hook.sh"
    (root / ".venv" / "bin").mkdir()
    for path in (root / ".venv" / "bin" / "python", root / ".venv" / "bin" / "ruff", hook):
        path.write_text(program)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    for name in ("core.fsmonitor", "core.hooksPath", "diff.external", "filter.x.smudge", "filter.x.clean"):
        subprocess.run(["git", "-C", str(root), "config", name, str(hook)], check=True)
    (root / ".gitattributes").write_text("* filter=x\n")


async def test_nothing_of_a_workspace_runs_on_the_host(start, tmp_path: Path, script) -> None:
    root, canary = tmp_path / "evil", tmp_path / "canary"
    root.mkdir()
    plant(root, canary)
    (root / "a.py").write_text("import analyzers\nimport sandbox\nimport json\n\n\n" + BODY + "\n\njson.\n")
    client = await start(root, env=script("return a + b"), cwd=root)
    uri = client.open(root / "a.py")
    assert [i["insertText"] for i in await client.inline(uri, 6, 4)] == ["return a + b"]
    await client.call(
        "textDocument/completion", {"textDocument": {"uri": uri}, "position": {"line": 9, "character": 5}}
    )
    await client.stop()
    assert not canary.exists(), canary.read_text()


async def test_a_hostile_workspace_is_checked_in_the_container_only(
    start, tmp_path: Path, script, docker_url: str
) -> None:
    root, canary = tmp_path / "evil", tmp_path / "canary"
    root.mkdir()
    plant(root, canary)
    for name in ("json.py", "asyncio.py", "typing.py"):  # these would break pytest itself, there and anywhere
        (root / name).unlink()
    (root / "a.py").write_text(BODY)
    (root / "test_a.py").write_text("from a import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n")
    client = await start(root, env=script("return a + b") | {"ASSAY_SANDBOX_ENABLED": "true"}, cwd=root)
    uri = client.open(root / "a.py")
    items = await client.inline(uri, 1, 4)
    assert [i["insertText"] for i in items] == ["return a + b"]
    await client.stop()
    assert not canary.exists(), canary.read_text()


async def test_secrets_reach_no_prompt_trace_log_or_verdict(start, tmp_path: Path, home: Path, docker_url: str) -> None:
    root = tmp_path / "app"
    root.mkdir()
    (root / ".env").write_text(f"DATABASE_PASSWORD={PASSWORD}\n")
    (root / ".gitignore").write_text("private/\n")
    (root / "private").mkdir()
    (root / "private" / "keys.py").write_text(f"TOKEN = '{KEY}x'\n")
    (root / "config.py").write_text(f'API_KEY = "{KEY}"\nAWS_SECRET_ACCESS_KEY = "{AWS}"\n\n\n' + BODY)
    (root / "test_config.py").write_text(
        "import os\nfrom config import API_KEY, add\n\n\ndef test_add():\n"
        "    seen = [os.path.join(d, f) for d, _, fs in os.walk('/work') for f in fs]\n"
        "    assert add(1, 2) == 4, (API_KEY, seen)\n"
    )
    async with Stub(lambda body: "return a + b") as stub:
        environment = {"ASSAY_ENGINE_URL": stub.url, "ASSAY_SANDBOX_ENABLED": "true"}
        client = await start(root, env=environment)
        uri = client.open(root / "config.py")
        items = await client.inline(uri, 5, 4)
        await client.stop()
    said = json.dumps([stub.requests, client.seen, items])
    for file in home.rglob("*"):
        if file.is_file():
            said += file.read_bytes().decode("utf-8", "replace")
    assert stub.requests
    assert "config.py" in said
    for secret in (KEY, AWS, PASSWORD):
        assert secret not in said
    assert items == []  # a test contradicts it, and says what is in its container
    assert "1 test that reaches it fails with it" in said
    assert "/.env" not in said


@pytest.mark.parametrize("name", [".env", "private/a.py", "id_rsa", "secret.pem"])
async def test_nothing_is_asked_in_an_ignored_or_secret_file(start, tmp_path: Path, name: str) -> None:
    (tmp_path / ".gitignore").write_text("private/\n")
    (tmp_path / "private").mkdir()
    async with Stub(lambda body: "return a + b") as stub:
        client = await start(tmp_path, env={"ASSAY_ENGINE_URL": stub.url})
        uri = client.open(tmp_path / name, BODY)
        assert await client.inline(uri, 1, 4) == []
        await client.stop()
    assert stub.requests == []


async def test_a_project_cannot_choose_where_prompts_go(start, tmp_path: Path, script) -> None:
    async with Stub(lambda body: "return stolen") as stub:
        (tmp_path / "pyproject.toml").write_text(
            f'[tool.assay.engine]\nurl = "{stub.url}"\n[tool.assay.verify]\npolicy = "static"\n'
        )
        client = await start(tmp_path, env=script("return a + b"))
        uri = client.open(tmp_path / "a.py", BODY)
        assert [i["insertText"] for i in await client.inline(uri, 1, 4)] == ["return a + b"]
        await client.stop()
    assert stub.requests == []
    told = [m["params"]["message"] for m in client.seen if m.get("method") == "window/logMessage"]
    assert any("engine.url cannot be set by a project" in text for text in told)


def test_the_ledger_and_traces_are_for_their_owner_only(home: Path) -> None:
    from assay.assistant.record.ledger import Ledger
    from assay.assistant.record.trace import Traces
    from assay.folders import folders

    where = folders()
    traces = Traces(where.traces_file, 10)
    traces.save(traces.begin("here"), "nothing")
    Ledger(where.state / "ledger.jsonl").record("offered", "x", text="y = 1")
    for file in (where.traces_file, where.state / "ledger.jsonl"):
        assert os.stat(file).st_mode & 0o077 == 0
    assert "y = 1" not in (where.state / "ledger.jsonl").read_text()

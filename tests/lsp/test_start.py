"""What a server does before it has a window: next to nothing."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.lsp.client import SERVER

TRACED = [SERVER[0], "-X", "importtime", *SERVER[1:]]


def test_initialize_is_answered_before_anything_of_the_product_is_loaded(tmp_path: Path) -> None:
    """The features, docker and httpx are loaded for what comes after: an editor shows nothing of a window before this answer."""
    asked = {"processId": None, "rootUri": tmp_path.as_uri(), "capabilities": {}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": asked}).encode()
    server = subprocess.Popen(TRACED, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert server.stdin is not None and server.stdout is not None
    server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    server.stdin.flush()
    length = int(server.stdout.readline().removeprefix(b"Content-Length: "))
    server.stdout.readline()
    told = json.loads(server.stdout.read(length))
    server.kill()
    _, errors = server.communicate()
    loaded = set(re.findall(r"\| +([\w.]+)$", errors.decode(), re.M))
    assert told["result"]["serverInfo"]["name"] == "assay"
    assert "lsp_server.offers" in loaded, "the list is one of what was loaded"
    heavy = (
        "assay.assistant",
        "assay.compose",
        "assay.engine",
        "sandbox",
        "docker",
        "httpx",
        "jedi",
        "lsp_server.session",
    )
    assert [one for one in sorted(loaded) if one.startswith(heavy)] == []


def test_a_server_whose_input_is_nothing_ends() -> None:
    """No loop can wait for a device: it is read all the same."""
    done = subprocess.run(SERVER, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stdout == b""

"""What the extension's package holds: small, its server inside, and nobody that it could call."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

MB = 1_000_000


def test_the_bundle_is_small_and_has_its_server_inside(vsix: Path) -> None:
    with zipfile.ZipFile(vsix) as package:
        sizes = {entry.filename: entry.compress_size for entry in package.infolist()}
        wheels = [name for name in sizes if name.endswith(".whl")]
        assert len(wheels) == 1
        assert sum(size for name, size in sizes.items() if name not in wheels) < MB
        assert package.getinfo("extension/out/extension.js").file_size < MB
        assert not [name for name in sizes if "node_modules" in name or name.endswith(".ts")]


def test_nothing_in_the_bundle_calls_anybody(vsix: Path) -> None:
    """No host but this machine's, no module that speaks HTTP; the client library's notification `telemetry/event` comes from the server, and
    ours sends none."""
    with zipfile.ZipFile(vsix) as package:
        text = package.read("extension/out/extension.js").decode("utf-8")
    assert set(re.findall(r"(?:https?|wss?)://[\w.-]+", text)) <= {"http://127.0.0.1"}
    modules = set(re.findall(r'require\("(?:node:)?([\w/:]+)"\)', text))
    assert not modules & {"http", "https", "http2", "tls", "dgram", "dns", "undici"}
    assert "fetch(" not in text
    assert not re.search(r"createTelemetryLogger|applicationinsights|TelemetryReporter", text)


def test_the_server_sends_no_telemetry() -> None:
    for path in (Path(__file__).parents[2] / "lsp_server").rglob("*.py"):
        assert "telemetry" not in path.read_text("utf-8").lower(), path.name

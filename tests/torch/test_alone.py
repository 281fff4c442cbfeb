"""Where torch is installed, a window has none of it all the same: only the engine's process loads it."""

from __future__ import annotations

from pathlib import Path

from tests.lsp.client import Client


async def test_the_server_of_a_window_does_not_load_torch(model: Path, tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text("x = 1\n")
    environment = {"ASSAY_SANDBOX_ENABLED": "false", "ASSAY_ENGINE_MODEL": str(model), "ASSAY_ENGINE_BACKEND": "torch"}
    client = await Client.start(env=environment)
    try:
        await client.initialize(tmp_path)
        client.open(tmp_path / "m.py")
        maps = Path(f"/proc/{client.process.pid}/maps").read_text()
        assert "libc.so" in maps
        assert "libtorch" not in maps
    finally:
        await client.end()

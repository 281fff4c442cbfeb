"""Which program runs a model: what reads it, what is there, what was measured; and torch is loaded by nobody who only asks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assay import compose
from assay.engine import backends, processes, weights
from assay.engine.api import EngineUnavailable
from assay.engine.local import Local
from assay.folders import folders


@pytest.fixture
def gguf(home: Path) -> Path:
    path = home / "cache" / "models" / "m.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"GGUF")
    return path


@pytest.fixture
def folder(home: Path) -> Path:
    path = home / "cache" / "models" / "tiny"
    path.mkdir(parents=True)
    (path / "config.json").write_text("{}")
    (path / "model.safetensors").write_bytes(b"")
    return path


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "missing", tuple)


def test_without_torch_it_is_llama_cpp(gguf: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "missing", lambda: ("torch",))
    assert backends.choose("auto", gguf, home).backend == "llamacpp"
    with pytest.raises(EngineUnavailable, match=r"torch is not installed. Install `assay\[torch\]`"):
        backends.choose("torch", gguf, home)


def test_a_folder_of_safetensors_is_read_by_torch_alone(folder: Path, home: Path, installed: None) -> None:
    assert backends.choose("auto", folder, home).backend == "torch"
    with pytest.raises(EngineUnavailable, match="reads GGUF files"):
        backends.choose("llamacpp", folder, home)


def test_what_was_measured_decides_and_a_gpu_where_nothing_was(
    gguf: Path, home: Path, installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "has_gpu", lambda: True)
    assert backends.choose("auto", gguf, home).backend == "torch"
    (home / "bench.json").write_text(json.dumps({"m.gguf": {"faster": "llamacpp"}}))
    assert backends.choose("auto", gguf, home).backend == "llamacpp"
    assert backends.choose("torch", gguf, home).backend == "torch"
    for broken in ("[]", "{", '{"m.gguf": 3}', '{"m.gguf": {"faster": "abacus"}}'):
        (home / "bench.json").write_text(broken)
        assert backends.recorded(home) == {}


def test_the_settings_reach_the_process(folder: Path, installed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    where = folders()
    monkeypatch.setenv("ASSAY_ENGINE_MODEL", "tiny")
    monkeypatch.setenv("ASSAY_ENGINE_QUANTISATION", "int8")
    engine = compose.engine(compose.load_settings(where)[0], where)
    assert isinstance(engine, Local)
    assert (engine.name, engine._launch.quantisation, engine._launch.model) == ("torch", "int8", folder)
    other = processes.launch_for(folder, where.runtime, 60, "torch", "bf16")
    assert other.folder != engine._launch.folder, "held another way it is another process"
    (folder / "assay-quality.json").write_text("{}")
    again = processes.launch_for(folder, where.runtime, 60, "torch", "bf16")
    assert again.folder == other.folder, "what is noted beside the weights is no other model"
    (folder / "config.json").write_text('{"other": 1}')
    assert processes.launch_for(folder, where.runtime, 60, "torch", "bf16").folder != other.folder


async def test_a_backend_that_cannot_be_is_a_sentence(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = folders()
    monkeypatch.setenv("ASSAY_ENGINE_BACKEND", "remote")
    health = await compose.engine(compose.load_settings(where)[0], where).health()
    assert "no server is named" in health.why
    monkeypatch.setenv("ASSAY_ENGINE_MODEL", "nonesuch")
    monkeypatch.setenv("ASSAY_ENGINE_BACKEND", "auto")
    health = await compose.engine(compose.load_settings(where)[0], where).health()
    assert "no GGUF file or folder of safetensors" in health.why


def test_a_folder_without_weights_is_no_model(folder: Path, home: Path) -> None:
    assert weights.resolve("tiny", home / "cache") == folder
    (folder / "model.safetensors").unlink()
    with pytest.raises(EngineUnavailable):
        weights.resolve("tiny", home / "cache")


def test_nothing_but_the_engine_process_has_torch() -> None:
    """Looked at from inside, with everything imported that the server and the commands import."""
    code = (
        "import sys; import assay.cli.app, assay.cli.commands, assay.compose, lsp_server.serve, assay.engine.local, assay.engine.service, "
        "assay.engine.backends; assay.engine.backends.missing(); "
        "print([one for one in ('torch', 'transformers', 'starlette', 'uvicorn') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""The built wheel alone completes, on every Python that it says it supports and that is on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True)
    (found,) = folder.glob("assay-*.whl")
    return found


def interpreter(version: str) -> str | None:
    """A Python of this version: on PATH, or where version managers put them."""
    homes = [Path.home() / ".pyenv" / "versions", Path.home() / ".local" / "share" / "uv" / "python"]
    places = [found for home in homes for found in sorted(home.glob(f"*{version}*/bin/python{version}"))]
    candidates = [shutil.which(f"python{version}"), *map(str, places)]
    for candidate in filter(None, candidates):
        done = subprocess.run([candidate, "-c", "import venv"], capture_output=True, check=False)
        if done.returncode == 0:
            return candidate
    return None


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_the_wheel_completes(wheel: Path, tmp_path: Path, version: str) -> None:
    program = interpreter(version)
    if program is None:
        pytest.skip(f"there is no Python {version} on this machine")
    subprocess.run([program, "-m", "venv", "--without-pip", str(tmp_path / "v")], check=True)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(tmp_path / "v" / "bin" / "python"),
        "install",
        "-q",
        "--no-compile",
    ]
    locked = [*pip, "--require-hashes", "--no-deps", "-r", str(ROOT / "requirements.lock")]
    if subprocess.run(locked, capture_output=True, check=False).returncode:
        pytest.skip("the package index cannot be reached")
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True, capture_output=True)
    (tmp_path / "script.json").write_text(json.dumps({"default": "return a + b"}))
    (tmp_path / "a.py").write_text("def add(a, b):\n    \n")
    done = subprocess.run(
        [str(tmp_path / "v" / "bin" / "assay"), "complete", f"{tmp_path}/a.py:2:5", "--json"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
        env={**os.environ, "ASSAY_ENGINE_SCRIPT": str(tmp_path / "script.json"), "ASSAY_SANDBOX_ENABLED": "false"},
    )  # fmt: skip
    (suggestion,) = json.loads(done.stdout)["suggestions"]
    assert suggestion["text"] == "return a + b"

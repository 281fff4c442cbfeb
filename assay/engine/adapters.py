"""LoRA adapters that llama.cpp serves beside a model: folders with `adapter.gguf` and `assay.json`, each for one base. One engine has several, and each request names its own; the base is in memory once.

Looked for when the engine starts. What is for another base is left out, and said: llama.cpp would take some of these, and write nonsense.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import weights

MANIFEST, GGUF = "assay.json", "adapter.gguf"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MOST = 64  # adapters of one folder
OWN = Path(__file__).with_name("own")  # the embedded model's, which comes with Assay where it has one
NONE = "none"  # what `engine.adapter` says where none is wanted
LIMIT = 1_000_000  # bytes of a manifest


class AdapterError(Exception):
    """An adapter that cannot be used; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """By its folder's name. `base`: the digest of the weights that it was made for, of so many bytes and that name; `dialect`: how prompts for it are written."""

    name: str
    folder: Path
    base: str
    base_name: str
    base_size: int
    dialect: str

    @property
    def file(self) -> Path:
        """What llama.cpp reads."""
        return self.folder / GGUF


def read(folder: Path) -> Adapter:
    """Raises AdapterError."""
    try:
        with (folder / MANIFEST).open("rb") as opened:
            told = json.loads(opened.read(LIMIT))
        base = told["base"]
        return Adapter(
            folder.name, folder, str(base["digest"]), str(base["name"]), int(base["bytes"]), str(told["dialect"])
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise AdapterError(f"{folder.name} is no adapter that `assay tune` made ({type(error).__name__}).") from error


def folders(given: str, model: Path) -> list[Path]:
    """The folders of adapters that may be this model's: those of a folder ("": none), and what comes with Assay."""
    found = list[Path]()
    with contextlib.suppress(OSError):  # there are none yet
        found = sorted(one for one in Path(given).iterdir() if (one / MANIFEST).is_file()) if given else []
    return found + ([OWN] if weights.is_fallback(model) and (OWN / MANIFEST).is_file() else [])


def served(given: str, model: Path, say: Callable[[str], None] = lambda _: None) -> list[Adapter]:
    """Those that are for this model, in the order in which llama.cpp has them; `say` hears what is left out. Reads all of the model once, where there is any."""
    digest, found = "", list[Adapter]()
    for folder in folders(given, model):
        try:
            one = read(folder)
            if NAME.fullmatch(one.name) is None:
                raise AdapterError(f"{one.name!r} is no name for an adapter: letters, digits, dots and dashes.")
            if not one.file.is_file() or len(found) == MOST:
                continue
            digest = digest or (weights.digest(model) if one.base_size == size_of(model) else "")
            check(one, model, digest)
            found.append(one)
        except (AdapterError, OSError) as error:
            say(f"left out: {error}")
    return found


def check(one: Adapter, model: Path, digest: str) -> None:
    """Raises AdapterError where it was made for other weights than these, of this digest."""
    if one.base != digest:
        raise AdapterError(other(one, model))


def other(one: Adapter, model: Path) -> str:
    """The sentence for an adapter of another model."""
    return f"The adapter {one.name} was made for {one.base_name}, and the model here is {weights.name_of(model)}, with other weights. Use that model, or tune this one: `assay tune run`."


def size_of(model: Path) -> int:
    """Bytes of weights."""
    return model.stat().st_size if model.is_file() else sum(one.stat().st_size for one in model.glob("*.safetensors"))


def mark(given: str, model: Path) -> str:
    """What tells the adapters of a model's engine from others: their places, sizes and times; "" for none. Quick: whatever is of another size than the base that they name is no part of it."""
    told = list[str]()
    for folder in folders(given, model):
        try:
            if read(folder).base_size == size_of(model) and (status := (folder / GGUF).stat()):
                told.append(f"{folder}\0{status.st_size}\0{status.st_mtime_ns}")
        except (AdapterError, OSError):
            continue
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:16] if told else ""


def today(model: Path) -> Adapter | None:
    """What a model is used with where nobody chose: the embedded one's own adapter."""
    own = manifest("", model, OWN.name)
    return own if own is not None and own.base_size == size_of(model) else None


def numbers(answer: Any) -> dict[str, int]:
    """llama.cpp's number of each adapter that it has, by the name of its folder."""
    try:
        return {Path(str(one["path"])).parent.name: int(one["id"]) for one in answer}
    except (KeyError, TypeError, ValueError):
        return {}


def manifest(given: str, model: Path, name: str) -> Adapter | None:
    """What is told of the adapter of a name; None where there is none that `assay tune` made."""
    folder = next((one for one in folders(given, model) if one.name == name), None)
    try:
        return read(folder) if folder is not None else None
    except AdapterError:
        return None

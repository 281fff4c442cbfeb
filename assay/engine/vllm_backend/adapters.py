"""LoRA adapters that vLLM serves beside the model, each by the name of its folder: looked for while it runs, and told to it.

vLLM is given copies, in the cache and under a name that changes with what is in them: an adapter is read again when there is no room for all, and
what was read of a prompt is kept under the name of a path.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import memory
from ..adapters import MOST, NAME

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
CONFIG_LIMIT, LIMIT = 1_000_000, 4 << 30  # bytes of the one and the other
RANKS = (
    16,
    32,
    64,
    128,
    256,
    320,
    512,
)  # that vLLM has memory set aside for; it has smaller ones, which save next to nothing
RANK = "--max-lora-rank"
AT_ONCE, KEPT = 4, 32  # adapters in one batch, and in memory

_BROKEN = (ValueError, TypeError, AttributeError, KeyError, struct.error, RecursionError, OverflowError, MemoryError)
Shapes = Mapping[str, tuple[int, ...]]  # of tensors, by their names
Post = Callable[[str, dict[str, object]], str]


@dataclass(frozen=True, slots=True)
class Adapter:
    """By its folder's name; `mark` changes when its files do."""

    name: str
    folder: Path
    rank: int
    mark: str


def found(folder: Path, shapes: Shapes) -> tuple[tuple[Adapter, ...], dict[str, str]]:
    """The adapters in a folder that are a model's with these shapes, and what was left out: why, by name. Raises OSError where the folder cannot be listed. Only safetensors count: other files of
    weights can hold programs. Their shapes are held against the model's: vLLM takes smaller ones, too, and writes nonsense."""
    adapters, left_out = list[Adapter](), dict[str, str]()
    for one in sorted(folder.iterdir()):
        try:
            if not (one / CONFIG).is_file():
                continue
            if NAME.fullmatch(one.name) is None:
                raise ValueError("its name has other characters than letters, digits, dots and dashes")
            if len(adapters) == MOST:
                raise ValueError(f"{MOST} are served already")
            adapters.append(_read(one, shapes))
        except OSError as error:
            left_out[one.name] = f"it cannot be read ({error.strerror})"
        except _BROKEN as error:
            left_out[one.name] = str(error) if type(error) is ValueError else "its files are not as PEFT writes them"
    return tuple(adapters), left_out


def flags(adapters: Iterable[Adapter]) -> list[str]:
    """vLLM's arguments: room for the highest rank that is there."""
    highest = max((one.rank for one in adapters), default=0)
    rank = next(one for one in RANKS if one >= highest)
    return ["--enable-lora", RANK, str(rank), "--max-loras", str(AT_ONCE), "--max-cpu-loras", str(KEPT)]


def room(told: Sequence[str]) -> int:
    """The highest rank that vLLM has room for, by its arguments."""
    return int(told[told.index(RANK) + 1])


class Served:
    """What vLLM has been told of a folder's adapters."""

    def __init__(
        self, where: tuple[Path, Path], shapes: Shapes, room: int, post: Post, say: Callable[[str], None]
    ) -> None:
        """`where`: the folder, and one of ours for copies. `room`: the highest rank. `post` sends a body to a path of vLLM and gives its complaint, "" for none."""
        self._folder, self._copies = where
        self._shapes, self._room, self._post, self._say = shapes, room, post, say
        self._told: dict[str, Adapter] = {}
        self._refused: set[tuple[str, str]] = (
            set()
        )  # names, each with the mark of its files or with what was said of it
        shutil.rmtree(self._copies, ignore_errors=True)

    def look(self) -> None:
        """Have vLLM serve what is in the folder now: what is new or changed, and no longer what went. What it refuses is said, once."""
        try:
            adapters, left_out = found(self._folder, self._shapes)
        except OSError as error:  # what is served goes on
            self._tell_once(str(self._folder), f"it cannot be listed ({error.strerror})")
            return
        here = {one.name: one for one in adapters}
        for one in [told for name, told in self._told.items() if here.get(name) != told]:
            self._post("/v1/unload_lora_adapter", {"lora_name": one.name})
            shutil.rmtree(self._copy(one), ignore_errors=True)
            del self._told[one.name]
            if one.name not in here:
                self._say(f"The adapter {one.name} is gone.")
        for one in adapters:
            if one.name in self._told or (one.name, one.mark) in self._refused:
                continue
            try:
                complaint = self._load(one)
            except OSError as error:  # a full disk is no fault of the adapter: it is tried again
                shutil.rmtree(self._copy(one), ignore_errors=True)
                left_out[one.name] = f"it cannot be copied ({error.strerror})"
                continue
            if complaint:
                left_out[one.name] = complaint
                self._refused.add((one.name, one.mark))
            else:
                self._told[one.name] = one
                self._say(f"serving the adapter {one.name}, of rank {one.rank}")
        for name, why in left_out.items():
            self._tell_once(name, why)

    def _tell_once(self, name: str, why: str) -> None:
        if (name, why) not in self._refused:
            self._refused.add((name, why))
            self._say(f"The adapter {name} is left out: {why}.")

    def _load(self, one: Adapter) -> str:
        """Its complaint. Raises OSError where it cannot be copied."""
        if one.rank > self._room:
            return f"its rank is {one.rank}, and there is room for {self._room} until the engine is started anew"
        copy = self._copy(one)
        copy.mkdir(parents=True, exist_ok=True)
        for name in (CONFIG, WEIGHTS):
            shutil.copyfile(one.folder / name, copy / name)
        complaint = self._post("/v1/load_lora_adapter", {"lora_name": one.name, "lora_path": str(copy)})
        if complaint:
            shutil.rmtree(copy, ignore_errors=True)
        return complaint

    def _copy(self, one: Adapter) -> Path:
        return self._copies / f"{one.name}-{one.mark}"


def _read(folder: Path, shapes: Shapes) -> Adapter:
    with (folder / CONFIG).open("rb") as opened:
        config = json.loads(opened.read(CONFIG_LIMIT))
    if config.get("peft_type", "LORA") != "LORA":
        raise ValueError(f"it is of the kind {str(config.get('peft_type'))[:40]}, and LoRA is served")
    rank = config.get("r")
    ranks = [rank, *(config.get("rank_pattern") or {}).values()]
    if not all(type(one) is int and 0 < one <= RANKS[-1] for one in ranks):
        raise ValueError(f"its rank is no number up to {RANKS[-1]}")
    if not (folder / WEIGHTS).is_file():
        raise ValueError(f"it has no {WEIGHTS}")
    _fit(memory.shapes(folder / WEIGHTS), max(ranks), shapes)
    told = [(folder / name).stat() for name in (CONFIG, WEIGHTS)]
    if told[1].st_size > LIMIT:
        raise ValueError(f"it has more than {LIMIT >> 30} GiB")
    mark = "".join(f"\0{one.st_size} {one.st_mtime_ns} {one.st_ino}" for one in told)
    return Adapter(folder.name, folder, max(ranks), hashlib.sha256(mark.encode()).hexdigest()[:12])


def _fit(parts: Shapes, rank: int, shapes: Shapes) -> None:
    """Hold its numbers against the model's. Raises ValueError."""
    is_known = False
    for name, shape in parts.items():
        changed, _, which = name.removeprefix("base_model.model.").rpartition(".lora_")
        whole = shapes.get(f"{changed}.weight")
        is_known = is_known or whole is not None or any(one.startswith(f"{changed}.") for one in shapes)
        if (
            which not in ("A.weight", "B.weight") or whole is None or len(whole) != 2
        ):  # what vLLM will say, or has packed
            continue
        fits = shape[1:] == whole[1:] if which == "A.weight" else shape[:1] == whole[:1]
        if len(shape) != 2 or not fits or shape[which == "B.weight"] > rank:
            raise ValueError(f"{changed} is of another size in this model")
    if not is_known:
        raise ValueError("it is of another model")

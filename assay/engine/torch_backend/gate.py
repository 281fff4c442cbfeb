"""Whether a quantisation leaves the text as good as it was: how likely the model finds code that it was not trained on, against the same in 16 bits.

The code is Assay's own, which no model knows. What was measured is recorded beside the weights, or in the cache where that folder is not ours, and is not measured again while neither the code nor torchao are others.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path

import torch

from ..api import EngineUnavailable
from ..weights import tensors
from .model import Loaded

LIMIT = 0.02  # of bf16's negative log-likelihood that a quantisation may be worse by
SOURCES = (
    "analyzers/naming.py",
    "analyzers/brackets.py",
    "sandbox/pool.py",
    "lsp_server/session.py",
    "assay/compose.py",
)
TOKENS = 2048
WINDOW = 512  # tokens that are read at once


@dataclass(frozen=True, slots=True)
class Quality:
    """Mean negative natural-log likelihood of a token, of 16 bits and of the quantisation."""

    base: float
    found: float

    @property
    def loss(self) -> float:
        """By how much the quantisation is worse: 0.02 is 2 %."""
        return self.found / self.base - 1

    @property
    def is_good(self) -> bool:
        """Whether it may be used."""
        return math.isfinite(self.found) and self.loss <= LIMIT


def held_out() -> str:
    """The code that is measured on."""
    return "\n".join(files(name.split("/")[0]).joinpath(*name.split("/")[1:]).read_text("utf-8") for name in SOURCES)


@torch.inference_mode()
def likelihood(loaded: Loaded, tokens: int = TOKENS) -> float:
    """Mean negative natural-log likelihood of a token of the held-out code."""
    ids = loaded.ids(held_out())[:tokens]
    total, count = 0.0, 0
    for start in range(0, len(ids), WINDOW):
        window = torch.tensor([ids[start : start + WINDOW]], device=loaded.device)
        if window.shape[1] < 2:
            break
        logits = loaded.model(input_ids=window, use_cache=False).logits[0, :-1].float()
        chosen = torch.log_softmax(logits, dim=-1).gather(1, window[0, 1:, None])
        total -= float(chosen.sum())
        count += chosen.numel()
    return total / count


def pass_or_raise(loaded: Loaded, name: str, quality: Quality) -> None:
    """Raises EngineUnavailable for a quantisation that is too much worse."""
    if not quality.is_good:
        raise EngineUnavailable(
            f"Engine off: {name} makes {loaded.name} {quality.loss:.1%} worse at code than 16 bits, and {LIMIT:.0%} is the most. "
            "Set `engine.quantisation` to another."
        )


class Record:
    """What was measured of one model's weights."""

    def __init__(self, weights: Path, cache: Path, tokens: int = TOKENS) -> None:
        beside = weights / "assay-quality.json" if weights.is_dir() else weights.with_suffix(".quality.json")
        mark = hashlib.sha256(str(weights).encode()).hexdigest()[:12]
        self._places = (beside, cache / "quality" / f"{mark}.json")
        code = hashlib.sha256(f"{tokens}\n{held_out()}".encode()).hexdigest()[:12]
        self._marks = {"weights": _mark(weights), "code": code}

    def read(self) -> dict[str, float]:
        """The likelihood of each way to hold the weights, as far as it was measured for what is here now."""
        for place in self._places:
            try:
                found = json.loads(place.read_text("utf-8"))
                if all(found[name] == mark for name, mark in self._marks.items()):
                    return {
                        name: float(one["likelihood"]) for name, one in found["held"].items() if one["by"] == _by(name)
                    }
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return {}

    def write(self, measured: Mapping[str, float]) -> Path | None:
        """Keep it; where it lies, or None where no folder takes it."""
        held = {name: {"likelihood": round(value, 5), "by": _by(name)} for name, value in measured.items()}
        text = json.dumps({**self._marks, "held": held}, indent=2)
        for place in self._places:
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, "utf-8")
            except OSError:
                continue
            return place
        return None


def _by(name: str) -> str:
    package = "torch" if name in ("bf16", "fp16", "fp32") else "torchao"
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package


def _mark(weights: Path) -> str:
    parts = (
        [weights / name for name in tensors(one.name for one in weights.iterdir())] if weights.is_dir() else [weights]
    )
    return hashlib.sha256(
        "".join(f"{one.name} {one.stat().st_size} {one.stat().st_mtime_ns}\n" for one in parts).encode()
    ).hexdigest()[:12]

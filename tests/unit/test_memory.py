"""What fits is known before anything is loaded."""

from __future__ import annotations

import json
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from assay.engine import memory
from assay.engine.api import EngineUnavailable
from assay.engine.memory import GIB, Shape

SEVEN = Shape(7_616_000_000, 545_000_000, 57_344, 32768)  # Qwen2.5-Coder-7B's
ALL = ("bf16", "fp8", "int8", "int4")


def plan(free: float, wanted: str = "auto", possible: tuple[str, ...] = ALL, rows: int = 4) -> memory.Plan:
    return memory.plan(SEVEN, int(free * GIB), wanted=wanted, possible=possible, rows=rows, context=8192)


def test_the_best_text_that_fits_is_taken() -> None:
    assert plan(80).quantisation == "bf16"
    assert plan(12).quantisation == "fp8"
    assert plan(12, possible=("bf16", "int8", "int4")).quantisation == "int8"
    assert plan(8).quantisation == "int4"
    assert plan(80, "int4").quantisation == "int4"


def test_rows_and_context_go_before_the_text_does() -> None:
    roomy, tight = plan(80, rows=64), plan(17, rows=64)
    assert (roomy.rows, roomy.context) == (64, 8192)
    assert tight.quantisation == "bf16" and tight.rows < 3
    assert roomy.total <= 80 * GIB and tight.total <= 17 * GIB


def test_a_processor_without_bf16_takes_twice_as_much() -> None:
    wide = replace(SEVEN, wide=2, per_token=SEVEN.per_token * 2)
    assert wide.weights("bf16") == 2 * SEVEN.weights("bf16")
    with pytest.raises(EngineUnavailable, match=r"29\.1 GiB"):
        memory.plan(wide, 24 * GIB, wanted="bf16", possible=("bf16", "int8"), rows=4, context=8192)


def test_what_does_not_fit_is_said_with_what_would() -> None:
    with pytest.raises(
        EngineUnavailable, match=r"as bf16 needs 14\.. GiB, and 12\.0 GiB are free.*quantisation` to fp8"
    ):
        plan(12, "bf16")
    with pytest.raises(EngineUnavailable, match="Choose a smaller model"):
        plan(2)


def test_a_folders_headers_say_how_large_it_is(tmp_path: Path) -> None:
    config = {
        "hidden_size": 8,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "num_hidden_layers": 3,
        "vocab_size": 10,
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    for name, shape in (("a", [10, 8]), ("b", [4, 8])):
        header = json.dumps(
            {"w": {"dtype": "BF16", "shape": shape, "data_offsets": [0, 0]}, "__metadata__": {}}
        ).encode()
        (tmp_path / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    shape = memory.shape_of(tmp_path)
    assert (shape.parameters, shape.embedded, shape.per_token) == (112, 80, 1 * 4 * 3 * 2 * 2)
    for name in ("model-00001-of-00002", "model-00002-of-00002"):
        shutil.copy(tmp_path / "b.safetensors", tmp_path / f"{name}.safetensors")
    assert memory.shape_of(tmp_path).parameters == 64, "the same weights are there twice: the shards are read"


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, struct.pack("<Q", 4) + b"nope"])
def test_a_header_that_is_none_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_text(
        '{"hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1, "vocab_size": 3}'
    )
    (tmp_path / "m.safetensors").write_bytes(content)
    with pytest.raises(EngineUnavailable, match="how large it is"):
        memory.shape_of(tmp_path)


def test_free_memory_is_a_number_of_bytes() -> None:
    assert memory.free_here() > 50_000_000

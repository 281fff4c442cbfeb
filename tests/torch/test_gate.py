"""The gate: a quantisation that harms the text is refused, whatever it is called, and one that does not is let through and recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torchao.quantization import Int8DynamicActivationInt8WeightConfig, PerTensor

from assay.engine.api import EngineUnavailable
from assay.engine.torch_backend import gate, quantise, start
from assay.engine.torch_backend import model as models
from assay.engine.torch_backend.model import Loaded

CPU = torch.device("cpu")


def test_one_scale_for_a_whole_layer_ruins_the_text_and_is_refused(saved: Path, small: Loaded) -> None:
    base = gate.likelihood(small, 512)
    broken = quantise.apply(
        models.load(saved, device=CPU), "int8", Int8DynamicActivationInt8WeightConfig(granularity=PerTensor())
    )
    quality = gate.Quality(base, gate.likelihood(broken, 512))
    assert quality.loss > 0.1
    with pytest.raises(EngineUnavailable, match="worse at code"):
        gate.pass_or_raise(broken, "int8", quality)


def test_int8_of_the_weights_passes_and_is_measured_once(saved: Path, tmp_path: Path, capsys) -> None:
    wanted = start.Wanted("int8", context=2048)
    loaded, _ = start.ready(saved, tmp_path / "cache", wanted)
    assert loaded.quantisation == "int8"
    record = saved / "assay-quality.json"
    held = json.loads(record.read_text())["held"]
    assert held["int8"]["likelihood"] / held["bf16"]["likelihood"] - 1 < gate.LIMIT
    assert "measuring" in capsys.readouterr().out
    start.ready(saved, tmp_path / "cache", wanted)
    assert "measuring" not in capsys.readouterr().out


def test_a_refused_one_is_not_used_by_anybody(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was recorded before counts: no text is measured twice, and none of a bad one is written."""
    values = iter([1.0, 1.5])
    monkeypatch.setattr(gate, "likelihood", lambda loaded, tokens: next(values))
    for _ in range(2):
        with pytest.raises(EngineUnavailable, match=r"50.0% worse"):
            start.ready(folder, tmp_path, start.Wanted("int8"))


def test_a_record_of_other_weights_or_of_nothing_readable_is_none(folder: Path, tmp_path: Path) -> None:
    record = gate.Record(folder, tmp_path, 99)
    assert record.read() == {}
    place = record.write({"bf16": 2.0})
    assert place is not None and record.read() == {"bf16": 2.0}
    assert gate.Record(folder, tmp_path, 100).read() == {}
    for text in ("", "[]", '{"held": 3}', '{"held": {"bf16": {}}}'):
        place.write_text(text)
        assert record.read() == {}
    place.unlink()


def test_a_folder_that_is_not_ours_has_its_record_in_the_cache(folder: Path, tmp_path: Path, monkeypatch) -> None:
    write = Path.write_text

    def refuse(self: Path, *arguments: object, **more: object) -> int:
        if self.is_relative_to(folder):
            raise PermissionError("not ours")
        return write(self, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", refuse)
    record = gate.Record(folder, tmp_path, 98)
    place = record.write({"bf16": 2.0})
    assert place is not None and place.is_relative_to(tmp_path)
    assert record.read() == {"bf16": 2.0}


def test_a_layer_that_torchao_leaves_is_not_passed_over(folder: Path) -> None:
    class Skips:
        pass

    with pytest.raises((EngineUnavailable, KeyError, TypeError, AssertionError)):
        quantise.apply(models.load(folder, device=CPU), "int8", Skips())
    with pytest.raises(EngineUnavailable, match="no quantisation"):
        quantise.config_of("int3", None)

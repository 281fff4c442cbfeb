"""The measurements themselves: that they run, and that the simulation does what the engine does."""

from __future__ import annotations

import sys

import pytest

from evals import capacity_run, gpu
from evals.capacity import Asked, simulated, told


def test_the_simulation_and_the_engine_agree_on_who_is_done() -> None:
    loaded = capacity_run.model()
    asked = [Asked(0.2 * n, n % 2, 20, 6, 0.2 * n + (0.001 if n % 3 == 0 else 5)) for n in range(9)]
    real = capacity_run.ran(loaded, asked)
    forecast = simulated(asked, capacity_run.measured_steps(loaded))
    assert [one is None for one in real] == [one is None for one in forecast] == [n % 3 == 0 for n in range(9)]
    assert told(asked, real)[2] == 1.0


def test_the_table_of_a_gpu_is_printed_on_whatever_is_here(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu", "--tiny", "--alone", "--seconds", "1"])
    monkeypatch.setattr(gpu, "PREFIX", 1024)
    gpu.main()
    printed = capsys.readouterr().out
    for part in (
        "memory bandwidth",
        "bf16, one text",
        "transformers.generate",
        "first token",
        "one who types",
        "int8, one text",
    ):
        assert part in printed
    assert "24 of 24 tokens alike" in printed

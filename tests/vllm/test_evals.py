"""The measurement of how many people vLLM carries: it runs, and the simulation says of each request what vLLM did."""

from __future__ import annotations

import pytest

from assay.engine.vllm_backend import place
from evals.capacity import Asked, simulated


async def test_the_simulation_and_vllm_agree_on_who_is_done(
    found: place.Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="torch is not here: `make test-torch` makes its environment")
    from evals import capacity_vllm

    monkeypatch.delenv("ASSAY_HOME")
    asked = [Asked(0.2 * n, n % 2, 20, 6, 0.2 * n + (0.001 if n % 3 == 0 else 5)) for n in range(9)]
    ((steps, again, ends),) = await capacity_vllm.all_typed([asked])
    assert again == asked and steps.write > 0 and steps.read_token > 0
    assert [one is None for one in ends] == [one is None for one in simulated(asked, steps)]
    assert [one is None for one in ends] == [n % 3 == 0 for n in range(9)]

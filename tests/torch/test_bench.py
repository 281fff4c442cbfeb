"""Both backends measured beside each other; the record chooses."""

from __future__ import annotations

from pathlib import Path

from assay.engine import backends, bench


async def test_both_are_measured_and_the_faster_one_is_taken(model: Path, tmp_path: Path) -> None:
    chosen = [backends.choose(one, model, tmp_path) for one in ("llamacpp", "torch")]
    found = await bench.measure(model, chosen, "auto", lambda _: None, sizes=(64,))
    assert [len(one.rows) for one in found] == [1, 1], [one.why for one in found]
    bench.record(tmp_path, model, found)
    sooner = min(found, key=lambda one: one.rows[0].suggestion_s).backend
    assert backends.choose("auto", model, tmp_path).backend == sooner

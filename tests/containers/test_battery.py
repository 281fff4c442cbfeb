"""The battery holds on a real engine; on the absent sandbox nothing runs."""

from __future__ import annotations

import pytest

from sandbox import battery
from sandbox.absent import Absent
from sandbox.api import Job, Sandbox, SandboxUnavailable, Step


async def test_the_battery_holds_and_leaves_nothing(sandbox: Sandbox, docker_url: str) -> None:
    results = await battery.run(sandbox)
    assert len(results) == len(battery.CASES) + 1
    assert [(r.name, r.saw) for r in results if not r.holds] == []


async def test_nothing_runs_without_a_sandbox() -> None:
    absent = Absent("Sandbox off: for this test.")
    with pytest.raises(SandboxUnavailable, match="for this test"):
        await absent.run(Job(battery.EMPTY, (Step("script", 1.0, path="x.py"),)))
    with pytest.raises(SandboxUnavailable):
        await battery.run(absent)

"""The battery holds on a real engine; on the absent sandbox nothing runs."""

from __future__ import annotations

import contextlib

import pytest

from sandbox import battery, build, container, engine
from sandbox.absent import Absent
from sandbox.api import Job, Sandbox, SandboxUnavailable, Step
from sandbox.pool import Pool


async def test_the_battery_holds_and_leaves_nothing(sandbox: Sandbox, docker_url: str) -> None:
    results = await battery.run(sandbox)
    assert len(results) == len(battery.CASES) + 1
    assert [(r.name, r.saw) for r in results if not r.holds] == []


async def test_the_battery_holds_on_every_other_engine_that_is_here(docker_url: str) -> None:
    others = [url for url in engine.candidates() if url != docker_url]
    if not others:
        pytest.skip("there is one container engine here (a Podman socket beside Docker's would be the other)")
    for url in others:
        client = engine.connect(url, engine.BUILD_TIMEOUT_S)
        if not build.is_built(client):
            build.build(client, print)
        pool = Pool(lambda url=url: engine.connect(url), build.image_name(), size=1)
        try:
            assert [(url, r.name, r.saw) for r in await battery.run(pool) if not r.holds] == []
        finally:
            await pool.close()
            client.close()


async def test_nothing_runs_without_a_sandbox() -> None:
    absent = Absent("Sandbox off: for this test.")
    with pytest.raises(SandboxUnavailable, match="for this test"):
        await absent.run(Job(battery.EMPTY, (Step("script", 1.0, path="x.py"),)))
    with pytest.raises(SandboxUnavailable):
        await battery.run(absent)


@pytest.mark.parametrize(("kinds", "is_there"), [((), "True"), (("calls",), "False"), (("pytest", "calls"), "True")])
def test_a_container_that_a_job_waits_for_is_made_ready_for_that_alone(
    docker_url: str, kinds: tuple[str, ...], is_there: str
) -> None:
    """It runs steps of the other kinds as well, which load what they need."""
    files = (
        ("a.py", "def f(x):\n    return x\n"),
        ("test_a.py", "from a import f\n\n\ndef test_f():\n    assert f(1) == 1\n"),
    )
    with contextlib.closing(engine.connect(docker_url)) as client:
        box = container.boot(client, build.image_name(), battery.EMPTY, kinds)
        steps = (
            Step("calls", 10.0, files, path="a.py", calls=("'pytest' in __import__('sys').modules",)),
            Step("pytest", 20.0, files, ("test_a.py",)),
            Step("ruff", 10.0, files, path="a.py"),
        )
        try:
            called, tested, linted = box.run(steps, lambda number, outcome: None, lambda number, how: None)
        finally:
            box.kill()
    assert called.returned == {0: is_there}
    assert [one.outcome for one in tested.tests.tests] == ["passed"] and linted.stdout.strip() == "[]"

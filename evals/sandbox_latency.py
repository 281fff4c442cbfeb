"""A check of a five-line function with five tests in the warm pool, beside a plain `docker run` of the same.

`python -m evals.sandbox_latency`: alternates both, prints medians, 95th percentiles and the ratio of the medians.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time

from sandbox import build, engine
from sandbox.api import Job, Piece, Project, Step
from sandbox.pool import Pool
from sandbox.runner import bundle

ROUNDS = 15
MODULE = "def clamp(x, low, high):\n    if x < low:\n        return low\n    if x > high:\n        return high\n    return x\n"
TESTS = "from clamp import clamp\n\n\n" + "\n\n".join(
    f"def test_{n}():\n    assert clamp({n}, 1, 3) == {min(max(n, 1), 3)}\n" for n in range(5)
)
PLAIN = (
    "import os, sys; os.chdir('/work'); open('clamp.py','w').write(%r); open('test_clamp.py','w').write(%r); "
    "os.execvp('python3', ['python3','-m','pytest','-q','-p','no:cacheprovider','test_clamp.py'])"
)


async def main() -> None:
    project = Project(
        "latency",
        bundle.pack([("clamp.py", MODULE.replace("low:", "low :").encode()), ("test_clamp.py", TESTS.encode())]),
    )
    step = Step(
        "pytest", 10.0, (("clamp.py", MODULE),), tuple(f"test_clamp.py::test_{n}" for n in range(5)),
        changed=("clamp.py",), pieces=(Piece("clamp.py", (2, 2)), Piece("clamp.py", (3, 3))),
    )  # fmt: skip
    pool = Pool(engine.connect, build.image_name(), size=2)
    warm: list[float] = []
    plain: list[float] = []
    with contextlib.closing(engine.connect()) as client:
        if not build.is_built(client):
            raise SystemExit("the sandbox image is not built: run `assay sandbox build`")
        for _ in range(ROUNDS):
            await pool.warm(project)
            while pool.health().state != "ready" or len(pool._ready) < 2:
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.2)
            started = time.perf_counter()
            (outcome,) = await pool.run(Job(project, (step,)))
            warm.append(time.perf_counter() - started)
            assert sum(t.is_green for t in outcome.tests.tests) == 5
            await asyncio.sleep(1.0)
            started = time.perf_counter()
            await asyncio.to_thread(_plain, client)
            plain.append(time.perf_counter() - started)
    await pool.close()
    for name, seen in (("warm pool", warm), ("docker run", plain)):
        cuts = statistics.quantiles(seen, n=20)
        print(f"{name:10} median {statistics.median(seen) * 1000:.0f} ms  p95 {cuts[18] * 1000:.0f} ms")
    print(f"ratio {statistics.median(warm) / statistics.median(plain):.2f}")


def _plain(client) -> None:  # type: ignore[no-untyped-def]
    config = client.create_host_config(network_mode="none", tmpfs={"/work": "mode=1777"})
    made = client.create_container(
        build.image_name(), ["-c", PLAIN % (MODULE, TESTS)], entrypoint=["python3", "-B"], host_config=config
    )
    client.start(made["Id"])
    assert client.wait(made["Id"])["StatusCode"] == 0
    client.remove_container(made["Id"], force=True)


if __name__ == "__main__":
    asyncio.run(main())

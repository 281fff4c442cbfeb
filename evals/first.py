"""How long the first suggestion takes in a small and in a large project: `python -m evals.first [--files 20 2000] [--policy P] [--against PYTHON]`.

A new server each time, in turn; from the opening of a file to the answer of a request right behind it, and of the next one. Answers of a stand-in
for a model; containers as the policy has it. PYTHON is the interpreter of an environment with another state of Assay.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from evals.startup import SERVER
from tests.lsp.client import Client
from tests.lsp.stub import Stub

ROUNDS = 7
FOLDER = 50  # files in one
BODY = '"""Module {n}."""\n\nfrom {package} import m{before}\n\n\n' + "".join(
    f"def f{i}(x):\n    y = x + {i}\n    return y * m{{before}}.f{i}(x)\n\n\n" for i in range(8)
)


def project(folder: Path, count: int) -> Path:
    """`count` modules in packages, each of which imports the one before it, and one test."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    for n in range(count):
        package = folder / f"p{n // FOLDER}"
        package.mkdir(exist_ok=True)
        before = max(0, n - 1)
        (package / f"m{n}.py").write_text(BODY.format(n=n, package=f"p{before // FOLDER}", before=before))
    (folder / "test_m0.py").write_text("from p0 import m0\n\n\ndef test_add():\n    assert m0.add(1, 2) == 3\n")
    return folder


async def timed(python: str, folder: Path, url: str, policy: str) -> tuple[float, float]:
    """Seconds to the first answer, and to the second."""
    client = await Client.start(command=[python, *SERVER[1:]])
    options = {"engine": {"url": url}, "verify": {"policy": policy}, "sandbox": {"enabled": policy != "static"}}
    await client.initialize(folder, options)
    text = "def add(a, b):\n    return \n"
    uri, took = client.open(folder / "p0" / "m0.py", text), list[float]()
    for _ in range(2):
        started = time.perf_counter()
        assert await client.inline(uri, 1, 11, invoked=True, timeout_s=60), "nothing was offered"
        took.append(time.perf_counter() - started)
    await client.stop()
    return took[0], took[1]


async def main(given: argparse.Namespace) -> None:
    """Measure in turn and print medians."""
    pythons = {"this": sys.executable} | ({"other": given.against} if given.against else {})
    seen: dict[tuple[str, int], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as home:
        folders = {count: project(Path(home) / f"p{count}", count) for count in given.files}
        async with Stub(lambda body: "a + b\n") as stub:
            for _ in range(ROUNDS):
                for name, python in pythons.items():
                    for count, folder in folders.items():
                        seen.setdefault((name, count), []).append(await timed(python, folder, stub.url, given.policy))
    for (name, count), times in seen.items():
        first, second = (statistics.median(column) * 1000 for column in zip(*times, strict=True))
        least = statistics.median(one for one, _ in seen[name, given.files[0]]) * 1000
        print(
            f"{name}, {given.policy}, {count} files: first {first:.0f} ms ({first / least:.2f} of the first line's), second {second:.0f} ms"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.first")
    parser.add_argument("--files", type=int, nargs="+", default=[20, 2000])
    parser.add_argument("--policy", default="static")
    parser.add_argument("--against", default="")
    asyncio.run(main(parser.parse_args()))

"""What the coverage map costs: `python -m evals.recording [--package NAME …] [--requests N]`.

For each package the whole suite in the sandbox, plain and recorded, in turn, and the ratio of their medians. Then completions in the package
that takes longest, while nothing else runs and while its suite is being recorded over and over, in turn: lines that its tests execute are cut out, and a
stand-in for a model answers with them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from analyzers import reach
from analyzers.text import Snapshot
from assay import compose
from assay.assistant.proof import mapping
from assay.assistant.record.coverage import Maps
from assay.assistant.workbench import Workbench
from assay.folders import folders
from evals.packages import KNOWN, Row, fetched
from sandbox.api import Job, Step
from tests.lsp.client import Client
from tests.lsp.stub import Stub

ROUNDS = 3
PAUSE_S = 0.7  # between two requests, in which somebody reads what was offered


async def costs(bench: Workbench, root: Path, folder: Path) -> tuple[float, float, int]:
    """Seconds of the suite, plain and recorded (medians), container included; and the number of its tests."""
    state = await bench.projects.state(root)
    files = tuple(name for name in state.texts if reach.is_test_file(name, state.test_files))
    plain, recorded, count = [], [], 0
    for number in range(ROUNDS):
        await bench.sandbox.warm(state.project)
        await asyncio.sleep(1.5)
        started = time.perf_counter()
        await bench.sandbox.run(Job(state.project, (Step("pytest", 300, (), files),)))
        plain.append(time.perf_counter() - started)
        await asyncio.sleep(1.5)
        started = time.perf_counter()
        made = await mapping.record(replace(bench, maps=Maps(folder / str(number))), root)
        recorded.append(time.perf_counter() - started)
        count = len(made.entered)
    return statistics.median(plain), statistics.median(recorded), count


async def completions(root: Path, rows: list[Row], count: int) -> list[float]:
    """Seconds of `count` requests that somebody makes, one after the other."""
    times, current = [], {"text": ""}
    async with Stub(lambda body: current["text"]) as stub:
        client = await Client.start(env={"ASSAY_ENGINE_URL": stub.url, "ASSAY_VERIFY_MAP": "false"})
        await client.initialize(root)
        for number in range(count):
            path, change = root / rows[number % len(rows)].path, rows[number % len(rows)].change(root)
            line = rows[number % len(rows)].line - 1
            snapshot = Snapshot("", "", 0, change.after)
            span = snapshot.line_span(line)
            whole = change.after[span.start : span.end]
            lead = len(whole) - len(whole.lstrip())
            current["text"] = f"{whole.lstrip()}\n"
            uri = client.open(path, change.after[: span.start + lead] + change.after[span.end :])
            await asyncio.sleep(PAUSE_S)
            started = time.perf_counter()
            await client.inline(uri, line, lead, invoked=True, timeout_s=60)
            times.append(time.perf_counter() - started)
            client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        await client.stop()
    return times[2:]  # the first ones find nothing warm


async def recording(bench: Workbench, root: Path, folder: Path) -> None:
    """Record the same project over and over."""
    for number in range(10_000):
        await mapping.record(replace(bench, maps=Maps(folder / f"again{number}")), root)


async def main(given: argparse.Namespace) -> None:
    """Measure and print."""
    where = folders()
    settings, _ = compose.load_settings(where, editor={"sandbox": {"pool": 1}})
    known = json.loads(KNOWN.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as home:
        roots = {}
        for name in given.package:
            (Path(home) / name).mkdir()
            roots[name] = fetched(name, Path(home) / name)
        ratios, longest = [], dict[str, float]()
        for name, root in roots.items():
            bench = compose.workbench(settings, where)
            plain, recorded, count = await costs(bench, root, Path(home) / f"maps-{name}")
            await compose.close(bench)
            ratios.append(recorded / plain)
            longest[name] = recorded
            print(
                f"{name}: {count} tests, suite {plain:.2f} s, recorded {recorded:.2f} s, {ratios[-1]:.2f} times",
                flush=True,
            )
        print(f"median {statistics.median(ratios):.2f} times")
        name = max(longest, key=lambda one: longest[one])
        root = roots[name]
        rows = [Row(**row) for row in known[name] if row["kind"] == "truth"]
        seen: dict[str, list[float]] = {"alone": [], "while it is recorded": []}
        for _ in range(2):
            seen["alone"] += await completions(root, rows, given.requests)
            bench = compose.workbench(settings, where)
            task = asyncio.create_task(recording(bench, root, Path(home) / "over"))
            seen["while it is recorded"] += await completions(root, rows, given.requests)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await compose.close(bench)
        p95 = {kind: statistics.quantiles(times, n=20)[18] for kind, times in seen.items()}
        for kind, times in seen.items():
            print(
                f"{kind}: {len(times)} completions, p50 {statistics.median(times) * 1000:.0f} ms, p95 {p95[kind] * 1000:.0f} ms, {p95[kind] / p95['alone']:.2f} times"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.recording")
    parser.add_argument("--package", nargs="+", default=["tabulate", "more-itertools", "parse"])
    parser.add_argument("--requests", type=int, default=30)
    asyncio.run(main(parser.parse_args()))

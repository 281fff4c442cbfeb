"""Requests that follow each other in a project with slow tests: `python -m evals.apart [--package NAME] [--requests N] [--apart S] [--against PYTHON]`.

Lines of a published package are cut out and asked for, one after the other, each by an automatic request in an open document; a stand-in for a model knows them. Each begins `apart` seconds after the one before, or with its answer
where that comes later. No coverage map; the sandbox has two warm containers when it begins. Times are from the request to its answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from evals.packages import KNOWN, Row, fetched
from evals.replay import percentile
from evals.startup import SERVER
from tests.lsp.client import Client, inline_params
from tests.lsp.stub import Stub

WARM_S = 12.0  # until containers stand and jedi has read the package


async def asked(client: Client, uri: str, text: str, row: Row, version: int) -> tuple[float, str]:
    """One hole in the document and a request in it: seconds to the answer, and the verdict's words."""
    rows = text.split("\n")
    true = rows[row.line - 1]
    indent = len(true) - len(true.lstrip())
    rows[row.line - 1] = true[:indent]
    document = {"uri": uri, "version": version}
    client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": "\n".join(rows)}]})
    began = time.perf_counter()
    params = inline_params(uri, row.line - 1, indent, invoked=False)
    result = await client.call("textDocument/inlineCompletion", params, timeout_s=120)
    took = time.perf_counter() - began
    items = (result or {}).get("items", [])
    verdict = items[0]["command"]["arguments"][0]["verdict"] if items else {"state": "nothing"}
    return took, " ".join(filter(None, (verdict["state"], verdict.get("reason"))))


async def session(python: str, root: Path, rows: list[Row], home: Path, apart_s: float) -> list[tuple[float, str]]:
    """All requests in one window."""
    current = [""]
    async with Stub(lambda body: current[0]) as stub:
        environment = {"ASSAY_HOME": str(home), "ASSAY_VERIFY_MAP": "false"}
        client = await Client.start(command=[python, *SERVER[1:]], env=environment)
        options: dict[str, Any] = {"engine": {"url": stub.url}}
        await client.initialize(root, options)
        texts = {row.path: (root / row.path).read_text("utf-8") for row in rows}
        uris = {path: client.open(root / path, text) for path, text in texts.items()}
        await asyncio.sleep(WARM_S)
        found = []
        for number, row in enumerate(rows):
            began = time.perf_counter()
            current[0] = texts[row.path].split("\n")[row.line - 1].strip() + "\n"
            found.append(await asked(client, uris[row.path], texts[row.path], row, number + 2))
            await asyncio.sleep(max(0.0, began + apart_s - time.perf_counter()))
        await client.stop()
    return found


async def main(given: argparse.Namespace) -> None:
    """Fetch, ask, print."""
    pythons = {"this": sys.executable} | ({"other": given.against} if given.against else {})
    with tempfile.TemporaryDirectory() as home:
        root = fetched(given.package, Path(home))
        known = [Row(**row) for row in json.loads(KNOWN.read_text("utf-8"))[given.package]]
        rows = [row for row in known if row.kind == "truth"][: given.requests]
        for name, python in pythons.items():
            (Path(home) / name).mkdir(mode=0o700)
            found = await session(python, root, rows, Path(home) / name, given.apart)
            times = [took for took, _ in found]
            told = ", ".join(f"{took:.2f} {what}" for took, what in found)
            print(
                f"{name}: p50 {statistics.median(times):.2f} s, p95 {percentile(times, 0.95):.2f} s; {dict(Counter(w for _, w in found))}\n  {told}",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.apart")
    parser.add_argument("--package", default="more-itertools")
    parser.add_argument("--requests", type=int, default=10)
    parser.add_argument("--apart", type=float, default=1.0)
    parser.add_argument("--against", default="")
    asyncio.run(main(parser.parse_args()))

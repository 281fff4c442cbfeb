"""Make the table by which benchmark text is known (`assay/tune/material/benchmarks.bin`): `python -m evals.marks DATA`, DATA being the folder with HumanEval, MBPP and the typing traces.

Of the traces what was typed alone: the files of their repositories are left out by name. Runs that the standard library has are left out: idioms are nobody's.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from assay.tune.material import benchmarks

TASKS = ("HumanEval.jsonl.gz", "mbpp_sanitized.jsonl.gz")
TRACES = "py-typing-traces.json.gz"
TARGET = Path(benchmarks.__file__).with_name("benchmarks.bin")


def texts(data: Path) -> Iterator[str]:
    """All texts of the benchmarks; of a task its prompt and its solution are one."""
    for name in TASKS:
        with gzip.open(data / name, "rt", encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                yield row.get("prompt", "") + row.get("canonical_solution", "")
                yield from (str(one) for one in row.values() if isinstance(one, str))
                yield from (str(one) for one in row.get("test_list", []))
    with gzip.open(data / TRACES, "rt", encoding="utf-8") as file:
        for row in json.load(file):
            yield row["insert"]


def main(data: Path) -> None:
    """Write it."""
    found = {mark for text in texts(data) for mark in list(benchmarks.runs(text))[:: benchmarks.STRIDE]}
    before = len(found)
    library = Path(sysconfig.get_path("stdlib"))
    for path in library.rglob("*.py"):
        if "site-packages" not in path.parts:
            found.difference_update(benchmarks.runs(path.read_text("utf-8", "replace")))
    TARGET.write_bytes(b"".join(sorted(found)))
    print(
        f"{len(found)} runs of {benchmarks.RUN} words, {before - len(found)} of them the standard library's: {TARGET.stat().st_size} bytes"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.marks")
    parser.add_argument("data", type=Path)
    main(parser.parse_args().data)

"""Print what the last test run covered: `python -m tests.coverage_report`, called by `make coverage`.

Branch coverage of the packages that need no container to be exercised, together, and every module below FLOOR. It judges nothing: on a machine
without a container engine the tests that need one are skipped, and less is covered.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import coverage

PACKAGES = ("assay/assistant/", "analyzers/", "lsp_server/", "mcp_server/")
FLOOR = 70  # per cent


def main() -> None:
    """Combine the data of all processes and print."""
    measured = coverage.Coverage(data_file=str(Path(__file__).parents[1] / ".coverage"))
    measured.combine()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "coverage.json"
        measured.json_report(outfile=str(file))
        found = json.loads(file.read_text("utf-8"))["files"]
    chosen = {name: one["summary"] for name, one in found.items() if name.startswith(PACKAGES)}
    done = sum(one["covered_lines"] + one["covered_branches"] for one in chosen.values())
    every = sum(one["num_statements"] + one["num_branches"] for one in chosen.values())
    print(f"branch coverage of {', '.join(PACKAGES)} together: {100 * done / every:.1f} % ({len(chosen)} modules)")
    for name, one in sorted(chosen.items(), key=lambda item: item[1]["percent_covered"]):
        if one["percent_covered"] < FLOOR:
            print(f"  below {FLOOR} %: {name} {one['percent_covered']:.0f} %")


if __name__ == "__main__":
    main()

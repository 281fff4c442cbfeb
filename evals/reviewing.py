"""Breakages that are planted into the projects of evals/handed_in, each reviewed: how many have a remark that names them, and what else is remarked.

python -m evals.reviewing [WORD …]      those whose titles hold one of the words
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

from assay import compose
from assay.assistant.changes import gathered
from assay.assistant.review import shapes, way
from assay.assistant.review.way import Review
from assay.folders import folders
from evals import handed_in, handing_in


def main() -> None:
    """Print each with its remarks, and the counts."""
    words = sys.argv[1:]
    every = [one for one in handed_in.every("planted") if not words or any(word in one.title for word in words)]
    named, took = 0, []
    for one in every:
        found = asyncio.run(reviewed(one))
        took.append(found.took_s)
        is_named = any(each.code == one.kind for each in found.remarks)
        named += is_named
        print(f"{'' if is_named else '! '}{one.title} ({found.took_s:.1f} s)")
        for line in shapes.review_lines(found):
            print(f"    {line[:220]}")
    print(f"{named} of {len(every)} breakages are named; {statistics.median(took):.1f} s at the median, {max(took):.1f} s at most")  # fmt: skip


async def reviewed(one: handed_in.HandedIn) -> Review:
    """The review of a change, from the project on disk and a diff."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / one.project
        for name, text in one.before.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, "utf-8")
        settings, complaints = compose.load_settings(folders(), root=root)
        bench = compose.workbench(settings, folders(), complaints)
        try:
            bench.projects.open_folder(root)
            found = gathered.of_diff(root, root, handing_in.diff_of(one), {})
            return await way.reviewed(bench, found, Path(folder) / "cache", lambda *_: None)
        finally:
            await compose.close(bench)


if __name__ == "__main__":
    main()

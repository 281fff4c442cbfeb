"""Breakages that are planted into the projects of evals/handed_in, each reviewed: how many have a remark that names them, and what else is remarked.

python -m evals.reviewing [WORD …]      those whose titles hold one of the words
"""

from __future__ import annotations

import asyncio
import statistics
import sys

from assay.assistant.review import shapes, way
from assay.assistant.review.way import Review
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
    """The review of a change."""
    async with handing_in.placed(one) as (bench, change):
        return await way.reviewed(bench, change, change.change.root.parent / "cache", lambda *_: None)


if __name__ == "__main__":
    main()

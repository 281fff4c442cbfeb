"""Reports of histories, held against git itself: does every commit that a sentence names exist, and touch one of the files that it speaks of?

python -m evals.histories WHEN FOLDER …      for example 3y, and some cloned repositories
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Print each sentence with a commit that does not bear it out, and the counts."""
    when, folders = sys.argv[1], [Path(one) for one in sys.argv[2:]]
    for folder in folders:
        command = [sys.executable, "-m", "assay", "report", "--since", when, "--in", str(folder), "--json"]
        told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        sentences = [one for part in ("areas", "hot", "untested") for one in told[part]]
        named = {commit for one in sentences for commit in one["commits"]}
        touched = {commit: _touched(folder, commit) for commit in named}
        wrong = 0
        for one in sentences:
            bad = [commit for commit in one["commits"] if not touched[commit] & set(one["files"])]
            wrong += bool(bad) or not one["commits"]
            if bad or not one["commits"]:
                print(f"! {folder.name}: {one['text']}: {bad[:3]}")
        print(f"{folder.name}: {len(told['commits'])} commits, {len(sentences)} sentences that name {len(named)} of them; {wrong} with a commit that does not bear it out")  # fmt: skip


def _touched(folder: Path, commit: str) -> set[str]:
    """The files that a commit touches, by git; none where there is no such commit."""
    command = ["git", "-C", str(folder), "show", "--no-renames", "--name-only", "--format=", commit]
    return set(subprocess.run(command, capture_output=True, text=True, check=False).stdout.split("\n")) - {""}


if __name__ == "__main__":
    main()

"""Questions about published packages with known answers, answered without a model; and sentences as a model says them, half of them untrue, held against the code.

python -m evals.asking FOLDER [--project NAME …] [--shown]

FOLDER is where source distributions are unpacked, and downloaded to where they are not. An answer is right where one of the places of its first statement is a known one; where all have to be told, where all are among its places.
An untruth that is not marked is what must not be.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tarfile
import time
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from analyzers.questions import answers, described, question
from analyzers.questions.answers import Answer
from analyzers.questions.code import Code
from analyzers.questions.described import Index
from analyzers.said import borne

KNOWN = Path(__file__).with_name("asked")
FIRST = 2  # places of the first statement that count


def main() -> None:
    """Print what is wrong, and the counts."""
    given = _given()
    right, took, by = 0, [], Counter[str]()
    asked = [one for one in _every("question") if not given.project or one["project"] in given.project]
    for one in asked:
        code = _code(given.folder, one["project"])
        begun = time.perf_counter()
        found = answers.answer(code, question.read(one["text"]), lambda code=code: _index(code))  # type: ignore[misc]
        took.append(time.perf_counter() - begun)
        is_right = _is_right(found, one)
        right += is_right
        by[f"{found.by}, {'right' if is_right else 'wrong'}"] += 1
        if given.shown or not is_right:
            print(f"{' ' if is_right else '!'} {one['project']}: {one['text']}")
            for told in found.statements[:3]:
                print(f"      {told.text[:140]}  {' '.join(map(str, told.places[:3]))}")
    said, counts = [one for one in _every("statement") if not given.project or one["project"] in given.project], Counter[str]()  # fmt: skip
    for one in said:
        code = _code(given.folder, one["project"])
        file, _, name = one["about"].partition("::")
        found_ = borne.of(code, one["text"], [thing for thing in code.in_file(file) if thing.path == name])
        counts[f"{'true' if one['true'] else 'untrue'}, {found_.how}"] += 1
        if given.shown or (found_.how == "borne") > one["true"] or (found_.how == "denied" and one["true"]):
            print(f"  {one['true']!s:5} {found_.how:9} {one['text']}  {found_.why}")
    print(f"{right} of {len(asked)} questions are answered with a right place ({dict(by)}); {1000 * statistics.median(took):.0f} ms at the median, {max(took):.1f} s at most")  # fmt: skip
    print(f"of {len(said)} sentences: {dict(sorted(counts.items()))}")


def _every(kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((KNOWN / f"{kind}s.toml").read_text("utf-8"))[kind]
    return found


def _is_right(found: Answer, one: dict[str, Any]) -> bool:
    wanted = set(one["places"])
    if one["all"]:
        return wanted <= set(map(str, found.places))
    return bool(found.statements) and any(str(place) in wanted for place in found.statements[0].places[:FIRST])


@cache
def _code(folder: Path, project: str) -> Code:
    root = fetched(folder, project)
    texts = {}
    for path in sorted(root.rglob("*")):
        if path.suffix in (".py", ".toml", ".cfg", ".ini") and path.is_file():
            try:
                texts[path.relative_to(root).as_posix()] = path.read_text("utf-8")
            except UnicodeDecodeError:
                continue
    return Code(texts)


@cache
def _index(code: Code) -> Index:
    return described.index(code)


def fetched(folder: Path, project: str) -> Path:
    """A source distribution ("click-8.1.8"), unpacked."""
    root = folder / project
    if not root.is_dir():
        name, _, version = project.rpartition("-")
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--no-binary",
            ":all:",
            "-d",
            str(folder),
        ]
        subprocess.run([*command, f"{name}=={version}"], check=True)
        with tarfile.open(
            next(
                one
                for one in folder.glob("*.tar.gz")
                if one.name.lower().replace("_", "-") == f"{name}-{version}.tar.gz"
            )
        ) as archive:
            archive.extractall(folder, filter="data")
    return root


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How many questions are answered with a right place, and which untruths are marked.")  # fmt: skip
    parser.add_argument("folder", type=Path)
    parser.add_argument("--project", nargs="*", default=[])
    parser.add_argument("--shown", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()

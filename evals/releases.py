"""Reviews of what published packages changed from one release to the next, a file at a time: what is remarked, and how long it takes. Whether a remark is noise, a person says.

    python -m evals.releases FOLDER --find                   choose the changes anew, and keep them in releases.json by version and hash
    python -m evals.releases FOLDER [--first N --count 7]    review these, and print each remark with its evidence

FOLDER is where source distributions are unpacked, and downloaded to where they are not. The project is the older release; the change is one file as the newer one has it, with the modules that are new in it, so that a remark may be about what the rest of the release would have mended.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from analyzers import reach, syntax
from analyzers.changed import new_lines
from assay import compose
from assay.assistant.changes import gathered
from assay.assistant.review import shapes, way
from assay.assistant.review.way import Review
from assay.folders import folders
from evals.asking import fetched

KNOWN = Path(__file__).with_name("releases.json")
PAIRS = (
    ("attrs", "25.1.0", "25.2.0"), ("attrs", "25.2.0", "25.3.0"), ("boltons", "24.0.0", "24.1.0"), ("boltons", "24.1.0", "25.0.0"), ("cachetools", "5.4.0", "5.5.0"), ("cachetools", "5.5.1", "5.5.2"),
    ("click", "8.1.7", "8.1.8"), ("httpx", "0.27.2", "0.28.0"), ("httpx", "0.28.0", "0.28.1"), ("humanize", "4.10.0", "4.11.0"), ("itsdangerous", "2.1.2", "2.2.0"), ("jinja2", "3.1.5", "3.1.6"),
    ("mistune", "3.0.1", "3.0.2"), ("more-itertools", "10.4.0", "10.5.0"), ("packaging", "24.1", "24.2"), ("parse", "1.20.1", "1.20.2"), ("pluggy", "1.4.0", "1.5.0"), ("requests", "2.32.2", "2.32.3"),
    ("sqlparse", "0.5.1", "0.5.2"), ("sqlparse", "0.5.2", "0.5.3"), ("structlog", "25.4.0", "25.5.0"), ("tabulate", "0.8.10", "0.9.0"), ("tomlkit", "0.13.0", "0.13.2"), ("werkzeug", "3.1.2", "3.1.3"),
)  # fmt: skip
COUNT, OF_PAIR, SEED = 30, 2, 7
LINES = 120  # new or changed lines of a file, at most


@dataclass(frozen=True, slots=True)
class Cut:
    """One file of a release, and the hashes of its texts."""

    package: str
    before: str
    after: str
    file: str
    hash: str


def main() -> None:
    """Choose, or review."""
    given = _given()
    if given.find:
        chosen = _chosen(given.folder)
        KNOWN.write_text(json.dumps([asdict(one) for one in chosen], indent=1) + "\n", "utf-8")
        print(f"{len(chosen)} changes of {len({one.package for one in chosen})} packages")
        return
    every = [Cut(**one) for one in json.loads(KNOWN.read_text("utf-8"))][given.first : given.first + given.count]
    took = []
    for number, one in enumerate(every, given.first):
        found = asyncio.run(reviewed(given.folder, one))
        took.append(found.took_s)
        print(f"{number}: {one.package} {one.before} to {one.after}, {one.file} ({found.took_s:.1f} s)")
        for line in shapes.review_lines(found):
            print(f"    {line[:300]}")
    print(f"{len(every)} changes; {statistics.median(took):.1f} s at the median, {max(took):.1f} s at most")


def _chosen(folder: Path) -> list[Cut]:
    chance = random.Random(SEED)
    found: list[Cut] = []
    for package, before, after in PAIRS:
        try:
            old, new = fetched(folder, f"{package}-{before}"), fetched(folder, f"{package}-{after}")
        except Exception as error:  # noqa: BLE001  a release that is not to be had is left out
            print(f"{package} {before} to {after}: {error}")
            continue
        cuts = list(_cuts(old, new))
        chance.shuffle(cuts)
        found += [Cut(package, before, after, name, digest) for name, digest in cuts[:OF_PAIR]]
    chance.shuffle(found)
    return sorted(found[:COUNT], key=lambda one: (one.package, one.before, one.file))


def _cuts(old: Path, new: Path) -> Iterator[tuple[str, str]]:
    """The files of code that both have and whose code differs."""
    for path in sorted(old.rglob("*.py")):
        name = path.relative_to(old).as_posix()
        is_aside = reach.is_test_file(name) or any(part in ("tests", "test", "testing", "docs", "examples", "benchmarks") for part in name.split("/"))  # fmt: skip
        if is_aside or name == "setup.py" or not (new / name).is_file():
            continue
        before, after = path.read_text("utf-8", "replace"), (new / name).read_text("utf-8", "replace")
        one, other = syntax.module(before), syntax.module(after)
        if before == after or one is None or other is None or _code(before) == _code(after):
            continue
        if len(new_lines(before, after)) <= LINES:
            yield name, _hash(before + after)


def _new(old: Path, new: Path) -> Iterator[str]:
    """The files of code that only the newer one has: what its other files may import."""
    for path in sorted(new.rglob("*.py")):
        name = path.relative_to(new).as_posix()
        if not (old / name).exists() and "test" not in name and name.split("/")[0] not in ("docs", "examples"):
            yield name


def _code(text: str) -> str:
    import ast

    tree = syntax.module(text)
    return ast.dump(tree) if tree is not None else text


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


async def reviewed(folder: Path, one: Cut) -> Review:
    """The review of a cut, in a copy of the older release."""
    old, new = fetched(folder, f"{one.package}-{one.before}"), fetched(folder, f"{one.package}-{one.after}")
    before, after = (old / one.file).read_text("utf-8"), (new / one.file).read_text("utf-8")
    assert _hash(before + after) == one.hash, f"{one.file} is not the one that was chosen"
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / one.package
        shutil.copytree(old, root)
        settings, complaints = compose.load_settings(folders(), root=root)
        bench = compose.workbench(settings, folders(), complaints)
        try:
            bench.projects.open_folder(root)
            new_files = {name: (new / name).read_text("utf-8") for name in _new(old, new)}
            change = gathered.of_texts(root, root, {**new_files, one.file: after})
            return await way.reviewed(bench, change, Path(place) / "cache", lambda *_: None)
        finally:
            await compose.close(bench)


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What is remarked of changes between releases.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--find", action="store_true")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=7)
    return parser.parse_args()


if __name__ == "__main__":
    main()

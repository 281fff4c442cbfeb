"""What `assay suggest` finds, beside plain BM25 over names and docstrings, in one run.

`python -m evals.suggesting [--packages NAME …] [--count N] [--whole] [--show]`: descriptions are the first sentences of docstrings of functions of six installed packages, with the function's name taken out; a hit is
the function among the first five; how often it is the first is told too. With `--whole` all packages of this environment are candidates, as they are for a user. Twenty descriptions of what none of these packages does must come back empty. The packages that the weights were tried on are `--packages click httpx anyio docker tomlkit
requests`; those that are taken without the option were not looked at.
"""

from __future__ import annotations

import argparse
import random
import re
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from analyzers import signatures
from analyzers.signatures import module_of
from assay.assistant.finding import search
from assay.assistant.finding.index import Index, names_below
from evals.typing import SITE_PACKAGES

UNSEEN = ("rich", "pygments", "urllib3", "jedi", "dulwich", "jsonschema")
SEED = 60
FIRST = 5
WORDS = 5  # a shorter sentence describes nothing
NOTHING = (
    "Send a message to a Kafka topic", "Render a PDF invoice from a template", "Train a random forest on labelled rows", "Resize an image to a thumbnail",
    "Compute the shortest path between two nodes of a weighted graph", "Parse a FITS file from a telescope", "Encrypt a file with AES in GCM mode", "Transcribe speech from a WAV recording",
    "Draw a bar chart with error bars", "Translate a sentence from German to French", "Simulate the orbit of a planet around its star", "Reproject a map from Mercator to Lambert coordinates",
    "Fit a polynomial to points by least squares", "Detect faces in a photograph", "Book a flight between two airports", "Roll back a database migration to an earlier revision",
    "Calculate the value added tax of an invoice in euros", "Play a MIDI melody on the loudspeaker", "Find the roots of a cubic polynomial", "Publish the joint states of a robot arm",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """A description, and the full name of the function that it is of."""

    text: str
    full_name: str


def files_of(packages: tuple[str, ...]) -> Iterator[str]:
    """The packages' files below site-packages."""
    for name in names_below(SITE_PACKAGES):
        if name.partition("/")[0].removesuffix(".py") in packages:
            yield name


def full_name(file: str, path: str) -> str:
    """The name by which people import it."""
    return f"{search.exported(SITE_PACKAGES, module_of(file), path.partition('.')[0])}.{path}"


def described(packages: tuple[str, ...], count: int) -> list[Wanted]:
    """Descriptions out of the packages, as many of each."""
    chance = random.Random(SEED)
    by_package: dict[str, list[Wanted]] = {name: [] for name in packages}
    for name in files_of(packages):
        text = (SITE_PACKAGES / name).read_text("utf-8")
        for one in signatures.of_text(text):
            sentence = re.split(r"(?<=[.!?])\s", one.about, maxsplit=1)[0]
            own = one.path.rpartition(".")[2]
            masked = re.sub(rf"[`*:\w.]*\b{re.escape(own)}\b[`*()]*", "", sentence).strip()
            if one.kind != "class" and len(masked.split()) >= WORDS:
                by_package[name.partition("/")[0].removesuffix(".py")].append(Wanted(masked, full_name(name, one.path)))
    return [
        one for found in by_package.values() for one in chance.sample(found, min(len(found), count // len(packages)))
    ]


def plain(names: Iterable[str]) -> sqlite3.Connection:
    """The peer: names and docstrings in one field, BM25 as SQLite has it."""
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE items USING fts5(said, name UNINDEXED)")
    for name in names:
        for one in signatures.of_text((SITE_PACKAGES / name).read_text("utf-8", "replace")):
            base.execute("INSERT INTO items VALUES (?, ?)", (f"{one.path} {one.about}", full_name(name, one.path)))
    return base


def by_plain(base: sqlite3.Connection, text: str) -> list[str]:
    """The peer's first five."""
    match = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", text))
    return [
        name
        for (name,) in base.execute("SELECT name FROM items WHERE items MATCH ? ORDER BY rank LIMIT ?", (match, FIRST))
    ]


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description="What `assay suggest` finds.")
    parser.add_argument("--packages", nargs="*", default=UNSEEN)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--show", action="store_true")
    chosen = parser.parse_args()
    packages = tuple(chosen.packages)
    names = list(names_below(SITE_PACKAGES) if chosen.whole else files_of(packages))
    wanted, base = described(packages, chosen.count), plain(names)
    with tempfile.TemporaryDirectory() as folder:
        index, began = Index(Path(folder), SITE_PACKAGES), time.perf_counter()
        index.follow(lambda: iter(names), lambda done, of: None)
        print(f"indexed in {time.perf_counter() - began:.1f} s")
        tree = search.Tree(SITE_PACKAGES, "packages")

        def ours(text: str) -> list[str]:
            found = [(one, tree) for one in index.found(text, search.CANDIDATES)]
            return [one.full_name for one in search.ranked(text, found, FIRST)]

        began = time.perf_counter()
        told = {one: ours(one.text) for one in wanted}
        print(f"{1000 * (time.perf_counter() - began) / len(wanted):.0f} ms a description")
        peers = {one: by_plain(base, one.text) for one in wanted}
        for label, found in (("assay suggest", told), ("plain BM25", peers)):
            hits = sum(one.full_name in names for one, names in found.items())
            firsts = sum(one.full_name in names[:1] for one, names in found.items())
            print(f"{label}: among the first {FIRST} {hits} of {len(wanted)}, the first {firsts}")
        empty = [text for text in NOTHING if not ours(text)]
        print(f"nothing is there, and it is said: {len(empty)} of {len(NOTHING)}")
        if chosen.show:
            for one in wanted:
                if one.full_name not in told[one]:
                    print(f"  {one.full_name}: {one.text}\n      {told[one]}")
            for text in NOTHING:
                if text not in empty:
                    print(f"  {text}\n      {ours(text)}")


if __name__ == "__main__":
    main()

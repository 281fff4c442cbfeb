"""How often the name after a dot is the first, or among the first five, that the popup lists.

`python -m evals.members [--packages NAME …] [--count N] [--jedi N]`: places right after a dot, out of installed packages that the weights were not fitted on, the rest of the line cut off; whatever jedi makes of the
receiver. With `--jedi` the first N of them are asked of jedi too, in its own order, and the difference is paired (95 % by bootstrap).
"""

from __future__ import annotations

import argparse
import io
import random
import sysconfig
import time
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from analyzers import members
from analyzers.members import Project
from assay.assistant.finding.index import names_below
from evals.replay import percentile
from evals.typing import SITE_PACKAGES

UNSEEN = (
    "rich",
    "pygments",
    "urllib3",
    "jedi",
    "dulwich",
    "jsonschema",
    "packaging",
    "pluggy",
    "markdown_it",
    "parso",
    "typer",
    "pynvim",
)
SEED = 7
FIRST, LISTED = 5, 60
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Place:
    """Right after a dot: the file, the text's offset, and the name that stands there in truth."""

    file: str
    offset: int
    truth: str


def load(packages: Sequence[str]) -> dict[str, str]:
    """The packages' files by name."""
    names = [name for name in names_below(SITE_PACKAGES) if name.partition("/")[0] in packages]
    return {name: (SITE_PACKAGES / name).read_text("utf-8", "replace") for name in names}


def places(files: dict[str, str], count: int) -> list[Place]:
    """Some places, with a fixed seed."""
    found: list[Place] = []
    for name, text in files.items():
        starts = [0]
        for row in text.split("\n"):
            starts.append(starts[-1] + len(row) + 1)
        try:
            tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
        except (tokenize.TokenError, SyntaxError):
            continue
        for dot, word in pairwise(tokens):
            is_import = word.line.lstrip().startswith(("import", "from"))
            if dot.string == "." and word.type == tokenize.NAME and dot.end == word.start and not is_import:
                found.append(Place(name, starts[word.start[0] - 1] + word.start[1], word.string))
    random.Random(SEED).shuffle(found)
    return found[:count]


def by_jedi(place: Place, text: str) -> list[str]:
    """Jedi's own list, in the file with the rest of the line cut off; nothing where it resolves nothing."""
    import jedi

    end = text.find("\n", place.offset)
    cut = text[: place.offset] + (text[end:] if end >= 0 else "")
    row = text.count("\n", 0, place.offset) + 1
    column = place.offset - text.rfind("\n", 0, place.offset) - 1
    project = jedi.Project(str(SITE_PACKAGES), added_sys_path=[sysconfig.get_path("stdlib")])
    try:
        found = jedi.Script(cut, path=str(SITE_PACKAGES / place.file), project=project).complete(row, column)
    except Exception:  # noqa: BLE001  jedi raises anything on odd code
        return []
    return [one.name for one in found if not one.name.startswith("__")]


def listed(files: dict[str, str], place: Place, projects: dict[str, Project], known: list[str]) -> list[str]:
    """What the popup lists, where jedi knows some names."""
    ranked = members.ranked(files[place.file], place.offset, place.file, projects[place.file.partition("/")[0]], LISTED)
    return [name for name, _ in members.merged(ranked, known)]


def interval(ours: Sequence[bool], theirs: Sequence[bool]) -> tuple[float, float]:
    """The paired difference of the shares, 95 % by bootstrap."""
    chance = random.Random(SEED)
    pairs = [one - other for one, other in zip(ours, theirs, strict=True)]
    means = sorted(sum(chance.choices(pairs, k=len(pairs))) / len(pairs) for _ in range(RESAMPLES))
    return means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES)]


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description="How often the name after a dot is the first in the list.")
    parser.add_argument("--packages", nargs="*", default=UNSEEN)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--jedi", type=int, default=0)
    chosen = parser.parse_args()
    files = load(chosen.packages)
    began = time.perf_counter()
    projects: dict[str, Project] = {}
    for package in chosen.packages:
        projects[package] = members.of_project({n: t for n, t in files.items() if n.partition("/")[0] == package})
    print(f"{len(files)} files read in {time.perf_counter() - began:.1f} s")
    sample, times, lists = places(files, chosen.count), [], []
    for one in sample:
        began = time.perf_counter()
        found = members.ranked(files[one.file], one.offset, one.file, projects[one.file.partition("/")[0]], FIRST)
        times.append(time.perf_counter() - began)
        lists.append([name for name, _ in found])
    hits = [one.truth in names for one, names in zip(sample, lists, strict=True)]
    firsts = [one.truth in names[:1] for one, names in zip(sample, lists, strict=True)]
    print(
        f"{len(sample)} places: the first {sum(firsts) / len(sample):.1%}, among the first {FIRST} {sum(hits) / len(sample):.1%}; p50 {1000 * percentile(times, 0.5):.1f} ms, p95 {1000 * percentile(times, 0.95):.1f} ms"
    )
    if chosen.jedi:
        few = sample[: chosen.jedi]
        theirs = [by_jedi(one, files[one.file]) for one in few]
        for label, end in (("the first", 1), (f"among the first {FIRST}", FIRST)):
            own = [
                one.truth in listed(files, one, projects, names)[:end] for one, names in zip(few, theirs, strict=True)
            ]
            other = [one.truth in names[:end] for one, names in zip(few, theirs, strict=True)]
            low, high = interval(own, other)
            print(
                f"{label}, of {len(few)}: {sum(own) / len(few):.1%}, jedi {sum(other) / len(few):.1%}, difference {low:+.1%} to {high:+.1%}; jedi resolves {sum(map(bool, theirs)) / len(few):.0%}"
            )


if __name__ == "__main__":
    main()

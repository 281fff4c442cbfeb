"""What was committed in a time, by area: what is hot, what changed without tests, each sentence with the commits that it rests on. Pure: commits and texts in, sentences out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzers import reach

from ..changes.history import Touched

HOT, SHOWN, AREAS = (
    3,
    6,
    12,
)  # commits from which on a file is hot; commits and files that a sentence names; areas that are told
PYTHON = (".py", ".pyi")
_ASIDE = frozenset("docs doc examples example benchmarks scripts tools".split())  # folders whose files nobody tests


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said, of which `files`, and the commits that it rests on, each of which touches one of them."""

    text: str
    commits: tuple[Touched, ...]
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """`areas` are sentences on folders, `hot` on files that are changed again and again, `untested` on code without tests."""

    commits: tuple[Touched, ...]
    areas: tuple[Sentence, ...]
    hot: tuple[Sentence, ...]
    untested: tuple[Sentence, ...]


def of(commits: Sequence[Touched], texts: Mapping[str, str], patterns: tuple[str, ...] = reach.PATTERNS) -> Report:
    """The report of some commits; `texts` are the project's Python files as they are now."""
    own = tuple(one for one in commits if not one.is_merge and one.files)
    return Report(tuple(commits), tuple(_areas(own)), tuple(_hot(own)), tuple(_untested(own, texts, patterns)))


def area(name: str) -> str:
    """The part of a project that a file is in: its first folder, below `src` the first one there; "." for a file beside all."""
    parts = name.split("/")[:-1]
    if parts[:1] in (["src"], ["lib"], ["python"]) and len(parts) > 1:
        return "/".join(parts[:2])
    return parts[0] if parts else "."


def _areas(commits: Sequence[Touched]) -> list[Sentence]:
    by_area: dict[str, list[Touched]] = {}
    for one in commits:
        for name in dict.fromkeys(area(file) for file in one.files):
            by_area.setdefault(name, []).append(one)
    found = list[Sentence]()
    for name, of in sorted(by_area.items(), key=lambda item: (-len(item[1]), item[0]))[:AREAS]:
        files = tuple(dict.fromkeys(file for one in of for file in one.files if area(file) == name))
        titles = "; ".join(dict.fromkeys(one.title for one in of[:SHOWN]))
        found.append(
            Sentence(f"{name}: {_count(len(of), 'commit')} in {_count(len(files), 'file')}: {titles}", tuple(of), files)
        )
    return found


def _hot(commits: Sequence[Touched]) -> list[Sentence]:
    counts = Counter(file for one in commits for file in one.files)
    found = list[Sentence]()
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if count >= HOT and name.endswith(PYTHON) and len(found) < SHOWN:
            found.append(
                Sentence(
                    f"{name} was changed in {count} commits",
                    tuple(one for one in commits if name in one.files),
                    (name,),
                )
            )
    return found


def _untested(commits: Sequence[Touched], texts: Mapping[str, str], patterns: tuple[str, ...]) -> list[Sentence]:
    """Code that no test imports, and commits that change code and no test."""

    def is_test(name: str) -> bool:
        return reach.is_test_file(name, patterns)

    graph = reach.imports(texts, patterns)
    found = []
    changed = dict.fromkeys(
        file for one in commits for file in one.files if file in texts and file.endswith(".py") and not is_test(file)
    )
    for name in changed:
        is_aside = name.partition("/")[0] in _ASIDE or name.endswith(("__init__.py", "conftest.py", "setup.py"))
        if not is_aside and not any(is_test(other) for other in reach.importers(graph, name)):
            found.append(
                Sentence(f"no test imports {name}", tuple(one for one in commits if name in one.files), (name,))
            )
    alone = [
        one
        for one in commits
        if any(file.endswith(".py") and not is_test(file) for file in one.files)
        and not any(is_test(file) for file in one.files)
    ]
    if alone:
        files = tuple(dict.fromkeys(file for one in alone for file in one.files if file.endswith(".py")))
        of_all = sum(any(file.endswith(".py") and not is_test(file) for file in one.files) for one in commits)
        found.append(Sentence(f"{len(alone)} of {of_all} commits that change code change no test", tuple(alone), files))
    return found


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"

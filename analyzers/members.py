"""Which name comes after a dot: the ones that the code nearby and the project make likely, in order. Text only; what exists, jedi says.

A log-linear model over what was seen after the same receiver, one that ends alike, or any; its weights were fitted on other packages than those that it is measured on (`python -m evals.members`).
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .memo import MIB, remembered

NEAR_CHARS = 800  # within so many characters what was seen counts about half
COMMON_LIMIT = 600  # names of the project that are candidates everywhere
PARAGRAPH = 600  # characters of a paragraph, at least
LOOK_BACK = 40  # characters before a receiver in which the token before it is looked for
_CHAIN = re.compile(r"(?<![\w.])([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)")
_BEHIND = re.compile(r"([)\]\"'])\.([A-Za-z_]\w*)")
_TOKEN = re.compile(r"([A-Za-z_]\w*|[^\s\w])\s*$")
_RECEIVER = re.compile(r"(?<![\w.])([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\.(\w*)$")
_TARGET = re.compile(r"\s*(?:\w+\.)?(\w+)(?:\s*:[^=]+)?\s*=[^=]")
_KEYWORD = re.compile(r"(\w+)=[\w.]*$")
_METHOD = re.compile(r"^[ \t]+(?:async )?def (\w+)\(self", re.M)
# In the order of `_Seen`'s features.
WEIGHTS = (0.53, -0.44, 0.20, 0.12, 0.18, 0.51, 0.01, -0.55, 0.95, 2.26, -2.11, -2.36, 0.90, 1.15, 1.09, 0.70, 0.34)


@dataclass(frozen=True, slots=True)
class Use:
    """An attribute in a text: its receiver as it is written (")" and the like for one that is no chain of names), its name, where it stands, where the receiver begins, and the token before."""

    receiver: str
    name: str
    at: int
    head: int
    before: str

    @property
    def last(self) -> str:
        """The receiver's last name."""
        return self.receiver.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Project:
    """What a project's files have after dots: how often each name after each last name of a receiver, and at all; and the same of each file."""

    after: Mapping[str, Counter[str]]
    every: Counter[str]
    files: Mapping[str, Counter[tuple[str, str]]]
    common: tuple[str, ...]


@dataclass(slots=True)
class _Seen:
    same: float = 0.0
    same_count: float = 0.0
    last: float = 0.0
    last_count: float = 0.0
    any: float = 0.0
    any_count: float = 0.0
    is_method: float = 0.0
    is_target: float = 0.0
    is_keyword: float = 0.0
    share: float = 0.0
    count: float = 0.0
    context: float = 0.0
    follows: float = 0.0
    nearest: float = 0.0

    def score(self) -> float:
        """The weighted sum of the features."""
        features = (
            math.log(1 + 5 * self.same),
            math.log(1 + self.same_count),
            1.0 if self.same > 0 else 0.0,
            math.log(1 + 5 * self.last),
            math.log(1 + self.last_count),
            math.log(1 + 5 * self.any),
            math.log(1 + self.any_count),
            self.is_method,
            self.is_target,
            self.is_keyword,
            self.share,
            math.log(1 + self.count) / 5,
            math.log(1 + 3 * self.context),
            math.log(1 + self.follows),
            math.log(1 + 50 * self.share),
            self.nearest,
            1.0 if self.last_count > 0 or self.same > 0 else 0.0,
        )
        return sum(weight * feature for weight, feature in zip(WEIGHTS, features, strict=True))


def ranked(text: str, offset: int, name: str, project: Project, most: int) -> list[tuple[str, float]]:
    """The likeliest names after the dot before `offset`, those that begin with what is typed of one, the best first, each with its score; nothing where there is no dot. `name` is the file's
    in `project`. What stands behind `offset` on its line is not looked at."""
    start = text.rfind("\n", 0, offset) + 1
    line = text[start:offset]
    typed = re.search(r"\w*$", line)[0]  # type: ignore[index]  # it matches always
    dot = offset - len(typed)
    if text[dot - 1 : dot] != "." or dot <= start:
        return []
    match = _RECEIVER.search(line)
    if match is None and text[dot - 2 : dot - 1] not in ")]}\"'":
        return []  # a number's point, or three of them
    receiver, head = (match[1], start + match.start(1)) if match else (text[dot - 2 : dot - 1], dot - 2)
    end = text.find("\n", offset)
    seen = _near(text, dot, end if end >= 0 else len(text), receiver, head)
    last = receiver.rpartition(".")[2]
    _by_line(seen, line[: len(line) - len(typed)], text, dot, last)
    own = project.files.get(name, Counter())
    after = project.after.get(last, Counter())
    whole = sum(after.values()) - sum(count for (other, _), count in own.items() if other == last)
    for one, count in after.items():
        if (elsewhere := count - own[last, one]) > 0:
            seen[one].share = elsewhere / (whole + 2)
    for one in project.common:
        seen[one].count = project.every[one]
    scored = ((one.score(), word) for word, one in seen.items() if word.startswith(typed) and word != typed)
    return [(word, score) for score, word in heapq.nlargest(most, scored)]


KNOWN = 2.5  # what it adds to a score that jedi knows the name, as an odds of twelve


def merged(ranked: Sequence[tuple[str, float]], known: Sequence[str]) -> list[tuple[str, bool]]:
    """The names that are likely and those that jedi knows, the best first, each with whether jedi knows it."""
    facts = set(known)
    likely = {name: score + (KNOWN if name in facts else 0.0) for name, score in ranked}
    first = sorted(likely, key=lambda name: -likely[name])
    return [(name, name in facts) for name in first] + [(name, True) for name in known if name not in likely]


def _near(text: str, dot: int, end: int, receiver: str, head: int) -> defaultdict[str, _Seen]:
    """What the file has after dots, by how near and after how like a receiver."""
    seen: defaultdict[str, _Seen] = defaultdict(_Seen)
    last, before = receiver.rpartition(".")[2], _token(text, head)
    uses = [
        (start + one.at, one)
        for start, paragraph in of_text(text)
        for one in paragraph
        if not dot <= start + one.at < end and start + one.head != head
    ]
    previous = next((one.name for at, one in reversed(uses) if at < dot and one.receiver == receiver), None)
    older: str | None = None
    for at, one in uses:
        near = 1 / (1 + abs(at - dot) / NEAR_CHARS)
        found = seen[one.name]
        if one.receiver == receiver:
            found.same += near
            found.same_count += 1
            if one.before == before:
                found.context += near + 0.2
            if older is not None and older == previous:
                found.follows += 1
            older = one.name
            if at < dot:
                found.nearest = max(found.nearest, near)
        elif one.last == last:
            found.last += near
            found.last_count += 1
        else:
            found.any += near
            found.any_count += 1
    return seen


def _by_line(seen: defaultdict[str, _Seen], line: str, text: str, dot: int, last: str) -> None:
    """What the line itself says: `name = self.name`, `f(name=self.name)`; and the methods of `self`."""
    if last in ("self", "cls"):
        for match in _METHOD.finditer(text):
            seen[match[1]].is_method = 1 / (1 + abs(match.start() - dot) / 5000)
    if target := _TARGET.match(line):
        seen[target[1]].is_target = 1.0
        seen[target[1].lstrip("_") or target[1]].is_target = 1.0
    if keyword := _KEYWORD.search(line):
        seen[keyword[1]].is_keyword = 1.0


def of_text(text: str) -> Iterator[tuple[int, tuple[Use, ...]]]:
    """The attributes of a text in their order, by its paragraphs: where each begins, and those in it as if it stood alone. One key changes one paragraph; the others are remembered."""
    start = 0
    while start < len(text):
        end = text.find("\n\n", start + PARAGRAPH)
        end = len(text) if end < 0 else end + 2
        yield start, _of_paragraph(text[start:end])
        start = end


@remembered(4 * MIB)
def _of_paragraph(text: str) -> tuple[Use, ...]:
    found = []
    for match in _CHAIN.finditer(text):
        parts, at = match[1].split("."), match.start(1)
        before = _token(text, at)
        place = at
        for number in range(1, len(parts)):
            place += len(parts[number - 1]) + 1
            found.append(Use(text[at : place - 1], parts[number], place, at, before))
    found += [Use(m[1], m[2], m.start(2), m.start(1), _token(text, m.start(1))) for m in _BEHIND.finditer(text)]
    return tuple(sorted(found, key=lambda one: one.at))


def _token(text: str, at: int) -> str:
    """The token before a place on its line, a line feed where there is none."""
    line = text[max(0, at - LOOK_BACK) : at].rpartition("\n")[2]
    match = _TOKEN.search(line)
    return match[1] if match else "\n"


@remembered(32 * MIB)
def _counted(text: str) -> Counter[tuple[str, str]]:
    return Counter((one.last, one.name) for _, uses in of_text(text) for one in uses)


def of_project(files: Mapping[str, str] | Iterable[tuple[str, str]]) -> Project:
    """What the Python files of a project have after dots, by their names; takes a second for each million characters, what did not change is remembered."""
    counted = {name: _counted(text) for name, text in dict(files).items()}
    after: dict[str, Counter[str]] = {}
    every: Counter[str] = Counter()
    for found in counted.values():
        for (last, name), count in found.items():
            after.setdefault(last, Counter())[name] += count
            every[name] += count
    return Project(after, every, counted, tuple(name for name, _ in every.most_common(COMMON_LIMIT)))

"""Code that is described and not named: the functions, classes and lines whose words fit a question best, by their names, what is said of them, the texts in them and the names that they use (BM25 over these fields)."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from analyzers import words

from .code import Code, Place, Thing
from .question import Question

K, B = 2.0, 0.2  # BM25's
# What a word counts in a name, in that of what is around, in a docstring or comment, in the code.
NAME, OWNER, ABOUT, BODY = 3.0, 1.6, 2.6, 1.0
NEAR, WINDOW = 1.0, 3  # what the words count that some lines one behind the other have
SAID = 1.6  # what a word counts more in a comment or a message
AROUND = 0.8  # what a word counts in what is said of the class around
ALIKE = 0.6  # what a word counts that means about the same
LONGEST, FEW = 250, 3  # lines of a body that are read, and of a constant's value
ASIDE = 0.75  # what code counts that is no part of what the project offers
_TEXT = re.compile(r"\"([^\"]{6,})\"|'([^']{6,})'")
_ENDINGS = tuple(sorted("ations ation itions ition isons ison ings ing ies ied ers er ors or ments ment ables able ness ally ly ances ance ences ence ions ion ives ive es ed s".split(), key=len, reverse=True))  # fmt: skip
_STOP = frozenset(
    "a about after again all am an and any are as at be been before being bit but by can code could did do does doing done down each file for from function get gets give given go goes happen happens has have having he her here his how i if in into is it its itself just kind know let "
    "like line lives make makes me method module more most my no nor not of off on once only or other our out over own part piece place please program project put puts really responsible same she should show so some somebody someone something such than that the their them then there these "
    "they thing things this those through to too try under until up upon use used user uses using very want was way we were what when where which while who whom why will with would you your point find tell actually exactly decide decides deciding bring brings come comes library package help helps list whether work works takes".split()
)  # fmt: skip
# Words that people say for those that code has.
_SETS = (
    "remove delete drop discard take strip evict pop throw away", "create make build construct generate produce new", "read load parse", "write save dump store emit output", "check validate verify ensure",
    "get fetch retrieve obtain lookup", "determine choose pick select detect guess resolve figure decide", "print show display render echo", "error exception fail failed failure wrong bad invalid", "begin start open enter", "end stop finish close exit",
    "random choice shuffle", "width columns size", "key keyword", "split separate divide", "join combine merge concatenate", "convert coerce transform cast", "wait sleep delay", "limit max maximum most", "default fallback",
    "similar close alike possibilities matches suggest", "mistype misspell typo unknown", "interrupt ctrl abort keyboard", "color colour ansi style", "terminal tty console", "expire expired stale outdated ttl", "full room capacity maxsize",
    "quote quotes quoted", "statement query queries sql", "again repeat retry", "copy clone duplicate", "sort order", "empty blank none", "environment environ env", "request http", "redirect location", "header headers", "encode encoding charset",
    "decode decoding", "cookie cookies", "auth authentication credentials", "proxy proxies", "url uri link", "compress gzip deflate", "log logger logging", "colour color colors", "config configuration configure setting", "lock thread safe", "cache memoize",
    "pretty format", "cut truncate shorten", "count number", "escape quote", "password secret hide", "script entry scripts console", "avoid prevent", "skip bypass ignore", "refuse reject forbid", "circle circles loop cycle", "long longest length", "shared singleton instance", "argument parameter option", "command cmd",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A thing that fits, the line in it that fits best, how well, and the share of the question's words that it has (0 to 1)."""

    thing: Thing
    place: Place
    score: float
    share: float


@dataclass(frozen=True)
class Index:
    """The words of a project's things, weighed by where they stand."""

    code: Code
    things: tuple[Thing, ...]
    bags: tuple[Mapping[str, float], ...]
    rows: tuple[tuple[frozenset[str], ...], ...]
    sizes: tuple[float, ...]
    weights: Mapping[str, float]

    @property
    def mean(self) -> float:
        """The mean size."""
        return sum(self.sizes) / max(1, len(self.sizes)) or 1.0


def index(code: Code) -> Index:
    """The index of a project's functions, classes and modules without its tests, and of the lines of what configures it."""
    things, bags, near = list[Thing](), list[Mapping[str, float]](), list[tuple[frozenset[str], ...]]()
    for file in sorted(code.texts):
        if file.endswith(".py") and not code.is_test(file):
            rows = code.texts[file].split("\n")
            about = {one.path: one.facts.docstring for one in code.in_file(file) if one.facts is not None and one.kind == "class"}  # fmt: skip
            for one in code.in_file(file):
                if (
                    one.kind in ("function", "method", "property", "class", "module", "constant", "attribute")
                    and one.path != "__all__"
                ):
                    things.append(one)
                    bags.append(_bag(one, rows, about.get(one.owner, "")))
                    near.append(_rows(one, rows))
        elif file.endswith((".toml", ".cfg", ".ini")):
            for one, bag in _configuration(file, code.texts[file]):
                things.append(one)
                bags.append(bag)
                near.append(())
    counts = Counter(word for bag in bags for word in bag)
    weights = {word: math.log(1 + (len(bags) - count + 0.5) / (count + 0.5)) for word, count in counts.items()}
    return Index(code, tuple(things), tuple(bags), tuple(near), tuple(sum(bag.values()) for bag in bags), weights)


def _bag(one: Thing, rows: Sequence[str], around: str) -> Mapping[str, float]:
    found: dict[str, float] = defaultdict(float)
    for word in stems_of(one.name):
        found[word] += NAME
    for word in (*stems_of(one.owner), *stems_of(one.file.removesuffix(".py"))):
        found[word] += OWNER
    for word in set(stems_of(around.partition("\n\n")[0])):
        found[word] += AROUND
    said = one.facts.docstring if one.facts is not None else one.value if one.kind == "module" else ""
    for word in stems_of(said):
        found[word] += ABOUT * 0.6
    if one.kind in ("module", "class"):
        return found
    start = one.facts.line if one.facts is not None else one.line
    if one.facts is None:
        for word in stems_of(_above(rows, one.line)):
            found[word] += ABOUT
    longest = LONGEST if one.facts is not None else FEW
    for row in rows[start - 1 : min(one.end, start + longest)]:
        comment = " ".join([row.partition("#")[2], *(one for two in _TEXT.findall(row) for one in two if " " in one)])
        for word in set(stems_of(row)):
            found[word] += BODY
        for word in stems_of(comment):
            found[word] += SAID
    return found


def _above(rows: Sequence[str], line: int) -> str:
    """The comment right above a line."""
    first = line - 1
    while first > 0 and rows[first - 1].lstrip().startswith("#"):
        first -= 1
    return " ".join(rows[first : line - 1])


def _rows(one: Thing, rows: Sequence[str]) -> tuple[frozenset[str], ...]:
    """The words of each line of a body."""
    if one.kind in ("module", "class"):
        return ()
    return tuple(frozenset(stems_of(row)) for row in rows[one.line - 1 : min(one.end, one.line + LONGEST)])


def _configuration(file: str, text: str) -> Iterator[tuple[Thing, Mapping[str, float]]]:
    section = ""
    for number, row in enumerate(text.split("\n"), 1):
        plain = row.strip()
        if plain.startswith("[") and plain.endswith("]"):
            section = plain.strip("[]")
        elif "=" in row:
            bag: dict[str, float] = defaultdict(float)
            for word in stems_of(row):
                bag[word] += ABOUT
            for word in stems_of(f"{section} {file}"):
                bag[word] += OWNER * 1.5
            name = row.partition("=")[0].strip()
            yield Thing("constant", f"{section}.{name}" if section else name, file, number, number, value=row.partition("=")[2].strip()), bag  # fmt: skip


def stems_of(text: str) -> list[str]:
    """The stems of the words in a text, compounds taken apart."""
    return [one for word in re.findall(r"[A-Za-z]\w*", text) for one in _stems(word)]


@lru_cache(maxsize=20_000)
def _stems(word: str) -> tuple[str, ...]:
    return tuple(root(one.lower()) for one in words.of_name(word) if len(one) > 1)


@lru_cache(maxsize=20_000)
def root(word: str) -> str:
    """What a word has in common with those of its family: "splitter", "splitting" and "splits" are "split", "comparison" and "compares" are "compar"."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word[-1] in "ey" else word


@lru_cache(maxsize=1)
def _alike() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for every in _SETS:
        stems = {root(word) for word in every.split()}
        for word in stems:
            found.setdefault(word, set()).update(stems - {word})
    return {word: frozenset(others) for word, others in found.items()}


def wanted(question: Question) -> list[str]:
    """The words of a question that say what is looked for, as stems."""
    plain = re.findall(r"[A-Za-z][\w'-]*", question.text)
    return list(dict.fromkeys(stem for word in plain if word.lower() not in _STOP for stem in _stems(word.replace("'", "").replace("-", "_").lower() if word.isupper() or word[:-1].isupper() else word.replace("'", "").replace("-", "_")) if stem not in _STOP))  # fmt: skip


def search(made: Index, terms: Sequence[str], most: int, within: Thing | None = None) -> list[Found]:
    """The things that fit best, the best first; those in one of them alone, where one is given."""
    alike = _alike()
    weights = {term: max((made.weights[one] for one in (term, *alike.get(term, ())) if one in made.weights), default=0.0) for term in terms}  # fmt: skip
    terms = [term for term in terms if weights[term]]  # what no file has says nothing here
    whole = sum(weights.values()) or 1.0
    scored = list[tuple[float, float, int]]()
    for number, bag in enumerate(made.bags):
        if within is not None and not _is_in(made.things[number], within):
            continue
        score = share = 0.0
        norm = K * (1 - B + B * made.sizes[number] / made.mean)
        for term in terms:
            count, factor = bag.get(term, 0.0), 1.0
            if not count:
                count, factor = max((bag.get(other, 0.0) for other in alike.get(term, ())), default=0.0), ALIKE
            if count:
                score += factor * weights[term] * count * (K + 1) / (count + norm)
                share += factor * weights[term]
        if score:
            score += NEAR * _together(made.rows[number], terms, weights)
            score *= ASIDE if made.code.is_aside(made.things[number].file) else 1.0
            scored.append((score * (0.5 + 0.5 * share / whole), share / whole, number))
    scored.sort(key=lambda one: (-one[0], one[2]))
    return [Found(made.things[n], line(made.code, made.things[n], terms, made.weights), score, share) for score, share, n in scored[:most]]  # fmt: skip


def _is_in(one: Thing, other: Thing) -> bool:
    """Whether a thing is in a module or a class, or is the function that is meant."""
    if one.file != other.file or one.kind == "module":
        return False
    return other.kind == "module" or one.path == other.path or one.path.startswith(f"{other.path}.")


def _together(rows: Sequence[frozenset[str]], terms: Sequence[str], weights: Mapping[str, float]) -> float:
    """The most that some lines one behind the other have of the words, where they have two."""
    alike, best = _alike(), 0.0
    told = [{term: 1.0 if term in row else ALIKE for term in terms if term in row or row & alike.get(term, frozenset())} for row in rows]  # fmt: skip
    for at, first in enumerate(told):
        if not first:
            continue
        window = dict(first)
        for other in told[at + 1 : at + WINDOW]:
            for term, factor in other.items():
                window[term] = max(factor, window.get(term, 0.0))
        if len(window) > 1:
            best = max(best, sum(weights[term] * factor for term, factor in window.items()))
    return best


def line(code: Code, one: Thing, terms: Sequence[str], weights: Mapping[str, float] | None = None) -> Place:
    """The line of a thing that has the most of some words, its head where none has more."""
    alike = _alike()
    rows = code.texts[one.file].split("\n")
    if one.kind in ("module", "constant", "attribute"):
        return one.place
    best, at = 0.0, one.line
    docstring = _docstring(one, rows)
    for number in range(one.line, min(one.end, one.line + LONGEST) + 1):
        own = {*stems_of(rows[number - 1])}
        score = 0.0
        for term in terms:
            weight = (weights or {}).get(term, 3.0)
            score += weight if term in own else ALIKE * weight if own & alike.get(term, frozenset()) else 0.0
        if number in docstring:
            score *= 0.3
        if score > best + 0.01:
            best, at = score, number
    return Place(one.file, at)


def _docstring(one: Thing, rows: Sequence[str]) -> range:
    """About the lines of a docstring."""
    if one.facts is None or not one.facts.docstring:
        return range(0)
    start = next((n for n in range(one.line, one.end + 1) if '"""' in rows[n - 1] or "'''" in rows[n - 1]), 0)
    end = next((n for n in range(start, one.end + 1) if n > start and ('"""' in rows[n - 1] or "'''" in rows[n - 1])), start)  # fmt: skip
    return range(start, end + 1 if rows[start - 1].count('"""') < 2 else start + 1) if start else range(0)

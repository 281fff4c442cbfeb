"""From sources to a folder of samples: rules, near-duplicates, benchmarks, the split, the rows, the card. Reads texts, runs nothing."""

from __future__ import annotations

import datetime
import hashlib
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from assay.assistant.changes.revisions import RangeError

from . import accepted, alike, benchmarks, cleaned, histories, licences, samples
from .card import Card, page
from .samples import Row
from .sources import Source, SourceError, Text

HELD = 0.1  # of the projects, or of one project's files, that nothing is taught of
HELD_LEAST = 6  # files of a project, or a third of them where that is less
LOOKED_AT = 4  # of the held-out rows every fourth is looked at while a run goes on
WHOLE = 3  # projects of others from which on whole ones are held out
LEAST = 4  # files that may be taught, or nothing is
SIDES = ("train", "held")
OF_PROJECT = 2_500_000  # characters of one project, so that none is most of it
EDITS = 800  # of one history
Say = Callable[[str], None]
_FILES = ("benchmark_files", "kept_files")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much: `rows` taught and `held` ones at most, and the seed of all choices. `benchmark_files`: beside those that are known. `has_history`: edits of folders' repositories, too. `kept_files`: exports of a team's record. `specs`: how the sources were named, and `without` those that were left out on purpose, for the card."""

    rows: int = 20_000
    held: int = 600
    seed: int = 1
    benchmark_files: tuple[Path, ...] = ()
    has_history: bool = False
    kept_files: tuple[Path, ...] = ()
    specs: tuple[tuple[str, str], ...] = ()
    without: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For the card, so that the same can be made again."""
        return asdict(self) | {name: [str(one.resolve()) for one in getattr(self, name)] for name in _FILES}

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Wanted:
        """Raises KeyError or TypeError."""
        files = {name: tuple(map(Path, found[name])) for name in _FILES}
        lists = {"specs": tuple((kind, value) for kind, value in found["specs"]), "without": tuple(found["without"])}
        return cls(**{**found, **files, **lists})


@dataclass(frozen=True, slots=True)
class Material:
    """A folder of samples, read: texts by number, and the rows of both sides."""

    folder: Path
    texts: dict[int, Text]
    train: tuple[Row, ...]
    held: tuple[Row, ...]
    card: dict[str, Any]

    @property
    def looked_at(self) -> tuple[Row, ...]:
        """Held-out rows by which a run chooses when to end."""
        return self.held[::LOOKED_AT]

    @property
    def judged(self) -> tuple[Row, ...]:
        """Those by which the gate judges: none of the former, by which the best of several was chosen."""
        return tuple(row for number, row in enumerate(self.held) if number % LOOKED_AT)

    @property
    def mark(self) -> str:
        """What tells this material from other."""
        return str(self.card["mark"])


def prepare(sources: Sequence[Source], out: Path, wanted: Wanted, say: Say) -> Card:
    """Write texts.jsonl, train.jsonl, held.jsonl, card.json and card.md into `out`. Raises SourceError where nothing is left, OSError where it cannot be written."""
    sources = _apart(sources)
    card = Card(
        wanted=wanted.as_json(), without=wanted.without, made=datetime.datetime.now(datetime.UTC).date().isoformat()
    )
    kept = _kept(sources, wanted, card, say)
    say(f"{len(kept)} of {card.found} files may be taught; comparing them")
    repeats, together = alike.groups([one.text for one in kept])
    unique = [(one, together[number]) for number, one in enumerate(kept) if repeats[number] == number]
    card.left_out += Counter({"nearly the same as another": len(kept) - len(unique)})
    if len(unique) < LEAST:
        raise SourceError(f"Too little is left to be taught: {len(unique)} files of {card.found}. {_why(card)}")
    held_texts, near = _split(unique, wanted.seed)
    card.left_out += Counter({"much like what is held out": len(near)})
    texts = {number: one for number, (one, _) in enumerate(unique) if number not in near}
    for one in texts.values():
        card.kept[one.licence] += 1
        card.characters += len(one.text)
    for source in sources:
        found = sum(one.project == source.project for one in texts.values())
        card.sources[source.project] = {
            "licence": source.licence,
            "found": len(source.texts) + sum(source.left_out.values()),
            "kept": found,
        } | ({"root": str(source.root.resolve())} if source.root is not None else {})
    say("making samples")
    rows = _rows(texts, held_texts, wanted)
    taken = [text for file in wanted.kept_files for text in accepted.texts(file)]
    for row in accepted.placed(taken, texts):
        rows[SIDES[row.text in held_texts]].setdefault(texts[row.text].project, []).append(row)
    for source in sources if wanted.has_history else ():
        _add_edits(source, texts, held_texts, rows, wanted)
    sides = {
        side: samples.shared_out([*rows[side].values()], limit, seed=wanted.seed)
        for side, limit in zip(SIDES, (wanted.rows, wanted.held), strict=True)
    }
    if not all(sides.values()):
        raise SourceError(
            "What is left is too much alike: one side of the split would have nothing. Name more sources."
        )
    for side, some in sides.items():
        card.sides[side] = Counter(row.kind for row in some)
        card.projects[side] = sorted({texts[row.text].project for row in some})
    _write(out, texts, sides, card)
    return card


def _apart(sources: Sequence[Source]) -> list[Source]:
    """The same, each by a name of its own."""
    made, seen = list[Source](), Counter[str]()
    for one in sources:
        seen[one.project] += 1
        name = one.project if seen[one.project] == 1 else f"{one.project}-{seen[one.project]}"
        made.append(replace(one, project=name, texts=[replace(text, project=name) for text in one.texts]))
    return made


def load(folder: Path, mark: str = "") -> Material:
    """What `prepare` wrote; of this `mark`, where one is given. Raises SourceError, also where a file is not what the card was written for."""
    try:
        texts = {
            int(one["number"]): Text(one["project"], one["path"], one["text"], one["licence"])
            for one in _lines(folder / "texts.jsonl")
        }
        train, held = (tuple(Row.of_json(one) for one in _lines(folder / f"{side}.jsonl")) for side in SIDES)
        made = Material(folder, texts, train, held, json.loads((folder / "card.json").read_text("utf-8")))
        is_whole = made.mark == marked(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{folder} holds no samples ({error}). Make some: `assay tune prepare`.") from error
    if not is_whole:
        raise SourceError(
            f"The samples in {folder} are not those that their card tells of. Make them again: `assay tune prepare`."
        )
    if mark not in ("", made.mark):
        raise SourceError(f"The samples in {folder} are others than those that this run began with. Begin a new one.")
    return made


def marked(folder: Path) -> str:
    """What tells the samples in a folder from others, by what is in its files. Raises OSError."""
    mark = hashlib.sha256((folder / "texts.jsonl").read_bytes().replace(b"\n", b""))
    for side in SIDES:
        mark.update((folder / f"{side}.jsonl").read_bytes())
    return mark.hexdigest()[:16]


def _kept(sources: Sequence[Source], wanted: Wanted, card: Card, say: Say) -> list[Text]:
    """All that may be taught, impersonal."""
    marks, kept = benchmarks.known(wanted.benchmark_files), list[Text]()
    for source in sources:
        say(f"{source.project}: {len(source.texts)} files, licence {source.licence or 'not known'}")
        card.found += len(source.texts) + sum(source.left_out.values())
        card.left_out.update(source.left_out)
        chosen, spare = (
            sorted(source.texts, key=lambda one: hashlib.sha256(f"{wanted.seed} {one.path}".encode()).digest()),
            OF_PROJECT,
        )
        for one in chosen:
            if why := _refused(one, marks):
                card.left_out[why] += 1
                continue
            if (spare := spare - len(one.text)) < 0:
                card.left_out["enough of this project"] += 1
                continue
            text, masked = cleaned.impersonal(one.text)
            card.masked += masked
            kept.append(replace(one, text=text))
    return kept


def _refused(one: Text, marks: frozenset[bytes]) -> str:
    if one.project.lower() in benchmarks.PROJECTS:
        return "of a benchmark"
    if one.licence not in licences.PERMISSIVE:
        return f"licence {one.licence}" if one.licence else "licence not known"
    return cleaned.refusal(one.text) or ("of a benchmark" if benchmarks.hits(one.text, marks) else "")


def _split(unique: Sequence[tuple[Text, int]], seed: int) -> tuple[frozenset[int], frozenset[int]]:
    """The numbers of the texts that nothing is taught of, and of those that are too much like these to be taught. Whole projects are held out where there are three and more of other people's; of one's own, and of fewer, files
    of each: a house of which nothing is taught would not be learned."""
    by_project: dict[str, dict[int, set[int]]] = {}  # the texts of each project, together that are alike
    for number, (one, group) in enumerate(unique):
        by_project.setdefault(one.project, {}).setdefault(group, set()).add(number)
    licence = {one.project: one.licence for one, _ in unique}
    others = sorted(project for project in by_project if licence[project] != licences.OWN)
    whole = others if len(others) >= WHOLE else []
    held = set[int]()
    for project in sorted(by_project):
        if project not in whole:
            held |= _some([*by_project[project].values()], f"{seed} {project}")
    held |= _some([set().union(*by_project[project].values()) for project in whole], f"{seed}")
    groups = {unique[number][1] for number in held}
    alike_ = {number for number, (_, group) in enumerate(unique) if group in groups} - held
    return frozenset(held), frozenset(alike_)


def _some(units: Sequence[set[int]], seed: str) -> set[int]:
    """About a tenth of what is in some units, each whole or not at all, and never half of it."""
    count = sum(map(len, units))
    order, held = sorted(units, key=min), set[int]()
    random.Random(seed).shuffle(order)  # noqa: S311  a split is no secret
    least = min(max(HELD_LEAST, int(HELD * count)), count // 3)
    for unit in order:
        if len(held) < least and len(held) + len(unit) <= max(least, count // 2 - 1):
            held |= unit
    return held


def _rows(texts: dict[int, Text], held: frozenset[int], wanted: Wanted) -> dict[str, dict[str, list[Row]]]:
    """By side and project. Definitions of other files are looked for on the same side only."""
    made: dict[str, dict[str, list[Row]]] = {side: {} for side in SIDES}
    for is_held, side in enumerate(SIDES):
        by_project: dict[str, dict[int, Text]] = {}
        for number, one in texts.items():
            if (number in held) == bool(is_held):
                by_project.setdefault(one.project, {})[number] = one
        for project, own in by_project.items():
            definitions = samples.Definitions({one.path: one.text for one in own.values()})
            made[side][project] = [
                row
                for number, one in own.items()
                for row in samples.of_text(number, one.path, one.text, definitions, seed=wanted.seed)
            ]
    return made


def _add_edits(
    source: Source, texts: dict[int, Text], held: frozenset[int], rows: dict[str, dict[str, list[Row]]], wanted: Wanted
) -> None:
    """Those of a folder's history, in the files that stayed, each on its file's side. What an edit wrote, and into what, is held to the same rules as a file: a secret stays in a history when it is long gone. Code moves from file to
    file: nothing is taught that a held-out file alone has now, and nothing held out that is taught."""
    sides = {one.path: SIDES[number in held] for number, one in texts.items() if one.project == source.project}
    if source.root is None:
        return
    marks, count = benchmarks.known(wanted.benchmark_files), 0
    taught, told = (
        frozenset(
            mark
            for number, one in texts.items()
            if one.project == source.project and (number in held) == is_held
            for mark in benchmarks.runs(one.text)
        )
        for is_held in (False, True)
    )
    try:
        for edit in histories.edits(source.root, sides):
            whole = edit.before[: edit.at] + edit.text + edit.before[edit.at :]
            one = Text(source.project, edit.path, whole, source.licence)
            why = _refused(one, marks)
            if (
                why not in ("", "does not parse")
                or (why and benchmarks.hits(whole, marks))
                or cleaned.impersonal(whole)[1]
            ):
                continue
            of_others = (
                benchmarks.hits(edit.text, taught)
                if sides[edit.path] == SIDES[1]
                else benchmarks.hits(whole, told - taught)
            )
            if of_others:
                continue
            if source.licence != licences.OWN and licences.of_head(whole) not in (
                *licences.PERMISSIVE,
                licences.UNKNOWN,
            ):
                continue
            number, count = max(texts) + 1, count + 1
            texts[number] = replace(one, text=edit.before)
            rows[sides[edit.path]].setdefault(source.project, []).append(
                Row(number, "edit", edit.at, edit.at, edit.text)
            )
            if count == EDITS:
                return
    except RangeError:
        return  # a folder without a history has none to tell


def _write(out: Path, texts: dict[int, Text], sides: dict[str, list[Row]], card: Card) -> None:
    """All of it or nothing: what was there before stays until it is whole."""
    out.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".") as place:
        part = Path(place) / "new"
        part.mkdir(mode=0o700)
        _write_into(part, texts, sides, card)
        if out.exists():
            out.rename(Path(place) / "old")
        part.rename(out)


def _write_into(out: Path, texts: dict[int, Text], sides: dict[str, list[Row]], card: Card) -> None:
    used = sorted({row.text for rows in sides.values() for row in rows})
    lines = [
        json.dumps(
            {"number": number, "project": one.project, "path": one.path, "licence": one.licence, "text": one.text}
        )
        for number in used
        for one in (texts[number],)
    ]
    (out / "texts.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    for side, rows in sides.items():
        written = "".join(f"{json.dumps(row.as_json())}\n" for row in rows)
        (out / f"{side}.jsonl").write_text(written, "utf-8")
    told = card.as_json() | {"mark": marked(out)}
    (out / "card.json").write_text(json.dumps(told, indent=1), "utf-8")
    (out / "card.md").write_text(page(told), "utf-8")


def _lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _why(card: Card) -> str:
    return "Left out: " + ", ".join(f"{why} {count}" for why, count in card.left_out.most_common(4)) + "."

"""From sources to a folder of samples: rules, near-duplicates, benchmarks, the split, the rows, the card. Reads texts, runs nothing."""

from __future__ import annotations

import datetime
import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.assistant.changes.revisions import RangeError

from . import accepted, alike, benchmarks, cleaned, histories, licences, samples
from .card import Card, page
from .samples import Row
from .sources import Source, SourceError, Text

HELD = 0.1  # of the projects, or of one project's files, that nothing is taught of
HELD_LEAST = 3  # files
SIDES = ("train", "held")
OF_PROJECT = 2_500_000  # characters of one project, so that none is most of it
EDITS = 800  # of one history
Say = Callable[[str], None]


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


@dataclass(frozen=True, slots=True)
class Material:
    """A folder of samples, read: texts by number, and the rows of both sides."""

    folder: Path
    texts: dict[int, Text]
    train: tuple[Row, ...]
    held: tuple[Row, ...]
    card: dict[str, Any]

    @property
    def mark(self) -> str:
        """What tells this material from other."""
        return str(self.card["mark"])


def prepare(sources: Sequence[Source], out: Path, wanted: Wanted, say: Say) -> Card:
    """Write texts.jsonl, train.jsonl, held.jsonl, card.json and card.md into `out`. Raises SourceError where nothing is left, OSError where it cannot be written."""
    card = Card(specs=wanted.specs, without=wanted.without, made=datetime.datetime.now(datetime.UTC).date().isoformat())
    kept = _kept(sources, wanted, card, say)
    say(f"{len(kept)} of {card.found} files may be taught; comparing them")
    repeats, together = alike.groups([one.text for one in kept])
    unique = [(one, together[number]) for number, one in enumerate(kept) if repeats[number] == number]
    card.left_out["nearly the same as another"] += len(kept) - len(unique)
    if len(unique) < HELD_LEAST + 1:
        raise SourceError(f"Too little is left to be taught: {len(unique)} files of {card.found}. {_why(card)}")
    held_texts = _split(unique, wanted.seed)
    for one, _ in unique:
        card.kept[one.licence] += 1
        card.characters += len(one.text)
    for source in sources:
        found = sum(one.project == source.project for one, _ in unique)
        card.sources[source.project] = {
            "licence": source.licence,
            "found": len(source.texts) + sum(source.left_out.values()),
            "kept": found,
        } | ({"root": str(source.root.resolve())} if source.root is not None else {})
    say("making samples")
    texts = dict(enumerate(one for one, _ in unique))
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
    for side, some in sides.items():
        card.sides[side] = Counter(row.kind for row in some)
        card.projects[side] = sorted({texts[row.text].project for row in some})
    _write(out, texts, sides, card)
    return card


def load(folder: Path) -> Material:
    """What `prepare` wrote. Raises SourceError."""
    try:
        texts = {
            int(one["number"]): Text(one["project"], one["path"], one["text"], one["licence"])
            for one in _lines(folder / "texts.jsonl")
        }
        train, held = (tuple(Row.of_json(one) for one in _lines(folder / f"{side}.jsonl")) for side in SIDES)
        return Material(folder, texts, train, held, json.loads((folder / "card.json").read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{folder} holds no samples ({error}). Make some: `assay tune prepare`.") from error


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


def _split(unique: Sequence[tuple[Text, int]], seed: int) -> frozenset[int]:
    """The numbers of the texts that nothing is taught of: of whole projects where there are several, else of files; what is alike stays on one side."""
    projects = sorted({one.project for one, _ in unique})
    of_files = len(projects) < 3
    units: dict[str, set[int]] = {}
    for number, (one, group) in enumerate(unique):
        units.setdefault(f"{group}" if of_files else one.project, set()).add(number)
    if not of_files:
        units = _joined(units, unique)
    order = sorted(units)
    random.Random(seed).shuffle(order)  # noqa: S311  a split is no secret
    held, least = set[int](), max(HELD_LEAST, int(HELD * len(unique)))
    for unit in order:
        if len(held) >= least:
            break
        if len(held) + len(units[unit]) <= max(2 * least, len(unique) // 2):
            held |= units[unit]
    return frozenset(held)


def _joined(units: dict[str, set[int]], unique: Sequence[tuple[Text, int]]) -> dict[str, set[int]]:
    """Projects that have texts alike are one."""
    by_group: dict[int, str] = {}
    name_of = {name: name for name in units}
    for one, group in unique:
        first = by_group.setdefault(group, one.project)
        if name_of[first] != name_of[one.project]:
            gone, stays = name_of[one.project], name_of[first]
            name_of = {name: stays if other == gone else other for name, other in name_of.items()}
    made: dict[str, set[int]] = {}
    for name, numbers in units.items():
        made.setdefault(name_of[name], set()).update(numbers)
    return made


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
    """Those of a folder's history, in the files that stayed, each on its file's side."""
    sides = {one.path: SIDES[number in held] for number, one in texts.items() if one.project == source.project}
    marks = benchmarks.known(wanted.benchmark_files)
    if source.root is None:
        return
    count = 0
    try:
        for edit in histories.edits(source.root):
            if count == EDITS:
                break
            if (
                edit.path not in sides
                or cleaned.refusal(edit.before.replace("\n\n", "\n")) not in ("", "does not parse")
                or benchmarks.hits(edit.text, marks)
            ):
                continue
            number, count = len(texts), count + 1
            texts[number] = Text(source.project, edit.path, cleaned.impersonal(edit.before)[0], source.licence)
            if texts[number].text == edit.before:
                rows[sides[edit.path]].setdefault(source.project, []).append(
                    Row(number, "edit", edit.at, edit.at, edit.text)
                )
    except RangeError:
        return  # a folder without a history has none to tell


def _write(out: Path, texts: dict[int, Text], sides: dict[str, list[Row]], card: Card) -> None:
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    used = sorted({row.text for rows in sides.values() for row in rows})
    lines = [
        json.dumps(
            {"number": number, "project": one.project, "path": one.path, "licence": one.licence, "text": one.text}
        )
        for number in used
        for one in (texts[number],)
    ]
    (out / "texts.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    mark = hashlib.sha256("".join(lines).encode())
    for side, rows in sides.items():
        written = "".join(f"{json.dumps(row.as_json())}\n" for row in rows)
        mark.update(written.encode())
        (out / f"{side}.jsonl").write_text(written, "utf-8")
    told = card.as_json() | {"mark": mark.hexdigest()[:16]}
    (out / "card.json").write_text(json.dumps(told, indent=1), "utf-8")
    (out / "card.md").write_text(page(told), "utf-8")


def _lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _why(card: Card) -> str:
    return "Left out: " + ", ".join(f"{why} {count}" for why, count in card.left_out.most_common(4)) + "."

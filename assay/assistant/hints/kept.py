"""What was found, kept on disk by content: an unchanged file is not looked at again, an unchanged project's tests are not run again.

One file a project, below the user's cache; safe to delete. It holds the words of hints, which quote code; where one looks like it holds a secret, nothing of its key is kept, and it is found anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from analyzers import secrets
from analyzers.text import Edit, Span

from ..proof import verdict
from ..shapes import state
from .hint import Evidence, Fix, Hint, Kind, Source

VERSION = 3
PROJECTS_LIMIT = 100  # the latest ones
LOOKS_LIMIT = 20  # of one state of a project, the latest ones
UNASKED_LIMIT = 1000  # keys that are of other files, other versions or other looks


class Kept:
    """Hints of one project by keys, which are digests of all that they rest on. Reading and writing block: call from a thread."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._path = folder / f"{digest(str(root))}.json"
        self._old = _loaded(self._path)
        self._new: dict[str, dict[str, Any]] = {}

    def get(self, key: str) -> tuple[list[Hint], str] | None:
        """The hints of a key and the note beside them; None where nothing is known."""
        found = self._new.get(key) or self._old.get(key)
        try:
            known = ([_hint(one) for one in found["hints"]], str(found["note"])) if found is not None else None
        except (KeyError, TypeError, ValueError):
            return None
        if known is not None and found is not None:
            self._new[key] = found
        return known

    def put(self, key: str, hints: Iterable[Hint], note: str = "") -> None:
        """Remember them, all or none: a key that is known says that there are no others."""
        found = {"hints": list(map(told, hints)), "note": note}
        if not _has_secret(found):
            self._new[key] = found

    def save(self) -> None:
        """Write what was asked for or found since, and the latest of what nobody asked for, whole or not at all."""
        if self._new == self._old:
            return
        unasked = [key for key in self._old if key not in self._new][-UNASKED_LIMIT:]
        found = {key: self._old[key] for key in unasked} | self._new
        with contextlib.suppress(OSError):  # without a place to keep it, it is found anew next time
            folder = self._path.parent
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            other = self._path.with_suffix(f".{os.getpid()}")
            other.write_text(json.dumps({"version": VERSION, "found": found}, separators=(",", ":")), "utf-8")
            os.replace(other, self._path)
            for old in sorted(folder.glob("*.json"), key=lambda one: one.stat().st_mtime)[:-PROJECTS_LIMIT]:
                old.unlink()


class Looks:
    """What runs said about sets of files, for one state of all that these runs rest on: who asks about some of them has it from a look at more."""

    def __init__(self, kept: Kept, of: str) -> None:
        """`of` is a digest of that state."""
        self._kept = kept
        self._of = of

    def find(self, names: Collection[str]) -> tuple[list[Hint], str] | None:
        """The hints of the smallest known look at all these files that are in one of them, and its note; None where there was none."""
        for looked in sorted(self._known(), key=len):
            if set(names) <= set(looked) and (found := self._kept.get(self._key(looked))) is not None:
                return [hint for hint in found[0] if hint.name in names], found[1]
        return None

    def put(self, names: Iterable[str], hints: Iterable[Hint], note: str) -> None:
        """Remember a look."""
        looked = sorted(names)
        others = [one for one in self._known() if one != looked]
        self._kept.put(self._of, (), json.dumps([*others[1 - LOOKS_LIMIT :], looked]))
        self._kept.put(self._key(looked), hints, note)

    def _known(self) -> list[list[str]]:
        found = self._kept.get(self._of)
        try:
            return [list(map(str, one)) for one in json.loads(found[1])] if found is not None else []
        except (ValueError, TypeError):
            return []

    def _key(self, looked: Sequence[str]) -> str:
        return digest("proved", self._of, *looked)


def _has_secret(raw: dict[str, Any]) -> bool:
    """Whether something in it looks like a secret."""
    text = json.dumps(raw, ensure_ascii=False)
    return secrets.redact(text) != text


def digest(*parts: str) -> str:
    """A key for texts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def told(hint: Hint) -> dict[str, Any]:
    """A hint as JSON, by offsets."""
    fix = None
    if hint.fix is not None:
        edits = [[edit.span.start, edit.span.end, edit.text] for edit in hint.fix.edits]
        found = hint.fix.verdict
        judged = None if found is None else [state(found), getattr(found, "reason", None), found.why]
        fix = {"title": hint.fix.title, "edits": edits, "verdict": judged, "note": hint.fix.note}
    plain = {name: getattr(hint, name) for name in ("name", "kind", "code", "message", "confidence", "function", "url")}
    return plain | {
        "span": [hint.span.start, hint.span.end],
        "evidence": asdict(hint.evidence),
        "fix": fix,
        "tags": list(hint.tags),
    }


def _hint(raw: dict[str, Any]) -> Hint:
    kind, source, fix = raw["kind"], raw["evidence"]["source"], None
    if kind not in get_args(Kind) or source not in get_args(Source):
        raise ValueError(kind)
    if raw["fix"] is not None:
        edits = tuple(Edit(Span(start, end), str(text)) for start, end, text in raw["fix"]["edits"])
        judged = raw["fix"]["verdict"]
        known = None if judged is None else verdict.recalled(*judged)
        fix = Fix(str(raw["fix"]["title"]), edits, known, str(raw["fix"]["note"]))
    evidence = Evidence(
        source, str(raw["evidence"]["detail"]), tuple(map(str, raw["evidence"]["tests"])), str(raw["evidence"]["input"])
    )
    return Hint(
        str(raw["name"]),
        Span(*raw["span"]),
        kind,
        str(raw["code"]),
        str(raw["message"]),
        float(raw["confidence"]),
        evidence,
        fix,
        str(raw["function"]),
        str(raw["url"]),
        tuple(tag for tag in raw["tags"] if tag in ("unnecessary", "deprecated")),
    )


def _loaded(path: Path) -> dict[str, dict[str, Any]]:
    try:
        table = json.loads(path.read_text("utf-8"))
        return dict(table["found"]) if table["version"] == VERSION else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}

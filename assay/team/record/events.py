"""What clients tell of their suggestions, read at the border: names, numbers and hashes. A field that is not one of them is refused, so that no text comes in by one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from assay.engine.web import Refused
from assay.team.store.chain import Note

MOST = 500  # events of one batch
TEXT = 20_000  # characters of a suggestion
WORD = 500  # characters of what somebody says of a suggestion
Texts = Literal["none", "kept"]
FATES = ("shown", "accepted", "partly", "rejected", "kept", "gone")
STATES = ("passed", "failed", "unverified")
_ID = re.compile(r"[\w.:-]{1,64}")
_HASH = re.compile(r"[0-9a-f]{8,64}")
_WORDS = re.compile(r"[\w./:@+ -]{0,80}")  # names of models, reasons, checks: no text of a program fits by chance
# What may stand in an event, by its kind: name → what it has to be. The first ones say nothing of anybody.
_PLAIN: Mapping[str, Mapping[str, str]] = {
    "suggestion": {"kind": "words", "model": "words", "weights": "hash", "dialect": "words", "sampling": "numbers", "verdict": "verdict", "took_ms": "times", "chars": "number", "lines": "number", "confidence": "number", "policy": "words"},
    "fate": {"kind": "words", "model": "words", "fate": "fate", "chars": "number"},
    "contradicted": {"kind": "words", "model": "words", "tests": "number"},
}  # fmt: skip
_PERSONAL: Mapping[str, Mapping[str, str]] = {
    "suggestion": {"text": "hash", "sources": "names", "project": "hash", "at_ms": "number", "client": "words"},
    "fate": {"at_ms": "number", "text": "hash"},
    "contradicted": {"at_ms": "number", "project": "hash"},
}


def notes(told: Any, person_id: int, texts: Texts = "none") -> list[Note]:
    """A batch of events: each has an `id`, an `event` (suggestion, fate or contradicted), the `suggestion` it is about and fields of its kind; `source`, the
    text, where the team keeps it. Raises Refused for the first that is none, so that nothing of the batch is recorded."""
    if not isinstance(told, list) or len(told) > MOST:
        raise Refused(f"`events` has to be a list of at most {MOST}.")
    return [_note(number, one, person_id, texts) for number, one in enumerate(told)]


def feedback(told: Mapping[str, Any], person_id: int) -> Note:
    """A thumb, and a word, about a suggestion. Raises Refused."""
    suggestion, thumb, word = told.get("suggestion"), told.get("thumb"), told.get("word", "")
    if not isinstance(suggestion, str) or not _ID.fullmatch(suggestion) or thumb not in ("up", "down"):
        raise Refused("`suggestion` has to be one's id, and `thumb` up or down.")
    if not isinstance(word, str) or len(word) > WORD:
        raise Refused(f"`word` is a text of at most {WORD} characters.")
    event_id = told.get("id")
    if event_id is not None and not (isinstance(event_id, str) and _ID.fullmatch(event_id)):
        raise Refused("`id` is at most 64 letters, digits and . _ : -")
    event = f"{person_id}:{event_id}"[:64] if event_id is not None else None
    return Note("feedback", {"thumb": thumb}, {"word": word} if word else {}, person_id, event, suggestion)


def _note(number: int, event: Any, person_id: int, texts: Texts) -> Note:
    match event:
        case {"id": str(event_id), "event": str(kind), "suggestion": str(suggestion), **fields} if kind in _PLAIN:
            if not (_ID.fullmatch(event_id) and _ID.fullmatch(suggestion)):
                raise Refused(f"Event {number}: `id` and `suggestion` are at most 64 letters, digits and . _ : -")
        case _:
            raise Refused(f"Event {number} is none: it has `id`, `event` ({', '.join(_PLAIN)}) and `suggestion`.")
    source = fields.pop("source", None)
    if source is not None and (
        texts == "none" or kind != "suggestion" or not isinstance(source, str) or len(source) > TEXT
    ):
        raise Refused(f"Event {number}: `source` is not kept here, or no text of at most {TEXT} characters.")
    plain, personal = dict[str, Any](), dict[str, Any]()
    for key, value in fields.items():
        name = str(key)
        shape = _PLAIN[kind].get(name) or _PERSONAL[kind].get(name)
        if shape is None or not _fits(shape, value):
            raise Refused(f"Event {number}: `{name[:40]}` is not a field of a {kind}, or not in its form.")
        (plain if name in _PLAIN[kind] else personal)[name] = value
    return Note(kind, plain, personal, person_id, f"{person_id}:{event_id}"[:64], suggestion, source)


def _fits(shape: str, value: Any) -> bool:
    match shape:
        case "words":
            return isinstance(value, str) and _WORDS.fullmatch(value) is not None
        case "hash":
            return isinstance(value, str) and (not value or _HASH.fullmatch(value) is not None)
        case "number":
            return type(value) in (int, float) and abs(value) < 1e15
        case "numbers":
            return _is_table(value) and all(
                _WORDS.fullmatch(name) and (one is None or _fits("number", one)) for name, one in value.items()
            )
        case "times":
            return _is_table(value) and all(
                _WORDS.fullmatch(name) and _fits("number", one) and one >= 0 for name, one in value.items()
            )
        case "names":
            return isinstance(value, list) and len(value) <= 40 and all(_fits("words", one) for one in value)
        case "fate":
            return value in FATES
        case _:
            return _is_verdict(value)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and len(value) <= 20


def _is_verdict(value: Any) -> bool:
    """Its state, the reason where nothing proves it, the names of the checks, and how many tests said what."""
    shapes = {"reason": "words", "checks": "names", "passed": "number", "failed": "number", "makes_pass": "number"}
    return (
        _is_table(value)
        and value.get("state") in STATES
        and all(name == "state" or (name in shapes and _fits(shapes[name], one)) for name, one in value.items())
    )

"""What somebody wants of a pair: an answer, or something done. Words in, nouns out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from analyzers import tracebacks

Act = Literal["rename", "extract", "write", "test", "explain", "safe", "hints"]
_NAME = r"`?([A-Za-z_][\w.]*)(?:\(\))?`?"
_FILE = r"`?((?:[\w.-]+/)*[\w-]+\.pyi?)`?"
_POLITE = r"^(?:please\s+|can you\s+|could you\s+|would you\s+|let's\s+|now\s+|ok(?:ay)?,?\s+)*"
_RENAME = re.compile(rf"{_POLITE}rename\s+(?:the\s+)?(?:\w+\s+)?{_NAME}(?:\s+(?:in|of|from)\s+{_FILE})?\s+(?:to|into|as|->|→)\s+{_NAME}", re.IGNORECASE)  # fmt: skip
_EXTRACT = re.compile(rf"{_POLITE}extract\s+(?:(?:the\s+)?lines?\s+(\d+)\s*(?:-|–|to|through|and)\s*(\d+)|(?:this|that|it|the selection|the selected lines))(?:\s+(?:of|in|from)\s+{_FILE})?\s+(?:in)?to\s+(?:an?\s+)?(?:new\s+)?(?:function|method|helper)?\s*(?:called\s+|named\s+)?{_NAME}", re.IGNORECASE)  # fmt: skip
_TEST = re.compile(rf"{_POLITE}(?:(?:write|add|make|create|generate)\s+(?:me\s+)?(?:some\s+|a\s+|more\s+)?(?:unit\s+)?tests?\s+(?:for|of)|test)\s+(?:the\s+)?(?:function\s+|class\s+|method\s+)?(?:{_NAME}|this)(?:\s+in\s+{_FILE})?\W*$", re.IGNORECASE)  # fmt: skip
_WRITE = re.compile(rf"{_POLITE}(?:write|implement|create|add)\s+(?:me\s+)?(.+)$", re.IGNORECASE | re.DOTALL)
_INTO = re.compile(rf"\s+(?:in|into|to)\s+(?:the\s+)?(?:file\s+|module\s+)?{_FILE}\W*$", re.IGNORECASE)
_WHY = re.compile(rf"\bwhy\s+(?:does|do|is|did|are)\s+(?:the\s+)?(?:test\s+)?{_NAME}\s+(?:test\s+)?(?:fail\w*|red|broken|crash\w*)|\bwhy\s+does\s+this\s+(?:test\s+)?fail", re.IGNORECASE)  # fmt: skip
_SAFE = re.compile(r"\b(?:is\s+it|is|would it be)\s+(?:`?[\w.]+`?\s+)?safe\s+to\s+(?:change|refactor|edit|touch|remove|delete|modify)|\bcan\s+i\s+(?:safely\s+)?(?:change|refactor|remove|delete|modify|touch)\b|\bwhat\s+(?:would\s+)?(?:breaks?|happens)\s+(?:if|when)\s+i\s+(?:change|remove|delete|touch|modify)\b|\bsafe\s+to\s+(?:change|refactor|remove|delete)\b", re.IGNORECASE)  # fmt: skip
_HINTS = re.compile(r"\b(?:any|are there|is there|find|see|spot)\b.*\b(?:bugs?|problems?|mistakes?|anything wrong)\b|\bwhat(?:'s| is)\s+wrong\s+(?:with|in)\b", re.IGNORECASE)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something that is to be done: `of` names a thing, a test or a sentence, `file` where, `to` a new name, `lines` which (from 1)."""

    act: Act
    of: str = ""
    file: str = ""
    to: str = ""
    lines: tuple[int, int] = (0, 0)


_ASKS = re.compile(r"\?\s*$|^\W*(?:where|what|who|which|when|how|find|show|list|does|do|is|are)\b|:\s*(?:where|what|who|which|how)\b", re.IGNORECASE)  # fmt: skip
LONGEST = 600  # characters that are read of what is no traceback


def read(text: str) -> Wanted | None:
    """What is to be done; None for a question."""
    said = text.strip()
    if "\n" in said and not tracebacks.parse(said).is_nothing:
        return Wanted("explain", said)
    said = said[:LONGEST]
    if found := _RENAME.match(said):
        return Wanted("rename", found[1], found[2] or "", found[3].rpartition(".")[2])
    if found := _EXTRACT.match(said):
        return Wanted("extract", file=found[3] or "", to=found[4], lines=(int(found[1] or 0), int(found[2] or 0)))
    if found := _TEST.match(said):
        return Wanted("test", "" if (found[1] or "this").lower() == "this" else found[1], found[2] or "")
    if found := _WHY.search(said):
        return Wanted("explain", "" if (found[1] or "this").lower() in ("this", "it") else found[1])
    if _SAFE.search(said):
        return Wanted("safe", said)
    if _HINTS.search(said) and not re.match(r"\W*(?:where|find where|show me where|who|which)\b", said, re.IGNORECASE):
        return Wanted("hints", said)
    if (found := _WRITE.match(said)) and not _ASKS.search(said):
        into = _INTO.search(found[1])
        return Wanted("write", (found[1][: into.start()] if into else found[1]).strip(), into[1] if into else "")
    return None

"""The sentences of a description: without the doctests in it, and the steps that it orders. Pure."""

from __future__ import annotations

import re

STEP_LEAST = 2  # steps that a description has to have to be a plan


def plain(doc: str) -> str:
    """A description without its doctests and what they give."""
    kept, is_shown = list[str](), False
    for line in doc.splitlines():
        is_shown = line.lstrip().startswith(">>>") or (is_shown and bool(line.strip()))
        if not is_shown:
            kept.append(line)
    return "\n".join(kept)


_ORDER = re.compile(
    r"(?:^|(?<=[.;,\n]))\s*(?:and\s+)?(?:\d+[.)]\s+)?(?:first(?:ly)?|then|next|after (?:that|this)|second(?:ly)?|third(?:ly)?|fourth(?:ly)?|finally|lastly)[,:]?\s+|(?:^|(?<=[\s:]))\d{1,2}[.)]\s+",
    re.IGNORECASE,
)


_SHOWN = re.compile(r"[.;]\s+(?:e\.g\.|for (?:example|instance)\b|examples?:)", re.IGNORECASE)


def steps(doc: str) -> tuple[str, ...]:
    """The parts of a description that says "first …, then …, finally …", or numbers them; none where it does not."""
    return _parts(doc)[1]


def lead(doc: str) -> str:
    """What a description with steps says before the first of them, on one line: what it is all for."""
    return _parts(doc)[0]


def _parts(doc: str) -> tuple[str, tuple[str, ...]]:
    """What comes before the steps, and them; the second is empty where there are none."""
    text = re.sub(r"\s*\n\s*", " ", plain(doc)).strip()
    marks, number = list[re.Match[str]](), 1
    for match in _ORDER.finditer(text):
        told = re.fullmatch(r"\s*(\d+)[.)]\s*", match[0])
        if told is None or int(told[1]) == number:  # a number at the end of a sentence is none of a step
            marks.append(match)
            number += told is not None
    if not marks:
        return "", ()
    before = ""
    parts = [text[: marks[0].start()], *(text[m.end() : n.start() if n else len(text)] for m, n in zip(marks, [*marks[1:], None], strict=True))]  # fmt: skip
    if re.match(r"\s*(?:first|1[.)])", marks[0][0], re.IGNORECASE) or parts[0].rstrip().endswith((":", ".")):
        before, *parts = parts  # what comes before says what it is all for
    if parts and (shown := _SHOWN.search(parts[-1])) is not None:  # a sentence of its own: it shows what all of it does
        before = f"{before} {parts[-1][shown.start() :].lstrip('.; ')}".strip()
        parts[-1] = parts[-1][: shown.start()]
    found = tuple(part.strip(" .,;:") for part in parts)
    found = tuple(part for part in found if part)
    return (before.strip(), found) if len(found) >= STEP_LEAST else ("", ())

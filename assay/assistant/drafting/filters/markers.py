"""Cut at the first thing that is not code: a control marker, or the fence in which chat models wrap it."""

from __future__ import annotations

import re

from assay.engine.dialects import MARKER

from .draft import Draft, Drop

# The dialects' own markers, and what else looks like one: families that we do not know have theirs too.
_END = re.compile(
    rf"{MARKER.pattern}|<\|[^|\n]{{2,30}}\|>|<[｜\[]?/?(?:fim|endof|end_of|eot|file_sep)[^>\n]{{0,20}}>|^```.*$|\0",
    re.MULTILINE | re.IGNORECASE,
)


def markers(draft: Draft) -> Draft | Drop:
    """Text up to the first marker; an opening fence at the very start is only taken off."""
    text = draft.text
    opening = re.match(r"\s*```(?:python|py)?[ \t]*\n", text)
    if opening:
        text = text[opening.end() :]
    found = _END.search(text)
    if found:
        text = text[: found.start()]
    return draft.with_text(text) if text.strip() else Drop("nothing but control markers")

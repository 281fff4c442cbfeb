"""Who changed something, when, and what changed lately: from the repository's commits, each named."""

from __future__ import annotations

import datetime
import re
import time

from analyzers.questions.code import Place
from analyzers.questions.naming import meant
from analyzers.questions.question import Question

from ..changes import history
from ..changes.revisions import RangeError
from .ground import Ground
from .reply import Line, Reply

SHOWN = 8
ALL = "20 years ago"
_SINCE = re.compile(r"\b(?:since|in the last|last|past|this)\s+(?:(\d+)\s+)?(day|week|month|year|yesterday|today)s?\b", re.IGNORECASE)  # fmt: skip


def of(known: Ground, asked: Question) -> Reply | None:
    """What commits say; None where there is no repository to ask."""
    said = _SINCE.search(asked.text)
    when = ALL
    if said is not None:
        unit = said[2].lower()
        when = "yesterday" if unit == "yesterday" else "1d" if unit == "today" else f"{said[1] or 1}{unit[0]}"
    try:
        commits = history.since(known.root, when, time.time())
    except RangeError:
        return None
    things = [one.things[0] for one in meant(known.code, asked) if one.things]
    file = things[0].file if things else ""
    own = [one for one in commits if not one.is_merge and (not file or file in one.files)]
    if not own:
        return Reply((), (f"No commit {'touches ' + file if file else 'was made'} in that time.",), kind="history")
    place = (things[0].place,) if things else ()
    lines = []
    for one in own[:SHOWN]:
        at = datetime.datetime.fromtimestamp(one.at).astimezone().strftime("%Y-%m-%d")
        where = place or tuple(Place(name, 1) for name in one.files[:1] if name in known.code.texts)
        lines.append(Line(f"{one.short}, {at}, {one.author}: {one.title}", where, "history"))
    notes = [f"{len(own) - SHOWN} more commits are not shown."] if len(own) > SHOWN else []
    if things and things[0].kind != "module":
        notes.append(f"Commits are told by file: these touch {file}.")
    return Reply(tuple(lines), tuple(notes), tuple(one.path for one in things), kind="history")

"""The way from what somebody says to a reply: "this" and "it" get their names, what is to be done is done as far as a change that is proposed, and a question is answered from facts before a model adds to it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from analyzers.questions import answers, described, question
from analyzers.questions.code import Code
from analyzers.said import borne

from ..nouns import Tell
from ..workbench import Workbench
from ..world.world import World
from . import acts, ground, history, told, wanted, words
from .ground import Ground
from .reply import Here, Line, Reply

SHOWN = 60  # statements of an answer that travel
FOLLOWING = 2  # words of a question that still hangs on the one before; one of more describes something by itself
_THIS = re.compile(r"\bthis\s+(function|method|class|test|module|file|code|line)\b|(?<!\w)(here|this)\b(?!\s+\w+\s*(?:is|are|does))", re.IGNORECASE)  # fmt: skip
_IT = re.compile(r"\b(?:it|its|that (?:function|class|method|one)|they|them)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asking:
    """Where something is asked: the project, the user's cache, where the person is, and what the last answer was about; `kept` is what was said before, for the model."""

    world: World
    cache: Path
    here: Here | None = None
    about: tuple[str, ...] = ()
    kept: str = ""


async def reply(bench: Workbench, asking: Asking, text: str, tell: Tell) -> Reply:
    """The answer. Raises SandboxUnavailable where something has to be run and nothing can be."""
    known = await ground.of(bench, asking.world, tell)
    said = named(known.code, asking, text)
    task = wanted.read(text)
    if task is None or task.act == "rename":  # what "this" is called is its name
        task = wanted.read(said) or task
    if task is not None and (done := await acts.done(bench, known, asking.world, asking.cache, (task, asking.here, said), tell)):  # fmt: skip
        return done
    asked = question.read(said)
    if asked.kind == "history":
        found = await asyncio.to_thread(history.of, known, asked)
        if found is not None:
            return found
    tell("answer", 0, 0)
    found_ = await asyncio.to_thread(answers.answer, known.code, asked, known.index)
    lines = [Line(one.text, one.places, "fact" if one.is_sure else "likely") for one in found_.statements[:SHOWN]]
    more = len(found_.statements) - SHOWN
    notes = [f"{more} more are not told."] if more > 0 else []
    if found_.by == "description":
        notes.insert(0, "The question names nothing that is there: these fit its words best.")
    if not lines:
        notes.append(told.NOTHING)
    recorded = await asyncio.to_thread(told.recorded, bench, known, found_)
    lines += recorded
    made = Reply(tuple(lines), tuple(notes), tuple(one.path for one in found_.about), kind=found_.kind)
    return await _worded(bench, known, asking, (said, made), tell)


def named(code: Code, asking: Asking, text: str) -> str:
    """What is said with the names of what "this" and "it" mean."""
    here = asking.here
    if here is not None and not question.read(text).names and (match := _THIS.search(text)):
        around = code.around(here.file, here.first) if here.first else None
        is_file = (match[1] or "").lower() in ("file", "module")
        name = f"`{here.file}`" if is_file or around is None else f"`{around.path}` in {here.file}"
        return f"{text[: match.start()]}{name}{text[match.end() :]}"
    asked = question.read(text)
    if asking.about and not asked.names and len(described.wanted(asked)) <= FOLLOWING and (match := _IT.search(text)):
        return f"{text[: match.start()]}`{asking.about[0]}`{text[match.end() :]}"
    return text


async def _worded(bench: Workbench, known: Ground, asking: Asking, asked: tuple[str, Reply], tell: Tell) -> Reply:
    """The reply with what a model adds, each sentence held against the code."""
    said, made = asked
    if (why := await words.refused(bench)) is not None:
        return replace(made, notes=(*made.notes, why)) if why else made
    tell("model", 0, 0)
    try:
        sentences = await words.of(bench, known.code, (said, made, asking.kept))
    except words.Silent as error:
        return replace(made, notes=(*made.notes, str(error)))
    things = [
        one for path in made.about for one in known.code.by_name.get(path.rpartition(".")[2], ()) if one.path == path
    ]
    judged = await asyncio.to_thread(lambda: [borne.of(known.code, one, things) for one in sentences])
    lines = [Line(one.text, one.places, "model" if one.how == "borne" else "unchecked") for one in judged if one.how != "denied"]  # fmt: skip
    denied = [one for one in judged if one.how == "denied"]
    notes = [*made.notes]
    if denied:
        whys = "; ".join(dict.fromkeys(one.why for one in denied))
        notes.append(f"{_count(denied)} of the model {'was' if len(denied) == 1 else 'were'} left out: {whys}.")
    return replace(made, lines=(*made.lines, *lines), notes=tuple(notes))


def _count(found: Sequence[object]) -> str:
    return f"{len(found)} sentence{'s' * (len(found) != 1)}"

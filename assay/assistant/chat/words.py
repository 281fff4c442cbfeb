"""What a model adds to facts, in a few sentences: which it reads, and when it is not asked."""

from __future__ import annotations

import asyncio

from analyzers import secrets
from analyzers.questions.code import Code
from analyzers.said import claims
from assay.engine import dialects
from assay.engine.api import EngineError, Request

from ..drafting import asking
from ..workbench import Workbench
from .reply import Reply

ANSWER_S, TOKENS, SENTENCES = 45.0, 220, 8
SOURCE_LINES, FACTS = 60, 10  # of what is shown of the code; statements
NO_MODEL = ""
TOO_SMALL = "The model is too small to be asked; the facts stand alone."
MARK = "# Answer in a few sentences about the code, from the facts alone:"
_STOP = ("\n\n\n", "# Question", "# Facts", "\n# Source", "\nclass ", "\ndef ", "\nimport ")


class Silent(Exception):
    """Why the model says nothing, in a sentence."""


async def refused(bench: Workbench) -> str | None:
    """None where the model is asked; else why it is not, "" where there is none."""
    if bench.engine.name == "none":
        return NO_MODEL
    health = await bench.engine.health()
    if health.is_fallback:
        return TOO_SMALL
    return None if health.state in ("ready", "starting") else f"The model was not asked: {health.why}"


async def of(bench: Workbench, code: Code, asked: tuple[str, Reply, str]) -> list[str]:
    """The sentences of the model about a question, a reply from facts, and what was said before. Raises Silent."""
    prompt = dialects.strip_markers(secrets.redact(_prompt(code, *asked)))
    try:
        async with asyncio.timeout(ANSWER_S):
            said = await asking.text(bench.engine, Request(prompt, max_tokens=TOKENS, stop=_STOP, priority=1))
    except EngineError as error:
        raise Silent(f"The model was not asked: {error}") from error
    except TimeoutError as error:
        raise Silent(f"The model did not answer within {ANSWER_S:.0f} s.") from error
    plain = "\n".join(line.removeprefix("#").strip() for line in said.splitlines())
    found = [one for one in claims.sentences(plain) if len(one.split()) > 2][:SENTENCES]
    if not found:
        raise Silent("The model said nothing.")
    return found


def _prompt(code: Code, said: str, made: Reply, kept: str) -> str:
    """Facts with their places, the source of what is asked about, and the question, as comments that a model of code goes on with."""
    parts = []
    first = next((place for line in made.lines for place in line.places), None)
    around = code.around(first.file, first.line) if first is not None else None
    if first is not None and around is not None:
        rows = code.texts[around.file].split("\n")[around.line - 1 : min(around.end, around.line + SOURCE_LINES)]
        parts += [f"# Source of {around.file}:", *rows, "", ""]
    parts += ["# Facts:"]
    parts += [f"# - {line.text} ({', '.join(map(str, line.places[:2]))})" for line in made.lines[:FACTS]]
    if kept:
        parts += ["# Said before:", *(f"# {line}" for line in kept.splitlines())]
    return "\n".join([*parts, f"# Question: {' '.join(said.split())}", MARK, "#"])

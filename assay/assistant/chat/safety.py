"""Is something safe to change? Who calls it, which tests enter it, and which small changes of it nobody would notice."""

from __future__ import annotations

import asyncio

from analyzers.questions import of_uses, question
from analyzers.questions.code import Place, Thing
from analyzers.questions.naming import Meant
from analyzers.questions.told import Asked
from sandbox.api import SandboxUnavailable

from ..nouns import Tell
from ..test import asked as testing
from ..test import suite
from ..workbench import Workbench
from .ground import Ground
from .reply import Line, Reply

LINES, SURVIVORS, CALLERS = 120, 6, 8  # of a function that is tried; what is told
SURVEY_S = 60.0


async def of(bench: Workbench, known: Ground, one: Thing, tell: Tell) -> Reply:
    """What speaks for and against changing a thing, and a word on the whole."""
    code = known.code
    asked = Asked(code, question.read("who uses it?"), (Meant(one.path, (one,)),))
    users = await asyncio.to_thread(lambda: list(of_uses.callers(asked)))
    own = [told for told in users if told.places and not code.is_test(told.places[0].file) and not (told.places[0].file == one.file and one.line <= told.places[0].line <= one.end)]  # fmt: skip
    tests = [told for told in await asyncio.to_thread(lambda: list(of_uses.tests(asked))) if told.is_sure and told.places and code.is_test(told.places[0].file)]  # fmt: skip
    lines = [Line(f"{_count(len(own), 'place')} of the code use{'s' * (len(own) == 1)} `{one.path}`.", tuple(told.places[0] for told in own[:CALLERS]))]  # fmt: skip
    lines.append(Line(f"{_count(len(tests), 'test')} name{'s' * (len(tests) == 1)} it.", tuple(told.places[0] for told in tests[:CALLERS])))  # fmt: skip
    if not one.file.endswith(".py") or one.facts is None or one.kind == "class":
        return Reply(tuple(lines), ("Small changes are tried on functions: name one.",), (one.path,), kind="safe")
    last = min(one.end, one.line + LINES)
    try:
        async with asyncio.timeout(SURVEY_S):
            found = await testing.survey(bench, suite.Place(known.state, one.file, known.text(one.file)), one.line, last, tell)  # fmt: skip
    except SandboxUnavailable as error:
        return Reply(tuple(lines), (f"Whether tests would notice was not tried: {error}",), (one.path,), kind="safe")
    except TimeoutError:
        return Reply(tuple(lines), (f"Whether tests would notice could not be tried within {SURVEY_S:.0f} s.",), (one.path,), kind="safe")  # fmt: skip
    every, alive = len(found.mutants), [mutant for mutant, fate in found.survivors if fate == "alive"]
    unseen = [mutant for mutant, fate in found.survivors if fate != "alive"]
    noticed = every - len(found.survivors)
    lines.append(Line(f"Tests notice {noticed} of {_count(every, 'small change')} of it.", (one.place,), "run"))
    lines += [Line(f"No test notices if {mutant.told}.", (Place(one.file, mutant.line),), "run") for mutant in (*alive, *unseen)[:SURVIVORS]]  # fmt: skip
    if every and not noticed:
        word = f"No: no test would tell whether `{one.path}` still does what it did. Have tests written first (“test {one.path}”)."
    elif not every:
        word = f"There is nothing in `{one.path}` that a small change could break."
    elif noticed == every:
        word = "Yes, as far as tests can say: each small change that was tried is noticed."
    else:
        word = "With care: what is listed would not be noticed."
    return Reply((Line(word, (), "run"), *lines), (), (one.path,), kind="safe")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"

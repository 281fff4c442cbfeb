"""What the model doubts: a place where another form of the code is far likelier to it than what stands there, the lines behind it counted too.

A doubt is a suspicion: information and never an error, told only where the difference is great (`python -m evals.doubt` measures what that is worth), and withdrawn where tests
pass only with the code as it stands. A model says what is usual, not what is right.
"""

from __future__ import annotations

import ast
import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice, takewhile

from analyzers import secrets, syntax
from analyzers.mutants import Mutants
from analyzers.text import Edit

from ..workbench import Workbench
from .hint import Evidence, Fix, Hint
from .kept import digest

CODE = "doubt"
PLACES_LIMIT = 8  # of one function
FORMS_LIMIT = 3  # of one place: with what stands there, what the engine decodes side by side
FORM_CHARS = 40  # of what is exchanged: an operator, a name, a constant, an argument; a longer one is another thought
BEFORE_CHARS = 2_000  # of text that the model reads before a place
BEHIND_LINES = 1
FUNCTION_LINES = 120  # a longer function is not looked at
WHOLE_S = 60.0  # of all files together
# The share of right ones among doubts of a size, as a logistic curve over the difference of the log-probabilities, in nats: seven of ten from twelve nats on. It is
# cautious and not fitted, for the embedded model, whose doubts are never right, is the only one that was measured; `python -m evals.doubt --fit` fits it to another.
SLOPE, OFFSET = 0.5, -5.0
TOO_SMALL = (
    "The model was not asked what it doubts: the embedded one is too small to know better than what stands there."
)


@dataclass(frozen=True, slots=True)
class DoubtedLine:
    """A line of a function: what stands before it, it and the lines behind it, and the same with each of some edits."""

    function: str
    prefix: str
    stands: str
    others: tuple[tuple[Edit, str], ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """An edit that is likelier to the model than what stands there, by so many nats."""

    place: DoubtedLine
    edit: Edit
    nats: float

    @property
    def confidence(self) -> float:
        """How likely it is right, from 0 to 1."""
        return 1 / (1 + math.exp(-(SLOPE * self.nats + OFFSET)))


async def of_text(bench: Workbench, name: str, text: str, *, least: float, until: float) -> tuple[list[Hint], str]:
    """Doubts about a file with a confidence of at least `least`, the surest of each function; and a sentence where it was not done at `until` (of time.monotonic).
    Raises EngineError."""
    model, made = await bench.engine.model(), list[Hint]()
    functions = await asyncio.to_thread(places, text)
    for of_one in functions:
        if time.monotonic() > until:
            return (
                made,
                f"The model was asked what it doubts for {WHOLE_S:.0f} s, and not about all of {name} and what follows.",
            )
        found = await asyncio.to_thread(of_one)
        doubts = [one for place in found if (one := await weighed(bench, model, place)) is not None]
        best = max(doubts, key=lambda one: one.nats, default=None)
        if best is not None and best.confidence >= least:
            made.append(_hint(name, text, best))
    return made, ""


async def weighed(bench: Workbench, model: str, place: DoubtedLine) -> Doubt | None:
    """The likeliest other form of a place, where one is likelier than what stands there; what the model said of a text it is not asked again. Raises EngineError."""
    texts = [place.stands, *(text for _, text in place.others)]
    same = _same(texts)  # each token of a forced text is a step of the model
    key = digest(model, place.prefix, *texts)
    if (known := bench.memory.scores.get(key)) is None:
        known = await bench.engine.score(place.prefix + place.stands[:same], [text[same:] for text in texts])
        bench.memory.scores.put(key, known)
    stands, *others = known
    nats, (edit, _) = max(zip(others, place.others, strict=True), key=lambda one: one[0])
    is_known = math.isfinite(stands) and math.isfinite(nats)
    return Doubt(place, edit, nats - stands) if is_known and nats > stands else None


def _same(texts: list[str]) -> int:
    """How many characters all texts begin with, back to where white space begins: a token takes the space before it along, and none goes over one."""
    same = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, zip(*texts, strict=False)))
    while same and not (texts[0][same : same + 1].isspace() and not texts[0][same - 1].isspace()):
        same -= 1
    return same


def places(text: str) -> list[Callable[[], list[DoubtedLine]]]:
    """For each function of a text, what gives the places at which another form is likeliest to mend something: some milliseconds of work for each. Secrets are replaced
    in what the model reads."""
    tree = syntax.module(text)
    if tree is None or not syntax.has_plain_lines(text):
        return []
    mutants, safe, starts = Mutants(text), secrets.redact(text), [0]
    for row in text.split("\n"):
        starts.append(starts[-1] + len(row) + 1)
    starts[-1] = len(text)

    def of_one(name: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[DoubtedLine]:
        found = []
        for line in _own_lines(function):
            small = (one for one in mutants.likeliest(line) if _is_small(one.edit, text, safe))
            chosen = list(islice(small, FORMS_LIMIT))
            if chosen:
                found.append((chosen[0].prior, line, [one.edit for one in chosen]))
        found = sorted(found, key=lambda one: -one[0])[:PLACES_LIMIT]
        return [_place(safe, starts, name, line, function.end_lineno or line, edits) for _, line, edits in found]

    short = [item for item in syntax.functions(tree) if (item[1].end_lineno or 0) - item[1].lineno <= FUNCTION_LINES]
    return [partial(of_one, name, function) for name, function in short] if len(safe) == len(text) else []


def _own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[int]:
    """The lines on which the function's own statements begin: those of functions in it are theirs."""
    stack: list[ast.AST] = list(function.body)
    found = set()
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(node, ast.stmt):
            found.add(node.lineno)
        stack += [
            one for one in ast.iter_child_nodes(node) if isinstance(one, ast.stmt | ast.ExceptHandler | ast.match_case)
        ]
    return sorted(found)


def _is_small(edit: Edit, text: str, safe: str) -> bool:
    old = text[edit.span.start : edit.span.end]
    return (
        old == safe[edit.span.start : edit.span.end]
        and bool(old.strip() and edit.text.strip())
        and max(len(old), len(edit.text)) <= FORM_CHARS
        and "\n" not in old
    )


def _place(text: str, starts: list[int], name: str, line: int, last: int, edits: list[Edit]) -> DoubtedLine:
    begin = starts[line - 1]
    ends = [starts[min(max(line, text.count("\n", 0, e.span.end) + 1) + BEHIND_LINES, last)] for e in edits]
    end = max(ends)
    prefix = text[max(0, begin - BEFORE_CHARS) : begin]
    if begin > BEFORE_CHARS:
        prefix = prefix[prefix.find("\n") + 1 :]
    others = tuple((e, text[begin : e.span.start] + e.text + text[e.span.end : end]) for e in edits)
    return DoubtedLine(name, prefix, text[begin:end], others)


def _hint(name: str, text: str, doubt: Doubt) -> Hint:
    span = doubt.edit.span
    stands = text[span.start : span.end]
    message = f"The model expected `{doubt.edit.text.strip()}` here, not `{stands.strip()}`."
    detail = f"likelier by {doubt.nats:.1f} nats, the lines behind it counted"
    fix = Fix(f"Write `{doubt.edit.text.strip()}`", (doubt.edit,))
    return Hint(
        name, span, "suspected", CODE, message, doubt.confidence, Evidence("model", detail), fix, doubt.place.function
    )

"""What speaks for and against candidates: their trees against the constraints, their answers against the examples, in the sandbox."""

from __future__ import annotations

import ast
import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from analyzers import constraints, documented, inputs, prose, scenarios, sessions, subjects, tryouts
from analyzers.documented import Example
from analyzers.subjects import Subject
from analyzers.wishes.wish import Wish

from ..trials import answers, behaviours
from ..trials.answers import Answer
from ..trials.behaviours import Asked
from ..workbench import Workbench
from .candidate import Candidate, Function, Source, Target, parsed
from .choice import SEARCHED, Judged

INPUTS = 60  # calls beside the examples that candidates are told apart by
SETS = 3  # of types that inputs are drawn from
CALLS_S = 6.0  # of all calls, for one candidate
# Where there are small expressions alone: one that takes longer is not what is meant; a sum of a billion numbers hears of no time limit but that of its process.
SMALL_CALLS_S, SMALL_S = 1.5, 0.2
WRITTEN: tuple[Source, ...] = ("model", "project")  # by somebody who read the description, or another one
LITERALS = 24  # of the candidates' code, near which inputs are
REASON = 160  # characters of what a call gave, in a reason


@dataclass(frozen=True, slots=True)
class Trial:
    """All that was seen: the candidates in the order in which they were given, and the calls beside the examples."""

    judged: tuple[Judged, ...]
    calls: tuple[str, ...]


async def tried(
    bench: Workbench, target: Target, wish: Wish, candidates: Sequence[Candidate], tell: Callable[[int, int], None]
) -> Trial:
    """Judge candidates against the wish. Raises SandboxUnavailable."""
    broken = [await asyncio.to_thread(flaws, wish, one) for one in candidates]
    able = [number for number, told in enumerate(broken) if not told]
    calls = await asyncio.to_thread(_inputs, target, wish, [candidates[number] for number in able])
    shown = [one.call for one in wish.examples]
    is_small = all(candidates[number].source in SEARCHED for number in able)
    of_all_s, of_one_s = (SMALL_CALLS_S, SMALL_S) if is_small else (CALLS_S, 0.0)
    asked = Asked(target.state, target.name, (*shown, *wish.checks, *calls), of_all_s, of_one_s)
    forms = await asyncio.to_thread(lambda: [{**target.over, target.name: target.written(wish, candidates[number])} for number in able])  # fmt: skip
    found = dict(zip(able, await behaviours.of_forms(bench, asked, forms, tell), strict=True)) if able else {}
    judged = []
    for number, one in enumerate(candidates):
        if number not in found:
            judged.append(Judged(one, (), tuple(broken[number])))
            continue
        told = found[number]
        of_examples, of_checks, rest = told[: len(shown)], told[len(shown) : -len(calls) or None], told[len(shown) + len(wish.checks) :]  # fmt: skip
        wrong = [*_wrong(wish.examples, of_examples), *_unmet(wish.checks, of_checks)]
        judged.append(Judged(one, rest, tuple(wrong), len(shown) + len(wish.checks) - len(wrong)))
    return Trial(tuple(judged), calls)


def flaws(wish: Wish, one: Candidate) -> list[str]:
    """What a candidate's text says against it, each in one sentence."""
    node = parsed(wish, one)
    if node is None:
        return ["It does not parse."]
    if one.needs_example and not wish.examples and not wish.checks:
        return ["There is no example to hold it against."]
    if answer := _answer_in(wish, node):
        return [f"It has the answer of an example in it: {answer[:REASON]}."]
    if one.source in WRITTEN and not (wish.examples or wish.checks) and (unused := _unused(node)):
        return [f"It does not use its parameter {unused}."]
    return [told for demand in wish.constraints if (told := constraints.broken(demand, node))]


def _answer_in(wish: Wish, node: Function) -> str:
    """A text, or something that holds several, that an example gives and the body has as it is, where the description does not speak of it; "" for none."""
    said = prose.plain(wish.doc)
    for example in wish.examples:
        said = said.replace(example.call, " ").replace(example.gives, " ")
    answers_ = {repr(value): value for one in wish.examples if not one.raised and (value := documented.value(one.gives)) is not None}  # fmt: skip
    telling = {source for source, value in answers_.items() if isinstance(value, str | list | tuple | dict | set) and len(value) > 2}  # fmt: skip
    for one in (inner for statement in node.body for inner in ast.walk(statement)):
        if isinstance(one, ast.Constant | ast.List | ast.Tuple | ast.Dict | ast.Set) and one is not _docstring(node):
            source = ast.unparse(one)
            if source in telling and source.strip("'") not in said:
                return source
    return ""


def _docstring(node: Function) -> ast.expr | None:
    match node.body:
        case [ast.Expr(value=ast.Constant(value=str()) as told), *_]:
            return told
    return None


def _unused(node: Function) -> str:
    """A parameter that a function does nothing with; "" for none. One that begins with an underscore is meant to be so, and what raises or is empty says nothing."""
    args = node.args
    used = {one.id for statement in node.body for one in ast.walk(statement) if isinstance(one, ast.Name)}
    given = [one.arg for one in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    return next((name for name in given if name not in used and name not in ("self", "cls") and not name.startswith("_")), "")  # fmt: skip


def _wrong(examples: Sequence[Example], found: Sequence[Answer]) -> list[str]:
    return [
        f"`{sessions.told(one.call)}` is to {f'raise {one.raised}' if one.raised else f'give {one.gives}'}, and {said(answer)}."
        for one, answer in zip(examples, found, strict=True)
        if answers.notices(expected(one), answer) or answer.kind == "other"
    ]


def _unmet(checks: Sequence[str], found: Sequence[Answer]) -> list[str]:
    return [
        f"`{one}` is to be true, and {said(answer)}."
        for one, answer in zip(checks, found, strict=True)
        if answer.gives != "True"
    ]


def expected(one: Example) -> Answer:
    """What an example has a call give."""
    return Answer("raised", kinds=(one.raised,)) if one.raised else Answer("value", one.gives)


def said(answer: Answer) -> str:
    """How a call ended, for a sentence."""
    match answer.kind:
        case "raised" | "crashed":
            return f"raises {answer.gives[:REASON]}"
        case "value":
            return f"gives {answer.gives[:REASON]}"
    return "does not come to an end in time" if answer.gives == "late" else f"gives {answer.gives[:REASON]}"


def _inputs(target: Target, wish: Wish, candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """Calls near the examples, and of the types that the signature, the description and the examples speak of, near what the candidates' code compares with."""
    if not candidates:
        return ()
    texts = [target.written(wish, one) for one in candidates]
    if wish.owner:
        return _ways(texts, wish)
    found = [one for text in texts if (one := _subject(text, wish.name))]
    if not found or (found[0].is_open and not found[0].parameters):
        return ()
    literals = dict.fromkeys(value for one in found for value in map(repr, one.literals))
    values = tuple(inputs.literal(one) for one in itertools.islice(literals, LITERALS))
    subject = replace(_by_examples(found[0], wish.examples), literals=values)
    shown = [one.call for one in wish.examples]
    near = inputs.variants(shown) if shown else ()
    sets = tryouts.combinations(subject)[: 1 if shown else SETS]
    drawn = (tryouts.many(subject, kinds, INPUTS, 1) for kinds in sets)
    made = [call for turn in itertools.zip_longest(*drawn) for call in turn if call is not None]
    every = dict.fromkeys(one for pair in itertools.zip_longest(near, made) for one in pair if one is not None)
    return tuple(call for call in every if call not in shown)[:INPUTS]


def _ways(texts: Sequence[str], wish: Wish) -> tuple[str, ...]:
    """Ways to use an instance in which the member is used."""
    owner = next((one for text in texts if (one := _subject(text, wish.owner))), None)
    if owner is None:
        return ()
    drawn = scenarios.drawn(owner, INPUTS * 6, 1)
    forms = {f".{wish.name}", f"({wish.name}"} | {one.form.replace("o", "", 1).split("{")[0].strip() for one in owner.methods if one.name == wish.name}  # fmt: skip
    return tuple(one for one in drawn if any(form and form in one for form in forms))[:INPUTS]


def _subject(text: str, name: str) -> Subject | None:
    return next((one for one in subjects.of_text(text) if one.name == name), None)


def _by_examples(subject: Subject, examples: Sequence[Example]) -> Subject:
    """With the types that the examples' arguments have, where the signature says nothing."""
    rows = [row for one in examples if (row := documented.arguments(one.call)) is not None]
    parameters = []
    for at, one in enumerate(subject.parameters):
        kinds = dict.fromkeys(tryouts.kind_of(row[at]) for row in rows if at < len(row))
        parameters.append(one if one.is_sure or not kinds else replace(one, kinds=(*kinds, *one.kinds)))
    return replace(subject, parameters=tuple(parameters))

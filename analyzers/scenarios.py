"""Ways to use an instance of a class, as one expression each: what it is made by, and steps whose answers are told as text at their time. Made as source, nothing is run."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

from . import inputs, syntax, tryouts
from .subjects import Parameter, Subject, attribute

LENGTH = 320  # characters of one
STEPS = 7  # of one, beside the making of the instance
SAME = 0.6  # of operands are made as the instance is, or nearly so
CHANGING = 0.4  # of them change it for sure


def drawn(subject: Subject, count: int, seed: int) -> tuple[str, ...]:
    """So many, each with the one that lacks its last step: of that it is known which step an exception comes from."""
    chance, found = random.Random(seed), dict[str, None]()
    for turn in range(count * 4):
        if len(found) >= count:
            break
        used = dict[str, list[object]]()  # a key that was set is asked for again
        made = tryouts.one_call(subject, chance, used)
        parts = [f"o := {subject.form.replace('{}', made) or made}"]
        parts += [_step(subject, chance, used, made) for _ in range(1 + turn % STEPS)]
        found |= _told(parts)
    return tuple(found)[:count]


def longer(subject: Subject, scenarios: Sequence[str], count: int, seed: int) -> tuple[str, ...]:
    """So many that begin as these do, by turns, and go on for some steps with what was used in them."""
    chance, found = random.Random(seed), dict[str, None]()
    begun = [(made, done, _used(subject, (made, *done))) for made, *done in map(steps, scenarios)]
    for turn in range(count * 4 if begun else 0):
        if len(found) >= count:
            break
        made, done, known = begun[turn % len(begun)]
        used = {name: list(values) for name, values in known.items()}
        parts = [f"o := {made}", *(f"repr({one})" for one in done)]
        parts += [_step(subject, chance, used, made) for _ in range(1 + turn % 4)]
        found |= _told(parts)
    return tuple(found)[:count]


def _step(subject: Subject, chance: random.Random, used: dict[str, list[object]], made: str) -> str:
    changing = [one for one in subject.methods if one.changes]
    method = chance.choice(changing if changing and chance.random() < CHANGING else subject.methods)
    if method.form.startswith("o ") and chance.random() < SAME:  # an operator: with one that is the same, or nearly
        return f"repr({method.form.replace('{}', chance.choice(inputs.variants([made])))})"
    call = tryouts.one_call(method, chance, used)
    return f"repr({method.form.replace('{}', call.partition('(')[2][:-1])})"


def _told(parts: Sequence[str]) -> dict[str, None]:
    sources = (f"[{', '.join(parts[:size])}][1:]" for size in (len(parts) - 1, len(parts)))
    return {one: None for one in sources if len(one) <= LENGTH}


def called(subject: Subject, attributes: Iterable[str]) -> tuple[Subject, ...]:
    """A function whose results are functions, with what can be done with those; once more for results that take a function and give another one. `attributes` are names that functions are given."""
    one = Parameter("value", (), is_sure=False, default="", is_keyword=False)
    calls = [replace(attribute("call", "o({})"), parameters=of) for of in ((one,), (one, one), ())]
    calls[0] = replace(calls[0], changes=True)
    methods = (*calls, *(attribute(name, form) for name in attributes for form in (f"o.{name}", f"o.{name}()")))
    return tuple(replace(subject, methods=methods, form=form) for form in ("{}", "{}(lambda *args: len(args))"))


def _used(subject: Subject, written: Sequence[str]) -> dict[str, list[object]]:
    """The values in the steps of one, by the names of the parameters that they were given for."""
    by_name = {one.name: one for one in subject.methods} | {subject.name: subject}
    found: dict[str, list[object]] = {}
    for one in written:
        tree = syntax.expression(one)
        name = tree.func.id if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) else ""
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Attribute):
            name = tree.func.attr
        if not isinstance(tree, ast.Call) or (of := by_name.get(name)) is None:
            continue
        given = [(parameter.name, arg) for parameter, arg in zip(of.parameters, tree.args, strict=False)]
        given += [(word.arg, word.value) for word in tree.keywords if word.arg]
        for parameter, arg in given:
            if (value := inputs.literal(ast.unparse(arg))) is not None:
                found.setdefault(parameter, []).append(value)
    return found


def steps(scenario: str) -> tuple[str, ...]:
    """The steps of one as they are written, the making of the instance first, "" for none; nothing for what is no scenario."""
    tree = syntax.expression(scenario)
    if isinstance(tree, ast.List) and scenario.startswith(("[repr(", "[(")):
        calls = [one for one in tree.elts if isinstance(one, ast.Call)]
        return ("", *(ast.unparse(one.args[0] if isinstance(one.func, ast.Name) else one) for one in calls))
    if not (isinstance(tree, ast.Subscript) and isinstance(tree.value, ast.List)):
        return ()
    made, *done = tree.value.elts
    told = [ast.unparse(one.args[0]) for one in done if isinstance(one, ast.Call) and one.args]
    return (ast.unparse(made.value) if isinstance(made, ast.NamedExpr) else "", *told)


def given_again(calls: Sequence[str], most: int) -> tuple[str, ...]:
    """As scenarios, calls whose list, dict or set has a name and is looked at afterwards: whether it is as it was."""
    found = dict[str, None]()
    for call in calls:
        tree = syntax.expression(call)
        for number, arg in enumerate(tree.args if isinstance(tree, ast.Call) else ()):
            if isinstance(arg, ast.List | ast.Dict | ast.Set) and isinstance(tree, ast.Call):
                args = [ast.Name("o") if at == number else one for at, one in enumerate(tree.args)]
                named = ast.unparse(ast.Call(tree.func, args, tree.keywords))
                found[f"[o := {ast.unparse(arg)}, repr({named}), repr(o)][1:]"] = None
    return tuple(found)[:most]

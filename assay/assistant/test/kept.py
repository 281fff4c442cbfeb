"""Which calls become tests: those that notice a mutant which no other one notices, the simplest first, and what a docstring shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set

from ..rendering.rows import Row
from ..trials.answers import Answer

MOST = 14  # calls of one function
ENOUGH = 4  # from which a call has to notice what no other one does; before, a second witness counts, and another end
OTHER = 0.6  # what a call is worth whose answer has another form than those before
TWICE = 0.3  # what a second call that notices a mutant is worth
DOCUMENTED = 4  # of them that a docstring shows
DEAR = 40  # characters that a call of unlikely types is longer by


def chosen(
    calls: Sequence[str],
    answers: Sequence[Answer],
    kills: Mapping[int, Set[int]],
    documented: Set[str],
    unlikely: Set[str] = frozenset(),
) -> tuple[tuple[Row, ...], frozenset[int]]:
    """The rows, and the mutants that they notice. `kills`: by a call's number the numbers of the mutants that a test of it notices; `unlikely` calls are of types that
    nothing in the code speaks of."""
    able = [number for number, answer in enumerate(answers) if answer.is_testable]

    def cost(number: int) -> float:
        return len(calls[number]) + len(answers[number].gives) / 2 + DEAR * (calls[number] in unlikely)

    def worth(number: int) -> float:
        own = kills.get(number, set())
        once = sum(count[one] == 1 for one in own)
        is_other = bool(own) and len(taken) < ENOUGH and _shape(answers[number]) not in shapes
        return sum(not count[one] for one in own) + TWICE * once + OTHER * is_other

    taken = sorted((number for number in able if calls[number] in documented), key=cost)[:DOCUMENTED]
    shapes = {_shape(answers[number]) for number in taken}
    count = Counter(one for number in taken for one in kills.get(number, set()))
    left = [number for number in able if number not in taken]
    while left and len(taken) < MOST:
        best = max(left, key=lambda number: (worth(number) / (10 + cost(number)), -cost(number)))
        if worth(best) < (1 if len(taken) >= ENOUGH else TWICE):
            break
        taken.append(best)
        shapes.add(_shape(answers[best]))
        left.remove(best)
        count.update(kills.get(best, set()))
    for number in sorted(taken, key=cost, reverse=True):  # what later ones made needless
        if (
            len(taken) > ENOUGH
            and calls[number] not in documented
            and all(count[one] > 1 for one in kills.get(number, set()))
        ):
            taken.remove(number)
            count.subtract(kills.get(number, set()))
    for number in sorted(left, key=cost):  # other ends than those that are there
        if len(taken) >= ENOUGH:
            break
        if all(answers[one].gives != answers[number].gives for one in taken) and kills.get(number):
            taken.append(number)
    rows = tuple(
        Row(calls[number], answers[number], "documented" if calls[number] in documented else "today")
        for number in sorted(taken, key=lambda one: (answers[one].kind != "value", cost(one)))
    )
    return rows, frozenset(one for one, times in count.items() if times > 0)


def _shape(answer: Answer) -> str:
    """The form of an answer: without what its numbers and texts are."""
    return (
        re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|-?\d[\w.]*", "x", answer.gives)
        if answer.kind == "value"
        else answer.gives
    )

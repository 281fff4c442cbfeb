"""What a project's records add to an answer: tests that were seen to enter what is asked about."""

from __future__ import annotations

from analyzers.questions.answers import Answer
from analyzers.questions.code import Place

from ..workbench import Workbench
from .ground import Ground
from .reply import Line

NOTHING = "Nothing that is asked about was found. Name a function, a class or a file, or quote a text."
TESTS = 8


def recorded(bench: Workbench, known: Ground, found: Answer) -> list[Line]:
    """The tests that entered the function that is asked about when the coverage map was recorded."""
    if found.kind != "tests" or not found.about:
        return []
    one = found.about[0]
    entered = bench.maps.load(known.root).entering(one.file, known.text(one.file)).get(one.path, ())
    lines = []
    for test in entered[:TESTS]:
        file, _, name = test.partition("::")
        there = next((t for t in known.code.in_file(file) if t.path == name.replace("::", ".")), None)
        lines.append(
            Line(f"`{name}` entered it when tests were recorded.", (there.place if there else Place(file, 1),), "run")
        )
    return lines

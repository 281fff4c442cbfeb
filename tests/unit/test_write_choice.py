"""Which of several candidates is offered, by what they answered."""

from __future__ import annotations

from assay.assistant.trials.answers import Answer
from assay.assistant.write import choice
from assay.assistant.write.candidate import Candidate, Source
from assay.assistant.write.choice import Judged


def judged(body: str, *gives: str, broken: tuple[str, ...] = (), source: Source = "model", likely: float | None = None) -> Judged:  # fmt: skip
    told = tuple(Answer("crashed", one[1:], ("TypeError",)) if one[0] == "!" else Answer("value", one) for one in gives)
    return Judged(Candidate(body, source, likely=likely), told, broken)


CALLS = ("f(1)", "f(2)", "f(30)")


def best(*every: Judged) -> str:
    found = choice.chosen(every, CALLS)
    return found.ranked[0].candidate.body if found.ranked else ""


def test_what_breaks_an_example_never_wins() -> None:
    assert best(judged("a", "1", "2", "3", broken=("no",)), judged("b", "0", "0", "0")) == "b"
    assert best(judged("a", "1", "2", "3", broken=("no",))) == ""
    assert best() == ""


def test_the_larger_behaviour_wins() -> None:
    assert best(judged("a", "1", "2", "3"), judged("b", "1", "2", "4"), judged("c", "1", "2", "4")) == "b"


def test_who_agrees_with_each_of_those_that_are_wrong_elsewhere_wins() -> None:
    right = judged("right", "1", "2", "3")
    wrong = [judged("x", "0", "2", "3"), judged("y", "1", "0", "3"), judged("z", "1", "2", "0")]
    for at in range(4):
        every = [*wrong[:at], right, *wrong[at:]]
        assert best(*every) == "right"


def test_small_expressions_that_agree_with_one_another_have_no_voice() -> None:
    small = [judged(name, "9", "9", "9", source="enumeration", likely=-0.1 - at) for at, name in enumerate("xyz")]
    first = judged("first", "1", "2", "3", source="enumeration", likely=0.0)
    assert best(*small, first) == "first"
    assert best(*small, judged("model", "1", "2", "3")) == "model"
    assert best(*small, first, judged("model", "9", "9", "9")) == "model"


def test_to_crash_alike_is_no_agreement_of_weight() -> None:
    crash = [judged("a", "!bad", "!bad", "3"), judged("b", "!bad", "!bad", "3")]
    fine = [judged("c", "1", "2", "3"), judged("d", "1", "2", "3")]
    assert best(*crash, *fine) == "c"


def test_likelihood_breaks_ties_then_the_source_then_who_came_first() -> None:
    assert best(judged("a", "1", "2", "3", likely=-2.0), judged("b", "1", "2", "4", likely=-0.5)) == "b"
    assert best(judged("a", "1", "2", "3"), judged("b", "1", "2", "4", source="template")) == "b"
    assert best(judged("longer", "1", "2", "3"), judged("b", "1", "2", "4")) == "longer"
    assert best(judged("b", "1", "2", "4"), judged("longer", "1", "2", "3")) == "b"


def test_the_two_best_are_told_apart_by_their_shortest_input() -> None:
    found = choice.chosen([judged("a", "1", "2", "3", likely=-1.0), judged("b", "1", "0", "0", likely=-2.0)], CALLS)
    assert found.split is not None
    assert (found.split.call, found.split.one.gives, found.split.other.gives) == ("f(2)", "2", "0")
    assert choice.chosen([judged("a", "1", "2", "3"), judged("b", "1", "2", "3")], CALLS).split is None


def test_sizes_and_agreement_are_told() -> None:
    found = choice.chosen([judged("a", "1", "2", "3"), judged("b", "1", "2", "3"), judged("c", "1", "2", "0")], CALLS)
    assert found.sizes == (2, 1)
    assert [round(one, 2) for one in found.agreement] == [0.89, 0.78]

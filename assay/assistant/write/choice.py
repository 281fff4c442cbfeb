"""Which of several candidates is offered: by what each does, never by where it is from alone. Pure.

What breaks an example never wins, nor what breaks a constraint. Of the others the one wins that most often answers as those do that were written independently of it: small expressions are searched for by the examples alone, so
that they agree on these says nothing, and they have no voice (a candidate that is right agrees with those that are wrong in other places; Chen et al.,
CodeT, 2022, weigh clusters by their size, which is the same where all of one cluster agree); likelihood breaks ties, then the source, then who came first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..trials import answers
from ..trials.answers import Answer
from .candidate import SOURCES, Candidate, Source

CRASHED = 0.25  # of an agreement that counts where both end by what nobody meant
UNANSWERED = 0.0
SEARCHED: tuple[Source, ...] = ("enumeration",)  # by the examples, not written by somebody who read the description


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate with what was seen of it: `broken` says what speaks against it, each in one sentence; `answers` are those to the inputs, in their order."""

    candidate: Candidate
    answers: tuple[Answer, ...] = ()
    broken: tuple[str, ...] = ()
    examples: int = 0  # that hold

    @property
    def is_fine(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.broken


@dataclass(frozen=True, slots=True)
class Split:
    """An input on which the two best candidates differ, with what each gives."""

    call: str
    one: Answer
    other: Answer


@dataclass(frozen=True, slots=True)
class Chosen:
    """`ranked`: those that nothing speaks against, the best first, of each behaviour one; `sizes`: how many candidates behave so; `agreement`: the share of answers that others give, too. `split` tells the two best apart."""

    ranked: tuple[Judged, ...]
    sizes: tuple[int, ...]
    agreement: tuple[float, ...]
    split: Split | None = None


def chosen(judged: Sequence[Judged], calls: Sequence[str]) -> Chosen:
    """The choice among candidates that answered the `calls`."""
    fine = [one for one in judged if one.is_fine]
    ruled = [one for one in fine if one.candidate.source == "template"]  # by one rule in several ways: one voice
    voices = [one for one in fine if one.candidate.source not in SEARCHED and one not in ruled[1:]]
    groups: list[list[Judged]] = []
    for one in fine:
        alike = next((group for group in groups if _is_alike(group[0], one)), None)
        if alike is None:
            groups.append([one])
        else:
            alike.append(one)
    agreement = [_agreement(group[0], voices) for group in groups]
    best = [min(group, key=_preferred) for group in groups]
    order = sorted(range(len(groups)), key=lambda n: (-round(agreement[n], 6), *_preferred(best[n])))
    ranked = tuple(best[n] for n in order)
    split = _split(ranked[0], ranked[1], calls) if len(ranked) > 1 else None
    return Chosen(ranked, tuple(len(groups[n]) for n in order), tuple(agreement[n] for n in order), split)


def _is_alike(one: Judged, other: Judged) -> bool:
    return all(_agrees(a, b) == 1.0 or a == b for a, b in zip(one.answers, other.answers, strict=True))


def _agreement(one: Judged, every: Sequence[Judged]) -> float:
    """The mean share of candidates that answer as this one does; 0 where there are no others to be asked."""
    if not one.answers or not every:
        return float(bool(every))
    told = [
        sum(_agrees(mine, other.answers[at]) for other in every) / len(every) for at, mine in enumerate(one.answers)
    ]
    return sum(told) / len(told)


def _agrees(one: Answer, other: Answer) -> float:
    """How far two answers are the same: those that nobody meant count for little, those that never came for nothing."""
    if one.kind == "crashed" and other.kind == "crashed":
        return CRASHED
    if "other" in (one.kind, other.kind) and not (one.gives.startswith("<") and one == other):
        return UNANSWERED
    return float(one.kind == other.kind and not answers.notices(one, other))


def _preferred(one: Judged) -> tuple[float, int]:
    """What breaks ties: the likelier first, then by source; else the one that came first. Not the shorter one: what is wrong often lacks something."""
    likely = one.candidate.likely
    return (-likely if likely is not None else 0.0, SOURCES.index(one.candidate.source))


def _split(one: Judged, other: Judged, calls: Sequence[str]) -> Split | None:
    """The shortest call on which they differ, one where both come to an answer before others; none where neither does, for nobody could say which is right."""
    different = [
        (not (mine.is_testable and theirs.is_testable), len(call), Split(call, mine, theirs))
        for call, mine, theirs in zip(calls, one.answers, other.answers, strict=True)
        if mine != theirs
        and (mine.is_testable or theirs.is_testable)
        and (answers.notices(mine, theirs) or mine.kind != theirs.kind)
    ]
    return min(different, key=lambda item: item[:2])[2] if different else None

"""What tests say of suspicions: one that they refute does not come back, whoever looks at the file; the others carry the verdict on their fix.

A fate is remembered twice: by all that the run rested on, for whoever runs tests, and by the file's own text and those of the project's tests, for whoever runs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from analyzers import reach

from ..nouns import Reason, Tell, Unverified
from ..workbench import Workbench
from ..world.state import State
from . import doubt, fixes
from .hint import Hint
from .kept import Kept, digest

LIMIT = 20  # suspicions of one look that are put to the test
OPEN: tuple[Reason, ...] = ("no-sandbox", "deadline", "tests-left")


@dataclass(frozen=True, slots=True)
class Fates:
    """The remembered fates of a project: `whole` stands for all that a run rests on, `tests` for the texts of its tests. What is not urgent has a small share of the
    processors."""

    kept: Kept
    whole: str
    tests: str
    is_urgent: bool = True

    def known(self, hint: Hint, text: str) -> list[Hint] | None:
        """What is left of a suspicion, for whoever runs nothing: nothing where it was refuted; None where nobody knows."""
        found = self.kept.get(self._key(self.tests, hint, text))
        return found[0] if found is not None else None

    def run(self, hint: Hint, text: str) -> list[Hint] | None:
        """The same, of a run that would be the same again."""
        found = self.kept.get(self._key(self.whole, hint, text)) if self.whole else None
        return found[0] if found is not None else None

    def put(self, hint: Hint, text: str, left: Sequence[Hint]) -> None:
        """Remember it."""
        for around in (self.whole, self.tests):
            self.kept.put(self._key(around, hint, text), left)

    def _key(self, around: str, hint: Hint, text: str) -> str:
        return digest("fate", around, hint.name, text, repr((hint.span, hint.code, hint.fix and hint.fix.edits)))


def tests_of(state: State) -> str:
    """A digest of the texts of a project's tests."""
    named = (name for name in sorted(state.texts) if reach.is_test_file(name, state.test_files))
    return digest(*(part for name in named for part in (name, state.texts[name])))


def may_be_tested(hint: Hint) -> bool:
    """Whether tests can say something of a hint: a suspicion that could be mended."""
    return hint.kind == "suspected" and hint.fix is not None


def recalled(fates: Fates, texts: Mapping[str, str], hints: Sequence[Hint]) -> list[Hint]:
    """The hints without those that tests have refuted. What tests said of the others may not hold for the project as it is now, and is not told."""
    return [one for one in hints if not (may_be_tested(one) and fates.known(one, texts[one.name]) == [])]


async def tested(
    bench: Workbench, root: Path, texts: Mapping[str, str], fates: Fates, hints: Sequence[Hint], tell: Tell
) -> list[Hint]:
    """What tests leave of suspicions about some files, the surest ones asked first; beyond LIMIT they stay as they are, but for doubts of the model's, which are told when tests let them stand."""
    asked = sorted(hints, key=lambda one: -one.confidence)[:LIMIT]
    left = [hint for hint in hints if hint not in asked and hint.code != doubt.CODE]
    for number, hint in enumerate(asked):
        tell("suspicions", number, len(asked))
        found = fates.run(hint, texts[hint.name])
        if found is None:
            judged = await fixes.checked(bench, root, texts, hint, replace(fixes.WHOLE, is_urgent=fates.is_urgent))
            found = [] if judged is None else [judged]
            if judged is None or not _is_open(judged):
                fates.put(hint, texts[hint.name], found)
        left += found
    return left


def _is_open(hint: Hint) -> bool:
    """Whether the checks of its fix were not done, so that the next time may say something else."""
    verdict = hint.fix.verdict if hint.fix is not None else None
    return isinstance(verdict, Unverified) and verdict.reason in OPEN

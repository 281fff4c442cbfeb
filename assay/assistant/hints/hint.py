"""The nouns of hints: what is wrong where, on what evidence, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from analyzers.text import Edit, Span

from ..nouns import Verdict

Kind = Literal["proved", "rule", "suspected"]
KINDS: tuple[Kind, ...] = ("proved", "rule", "suspected")  # the strongest first
# What a hint rests on: a run of a test, of an example in a docstring, of a call in the file, an input that was looked for; a rule of ruff's; a docstring; a pattern; the model; a mutant that no test notices.
Source = Literal["test", "example", "call", "input", "ruff", "docstring", "pattern", "model", "mutant", "guide"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a hint is given: `detail` in one line, the failing `tests` by their ids, and the `input` that shows it, as a call."""

    source: Source
    detail: str = ""
    tests: tuple[str, ...] = ()
    input: str = ""


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits of the hint's file that mend it, and what the checks say of them; None where they were not checked yet. `note` says for which inputs
    the function gives something else then, and how weak the evidence is; "" where nobody looked."""

    title: str
    edits: tuple[Edit, ...]
    verdict: Verdict | None = None
    note: str = ""

    @property
    def why(self) -> str:
        """What is known of it, in sentences."""
        words = [self.verdict.why if self.verdict is not None else "", self.note]
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Hint:
    """One hint in the file `name` (relative POSIX path). `confidence` is how likely it is right, 1 for a rule. `function` is the dotted name of
    the function that it is in, "" outside of any; `tags` are the protocol's words for code that is not needed or not to be used."""

    name: str
    span: Span
    kind: Kind
    code: str
    message: str
    confidence: float
    evidence: Evidence
    fix: Fix | None = None
    function: str = ""
    url: str = ""
    tags: tuple[Literal["unnecessary", "deprecated"], ...] = field(default=())

    @property
    def is_error(self) -> bool:
        """Whether the file cannot be run as it is, or a run of it fails for sure."""
        return (
            self.kind == "proved"
            or (self.evidence.source == "ruff" and not self.code[:1].isupper())
            or self.code.startswith("E9")
        )


def printable(text: str) -> str:
    """What came out of a container, for a terminal: without what steers one, and without halves of characters."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def ordered(hints: list[Hint]) -> list[Hint]:
    """The best first: proofs before rules before suspicions, the surest first, and then by their places."""
    return sorted(hints, key=lambda one: (KINDS.index(one.kind), -one.confidence, one.span.start, one.code))

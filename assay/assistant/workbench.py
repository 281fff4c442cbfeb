"""The Workbench: the services that any feature may use, made once by the composition root and passed first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from analyzers.lint import Finding
from analyzers.names import Names
from assay.engine.api import Engine
from sandbox.api import Raised, Sandbox, StepOutcome

from .nouns import Run
from .record.coverage import Maps
from .record.ledger import Ledger
from .record.trace import Traces
from .settings import Settings
from .workspace import Workspace

T = TypeVar("T")

RECENT = 256  # results of one kind; one holds a few kilobytes at most


class Recent(Generic[T]):
    """The last RECENT results by a digest of all that went into them, the least recently used one forgotten first. In memory;
    forgetting costs time, nothing else."""

    def __init__(self) -> None:
        self._results: OrderedDict[str, T] = OrderedDict()

    def get(self, digest: str) -> T | None:
        """The result, or None."""
        if digest in self._results:
            self._results.move_to_end(digest)
        return self._results.get(digest)

    def put(self, digest: str, result: T) -> None:
        """Remember it."""
        self._results[digest] = result
        self._results.move_to_end(digest)
        if len(self._results) > RECENT:
            self._results.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Memory:
    """What checks found, by content. Of containers: with a change (`runs`, decided ones only) and without it (`baselines`); `fruitless` are
    batches of unlikely tests that did not execute the functions at hand: not worth another run while somebody types. Of ruff: `findings`
    in a text without a change. Of calls with literal arguments: those that ended with an exception (`calls`), by number. Of the model: `scores` of forms of a place, `sentences` about functions."""

    runs: Recent[Run] = field(default_factory=Recent)
    baselines: Recent[StepOutcome] = field(default_factory=Recent)
    fruitless: Recent[bool] = field(default_factory=Recent)
    findings: Recent[tuple[Finding, ...]] = field(default_factory=Recent)
    calls: Recent[Mapping[int, Raised]] = field(default_factory=Recent)
    scores: Recent[tuple[float, ...]] = field(default_factory=Recent)
    sentences: Recent[str] = field(default_factory=Recent)


@dataclass(frozen=True, slots=True)
class Workbench:
    """See the module's docstring. `complaints` are settings that cannot be used."""

    settings: Settings
    engine: Engine
    sandbox: Sandbox
    names: Names
    workspace: Workspace
    traces: Traces
    ledger: Ledger
    maps: Maps
    complaints: tuple[str, ...] = ()
    memory: Memory = field(default_factory=Memory)

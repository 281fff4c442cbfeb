"""The Workbench: the services that any feature may use, made once by the composition root and passed first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analyzers.lint import Finding
from analyzers.memo import MIB, Bounded
from analyzers.names import Names
from assay.engine.api import Engine
from sandbox.api import Raised, Sandbox, StepOutcome

from .nouns import Run
from .record.coverage import Maps
from .record.ledger import Ledger
from .record.trace import Traces
from .settings import Settings
from .world.projects import Projects

RESULTS = 4 * MIB  # of results of one kind: some hundreds


def _results() -> Bounded[Any]:
    return Bounded(RESULTS)


@dataclass(frozen=True, slots=True)
class Memory:
    """What checks found, by content. Of containers: with a change (`runs`, decided ones only) and without it (`baselines`); `fruitless` are
    batches of unlikely tests that did not execute the functions at hand: not worth another run while somebody types. Of ruff: `findings`
    in a text without a change. Of calls with literal arguments: those that ended with an exception (`calls`), by number. Of the model: `scores` of forms of a place, `sentences` about functions."""

    runs: Bounded[Run] = field(default_factory=_results)
    baselines: Bounded[StepOutcome] = field(default_factory=_results)
    fruitless: Bounded[bool] = field(default_factory=_results)
    findings: Bounded[tuple[Finding, ...]] = field(default_factory=_results)
    calls: Bounded[Mapping[int, Raised]] = field(default_factory=_results)
    scores: Bounded[tuple[float, ...]] = field(default_factory=_results)
    sentences: Bounded[str] = field(default_factory=_results)


@dataclass(frozen=True, slots=True)
class Workbench:
    """See the module's docstring. `complaints` are settings that cannot be used."""

    settings: Settings
    engine: Engine
    sandbox: Sandbox
    names: Names
    projects: Projects
    traces: Traces
    ledger: Ledger
    maps: Maps
    complaints: tuple[str, ...] = ()
    memory: Memory = field(default_factory=Memory)

"""All hints about files of a project, from what is known at once to what a run proves; what could not be looked at is said in words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import analyzers
import sandbox
from analyzers import bugs, lint, rules, syntax
from analyzers.rules import RuleFinding
from analyzers.text import Snapshot
from sandbox.api import SandboxUnavailable

from ...engine.api import EngineError
from ..nouns import Tell
from ..proof import verdict
from ..proof.plan import place_of
from ..trials import variants
from ..workbench import Workbench
from ..world.state import State
from . import calls, dismissed, doubt, failing, static
from .failing import Wanted
from .fates import Fates, may_be_tested, recalled, tested, tests_of
from .hint import Hint, ordered
from .kept import Kept, Looks, digest

SOME, NONE = "Not all was run, so not all is proved", "Nothing was run, so nothing is proved"
STATIC_CHUNK = 50  # files that are looked through between two words on how far it is


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at: files below `root` by relative POSIX path with their texts; `fix_s` is how long one cause's fix may be looked for, and
    `cache` the folder where what was found is kept. `seeks_inputs`: inputs are looked for that make functions raise. What is not urgent has a small share of the processors."""

    root: Path
    texts: Mapping[str, str]
    cache: Path
    fix_s: float = failing.FIX_S
    seeks_inputs: bool = False
    is_urgent: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """The hints, by file, the best of each first; `notes` say what could not be looked at, and why."""

    hints: Mapping[str, tuple[Hint, ...]]
    notes: tuple[str, ...] = ()

    @property
    def all(self) -> list[Hint]:
        """All of them, file by file."""
        return [hint for name in sorted(self.hints) for hint in self.hints[name]]


@dataclass(slots=True)
class _Found:
    hints: list[Hint] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


async def of_files(bench: Workbench, scope: Scope, tell: Tell) -> Report:
    """Look at the files of a scope by all means that the settings have."""
    kept = await asyncio.to_thread(Kept, scope.cache / "hints", scope.root)
    found = await _static(bench, scope, kept, tell)
    if bench.settings.is_on("hints.proved"):
        if bench.settings.is_on("hints.doubt") and bench.settings.policy != "static":
            hints, notes = await doubts(bench, scope, tell)
            found.hints += hints
            found.notes += notes
        found.hints, notes = await settled(bench, scope, kept, found.hints, tell)
        found.notes += notes
    await asyncio.to_thread(kept.save)
    return await asyncio.to_thread(_report, scope, found)


async def static_of_files(bench: Workbench, scope: Scope, tell: Tell) -> Report:
    """The same without a run: rules and patterns, and of what these suspect that which no run has refuted."""
    kept = await asyncio.to_thread(Kept, scope.cache / "workspace", scope.root)
    found = await _static(bench, scope, kept, tell)
    await asyncio.to_thread(kept.save)
    if any(map(may_be_tested, found.hints)):
        state = await bench.projects.state(scope.root)
        found.hints = await asyncio.to_thread(_recalled, scope, state, found.hints)
    return await asyncio.to_thread(_report, scope, found)


def _recalled(scope: Scope, state: State, hints: Sequence[Hint]) -> list[Hint]:
    return recalled(Fates(Kept(scope.cache / "hints", scope.root), "", tests_of(state)), scope.texts, hints)


async def _static(bench: Workbench, scope: Scope, kept: Kept, tell: Tell) -> _Found:
    found = _Found()
    if bench.settings.is_on("hints.rules"):
        await _rules(scope, found, tell)
        for name in sorted(scope.texts):
            found.hints += await static.conventions(bench, _snapshot(scope, name), name, scope.root)
    if bench.settings.is_on("hints.docstrings"):
        found.hints += await asyncio.to_thread(_docstrings, scope, kept)
    if bench.settings.is_on("hints.suspected"):
        await _suspected(bench, scope, kept, found, tell)
    return found


async def _rules(scope: Scope, found: _Found, tell: Tell) -> None:
    tell("rules", 0, len(scope.texts))
    try:
        by_name = await rules.of_texts(scope.texts, scope.root, scope.cache / "ruff")
    except lint.LintError as error:
        found.notes.append(f"No rules were checked: {error}.")
        return
    found.hints += await asyncio.to_thread(_of_rules, scope, by_name)


def _docstrings(scope: Scope, kept: Kept) -> list[Hint]:
    every, hints = list(scope.texts.values()), list[Hint]()
    around = digest(*_content(scope.texts))
    for name in sorted(scope.texts):
        key = digest("docstrings", _version(), name, around)
        if (known := kept.get(key)) is None:
            known = static.disagreements(_snapshot(scope, name), name, every), ""
            kept.put(key, known[0])
        hints += known[0]
    return hints


def _of_rules(scope: Scope, by_name: Mapping[str, tuple[RuleFinding, ...]]) -> list[Hint]:
    own = {name: findings for name, findings in by_name.items() if name in scope.texts}
    return [hint for name, findings in own.items() for hint in static.of_rules(findings, _snapshot(scope, name), name)]


async def _suspected(bench: Workbench, scope: Scope, kept: Kept, found: _Found, tell: Tell) -> None:
    least = bench.settings.number("hints.confidence") / 100
    names = sorted(scope.texts)
    for first in range(0, len(names), STATIC_CHUNK):
        tell("patterns", first, len(names))
        found.hints += await asyncio.to_thread(_patterns, scope, kept, names[first : first + STATIC_CHUNK], least)


def _patterns(scope: Scope, kept: Kept, names: Sequence[str], least: float) -> list[Hint]:
    hints: list[Hint] = []
    for name in names:
        key = digest("suspected", bugs.version(), str(least), name, scope.texts[name])
        if (known := kept.get(key)) is None:
            known = static.patterns(_snapshot(scope, name), name, least=least), ""
            kept.put(key, known[0])
        hints += known[0]
    return hints


async def doubts(bench: Workbench, scope: Scope, tell: Tell) -> tuple[list[Hint], list[str]]:
    """What the model doubts in the files of a scope that may be sent to it, each an unchecked suspicion, and in sentences what it could not be asked."""
    if (await bench.engine.health()).is_fallback:
        return [], [doubt.TOO_SMALL]
    allows = (await bench.projects.rules(scope.root)).allows
    texts = {name: text for name, text in scope.texts.items() if allows(name)}
    least = bench.settings.number("hints.confidence") / 100
    hints, until = list[Hint](), time.monotonic() + doubt.WHOLE_S
    try:
        for number, (name, text) in enumerate(sorted(texts.items())):
            tell("doubts", number, len(texts))
            found, note = await doubt.of_text(bench, name, text, least=least, until=until)
            hints += found
            if note:
                return hints, [note]
    except EngineError as error:
        return hints, [f"The model was not asked what it doubts: {error}"]
    return hints, []


async def settled(
    bench: Workbench, scope: Scope, kept: Kept, found: Sequence[Hint], tell: Tell
) -> tuple[list[Hint], list[str]]:
    """The hints about the files of a scope after runs: what these prove comes to what was `found` without one, and a suspicion that tests refute goes. In sentences
    what could not be run. This is the one place where that is decided: the command line's and the window's hints come from here."""
    if bench.settings.policy == "static":
        return list(found), ["Nothing was run: the policy is static (`verify.policy`)."]
    tell("project", 0, 0)
    ground = await _ground(bench, scope, kept)
    asked = [hint for hint in found if may_be_tested(hint) and hint.name in ground.texts]
    others = [hint for hint in found if hint not in asked]
    made = list[Hint]()
    try:
        note = await _proved(bench, ground, made, tell)
    except SandboxUnavailable as error:
        some = SOME if made else NONE
        return [*others, *(one for one in asked if one.code != doubt.CODE), *made], [f"{some}: {error}"]
    left = await tested(bench, scope.root, ground.texts, ground.fates, asked, tell)
    return [*others, *left, *made], [note] if note else []


def is_cut_short(notes: Sequence[str]) -> bool:
    """Whether a sandbox that failed kept something from being run, so that another look may say more."""
    return any(note.startswith((SOME, NONE)) for note in notes)


@dataclass(frozen=True, slots=True)
class _Ground:
    """What runs about a scope rest on: the files of it that may go into a container, the project, what is remembered of it."""

    scope: Scope
    texts: Mapping[str, str]
    state: State
    fates: Fates


async def _ground(bench: Workbench, scope: Scope, kept: Kept) -> _Ground:
    state = await bench.projects.state(scope.root)
    allows = (await bench.projects.rules(scope.root)).allows
    texts = await asyncio.to_thread(_whole, {n: text for n, text in scope.texts.items() if allows(n)})
    content = await asyncio.to_thread(_content, {**state.texts, **texts})
    whole = digest(_version(), place_of(bench, state.project), state.project.digest, *content)
    return _Ground(scope, texts, state, Fates(kept, whole, await asyncio.to_thread(tests_of, state), scope.is_urgent))


def _whole(texts: Mapping[str, str]) -> dict[str, str]:
    """Those that parse: a file that is being written is run as it is on disk."""
    return {name: text for name, text in texts.items() if syntax.module(text) is not None}


async def _proved(bench: Workbench, ground: _Ground, made: list[Hint], tell: Tell) -> str:
    """Add to `made` what runs prove about some texts, and say in sentences what they could not say; remembered where nothing was left open. Raises SandboxUnavailable."""
    scope, texts = ground.scope, ground.texts
    looks = Looks(ground.fates.kept, digest("looks", ground.fates.whole, repr((scope.fix_s, scope.seeks_inputs))))
    if (known := looks.find(texts)) is not None:
        made += known[0]
        return known[1]
    found, note = await proved(bench, ground.state, Wanted(texts, scope.fix_s, scope.is_urgent), tell)
    made += found
    for number, (name, text) in enumerate(sorted(texts.items()) if scope.seeks_inputs else ()):
        tell("inputs", number, len(texts))
        made += await calls.sought(bench, ground.state, name, text)
    if failing.LATE not in note:  # what could not be said this time may be said next time
        looks.put(texts, made, note)
    return note


async def proved(bench: Workbench, state: State, wanted: Wanted, tell: Tell) -> tuple[list[Hint], str]:
    """What runs prove about files of a project, and in a sentence what they could not say. Raises SandboxUnavailable."""
    await bench.sandbox.warm(state.project)
    made, note = await failing.proved(bench, state, wanted, tell)
    for number, (name, text) in enumerate(sorted(wanted.texts.items())):
        tell("calls", number, len(wanted.texts))
        made += await calls.proved(bench, state, name, text)
    return made, note


@lru_cache(maxsize=1)
def _version() -> str:
    """A digest of what finds bugs, mends them and judges what mends them: what was found before any of it was changed no longer holds."""
    folders = (
        Path(__file__).parent,
        Path(verdict.__file__).parent,
        Path(variants.__file__).parent,
        Path(analyzers.__file__).parent,
        Path(sandbox.__file__).parent,
    )
    every = (path for folder in folders for path in sorted(folder.rglob("*.py")))
    return digest(*(f"{path.name}\0{path.read_text('utf-8')}" for path in every))


def _content(texts: Mapping[str, str]) -> list[str]:
    return [part for name in sorted(texts) for part in (name, digest(texts[name]))]


def _report(scope: Scope, found: _Found) -> Report:
    by_name: dict[str, list[Hint]] = {}
    for hint in found.hints:
        by_name.setdefault(hint.name, []).append(hint)
    gone = dismissed.load(scope.root)
    best = {name: tuple(gone.kept(without_doubles(ordered(hints)), scope.texts)) for name, hints in by_name.items()}
    return Report({name: hints for name, hints in best.items() if hints}, tuple(found.notes))


def without_doubles(hints: Sequence[Hint]) -> list[Hint]:
    """Without what says the same at the same place once more; a suspicion where a proof or a rule stands is one."""
    seen: set[tuple[int, str]] = set()
    told = [hint.span for hint in hints if hint.kind != "suspected"]
    kept = []
    for hint in hints:
        key, span = (hint.span.start, hint.code), hint.span
        is_told = hint.kind == "suspected" and any(o.start <= span.start and span.end <= o.end for o in told)
        if key not in seen and not is_told:
            seen.add(key)
            kept.append(hint)
    return kept


def _snapshot(scope: Scope, name: str) -> Snapshot:
    path = scope.root / name
    return Snapshot(path.as_uri(), str(path), 0, scope.texts[name])


def within(report: Report, lines: Mapping[str, frozenset[int]], texts: Mapping[str, str]) -> Report:
    """The hints that stand on some lines (from 1) of each file."""
    kept = {}
    for name, hints in report.hints.items():
        wanted = lines.get(name, frozenset())
        text = texts[name]
        chosen = tuple(
            h
            for h in hints
            if not wanted.isdisjoint(range(text.count("\n", 0, h.span.start) + 1, text.count("\n", 0, h.span.end) + 2))
        )
        if chosen:
            kept[name] = chosen
    return replace(report, hints=kept)

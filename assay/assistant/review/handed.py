"""A change as somebody hands it in, judged: its verdict, what makes it look better than it is, and what the tests that were there before say of its code.

A verdict counts what the change brings, its tests among it. So where it changes tests, or how they are run, its code is judged once more without that: a test that fails then was made to pass.
"""

from __future__ import annotations

import ast
import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from analyzers import harness, secrets, syntax
from analyzers.gaming import compared, found
from analyzers.gaming.compared import Compared, Finding

from ..changes.gathered import Gathered
from ..evidence import Evidence
from ..nouns import Counts, Failed, Unverified, Verdict
from ..proof import asked
from ..proof.verdict import begin, by_its_own, patient
from ..workbench import Workbench
from ..world.change import Change
from ..world.state import State
from . import own
from .own import Noticed

Tell = Callable[[int, int], None]
NAMED = 3  # tests that a sentence names


@dataclass(frozen=True, slots=True)
class Tests:
    """Tests by their names. `reaching` is how many may reach the change, `run` how many of them ran; `passing` executed it and are green, `newly_passing` of them were red without it, `newly_failing` are red and were green; `own` came with the change, are green, and prove
    nothing; `left` were not run; `first_failing` is the first of those that fail, with what it says."""

    reaching: int = 0
    run: int = 0
    passing: tuple[str, ...] = ()
    newly_passing: tuple[str, ...] = ()
    newly_failing: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    left: int = 0
    first_failing: str = ""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What is to be said of a change. `unchecked` are sentences about what nothing looked at; `tree` is a hash of the texts that were judged; `noticed` is what the tests that came with it notice of its mutants, where that was asked."""

    change: Change
    verdict: Verdict
    findings: tuple[Finding, ...]
    tests: Tests
    unchecked: tuple[str, ...]
    tree: str
    noticed: Noticed = field(default_factory=Noticed)
    trace_id: str = ""


def _unheard(begun: int, of: int) -> None:
    """Nobody listens."""


async def judged(bench: Workbench, gathered: Gathered, tell: Tell = _unheard) -> HandedIn:
    """Judge a change as `assay verify` does, and look at what it does to its tests. Raises SandboxUnavailable as that does."""
    change = gathered.change
    state = await bench.projects.state(change.root)
    texts = await asyncio.to_thread(both, state, change)
    noticed = Noticed()

    async def settle(verdict: Verdict) -> Verdict:
        nonlocal noticed
        evidence = evidence_of(verdict)
        if evidence is None or not evidence.own or not isinstance(verdict, Unverified) or change.world.is_redacted:
            return verdict
        noticed = await own.of(bench, state, change, evidence.own, texts.is_test)
        return by_its_own(verdict, noticed.noticed, noticed.mutants) if noticed.is_enough else verdict

    verdict, trace_id = await asked.verify(bench, change, tell, settle)
    findings = list(await asyncio.to_thread(found.of, texts))
    if (code := _without_tests(change, texts)) is not None:
        alone = (await begin(bench, code, patient(bench.settings), tell)).now
        findings += _of_old_tests(texts, alone)
    tree = await asyncio.to_thread(_tree, texts)
    told = tuple(_unchecked(change, verdict, gathered.left_out))
    return HandedIn(change, verdict, tuple(findings), _tests(verdict), told, tree, noticed, trace_id)


def both(state: State, change: Change) -> Compared:
    """The project's texts before the change and after it."""
    world = {**state.texts, **change.world.documents}
    own = {one.name for one in change.files}
    before = {name: text for name, text in world.items() if name not in own}
    before |= {one.name: one.before.text for one in change.files if one.kind != "new"}
    after = {name: text for name, text in world.items() if name not in own}
    after |= {one.name: one.after for one in change.files if not one.is_gone}
    others = {name: text for name, text in _configurations(state).items() if name not in own}
    return Compared({**others, **before}, {**others, **after}, tuple(sorted(own)), state.test_files)


def _configurations(state: State) -> dict[str, str]:
    """The texts that name code by strings: entry points, settings of tools."""
    found = {}
    for name in ("pyproject.toml", "setup.cfg", "setup.py", "pytest.ini", "tox.ini"):
        try:
            found[name] = (state.root / name).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    return found


def _without_tests(change: Change, texts: Compared) -> Change | None:
    """The change without what it does to tests that were there, and to how they are run; None where it does nothing to them, or nothing else."""

    def is_of_tests(name: str) -> bool:
        return texts.is_test(name) or bool(harness.steers(name))

    rest = tuple(one for one in change.files if not is_of_tests(one.name))
    touched = [one for one in change.files if is_of_tests(one.name) and one.kind != "new"]
    if not touched or not any(one.is_python for one in rest):
        return None
    return replace(change, files=rest)


def _of_old_tests(texts: Compared, alone: Verdict) -> list[Finding]:
    """The tests that fail on the changed code as they were, but for those that use what the change took away or calls otherwise."""
    evidence = evidence_of(alone)
    if evidence is None:
        return []
    gone = _other_names(texts)
    made = []
    for test in evidence.broken:
        file, _, path = test.partition("::")
        node = compared.functions(texts.before.get(file, "")).get(path.partition("[")[0].replace("::", "."))
        if node is None or gone & (compared.words(node) | _imported(texts.before.get(file, ""))):
            continue
        detail = evidence.detail.partition(": ")[2] if evidence.detail.startswith(f"{test}: ") else ""
        why = f": {secrets.redact(detail)}" if detail else ""
        made.append(Finding("weakened-test", file, node.lineno, f"`{path}` as it was fails on the changed code{why}.", is_gone=True))  # fmt: skip
    return made


def _imported(text: str) -> set[str]:
    """The names that a file imports: without one of them none of its tests runs."""
    tree = syntax.module(text)
    imports = [one for one in tree.body if isinstance(one, ast.ImportFrom)] if tree is not None else []
    return {alias.name for one in imports for alias in one.names}


def _other_names(texts: Compared) -> set[str]:
    """The functions that the change takes away, or that are called in another way now."""
    found = set()
    for name in texts.files(tests=False):
        old, new = texts.old(name), texts.new(name)
        for path, was in old.items():
            now = new.get(path)
            if now is None or compared.parameters(was) != compared.parameters(now):
                found.add(path.rpartition(".")[2])
    return found | compared.names_gone(texts)


def evidence_of(verdict: Verdict) -> Evidence | None:
    """What became of the tests; None where none ran."""
    return next((one.evidence for one in verdict.checks if one.evidence is not None), None)


def _counts_of(verdict: Verdict) -> Counts | None:
    return next((one.counts for one in verdict.checks if one.counts is not None), None)


def _tests(verdict: Verdict) -> Tests:
    evidence, counts = evidence_of(verdict), _counts_of(verdict)
    if evidence is None or counts is None:
        return Tests()
    return Tests(
        counts.reaching,
        counts.run,
        evidence.proving,
        evidence.turned,
        evidence.broken,
        evidence.own,
        max(counts.reaching - counts.run, len(evidence.left)),
        secrets.redact(evidence.detail),
    )


def _unchecked(change: Change, verdict: Verdict, left_out: Sequence[str]) -> list[str]:
    """What nothing looked at."""
    told = [f"{name} is ignored, or a secret by its name: it is no part of what was judged" for name in left_out]
    counts, evidence = _counts_of(verdict), evidence_of(verdict)
    there = " that was there" if evidence is not None and evidence.own else ""
    for one in counts.files if counts is not None and not isinstance(verdict, Failed) else ():
        if one.executed < one.changed:
            told.append(f"{one.changed - one.executed} of {one.changed} changed lines of {one.name} were executed by no test{there}")  # fmt: skip
    if counts is None:
        told.append("no test ran")
    told += [f"{one.name} is no Python: nothing but the tests could show what it changes" for one in change.files if not one.is_python]  # fmt: skip
    told += [f"{one.name} is {one.state}: {one.detail}" for one in verdict.checks if one.state in ("skipped", "unverified") and one.name != "tests" and one.detail]  # fmt: skip
    return told


def _tree(texts: Compared) -> str:
    """SHA-256 of all texts that were judged, by their names."""
    made = hashlib.sha256()
    for name, text in sorted(texts.after.items()):
        made.update(f"{name}\0{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}\n".encode())
    return made.hexdigest()

"""The project as the sandbox sees it: readable files as they are, as one bounded archive, and what changed since.

A container on this machine gets them byte for byte, for an edited test is a wrong test; one elsewhere gets them with their secrets replaced.

Scanning and packing block; they run in a thread. The archive is what containers are warmed with; a job carries only
what differs from it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import translate
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from analyzers import encodings, files, locked, reach, secrets, workspaces
from analyzers.environment import NOTHING, Environment, Told, find
from sandbox import dependencies
from sandbox.api import Packages, Project
from sandbox.runner import bundle

from . import around, environment
from .guides import Guides
from .state import Rule, State, next_revision
from .world import World

ARCHIVE_LIMIT = 24 << 20  # bytes of files; a container's /work has 192 MiB
TEXT_LIMIT = 64 << 20  # bytes of Python kept in memory; 100 000 lines are about 4 MB
RESCAN_S = 1.0  # the editor tells of its own saves; this catches everybody else's
DOCUMENTS_LIMIT = 200  # files of prose whose examples are tests
BESIDE_S = 10.0  # other members of a workspace change seldom while one is edited
DELTA_LIMIT = 50  # changed Python files that a job carries; beyond it the containers are warmed anew
# What programs write while they run: it is in no test's way, and each change of it would be a new archive and a cold container.
WRITTEN = ("*.log", "*.sqlite", "*.sqlite3", "*.db", "*.db-*", "*.sqlite-*", "*.sqlite3-*", "*.pid", "*.sock", "*.swp", "*.swo", "*.tmp", "*.pyc", ".coverage*", "*.prof")  # fmt: skip
HELD_S = 0.5
FIRST = (".py", ".pyi", ".toml", ".ini", ".cfg")  # code and what steers tests, before data that may fill the archive


class Projects:
    """All projects of one server by their roots."""

    def __init__(
        self,
        images: Path,
        told: Told = NOTHING,
        sent: Literal["as written", "redacted"] = "as written",
        team_guide: Path | None = None,
    ) -> None:
        """`images` is the record of images with dependencies (`sandbox.dependencies`); `told` what is said of environments; `sent`: how
        source text goes into containers; `team_guide`: where the team's conventions are kept."""
        self.guides = Guides(team_guide)
        self.is_redacted = sent == "redacted"
        self._images = images
        self._told = told
        self._environments: dict[Path, Environment | None] = {}
        self._rules: dict[Path, files.Rules] = {}
        self._states: dict[Path, tuple[float, State]] = {}
        self._scans: dict[Path, asyncio.Task[State]] = {}
        self._forgotten: dict[Path, int] = {}
        self._opened: set[Path] = set()
        self._held: asyncio.Event | None = None
        self._around: dict[Path, tuple[float, around.Around, Mapping[str, files.Entry]]] = {}

    async def state(self, root: Path) -> State:
        """The project's current state, scanned anew when the last scan is older than RESCAN_S."""
        if (scan := self._scanning(root)) is not None:
            return await asyncio.shield(scan)
        return self._states[root][1]

    def known(self, root: Path) -> State | None:
        """The newest state that is known, at once; where it is older than RESCAN_S, a newer one will be known soon. None before the first
        scan has ended."""
        self._scanning(root)
        return self._states[root][1] if root in self._states else None

    def _scanning(self, root: Path) -> asyncio.Task[State] | None:
        """The scan that is under way, or is begun because the last one is too old; None where nothing is to be done."""
        known = self._states.get(root)
        if known is not None and time.monotonic() - known[0] < RESCAN_S:
            return None
        scan = self._scans.get(root)
        if scan is None or scan.done():
            scan = self._scans[root] = asyncio.create_task(
                self._refresh(root, known[1] if known else None), name="scan"
            )
            scan.add_done_callback(_seen)
        return scan

    async def _refresh(self, root: Path, older: State | None) -> State:
        if older is None and self._held is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._held.wait(), HELD_S)
        forgotten = self._forgotten.get(root, 0)
        state = await asyncio.to_thread(self._scan, root, older)
        is_fresh = forgotten == self._forgotten.get(
            root, 0
        )  # else something was saved that the scan may have passed already
        if self._scans.get(root) is asyncio.current_task():  # else its folder was closed meanwhile
            self._states[root] = (time.monotonic() if is_fresh else 0.0, state)
        return state

    async def rules(self, root: Path) -> files.Rules:
        """The ignore rules of `root`, read anew with every scan."""
        if root not in self._rules:
            self._rules[root] = await asyncio.to_thread(files.Rules, root)
        return self._rules[root]

    def open_folder(self, root: Path) -> None:
        """The user opened this folder as a project: it is looked at whole. Of a root that nobody opened and that has no mark
        of a project (a script in the home folder) only the files beside the script count."""
        self._opened.add(root)

    def close_folder(self, folder: Path) -> None:
        """The folder is no longer the user's: what is known of the projects in it is forgotten."""
        self._opened.discard(folder)
        tables: tuple[dict[Path, Any], ...] = (
            self._states,
            self._scans,
            self._rules,
            self._forgotten,
            self._environments,
            self._around,
        )
        for known in tables:
            for root in [root for root in known if root.is_relative_to(folder)]:
                del known[root]

    def hold(self) -> asyncio.Event:
        """What is set once a container of the next project starts: its files are looked through after that, or after HELD_S, for both want the one interpreter, and a container takes longer."""
        self._held = asyncio.Event()
        return self._held

    async def bare(self, root: Path) -> Project:
        """The project without its files: all that is needed to start a container for it, known at once."""
        return await asyncio.to_thread(self._bare, root)

    def _bare(self, root: Path) -> Project:
        found = self.environment(root)
        own = environment.interpreter(found) if not self.is_redacted else None
        asked = locked.of(root) if found is None or not (found.flaw or found.site_packages) else None
        packages = Packages(asked.wanted, asked.versions, asked.source) if asked is not None else None
        image = dependencies.image_for(root, self._images)
        near = around.of(root, self._top(root), found)
        top, paths = (str(near.top), near.paths) if near is not None and environment.place(root) else ("", ())
        paths += workspaces.inside(root)
        return Project("", b"", environment.place(root), own, image, packages, top, paths)

    def sent(self, text: str) -> str:
        """A text as it goes into a container."""
        return secrets.redact(text) if self.is_redacted else text

    def environment(self, root: Path) -> Environment | None:
        """The project's Python and packages as the last scan found them, at once; looked for now where none has begun. None where it has none."""
        if root not in self._environments:
            self._environments[root] = find(root, self._top(root), self._told)
        return self._environments[root]

    def _top(self, root: Path) -> Path | None:
        """The folder that holds the project and those that belong with it."""
        around = [folder for folder in self._opened if root.is_relative_to(folder)]
        return workspaces.top(root, min(around, key=lambda one: len(one.parts), default=None))

    def world(self, root: Path, documents: Mapping[str, str] = MappingProxyType({})) -> World:
        """The project as it is known now, at once, with the open `documents` (relative POSIX path → text) over its files. Where the last scan is older than RESCAN_S, a newer one will be known soon."""
        known = self.known(root)
        return World(root, documents, known, self.environment(root), is_redacted=self.is_redacted)

    def known_of(self, world: World) -> World:
        """A world that nobody has looked through, as far as it is known by now; any other one as it is."""
        return world if world.files is not None else self.world(world.root, world.documents)

    async def whole(self, world: World) -> World:
        """The same world with the project's files as they are now."""
        return replace(self.world(world.root, world.documents), files=await self.state(world.root))

    def forget(self, root: Path) -> None:
        """Files below `root` changed: look again at the next request."""
        self._forgotten[root] = self._forgotten.get(root, 0) + 1
        self._around.clear()
        if root in self._states:
            self._states[root] = (0.0, self._states[root][1])

    def _scan(self, root: Path, older: State | None) -> State:
        self._rules[root] = rules = files.Rules(root)
        self._environments[root] = find(root, self._top(root), self._told)
        is_project = root in self._opened or files.has_root_mark(root)
        refused: dict[str, files.Refusal] = {}
        found = files.walk(root, rules, "whole" if is_project else "flat", refused)
        every = {entry.name: entry for entry in found}
        left_out: dict[str, Rule] = {n: "written" for n in every if _is_written(n) and not rules.is_tracked(n)}
        entries = {name: entry for name, entry in every.items() if name not in left_out}
        ignored = [name for name, why in refused.items() if why == "ignored"]
        generated = {name: entry for name in ignored if (entry := files.entry(root, name)) is not None}
        left_out |= refused
        near = around.of(root, self._top(root), self._environments[root])
        beside = self._beside(root, near)
        if (
            older is not None
            and entries == {n: e for n, e in older.entries.items() if n not in older.generated}
            and generated == older.ignored
            and beside == older.beside
        ):
            return self._as_run_now(older)
        texts, total = {}, 0
        for name, entry in entries.items():
            total += entry.size if name.endswith(".py") else 0
            if name.endswith(".py") and total <= TEXT_LIMIT:
                kept = older and older.entries.get(name) == entry and older.texts.get(name)
                with contextlib.suppress(UnicodeDecodeError):  # another encoding: it is packed as it is
                    texts[name] = kept or self.sent(encodings.decoded(_read(root / name)))
        # Modules that a tool writes and git ignores are packed where something imports them; they are no text of the project's, for no prompt.
        named = {name for name in generated if any(_stem(name) in text for text in texts.values())}
        entries |= {name: generated[name] for name in named}
        left_out = {name: why for name, why in left_out.items() if name not in named}
        same_data = (
            older is not None and beside == older.beside and _data(entries, texts) == _data(older.entries, older.texts)
        )
        if older is not None and same_data and _differences(older.base, texts) <= DELTA_LIMIT:
            changed = replace(
                older,
                entries=entries,
                texts=texts,
                revision=next_revision(),
                generated=frozenset(named),
                ignored=generated,
            )
            return self._as_run_now(changed)
        made = self._packed(root, entries, texts, left_out, beside)
        return replace(made, generated=frozenset(named), ignored=generated, beside=beside)

    def _beside(self, root: Path, near: around.Around | None) -> Mapping[str, files.Entry]:
        """The files that come along, looked through again after BESIDE_S, or where something was saved."""
        if near is None:
            return {}
        known, now = self._around.get(root), time.monotonic()
        if known is not None and known[1] == near and now - known[0] < BESIDE_S:
            return known[2]
        found = around.contents(near)
        self._around[root] = (now, near, found)
        return found

    def _as_run_now(self, state: State) -> State:
        """The same scan with what runs the project now: packages come and go without a change of its files."""
        project = replace(self._bare(state.root), digest=state.project.digest, archive=state.project.archive)
        return state if project == state.project else replace(state, project=project, revision=next_revision())

    def _packed(
        self,
        root: Path,
        entries: Mapping[str, files.Entry],
        texts: dict[str, str],
        left_out: dict[str, Rule],
        beside: Mapping[str, files.Entry],
    ) -> State:
        packed, total, added = list[tuple[str, bytes]](), 0, set[str]()
        bare = self._bare(root)
        lead = f"{root.relative_to(bare.top).as_posix()}/" if bare.top else ""
        for name in sorted(entries, key=lambda one: not one.endswith(FIRST)):
            content = self._content(root, name, texts)
            total += len(content)
            if total > ARCHIVE_LIMIT:
                left_out[name] = "archive-limit"
                total -= len(content)
                continue
            packed.append((f"{lead}{name}", content))
            added.add(name)
        for name in sorted(beside, key=lambda one: not one.endswith(FIRST)) if bare.top else ():
            content = self._content(Path(bare.top), name, {})
            total += len(content)
            if total > ARCHIVE_LIMIT:
                break
            packed.append((name, content))
        blob = bundle.pack(packed)
        project = replace(bare, digest=hashlib.sha256(blob).hexdigest()[:16], archive=blob)
        configurations = {n: self._text(root, n) for n in entries if n.rpartition("/")[2] in reach.CONFIGURATIONS}
        test_files = reach.patterns(configurations)
        documents = [n for n in entries if not n.endswith(".py") and reach.is_test_file(n, test_files)][
            :DOCUMENTS_LIMIT
        ]
        paths = reach.testpaths(configurations)
        if not any(reach.is_test_file(n, test_files) and reach.is_below(n, paths) for n in entries):
            paths = ()  # pytest looks everywhere, too, where nothing is there
        base = {n: t for n, t in texts.items() if n in added}
        prose = {n: self._text(root, n) for n in documents}
        roots = tuple(dict.fromkeys((*reach.source_roots(configurations), *workspaces.inside(root))))
        over = reach.passed_over(configurations)
        runs = reach.runs_examples(configurations, (t for n, t in texts.items() if "test" in n))
        return State(
            root, entries, texts, project, base, left_out, test_files, paths, over, prose, roots, runs_examples=runs
        )

    def _text(self, root: Path, name: str) -> str:
        return _read(root / name).decode("utf-8", "replace")

    def _content(self, root: Path, name: str, texts: Mapping[str, str]) -> bytes:
        if name in texts:
            return encodings.encoded(texts[name])
        raw = _read(root / name)
        return _redacted_data(raw) if self.is_redacted else raw


def _seen(scan: asyncio.Task[State]) -> None:
    """Take note of a failure that nobody waited for; whoever waits gets it too."""
    if not scan.cancelled():
        scan.exception()


def _stem(name: str) -> str:
    """What a module is called where it is imported."""
    last = name.rpartition("/")[2].partition(".")[0]
    return last if last != "__init__" else name.split("/")[-2] if "/" in name else name


_WRITTEN = re.compile("|".join(map(translate, WRITTEN)))


def _is_written(name: str) -> bool:
    return _WRITTEN.match(name.rpartition("/")[2]) is not None


def _data(entries: Mapping[str, files.Entry], texts: Mapping[str, str]) -> dict[str, files.Entry]:
    """What a job cannot carry as text: a change of it makes a new archive."""
    return {name: entry for name, entry in entries.items() if name not in texts}


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> int:
    return sum(1 for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _redacted_data(raw: bytes) -> bytes:
    try:
        return secrets.redact_data(raw.decode("utf-8")).encode("utf-8")
    except UnicodeDecodeError:
        return secrets.redact_data(raw.decode("latin-1")).encode("latin-1")  # every byte has its place there


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""

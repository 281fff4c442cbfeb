"""The popup: the names that may come, as jedi knows them, ordered by what the code nearby and the project make likely; a name that only looks likely is told apart.

The project's counts are made in a thread when they are first asked for, and again when its files are others; until then the file's own are what there is.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from analyzers import members, naming, syntax
from analyzers.members import Project
from analyzers.names import Described, NamesUnavailable
from analyzers.naming import Naming
from analyzers.text import Snapshot, Span

from ..workbench import Workbench
from ..world.state import State
from ..world.world import World
from . import composed
from .composed import Offers
from .known import KnownNames

LISTED = 60  # likely names that are weighed
SHOWN = 8  # lists whose names can be asked about
DESCRIBE_S = 3.0  # so long jedi may take to say what a name is
GUESSES = 5  # names that jedi does not know, at most
MOST = 200  # names in one list
RANKED_CHARS = 400_000  # of a longer file jedi's own order is shown
_DOT = re.compile(r"\.\w*\Z")
_AHEAD = frozenset(" \t\n(,[{=+-*/%<>|&^~!:@")  # behind these a name may begin


@dataclass(frozen=True, slots=True)
class Listed:
    """A name of the popup. `kind` is jedi's word for what it is, "" where that is not known; `is_known`: it is jedi's, not a guess. `statement` is the import that it needs; `call` the whole call, where that is what is offered."""

    name: str
    kind: str
    is_known: bool
    statement: str = ""
    call: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A list of the popup; by its `number` it can be asked what its names are. `is_whole`: the client can go on with it by itself while the word is typed on."""

    names: list[Listed]
    is_whole: bool
    number: int


@dataclass(slots=True)
class Popup:
    """Of one window. It remembers what projects have after dots, and what jedi knew. `is_used`: this editor asks for names."""

    known: KnownNames = field(default_factory=KnownNames)
    is_used: bool = False
    _shown: OrderedDict[int, Naming] = field(default_factory=OrderedDict)
    _count: int = 0
    _projects: dict[Path, tuple[int, Project, Offers]] = field(default_factory=dict)
    _making: dict[Path, asyncio.Task[None]] = field(default_factory=dict)

    async def names(self, bench: Workbench, world: World, snapshot: Snapshot, offset: int) -> Shown:
        """The names at a place, the likeliest first. The list comes soon: without jedi's names, or with those of a moment ago, where jedi takes its time."""
        self.is_used = True
        place = naming.at(snapshot, offset) if _is_looked_at(snapshot) else None
        if place is None:
            return Shown([], is_whole=True, number=0)
        is_ranked = bench.settings.text("complete.popup") == "ranked" and len(place.text) <= RANKED_CHARS
        if is_ranked:
            self._project(bench, world.root)
        # Both are begun at once; the likely names are there before jedi's, as a rule.
        ranking = asyncio.create_task(self._ranked(bench, world.root, place)) if is_ranked and place.receiver else None
        try:
            found, is_whole = await self.known.at(bench.names, world.where(place.path, place.text), place)
        except asyncio.CancelledError:
            if ranking is not None:
                ranking.cancel()
            raise
        fitting = [one for one in found if naming.fits(one.name, place.typed)] if place.is_code else list(found)
        if ranking is not None:
            names = listed(await ranking, [one.name for one in fitting])
        elif is_ranked and place.is_code:
            names = [(name, True) for name in naming.by_nearness(place, [one.name for one in fitting])]
        else:
            names = [(one.name, True) for one in fitting]
        kinds = {one.name: one.kind for one in found}
        items = [Listed(name, kinds.get(name, ""), is_known) for name, is_known in names[:MOST]]
        is_whole = is_whole and len(names) <= MOST
        if is_ranked and place.is_code:
            items, has_more = self._composed(items, {one.name for one in found}, world.root, place, snapshot, offset)
            is_whole = is_whole and not has_more
        return Shown(items, is_whole=is_whole, number=self._remember(place))

    def _composed(
        self, items: list[Listed], known: set[str], root: Path, place: Naming, snapshot: Snapshot, offset: int
    ) -> tuple[list[Listed], bool]:
        """The items with whole calls behind their names, and names with the import that they need at the end; and whether there are more of these."""
        project = self._projects.get(root)
        if project is None or naming.is_import(place):
            return items, False
        offers = project[2]
        variables = naming.variables(snapshot, offset)
        names = [one.name for one in items if one.is_known]
        own = _name(root, place)
        whole = dict(composed.calls(offers, names, variables, place, own))
        with_calls = [
            one
            for item in items
            for one in ((item, replace(item, call=whole[item.name])) if item.name in whole else (item,))
        ]
        if place.receiver or not known or naming.is_new(place):
            return with_calls, not place.receiver and not known
        found, has_more = composed.importable(offers, place.typed, known, own)
        return [*with_calls, *(Listed(name, "", is_known=True, statement=text) for name, text in found)], has_more

    def _remember(self, place: Naming) -> int:
        self._count += 1
        self._shown[self._count] = place
        if len(self._shown) > SHOWN:
            self._shown.popitem(last=False)
        return self._count

    async def described(self, bench: Workbench, world: World, number: int, name: str) -> Described | None:
        """What a name is that the list of this number had; None where that list is long gone, or jedi does not say it in time."""
        place = self._shown.get(number)
        if place is None:
            return None
        where = world.where(place.path, place.text)
        try:
            return await bench.names.describe(where, place.row, place.column, name, timeout_s=DESCRIBE_S)
        except NamesUnavailable:
            return None

    def typed(self, bench: Workbench, world: World, snapshot: Snapshot) -> None:
        """Something was typed: ask jedi now for what will probably be asked for with the next key."""
        if snapshot.typed is None or not _is_looked_at(snapshot) or bench.settings.text("complete.popup") == "off":
            return
        end = snapshot.typed.end
        if end == 0 or end > len(snapshot.text):
            return
        key = snapshot.text[end - 1]
        if key in _AHEAD:
            place = naming.at(snapshot, end)
            if place is not None and place.is_code:
                self.known.expect(bench.names, world.where(place.path, place.text), place)
        elif key.isalnum() or key == "_" or key in ")]":
            self._expect_dot(bench, world, snapshot, end)

    def opened(self, bench: Workbench, world: World, snapshot: Snapshot) -> None:
        """A file was opened: have jedi read it, and what it imports."""
        place = naming.at(snapshot, len(snapshot.text)) if _is_looked_at(snapshot) else None
        if place is not None and place.is_code and bench.settings.text("complete.popup") != "off":
            self.known.expect(bench.names, world.where(place.path, place.text), place, is_opened=True)

    def _expect_dot(self, bench: Workbench, world: World, snapshot: Snapshot, end: int) -> None:
        here = naming.at(snapshot, end)
        if here is None:
            return
        where = world.where(here.path, here.text)
        if not naming.may_follow(here, (one.name for one in self.known.here(where, here))):
            return
        place = naming.at(snapshot.edited(Span(end, end), ".", snapshot.version), end + 1)
        where = replace(where, text=place.text) if place is not None else where
        if place is not None and not self.known.exact(where, place):
            self.known.expect(bench.names, where, place)

    async def behind_dot(
        self,
        bench: Workbench,
        world: World,
        snapshot: Snapshot,
        offset: int,
        *,
        patience_s: float = 0.0,
    ) -> tuple[str, ...]:
        """The names that may stand behind the dot before a place, where jedi knows its receiver and no others can; those with two underscores once one is typed. `patience_s`: for how long somebody waits for them. Where they are not there yet they are asked for, for the next time."""
        if not bench.settings.is_on("complete.guided") or not _DOT.search(snapshot.text[max(0, offset - 200) : offset]):
            return ()
        place = naming.at(snapshot, offset) if _is_looked_at(snapshot) else None
        if place is None or not place.receiver or not place.is_code:
            return ()
        where = world.where(place.path, place.text)
        if patience_s and not self.known.exact(where, place):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    for _ in range(
                        2
                    ):  # the second time it waits for all of them; a jedi that fails is not asked for ever
                        if (await self.known.at(bench.names, where, place))[1]:
                            break
        elif not self.known.exact(where, place):
            self.known.expect(bench.names, where, place)
        names = [one.name for one in self.known.exact(where, place)]  # an older answer may lack what was written since
        if not naming.is_closed(place, names):
            return ()
        return tuple(name for name in names if naming.fits(name, place.typed))

    async def _ranked(self, bench: Workbench, root: Path, place: Naming) -> list[tuple[str, float]]:
        """The likeliest names at a place after a dot, the best first."""
        project = self._project(bench, root) or members.of_project({})
        return await asyncio.to_thread(_ranked, place, _name(root, place), project)

    def close_folder(self, folder: Path) -> None:
        """Forget what the projects in a folder have."""
        for root in [root for root in self._making if root.is_relative_to(folder)]:
            self._making.pop(root).cancel()
        for root in [root for root in self._projects if root.is_relative_to(folder)]:
            del self._projects[root]

    def close(self) -> None:
        """End what is under way."""
        self.known.close()
        for task in self._making.values():
            task.cancel()

    def _project(self, bench: Workbench, root: Path) -> Project | None:
        """What is known of the project now; a newer one is made meanwhile."""
        state, known = bench.projects.known(root), self._projects.get(root)
        task = self._making.get(root)
        if state is not None and (known is None or known[0] != state.revision) and (task is None or task.done()):
            self._making[root] = asyncio.create_task(self._make(root, state), name="what a project has")
        return known[1] if known is not None else None

    async def _make(self, root: Path, state: State) -> None:
        texts = dict(state.texts)
        self._projects[root] = (
            state.revision,
            *self._projects.get(root, (0, members.of_project({}), composed.NOTHING))[1:],
        )
        project = await asyncio.to_thread(members.of_project, texts)
        self._projects[root] = (
            state.revision,
            project,
            await asyncio.to_thread(composed.of_project, texts, state.test_files),
        )


def _is_looked_at(snapshot: Snapshot) -> bool:
    return len(snapshot.text) + len(snapshot.preamble) <= syntax.PARSE_LIMIT


def _name(root: Path, place: Naming) -> str:
    path = Path(place.path)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _ranked(place: Naming, name: str, project: Project) -> list[tuple[str, float]]:
    text = place.text[: place.at] + place.typed + place.text[place.at :]
    return members.ranked(text, place.at + len(place.typed), name, project, LISTED)


def listed(ranked: Sequence[tuple[str, float]], known: Sequence[str]) -> list[tuple[str, bool]]:
    """The popup's names in their order, each with whether jedi knows it; of the others GUESSES at most."""
    found, guesses = [], 0
    for name, is_known in members.merged(ranked, known):
        guesses += not is_known
        if is_known or guesses <= GUESSES:
            found.append((name, is_known))
    return found

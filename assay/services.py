"""The services of one window: one bench for it, and for each of its projects one under the settings of its folder and its own, which may tighten the window's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from assay.assistant.settings import Settings
from assay.assistant.workbench import Workbench
from assay.engine.client import Client


class Composition(Protocol):
    """How the composition root makes services; given in, so that this package builds none."""

    def settings(self, roots: Sequence[Path], editor: object) -> tuple[Settings, tuple[str, ...]]: ...

    def bench(self, settings: Settings, complaints: tuple[str, ...]) -> Workbench: ...

    def tightened(self, bench: Workbench, settings: Settings, complaints: tuple[str, ...]) -> Workbench: ...

    def team(self, bench: Workbench) -> Client | None: ...

    async def close(self, *benches: Workbench) -> None: ...

    @property
    def cache(self) -> Path: ...


class Services:
    """See the module's docstring. Made on first use; `folders` are the window's now, `warn` tells a person what cannot be used of their settings."""

    def __init__(
        self, composition: Composition, folders: Callable[[], Sequence[Path]], warn: Callable[[str], None]
    ) -> None:
        self._composition = composition
        self._folders = folders
        self._warn = warn
        self._options: object = None
        self._bench: Workbench | None = None
        self._own: dict[Path, Workbench] = {}  # by the roots of projects
        self._told: dict[
            tuple[Path, ...], tuple[str, ...]
        ] = {}  # complaints by the roots whose settings they are about

    @property
    def are_made(self) -> bool:
        """Whether anything asked for them yet."""
        return self._bench is not None

    @property
    def bench(self) -> Workbench:
        """The window's, under the settings of its first folder."""
        if self._bench is None:
            self._bench = self._made(*self._settings(self._folders()[:1]))
        return self._bench

    def team(self) -> Client | None:
        """The window's team's server, to be closed by whoever asks; None without one."""
        return self._composition.team(self.bench)

    @property
    def team_guide(self) -> Path | None:
        """Where the team's conventions are kept; None without a team that may have some: one is asked with a key."""
        has_key = self.bench.settings.text("engine.api_key_file") and not self.bench.settings.is_on("offline")
        return self.bench.projects.guides.team if has_key else None

    def of(self, root: Path) -> Workbench:
        """Those for the project at `root`."""
        if (own := self._own.get(root)) is None:
            settings, complaints = self._settings(self._roots(root))
            alike = (one for one in (self.bench, *self._own.values()) if one.settings.values == settings.values)
            own = self._own[root] = self._composition.tightened(next(alike, self.bench), settings, complaints)
        return own

    @property
    def complaints(self) -> tuple[str, ...]:
        """What cannot be used of the window's settings and its projects'."""
        return tuple(dict.fromkeys(text for one in (self.bench, *self._own.values()) for text in one.complaints))

    def options(self, told: object) -> None:
        """What the editor says now; nothing is made anew for it before `renew`."""
        self._options = told

    def renew(self) -> tuple[list[Workbench], bool]:
        """Look at all settings anew. Gives the benches that were there, to be `ended`, and whether something changed, so that all of them are new."""
        settings, complaints = self._settings(self._folders()[:1])
        old = [one for one in (self._bench, *self._own.values()) if one is not None]
        if self._bench is None or settings.values != self._bench.settings.values:
            self._own.clear()
            self._bench = self._made(settings, complaints)
            return old, True
        self._bench = replace(self._bench, complaints=complaints)
        is_other = False
        for root, bench in list(self._own.items()):
            own, told = self._settings(self._roots(root))
            if own.values == bench.settings.values:
                self._own[root] = replace(bench, complaints=told)
            else:
                del self._own[root]
                is_other = True
        return old, is_other

    async def ended(self, benches: Sequence[Workbench]) -> None:
        """End what these have and no newer one."""
        now = [one for one in (self._bench, *self._own.values()) if one is not None]
        used = {id(one) for bench in now for one in (bench.engine, bench.sandbox, bench.names)}
        old = {id(one): one for bench in benches for one in (bench.sandbox, bench.names, bench.engine)}
        for number, one in old.items():
            if number not in used:
                await one.close()

    def open_folder(self, folder: Path) -> list[Workbench]:
        """A folder came: it is looked at whole, and its settings hold for the projects in it that were looked at before. Gives the benches that were theirs, to be `ended`."""
        if self._bench is not None:
            self._bench.projects.open_folder(folder)
        return self._taken(folder)

    def close_folder(self, folder: Path) -> list[Workbench]:
        """A folder went, and what is known of its projects; gives the benches that were theirs, to be `ended`."""
        if self._bench is not None:
            self._bench.projects.close_folder(folder)
        return self._taken(folder)

    def _taken(self, folder: Path) -> list[Workbench]:
        return [self._own.pop(root) for root in list(self._own) if root.is_relative_to(folder)]

    async def close(self) -> None:
        """End all of them."""
        if self._bench is not None:
            await self._composition.close(self._bench, *self._own.values())

    def _roots(self, root: Path) -> list[Path]:
        """Whose settings hold for a project: those of the nearest folder around it, and its own."""
        around = [one for one in self._folders() if root.is_relative_to(one)]
        return list(dict.fromkeys([*sorted(around, key=lambda one: len(one.parts))[-1:], root]))

    def _settings(self, roots: Sequence[Path]) -> tuple[Settings, tuple[str, ...]]:
        """The settings as they are now for the projects at some roots, and what cannot be used of them, told where that is new."""
        settings, complaints = self._composition.settings(roots, self._options)
        known = {text for told in self._told.values() for text in told}
        for complaint in complaints:
            if complaint not in known:
                self._warn(complaint)
        self._told[tuple(roots)] = complaints
        return settings, complaints

    def _made(self, settings: Settings, complaints: tuple[str, ...]) -> Workbench:
        bench = self._composition.bench(settings, complaints)
        for folder in self._folders():
            bench.projects.open_folder(folder)
        return bench

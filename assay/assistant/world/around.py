"""What comes into a project's archive beside its own files: other projects of its workspace that it imports, and what steers pytest in the folders above it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from analyzers import files, workspaces
from analyzers.environment import Environment

from . import environment

COUNT_LIMIT = 2000  # files of one other project


@dataclass(frozen=True, slots=True)
class Around:
    """`top` holds all that comes into the archive, whose names begin there; `projects` are the other ones, `steering` names of files above. `paths` are folders that code is imported from where no environment says so."""

    top: Path
    projects: tuple[Path, ...] = ()
    steering: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


def of(root: Path, top: Path | None, found: Environment | None) -> Around | None:
    """What belongs with the project at `root`, as far up as `top`; None where it stands alone. Nothing is looked through yet."""
    if top is None or top == root or not root.is_relative_to(top) or not environment.place(top):
        return None
    has_packages = found is not None and bool(found.site_packages) and not found.flaw
    imported = found.paths if has_packages and found is not None else tuple(workspaces.members(root))
    pairs = workspaces.beside(root, top, imported)
    steering = tuple(workspaces.steering(root, top))
    if not pairs and not steering:
        return None
    paths = () if has_packages else tuple(str(folder) for _, folder in pairs)
    return Around(top, tuple(project for project, _ in pairs), steering, paths)


def contents(around: Around) -> Mapping[str, files.Entry]:
    """Their files by names from the top, by the rules of each."""
    return dict(_contents(around))


def _contents(around: Around) -> Iterator[tuple[str, files.Entry]]:
    rules = files.Rules(around.top)
    for name in around.steering:
        entry = files.entry(around.top, name)
        if entry is not None and rules.allows(name):
            yield name, entry
    for project in around.projects:
        lead = project.relative_to(around.top).as_posix()
        for _, entry in zip(range(COUNT_LIMIT), files.walk(project, files.Rules(project)), strict=False):
            yield f"{lead}/{entry.name}", entry

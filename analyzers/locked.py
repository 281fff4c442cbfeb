"""The packages that a project without an environment asks for: what its pyproject.toml names, in the versions of its lock; or its requirements files. Read as text; addresses, paths and options of a workspace are left out."""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import workspaces

SIZE_LIMIT = 16 << 20  # bytes of a lock
COUNT_LIMIT = 2000
LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt", "requirements-test.txt", "requirements-tests.txt", "dev-requirements.txt", "test-requirements.txt", "requirements/dev.txt", "requirements/test.txt", "requirements/tests.txt")  # fmt: skip
FOR_TESTS = re.compile(r"test|dev|all|ci", re.IGNORECASE)  # groups and extras whose packages tests need
_PLAIN = re.compile(r"^([A-Za-z0-9][\w.-]*)\s*(?:\[[\w,. -]*\])?\s*(?:[=<>!~]=?=?\s*[\w.*+!-]+\s*,?\s*)*(?:;[^\\]*)?$")


@dataclass(frozen=True, slots=True)
class Locked:
    """What is asked for, as plain requirements (name, version, marker), and the `versions` that hold for all ("name==1.2"); `source` is the file that says so."""

    wanted: tuple[str, ...]
    versions: tuple[str, ...]
    source: str


def of(root: Path) -> Locked | None:
    """What the project at `root` asks for, by its own lock or that of the workspace that it is a member of; None where no lock and no requirements file says it. Remembered while these files are as they were."""
    declared = workspaces.declared(root)
    above = () if declared is None else tuple(_stamp(declared / name) for name in (*LOCKS, "pyproject.toml"))
    return _of(root, declared, tuple(_stamp(root / name) for name in (*LOCKS, *REQUIREMENTS, "pyproject.toml")) + above)


def _stamp(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
        return status.st_mtime_ns, status.st_size
    except OSError:
        return 0, 0


@lru_cache(maxsize=16)
def _of(root: Path, declared: Path | None, _stamps: tuple[tuple[int, int], ...]) -> Locked | None:
    # The groups of the workspace's root hold what all of its members are tested with.
    asking = [_table(folder / "pyproject.toml") or {} for folder in (root, declared) if folder is not None]
    for folder, name in ((folder, name) for folder in (root, declared) if folder is not None for name in LOCKS):
        if (table := _table(folder / name)) is not None:
            pins = dict(_pins(table))
            named = [one for table in asking for one in _named(table) if _key(one) in pins]
            versions = tuple(f"{key}=={version}" for key, version in sorted(pins.items()))[:COUNT_LIMIT]
            return Locked(tuple(dict.fromkeys(named)) or versions, versions, name) if pins else None
    found = [(name, line) for name in REQUIREMENTS for line in _plain_lines(root, name, 0)]
    if not found:
        return None
    return Locked(tuple(dict.fromkeys(line for _, line in found))[:COUNT_LIMIT], (), found[0][0])


def _pins(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The packages of a lock but those of the workspace itself."""
    packages = table.get("package", table.get("packages", ()))
    for one in packages if isinstance(packages, list) else ():
        source = one.get("source", {}) if isinstance(one, dict) else None
        if source is None or {"editable", "virtual", "directory", "path"} & set(source) or "directory" in one:
            continue
        name, version = str(one.get("name", "")), str(one.get("version", ""))
        if _PLAIN.match(f"{name}=={version}"):
            yield _key(name), version


def _named(project: Mapping[str, Any]) -> Iterator[str]:
    """What a pyproject.toml asks for by name, for the project and its tests; versions are the lock's."""
    with contextlib.suppress(AttributeError, TypeError):
        own = project.get("project", {})
        groups: list[object] = [own.get("dependencies", ())]
        groups += [lines for name, lines in own.get("optional-dependencies", {}).items() if FOR_TESTS.search(name)]
        groups += list(project.get("dependency-groups", {}).values())
        tool = project.get("tool", {})
        groups += [tool.get("uv", {}).get("dev-dependencies", ())]
        groups += list(tool.get("pdm", {}).get("dev-dependencies", {}).values())
        poetry = tool.get("poetry", {})
        groups += [poetry.get("dependencies", {}), poetry.get("dev-dependencies", {})]
        groups += [one.get("dependencies", {}) for one in poetry.get("group", {}).values()]
        for group in groups:
            for line in group if isinstance(group, list | dict | tuple) else ():
                word = re.match(r"[A-Za-z0-9][\w.-]*(?:\[[\w,. -]*\])?", line) if isinstance(line, str) else None
                if word and word[0] != "python":
                    yield word[0]


def _plain_lines(root: Path, name: str, depth: int) -> Iterator[str]:
    """The plain requirements of a file and of those that it includes, as far as they lie in the project."""
    for raw in (_text(root / name) or "").replace("\\\n", " ").splitlines()[:COUNT_LIMIT]:
        line = re.sub(r"\s+#.*|^#.*", "", re.sub(r"--hash=\S+", "", raw)).strip()
        if (more := re.match(r"(?:-r|--requirement)[ =]?\s*([\w./-]+)$", line)) and depth < 3 and ".." not in more[1]:
            yield from _plain_lines(root, (Path(name).parent / more[1]).as_posix(), depth + 1)
        elif _PLAIN.match(line):
            yield line


def _key(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()


def _table(file: Path) -> dict[str, Any] | None:
    text = _text(file)
    if text is None:
        return None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


def _text(file: Path) -> str | None:
    try:
        if not file.is_file() or file.is_symlink() or file.stat().st_size > SIZE_LIMIT:
            return None
        return file.read_text("utf-8", "replace")
    except OSError:
        return None

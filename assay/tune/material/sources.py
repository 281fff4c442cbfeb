"""Where texts come from: folders, installed packages, archives of source (wheels and source distributions), as relative paths with their texts. Nothing of them is imported, built or run.

Archives and folders are hostile: what is too large, too much, or stands outside is left out and counted.
"""

from __future__ import annotations

import importlib.metadata
import io
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from analyzers import files

from . import licences

FILE_LIMIT = 400_000  # characters of one file
TOTAL_LIMIT = 400_000_000  # bytes that one archive unpacks to
LISTED = 40  # packages of a list at most


class SourceError(Exception):
    """A source that cannot be read; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Text:
    """One file of a project: its path in it, and under which licence it is (`licences`)."""

    project: str
    path: str
    text: str
    licence: str


@dataclass(slots=True)
class Source:
    """What one source gave. `left_out` counts files by the reason."""

    project: str
    licence: str
    texts: list[Text] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    root: Path | None = None

    def leave_out(self, why: str) -> None:
        """Count one."""
        self.left_out[why] = self.left_out.get(why, 0) + 1


def folder(root: Path, *, is_own: bool) -> Source:
    """The Python files of a folder that are neither ignored nor secret. `is_own`: its licence is not asked. Raises SourceError."""
    if not root.is_dir():
        raise SourceError(f"{root} is no folder.")
    rules, members = files.Rules(root), dict[str, bytes]()
    for entry in files.walk(root, rules):
        if entry.name.endswith(".py") or licences.FILES.search(entry.name) or entry.name == "pyproject.toml":
            members[entry.name] = _read(root / entry.name)
    texts = {name: data.decode("utf-8", "replace") for name, data in members.items() if not name.endswith(".py")}
    found = licences.OWN if is_own else licences.of_tree(texts)
    made = _made(root.resolve().name, found, members)
    made.root = root
    return made


def package(name: str) -> Source:
    """An installed distribution of this environment, by its metadata's list of files. Raises SourceError where there is none of that name."""
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        raise SourceError(f"No package {name} is installed here. Name a folder, or one of `pip list`.") from None
    members = dict[str, bytes]()
    for one in distribution.files or ():
        if (one.suffix == ".py" or licences.FILES.search(one.as_posix())) and ".." not in one.parts:
            members[one.as_posix()] = _read(Path(str(distribution.locate_file(one))))
    told = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    if not any(name.endswith(".py") for name in members):
        raise SourceError(f"The package {name} has no Python files of its own here.")
    return _made(str(distribution.name), licences.of_distribution(told, _licence_files(members)), members)


def archive(path: Path) -> Source:
    """A wheel or a source distribution (.whl, .zip, .tar.gz). Raises SourceError."""
    try:
        members = dict(_wheel(path) if path.suffix in (".whl", ".zip") else _tar(path))
    except (OSError, zipfile.BadZipFile, tarfile.TarError, EOFError, ValueError) as error:
        raise SourceError(f"{path} cannot be read as an archive ({error}).") from error
    told = [data for name, data in members.items() if PurePosixPath(name).name in ("METADATA", "PKG-INFO")]
    metadata = told[0].decode("utf-8", "replace") if told else ""
    return _made(path.name.split("-")[0].lower(), licences.of_distribution(metadata, _licence_files(members)), members)


def listed(path: Path) -> list[tuple[str, str]]:
    """A list of packages: TOML with `[packages]` of names and versions. Raises SourceError."""
    try:
        found = tomllib.loads(path.read_text("utf-8"))["packages"]
        pairs = [(str(name), str(version)) for name, version in found.items()]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise SourceError(
            f"{path} is no list of packages ({error}): TOML with a table [packages] of names and versions."
        ) from error
    if len(pairs) > LISTED:
        raise SourceError(f"{path} has {len(pairs)} packages; {LISTED} are the most.")
    return pairs


def fetched(name: str, version: str, into: Path) -> Path:
    """The wheel of a package from the configured index, kept in a folder. Only wheels: to ask a source distribution what it needs would run it. Raises SourceError."""
    if there := _kept(name, version, into):
        return there
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into) as place:
        command = [
            sys.executable,
            "-I",
            "-m",
            "pip",
            "download",
            "-q",
            "--disable-pip-version-check",
            "--no-deps",
            "--only-binary=:all:",
            "-d",
            place,
            f"{name}=={version}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(place).glob("*.whl"))
        if done.returncode or not wheels:
            said = (done.stderr.strip() or "pip gave no reason").splitlines()[-1]
            raise SourceError(f"{name} {version} cannot be fetched ({said}).")
        return wheels[0].replace(into / wheels[0].name)


def _kept(name: str, version: str, folder_: Path) -> Path | None:
    plain = name.replace("-", "_").replace(".", "_").lower()
    return next(
        (
            one
            for one in folder_.glob("*.whl")
            if one.name.lower().replace(".", "_").startswith(f"{plain}-{version}-".replace(".", "_"))
        ),
        None,
    )


def _made(project: str, licence: str, members: dict[str, bytes]) -> Source:
    made = Source(project, licence)
    for name, data in sorted(members.items()):
        if not name.endswith(".py"):
            continue
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            made.leave_out("not UTF-8")
            continue
        own = licences.of_head(text)
        made.texts.append(
            Text(project, name, text.replace("\r\n", "\n"), own if own and own not in licences.PERMISSIVE else licence)
        )
    return made


def _licence_files(members: dict[str, bytes]) -> list[str]:
    """Those of the distribution itself: what it brings of others has its own deeper in the tree."""
    found = [name for name in members if licences.FILES.search(name)]
    least = min((name.count("/") for name in found), default=0)
    own = [name for name in found if ".dist-info/" in name or name.count("/") == least]
    return [members[name].decode("utf-8", "replace") for name in own]


def _wheel(path: Path) -> Iterator[tuple[str, bytes]]:
    left = TOTAL_LIMIT
    with zipfile.ZipFile(path) as opened:
        for one in opened.infolist():
            if _is_wanted(one.filename) and one.file_size <= FILE_LIMIT:
                left -= one.file_size
                if left < 0:
                    raise ValueError("it unpacks to more than is taken")
                yield one.filename, opened.read(one)


def _tar(path: Path) -> Iterator[tuple[str, bytes]]:
    left = TOTAL_LIMIT
    with tarfile.open(path) as opened:
        for one in opened:
            if one.isfile() and _is_wanted(one.name) and one.size <= FILE_LIMIT:
                left -= one.size
                read = opened.extractfile(one)
                if left < 0 or read is None:
                    raise ValueError("it unpacks to more than is taken")
                yield one.name.partition("/")[2] or one.name, io.BytesIO(read.read()).getvalue()


def _is_wanted(name: str) -> bool:
    path = PurePosixPath(name)
    is_inside = not path.is_absolute() and ".." not in path.parts
    return is_inside and (
        path.suffix == ".py" or path.name in ("METADATA", "PKG-INFO") or bool(licences.FILES.search(name))
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.stat().st_size <= FILE_LIMIT and not path.is_symlink() else b""
    except OSError:
        return b""

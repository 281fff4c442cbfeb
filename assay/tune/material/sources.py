"""Where texts come from: folders, installed packages, archives of source (wheels and source distributions), as relative paths with their texts. Nothing of them is imported, built or run.

Archives and folders are hostile: what is too large, too much, or stands outside is left out and counted.
"""

from __future__ import annotations

import gzip
import importlib.metadata
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from analyzers import files

from . import licences

FILE_LIMIT = 400_000  # characters of one file
TOTAL_LIMIT = 400_000_000  # bytes that one archive unpacks to
PIECE_LIMIT = 1_000_000  # bytes that are read of one at once
FILES = 80_000  # of one folder
BROUGHT = frozenset(
    {"_vendor", "vendor", "_vendored", "vendored", "third_party", "extern", "externals"}
)  # folders of others' code, under others' licences
_TOLD = {
    "too large": "too long",
    "outside": "a link that leads out",
}  # what is said of files that a folder's rules refuse
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
    refused, left_out, count = dict[str, files.Refusal](), dict[str, int](), 0
    for entry in files.walk(root, rules, left_out=refused, most=FILES):
        count += 1
        if not (entry.name.endswith(".py") or licences.FILES.search(entry.name) or entry.name == "pyproject.toml"):
            continue
        if (data := _read(root / entry.name)) is not None:
            members[entry.name] = data
        elif entry.name.endswith(".py"):
            refused[entry.name] = "too large"
    for name, why in refused.items():
        if name.endswith(".py") and why in _TOLD:
            left_out[_TOLD[why]] = left_out.get(_TOLD[why], 0) + 1
    if count == FILES:
        raise SourceError(f"{root} has {FILES} files and more. Name the folders in it that matter.")
    texts = {name: data.decode("utf-8", "replace") for name, data in members.items() if not name.endswith(".py")}
    found = licences.OWN if is_own else licences.of_tree(texts)
    made = _made(root.resolve().name, found, members)
    made.left_out, made.root = _added(made.left_out, left_out), root
    return made


def package(name: str) -> Source:
    """An installed distribution of this environment, by its metadata's list of files. Raises SourceError where there is none of that name."""
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        raise SourceError(f"No package {name} is installed here. Name a folder, or one of `pip list`.") from None
    members, left_out = dict[str, bytes](), dict[str, int]()
    for one in distribution.files or ():
        if (one.suffix == ".py" or licences.FILES.search(one.as_posix())) and ".." not in one.parts:
            if (data := _read(Path(str(distribution.locate_file(one))))) is not None:
                members[one.as_posix()] = data
            elif one.suffix == ".py":
                left_out["too long"] = left_out.get("too long", 0) + 1
    told = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    if not any(name.endswith(".py") for name in members):
        raise SourceError(f"The package {name} has no Python files of its own here.")
    made = _made(str(distribution.name).lower(), licences.of_distribution(told, _licence_files(members)), members)
    made.left_out = _added(made.left_out, left_out)
    return made


def archive(path: Path) -> Source:
    """A wheel or a source distribution (.whl, .zip, .tar.gz). Raises SourceError."""
    left_out = dict[str, int]()
    try:
        members = dict(_wheel(path, left_out) if path.suffix in (".whl", ".zip") else _tar(path, left_out))
    except Exception as error:
        raise SourceError(f"{path} cannot be read as an archive ({str(error) or type(error).__name__}).") from error
    told = sorted((name.count("/"), name) for name in members if _is_metadata(name))
    metadata = members[told[0][1]].decode("utf-8", "replace") if told else ""
    named = re.search(r"(?m)^Name: *(\S+)", metadata)
    project = re.sub(r"[-_.]+", "-", named[1] if named else path.name.split("-")[0]).lower()
    made = _made(project, licences.of_distribution(metadata, _licence_files(members)), members)
    made.left_out = _added(made.left_out, left_out)
    return made


def listed(path: Path) -> list[tuple[str, str]]:
    """A list of packages: TOML with `[packages]` of names and versions. Raises SourceError."""
    try:
        found = tomllib.loads(path.read_text("utf-8"))["packages"]
        pairs = [(str(name), str(version)) for name, version in found.items()]
        for name, version in pairs:
            _plain(name, version)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise SourceError(
            f"{path} is no list of packages ({error}): TOML with a table [packages] of names and versions."
        ) from error
    if len(pairs) > LISTED:
        raise SourceError(f"{path} has {len(pairs)} packages; {LISTED} are the most.")
    return pairs


def fetched(name: str, version: str, into: Path) -> Path:
    """The wheel of a package from the configured index, kept in a folder. Only wheels: to ask a source distribution what it needs would run it. Raises SourceError."""
    _plain(name, version)
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
            "--",
            f"{name}=={version}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(place).glob("*.whl"))
        if done.returncode or not wheels:
            said = (done.stderr.strip() or "pip gave no reason").splitlines()[-1]
            raise SourceError(f"{name} {version} cannot be fetched ({said}).")
        return wheels[0].replace(into / wheels[0].name)


def _plain(name: str, version: str) -> None:
    """A name and a version, and nothing that pip would read as a link: what a link leads to is built, by code of its own. Raises SourceError."""
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", name) or not re.fullmatch(
        r"[0-9][A-Za-z0-9.!+_]*", version
    ):
        raise SourceError(f"{name!r} {version!r} is no package with a version.")


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
        if BROUGHT & set(PurePosixPath(name).parts[:-1]):
            made.leave_out("brought along of others")
            continue
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            made.leave_out("not UTF-8")
            continue
        own = licences.of_head(text) if licence != licences.OWN else ""
        found = own if own and own not in licences.PERMISSIVE else licence
        made.texts.append(Text(project, name, text.replace("\r\n", "\n"), found))
    return made


def _licence_files(members: dict[str, bytes]) -> list[str]:
    """Those of the distribution itself: what it brings of others has its own deeper in the tree."""
    found = [name for name in members if licences.FILES.search(name) and not BROUGHT & set(name.split("/"))]
    own = [name for name in found if name.partition("/")[0].endswith(".dist-info") or name.count("/") < 2]
    return [members[name].decode("utf-8", "replace") for name in own]


def _wheel(path: Path, left_out: dict[str, int]) -> Iterator[tuple[str, bytes]]:
    room = TOTAL_LIMIT
    with zipfile.ZipFile(path) as opened:
        for one in opened.infolist():
            if not _is_taken(one.filename, one.file_size, left_out):
                continue
            if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError("it is packed in another way than packages are")
            with opened.open(one) as file:
                data = file.read(FILE_LIMIT + 1)  # no more than that, whatever it says of its size
            if (room := room - len(data)) < 0:
                raise ValueError("it unpacks to more than is taken")
            yield one.filename, data


def _tar(path: Path, left_out: dict[str, int]) -> Iterator[tuple[str, bytes]]:
    with path.open("rb") as raw:
        is_packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        bounded = _Bounded(gzip.GzipFile(fileobj=raw) if is_packed else raw)
        with tarfile.open(fileobj=bounded, mode="r:") as opened:  # type: ignore[call-overload]  # it asks for no more than that
            for one in opened:
                is_taken = one.isfile() and _is_taken(one.name, one.size, left_out)
                if is_taken and (read := opened.extractfile(one)) is not None:
                    yield one.name.partition("/")[2] or one.name, read.read()


class _Bounded:
    """A file that gives no piece and no whole larger than archives of source have. What is not wanted is unpacked, too, to come to what is."""

    def __init__(self, file: gzip.GzipFile | IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """Raises ValueError."""
        if not 0 <= size <= PIECE_LIMIT:
            raise ValueError("a part of it is larger than any of source")
        return self._file.read(size)

    def seek(self, place: int) -> int:
        """Raises ValueError."""
        if place > TOTAL_LIMIT:
            raise ValueError("it unpacks to more than is taken")
        return self._file.seek(place)

    def tell(self) -> int:
        """Where it is."""
        return self._file.tell()


def _is_taken(name: str, size: int, left_out: dict[str, int]) -> bool:
    """Whether a member is read; Python files that are not are counted."""
    if _is_wanted(name) and size <= FILE_LIMIT:
        return True
    if name.endswith(".py"):
        why = "too long" if _is_wanted(name) else "outside its archive"
        left_out[why] = left_out.get(why, 0) + 1
    return False


def _is_metadata(name: str) -> bool:
    """Whether a member is the distribution's own word of itself; what it brings of others has its own deeper in the tree."""
    path = PurePosixPath(name)
    return (
        path.name == "METADATA" and len(path.parts) == 2 and path.parts[0].endswith(".dist-info")
    ) or name == "PKG-INFO"


def _is_wanted(name: str) -> bool:
    path = PurePosixPath(name)
    is_inside = not path.is_absolute() and ".." not in path.parts
    return is_inside and (
        path.suffix == ".py" or path.name in ("METADATA", "PKG-INFO") or bool(licences.FILES.search(name))
    )


def _read(path: Path) -> bytes | None:
    """None for what is too long, a link, or cannot be read."""
    try:
        return path.read_bytes() if path.stat().st_size <= FILE_LIMIT and not path.is_symlink() else None
    except OSError:
        return None


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return dict(Counter(one) + Counter(other))

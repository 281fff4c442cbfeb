"""Models from a hub: which are worth a try, what a repository has, and its files onto this disk, whole or not at all.

The hub is huggingface.co or `HF_ENDPOINT`. Only GGUF, safetensors and the text files beside them are taken; nothing of a repository is run. A cut download goes on where it was cut, and every file is held
against the hub's checksum before it is a model.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .api import EngineError
from .client import trusting
from .weights import models_folder, tensors

if TYPE_CHECKING:
    import httpx

HUB = "https://huggingface.co"
TIMEOUT_S = 30.0
OK, PARTIAL = 200, 206
TRIES = 4  # in a row without a byte more
PAUSE_S = 1.0  # before another try that brought nothing, and twice and three times as long
TEXTS = (".json", ".txt", ".jinja", ".md")
TEXT_LIMIT = 100_000_000  # bytes of a text file: tokenizers are tens of megabytes
ORIGINS = ".origins.json"  # in the models folder
SPARE = 1 << 30  # bytes of the disk that are left alone
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*\Z", re.ASCII)
_PIECE = re.compile(r"-\d{5}-of-\d{5}\.gguf\Z")  # of a model that was split
Progress = Callable[[str, int, int], None]  # a file's name, bytes that are there, bytes in all


class HubError(EngineError):
    """A model cannot be had. The message is one sentence with what to do."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A row of the table. What it says is the model's card's, not measured here. `repo` is "" for one that cannot be pulled for this engine."""

    name: str
    repo: str
    file: str
    parameters: str
    licence: str
    dialect: str
    gigabytes: float
    memory: float
    runs_on: str


@dataclass(frozen=True, slots=True)
class File:
    """A file of a repository. `sha256` where the hub says it, else `blob`, git's own checksum."""

    name: str
    size: int
    sha256: str
    blob: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository at one commit."""

    name: str
    commit: str
    files: tuple[File, ...]
    licence: str


def known() -> tuple[KnownModel, ...]:
    """The table."""
    rows = tomllib.loads(files("assay.engine").joinpath("models.toml").read_text("utf-8"))
    return tuple(KnownModel(**{"repo": "", "file": "", **row}) for row in rows.values())


def named(wanted: str) -> tuple[str, str]:
    """The repository and the file ("" for a choice to be made) that a name of the table, or `OWNER/NAME[:FILE]`, means. Raises HubError."""
    for row in known():
        if row.name == wanted.lower():
            if not row.repo:
                raise HubError(f"{row.name} cannot be pulled for this engine: {row.runs_on}.")
            return row.repo, row.file
    repo, _, file = wanted.removeprefix(f"{HUB}/").partition(":")
    if not _REPO.match(repo):
        raise HubError(f"{wanted} is no name of `assay model list --known` and no OWNER/NAME of a repository.")
    return repo, file


class Hub:
    """A connection to the hub, by the environment's proxies and certificates (HTTPS_PROXY, SSL_CERT_FILE) and its HF_TOKEN."""

    def __init__(self, endpoint: str = "") -> None:
        self.endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
        import httpx  # a fifth of a second: only who pulls waits for it

        token = os.environ.get("HF_TOKEN", "").strip()
        try:
            self._http: httpx.Client = httpx.Client(
                follow_redirects=True,
                verify=trusting(),
                timeout=TIMEOUT_S,
                headers={"Authorization": f"Bearer {token}"} if token else None,
            )
        except (OSError, ValueError) as error:
            raise HubError(f"No connection can be made: {error}. Look at SSL_CERT_FILE and the proxies.") from error

    def __enter__(self) -> Hub:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def look(self, repo: str, revision: str = "main") -> Repository:
        """What a repository has. Raises HubError."""
        import httpx

        path = f"{self.endpoint}/api/models/{quote(repo)}/revision/{quote(revision, safe='')}?blobs=true"
        try:
            response = self._http.get(path)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise HubError(self._unreachable(error)) from error
        if response.status_code in (401, 403):
            raise HubError(
                f"{repo} is not there, or needs a login: put a token into HF_TOKEN, after agreeing to its terms."
            )
        if response.status_code != OK:
            raise HubError(f"{self.endpoint} has no {repo} at {revision} (status {response.status_code}).")
        try:
            return _repository(repo, response.json())
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise HubError(f"{self.endpoint} answered something that is no repository ({error!r}).") from error

    def fetch(self, repository: Repository, file: File, target: Path, parts: Path, progress: Progress) -> None:
        """Have a file at `target`, from where an earlier try was cut; what is not whole stays in `parts`. Raises HubError."""
        import httpx

        parts.mkdir(parents=True, exist_ok=True)
        part = parts / f"{file.sha256 or file.blob}.part"
        tries, before, seen = 0, -1, ""
        while (have := part.stat().st_size if part.exists() else 0) < file.size or not part.exists():
            tries = 0 if have > before else tries + 1
            before = have
            if tries >= TRIES:
                raise HubError(
                    f"{file.name} was cut off after {have / 1e6:.0f} of {file.size / 1e6:.0f} MB ({seen}). Run the same command again: it goes on from there."
                )
            time.sleep(tries * PAUSE_S)  # tidy: allow-sleep  nothing else runs while somebody pulls
            try:
                self._more(repository, file, part, have, progress)
            except httpx.TransportError as error:
                seen = (str(error) or type(error).__name__).splitlines()[0][:200]
            except httpx.HTTPError as error:
                raise HubError(self._unreachable(error)) from error
        _verify(file, part)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(part, target)

    def _more(self, repository: Repository, file: File, part: Path, have: int, progress: Progress) -> None:
        url = f"{self.endpoint}/{quote(repository.name)}/resolve/{repository.commit}/{quote(file.name)}"
        headers = {"Range": f"bytes={have}-"} if have else {}
        with self._http.stream("GET", url, headers=headers | {"Accept-Encoding": "identity"}) as response:
            if response.status_code not in (OK, PARTIAL):
                raise HubError(f"{self.endpoint} does not give {file.name} (status {response.status_code}).")
            is_more = response.status_code == PARTIAL
            with part.open("ab" if is_more else "wb") as opened:
                got = have if is_more else 0
                for chunk in response.iter_raw():
                    got += len(chunk)
                    if got > file.size:
                        raise HubError(f"{self.endpoint} gives more of {file.name} than the {file.size} bytes it has.")
                    opened.write(chunk)
                    progress(file.name, got, file.size)

    def _unreachable(self, error: Exception) -> str:
        seen = (str(error) or type(error).__name__).splitlines()[0][:200]
        return (
            f"{self.endpoint} cannot be reached ({seen}). Set HF_ENDPOINT to a mirror, HTTPS_PROXY to your proxy and SSL_CERT_FILE to its certificates; "
            "or bring a GGUF file by hand: `assay model use FILE`."
        )


def choice(repository: Repository, file: str) -> tuple[File, ...]:
    """What of a repository is taken: the GGUF file that was named or is the only one, else the safetensors with the texts beside them. Raises HubError."""
    weights = [one for one in repository.files if one.name.endswith(".gguf")]
    if file:
        found = [one for one in weights if file in (one.name, Path(one.name).name)]
        if not found:
            raise HubError(f"{repository.name} has no GGUF file {file}{_listed(weights)}.")
        return (found[0],)
    if len(weights) == 1:
        return (weights[0],)
    top = [one for one in repository.files if _NAME.match(one.name)]
    chosen = set(tensors(one.name for one in top))
    if chosen and any(one.name == "config.json" for one in top):
        texts = [one for one in top if one.name.endswith(TEXTS) and one.size <= TEXT_LIMIT]
        return (*texts, *(one for one in top if one.name in chosen))
    if weights:
        raise HubError(
            f"{repository.name} has several GGUF files{_listed(weights)}. Name one: `assay model pull {repository.name}:FILE`."
        )
    raise HubError(f"{repository.name} has neither GGUF nor safetensors; other formats can run code and are not taken.")


def pull(hub: Hub, wanted: str, cache: Path, progress: Progress) -> Path:
    """Have a model in the models folder; its GGUF file, or its folder. Raises HubError, and leaves what is there as it was."""
    repo, file = named(wanted)
    repository = hub.look(repo)
    chosen = choice(repository, file)
    models = models_folder(cache)
    parts = models / ".parts"
    name = _model_name(repository, chosen, models)
    needed = sum(_missing(one, repository, models / name, parts) for one in chosen)
    models.mkdir(parents=True, exist_ok=True)
    if needed + SPARE > (free := shutil.disk_usage(models).free):
        raise HubError(f"{repo} needs {needed / 1e9:.1f} GB, and {models} has {free / 1e9:.1f} GB left.")
    with _alone(parts):
        path = _pulled(hub, repository, chosen, models / name, parts, progress)
        _note_origin(models, name, repository.name)
        return path


def _model_name(repository: Repository, chosen: Sequence[File], models: Path) -> str:
    """What a model's file or folder is called in the models folder: as in its repository; with the owner before it where that name is another one's,
    or somebody put it there by hand. Raises HubError."""
    owner, _, name = repository.name.partition("/")
    if _is_one_file(chosen):
        name = Path(chosen[0].name).name
        if _PIECE.search(name):
            raise HubError(
                f"{name} is one of several pieces, which belong together and are not taken. Choose a file that is whole."
            )
        if not _NAME.match(name):
            raise HubError(f"{repository.name} has a file of an odd name, {name!r}, which is not taken.")
    there = models / name
    is_free = not there.exists() or _origins(models).get(name) == repository.name
    return name if is_free or _is_same(chosen, there) else f"{owner}--{name}"


def _is_one_file(chosen: Sequence[File]) -> bool:
    return chosen[0].name.endswith(".gguf")


def _is_same(chosen: Sequence[File], there: Path) -> bool:
    return all(_is_there(one, there if _is_one_file(chosen) else there / one.name) for one in chosen)


def _origins(models: Path) -> dict[str, str]:
    """The repositories that models came from, by their names here."""
    try:
        found = json.loads((models / ORIGINS).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(repo) for name, repo in found.items()} if isinstance(found, dict) else {}


def _note_origin(models: Path, name: str, repo: str) -> None:
    written = models / f"{ORIGINS}.new"
    written.write_text(json.dumps(_origins(models) | {name: repo}, indent=1), "utf-8")
    os.replace(written, models / ORIGINS)


def _pulled(
    hub: Hub, repository: Repository, chosen: Sequence[File], target: Path, parts: Path, progress: Progress
) -> Path:
    repo = repository.name
    if _is_one_file(chosen):
        if not _is_there(chosen[0], target):
            hub.fetch(repository, chosen[0], target, parts, progress)
        return target
    folder, staged = target, parts / f"{repo.replace('/', '--')}-{repository.commit[:12]}"
    if all(_is_there(one, folder / one.name) for one in chosen):
        return folder
    for one in chosen:
        if not _is_there(one, staged / one.name):
            hub.fetch(repository, one, staged / one.name, parts, progress)
    if not all(_is_there(one, staged / one.name) for one in chosen):
        raise HubError(f"Files of {repo} went away while others came. Run the same command again.")
    aside = parts / f"{folder.name}.old"
    shutil.rmtree(aside, ignore_errors=True)
    if folder.exists():
        os.replace(folder, aside)
    os.replace(staged, folder)
    shutil.rmtree(aside, ignore_errors=True)
    return folder


def _missing(file: File, repository: Repository, target: Path, parts: Path) -> int:
    """Bytes of a file that are still to come, by its size."""
    staged = parts / f"{repository.name.replace('/', '--')}-{repository.commit[:12]}"
    places = (target, target / file.name, staged / file.name)
    if any(one.is_file() and one.stat().st_size == file.size for one in places):
        return 0
    part = parts / f"{file.sha256 or file.blob}.part"
    return max(0, file.size - (part.stat().st_size if part.is_file() else 0))


@contextmanager
def _alone(parts: Path) -> Iterator[None]:
    """One pull at a time: two would write into the same part. Raises HubError."""
    parts.mkdir(parents=True, exist_ok=True)
    with (parts / "lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise HubError("Another `assay model pull` is at work. Run this one when it is done.") from error
        yield


def _repository(name: str, answer: Any) -> Repository:
    commit = str(answer["sha"])
    if not re.fullmatch(r"[0-9a-f]{7,64}", commit):
        raise ValueError(f"{commit[:80]!r} is no commit")
    found = []
    for one in answer["siblings"]:
        lfs = one.get("lfs") or {}
        size, sha256, blob = lfs.get("size", one.get("size")), str(lfs.get("sha256", "")), str(one.get("blobId", ""))
        if size is None or not re.fullmatch(r"[0-9a-f]{40,64}", sha256 or blob):
            continue  # what cannot be held against a checksum is not taken
        found.append(File(str(one["rfilename"]), int(size), sha256, blob))
    licence = answer.get("cardData") or {}
    return Repository(name, commit, tuple(found), str(licence.get("license", "")) if isinstance(licence, dict) else "")


def _listed(weights: Sequence[File]) -> str:
    names = ", ".join(f"{Path(one.name).name} ({one.size / 1e9:.1f} GB)" for one in weights[:12])
    return f" ({names})" if names else ""


def _is_there(file: File, path: Path) -> bool:
    return path.is_file() and path.stat().st_size == file.size and _digest(file, path) == (file.sha256 or file.blob)


def _digest(file: File, path: Path) -> str:
    """The file's checksum, of the kind that the hub gives for it."""
    if file.sha256:
        with path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _verify(file: File, part: Path) -> None:
    wanted, found = file.sha256 or file.blob, _digest(file, part)
    if found != wanted:
        part.unlink()
        raise HubError(
            f"{file.name} arrived with checksum {found[:12]}…, not {wanted[:12]}…: it was thrown away. Try again, or another mirror."
        )
    if file.name.endswith(".gguf"):
        with part.open("rb") as opened:
            if opened.read(4) != b"GGUF":
                part.unlink()
                raise HubError(f"{file.name} is no GGUF file.")

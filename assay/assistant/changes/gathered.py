"""One Change of several files: from documents that are not saved, a unified diff, the index, or a commit; with what of it is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzers import encodings, files
from analyzers.text import Snapshot, changed_span

from ..world.change import Change, Edited, FileKind, edited
from ..world.world import World
from . import patch, revisions
from .patch import Patched

PYTHON = (".py", ".pyi")


class NothingChanged(Exception):
    """There is nothing to verify; the message says where was looked."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A change, and the names of files that are no part of it, because they are ignored, or secrets by their names."""

    change: Change
    left_out: tuple[str, ...] = ()


def of_documents(root: Path, snapshots: Iterable[Snapshot], documents: Mapping[str, str]) -> Gathered:
    """What some open documents of the project at `root` have that is not saved; `documents` are all that are open. Raises NothingChanged."""
    found = []
    for one in snapshots:
        path = Path(one.path)
        if not one.path or not path.is_relative_to(root):
            continue
        try:
            before = _on_disk(path)
        except (OSError, UnicodeDecodeError):
            continue  # it is there, and no text that could be compared
        if before != one.text:
            found.append(Patched(path.relative_to(root).as_posix(), before, one.text))
    return _gathered(root, found, documents, f"No open document of {root} has unsaved changes.")


def of_diff(root: Path, here: Path, diff: str, documents: Mapping[str, str]) -> Gathered:
    """What a unified diff, whose file names count from the folder `here`, makes of the project's files as they are in the editor, else on disk. Raises PatchError and NothingChanged."""

    def read(name: str) -> str:
        inside = _inside(root, here / name)
        return documents[inside] if inside in documents else encodings.decoded((here / name).read_bytes())

    found = [Patched(_inside(root, here / one.name), one.before, one.after) for one in patch.of_files(diff, read)]
    return _gathered(root, found, documents, "The diff changes nothing.")


def of_texts(root: Path, here: Path, texts: Mapping[str, str | None]) -> Gathered:
    """Files with whole new texts, by their names from the folder `here`; None for one that goes away. Raises PatchError for one outside the project, UnicodeDecodeError and NothingChanged."""
    found = []
    for name, after in texts.items():
        inside = _inside(root, here / name)
        before = _on_disk(root / inside)
        if before is None and after is None:
            raise patch.PatchError(f"{name} is not there, so it cannot be taken away.")
        if before != after:
            found.append(Patched(inside, before, after))
    return _gathered(root, found, {}, "The files are as they are on disk.")


def of_edits(root: Path, both: Mapping[str, tuple[str, str]], documents: Mapping[str, str]) -> Gathered:
    """Files with their texts before and after, among the open documents; "" before is a file that is new. Raises NothingChanged."""
    found = [Patched(name, before if before or (root / name).exists() else None, after) for name, (before, after) in both.items() if before != after]  # fmt: skip
    return _gathered(root, found, documents, "Nothing is changed.")


def of_index(root: Path, documents: Mapping[str, str]) -> Gathered:
    """What is staged for the next commit, among the open documents. Raises RangeError and NothingChanged."""
    return _gathered(root, revisions.staged(root.resolve()), documents, f"Nothing is staged in {root}.")


def of_revision(root: Path, wanted: str, documents: Mapping[str, str]) -> Gathered:
    """What differs from a commit (`wanted` as in `revisions.changed`), in open documents and on disk. Raises RangeError and NothingChanged."""
    found = revisions.against(root.resolve(), wanted, documents)
    return _gathered(root, found, documents, f"Nothing of {root} differs from {wanted}.")


def _gathered(root: Path, found: Sequence[Patched], documents: Mapping[str, str], nothing: str) -> Gathered:
    rules = files.Rules(root)
    chosen = [one for one in found if one.name.endswith(PYTHON) or rules.allows(one.name)]
    left_out = tuple(one.name for one in found if one not in chosen)
    if not chosen:
        raise NothingChanged(
            f"Nothing is left of the change: {', '.join(left_out)} may go into no container." if left_out else nothing
        )
    own = {one.name for one in chosen}
    world = World(root, {name: text for name, text in documents.items() if name not in own})
    return Gathered(Change(world, tuple(_edited(world, one) for one in chosen)), left_out)


def _edited(world: World, one: Patched) -> Edited:
    path, before, after = world.root / one.name, one.before or "", one.after or ""
    kind: FileKind = "new" if one.before is None else "gone" if one.after is None else "edited"
    return edited(
        world, Snapshot(path.as_uri(), str(path), 0, before), after, changed_span(before, after)[1], kind=kind
    )


def _on_disk(path: Path) -> str | None:
    """A file's text, its byte order mark left out as editors do; None where there is none yet. Raises OSError and UnicodeDecodeError."""
    try:
        return encodings.decoded(path.read_bytes()).removeprefix("\ufeff")
    except FileNotFoundError:
        return None


def _inside(root: Path, path: Path) -> str:
    whole, real = path.resolve(), root.resolve()
    if not whole.is_relative_to(real):
        raise patch.PatchError(f"{path} is outside the project {root}.")
    return whole.relative_to(real).as_posix()

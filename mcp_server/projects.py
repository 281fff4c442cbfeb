"""Which projects an agent may ask about: those below the roots that its client names, or, where it names none, below the folder that the server was started in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlparse

from analyzers import files


class Refused(Exception):
    """What was asked cannot be done; the message is a sentence that an agent can act on."""


def of_uris(uris: Sequence[str], otherwise: Path) -> tuple[Path, ...]:
    """The folders of a client's roots that are there; `otherwise` alone where it names none."""
    found = [Path(unquote(urlparse(uri).path)) for uri in uris if urlparse(uri).scheme == "file"]
    return tuple(one.resolve() for one in found if one.is_dir()) or (otherwise.resolve(),)


def chosen(roots: Sequence[Path], folder: str) -> Path:
    """The folder that is meant: of the first root, or a path below one of them. Raises Refused."""
    if not folder:
        return roots[0]
    for root in roots:
        try:
            path = (root / folder).resolve()
        except ValueError:
            break
        if path.is_relative_to(root) and path.is_dir():
            return path
    raise Refused(
        f"{folder} is no folder below {' or '.join(map(str, roots))}. Name one by its path from there, or leave `folder` out."
    )


def root_of(folder: Path, roots: Sequence[Path]) -> Path:
    """The root of the project that a folder belongs to, inside the client's own."""
    found = files.project_root(folder / "x.py")
    root = found if files.has_root_mark(found) else folder
    inside = [one for one in roots if folder.is_relative_to(one)]
    return root if any(root.is_relative_to(one) for one in inside) else max(inside, key=lambda one: len(one.parts))


def file_of(root: Path, roots: Sequence[Path], name: str) -> Path:
    """A file of a project by its path from there. Raises Refused for one outside, or that is not there."""
    path = (root / name).resolve()
    if not any(path.is_relative_to(one) for one in (root, *roots)) or not path.is_relative_to(root):
        raise Refused(f"{name} is outside of {root}, and nothing there is read.")
    if not path.is_file():
        raise Refused(f"There is no file {name} in {root}.")
    if path.suffix not in (".py", ".pyi") or not files.Rules(root).allows(path.relative_to(root).as_posix()):
        raise Refused(f"{name} is no Python file of the project, or is ignored.")
    return path

"""Changes as agents hand them in, to small projects that stand beside this file: right ones, and others that only look so."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class HandedIn:
    """One: the project's files before and after by relative path, and the `kind` of what is wrong with it ("" for a right one, "nothing-run" where nothing shows that it is right)."""

    title: str
    kind: str
    project: str
    before: dict[str, str]
    after: dict[str, str]

    @property
    def changed(self) -> tuple[str, ...]:
        """The files that differ."""
        return tuple(
            name for name in sorted({*self.before, *self.after}) if self.before.get(name) != self.after.get(name)
        )


def every(*names: str) -> Iterator[HandedIn]:
    """Those of some files, else the right ones and the others."""
    for name in names or ("right", "wrong"):
        for one in tomllib.loads((HERE / f"{name}.toml").read_text("utf-8"))["change"]:
            yield _read(one)


def written(project: str, root: Path) -> Path:
    """A project on disk at `root`."""
    for name, text in files(project).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


def files(project: str) -> dict[str, str]:
    """A project's files by relative POSIX path."""
    root = HERE / project
    return {
        path.relative_to(root).as_posix(): path.read_text("utf-8")
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _read(row: dict) -> HandedIn:  # type: ignore[type-arg]  # as TOML has it
    before = files(row["project"])
    after = dict(before)
    for edit in row.get("edit", ()):
        text = after[edit["file"]]
        assert text.count(edit["old"]) == 1, (row["title"], edit["file"], edit["old"])
        after[edit["file"]] = text.replace(edit["old"], edit["new"])
    for new in row.get("new", ()):
        after[new["file"]] = new["text"]
    for name in row.get("gone", ()):
        del after[name]
    return HandedIn(row["title"], row.get("kind", ""), row["project"], before, after)

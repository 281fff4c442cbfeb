"""The conventions that hold for a project: its own guide, else the team's, as they are on disk. What was read is kept until a file changes."""

from __future__ import annotations

from pathlib import Path

from analyzers.conventions import guide
from analyzers.conventions.guide import NOTHING, Guide


class Guides:
    """`team` is the file in which the team's guide is kept on this machine; None without a team."""

    def __init__(self, team: Path | None = None) -> None:
        self.team = team
        self._known: dict[Path, tuple[int, int, Guide]] = {}

    def of(self, root: Path) -> Guide:
        """The guide of a project; one without rules where there is none. Two or three calls of the file system."""
        for path in (*(root / name for name in guide.NAMES), *([self.team] if self.team is not None else [])):
            if (found := self._read(path)) is not None:
                return found
        return NOTHING

    def _read(self, path: Path) -> Guide | None:
        try:
            status = path.stat()
            known = self._known.get(path)
            if known is None or known[:2] != (status.st_mtime_ns, status.st_size):
                with path.open("rb") as file:
                    text = file.read(guide.SIZE_LIMIT).decode("utf-8", "replace")
                known = self._known[path] = (status.st_mtime_ns, status.st_size, guide.read(text))
        except OSError:
            return None
        return known[2]

"""Which adapter each project writes with, and what it had before: the user's own file, below `state`. A project does not choose for itself: it is untrusted."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ALL = ""  # the projects that have none of their own


@dataclass(frozen=True, slots=True)
class Choice:
    """`adapter` by its name ("" for none), since when (ISO 8601), and whether it was taken although it is not better."""

    adapter: str
    since: str
    forced: bool = False


class Chosen:
    """The file; read each time, because several processes write it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, root: Path | None) -> str:
        """The adapter of the project at `root`, else what all have; "" for none."""
        found = self._read()
        own = found.get(_key(root)) or found.get(ALL)
        return own[-1].adapter if own else ""

    def roots(self) -> list[str]:
        """The projects that have a choice, and ALL where there is one for them."""
        return [root for root, some in self._read().items() if some]

    def history(self, root: Path | None) -> list[Choice]:
        """The latest last."""
        return self._read().get(_key(root), [])

    def choose(self, root: Path | None, choice: Choice) -> None:
        """The same adapter again takes the place of its last choice, so that there is something else to go back to. Raises OSError."""
        found = self._read()
        some = found.setdefault(_key(root), [])
        if some and some[-1].adapter == choice.adapter:
            some.pop()
        some.append(choice)
        self._write(found)

    def back(self, root: Path | None) -> str | None:
        """Take the last choice back: the adapter that is used now ("" for none); None where nothing was chosen. Raises OSError."""
        found = self._read()
        if not found.get(_key(root)):
            return None
        found[_key(root)].pop()
        self._write(found)
        return self.of(root)

    def _read(self) -> dict[str, list[Choice]]:
        try:
            found: Any = json.loads(self._path.read_text("utf-8"))
            return {
                str(root): [Choice(str(one["adapter"]), str(one["since"]), bool(one["forced"])) for one in some]
                for root, some in found.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _write(self, found: dict[str, list[Choice]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._path.with_suffix(".part")
        part.write_text(
            json.dumps({root: [asdict(one) for one in some] for root, some in found.items()}, indent=1), "utf-8"
        )
        os.replace(part, self._path)


def _key(root: Path | None) -> str:
    return ALL if root is None else str(root.resolve())

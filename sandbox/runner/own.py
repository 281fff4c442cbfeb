"""Which files are the project's own: an environment often stands in its folder, and what is installed there is not."""

from __future__ import annotations

LIMIT = 10_000  # paths that are remembered
INSTALLED = frozenset({"site-packages", "dist-packages", "__pypackages__"})


class Own:
    """The project's own files by their absolute paths. Remembers each that it was asked for: tracers ask often."""

    def __init__(self, root: str) -> None:
        self._lead = f"{root}/"
        self._names: dict[str, str] = {}

    def name(self, path: str) -> str:
        """The path relative to the root; "" for what is no file of the project's own."""
        name = self._names.get(path)
        if name is None:
            if len(self._names) > LIMIT:
                self._names.clear()
            name = path[len(self._lead) :] if path.startswith(self._lead) else ""
            name = self._names[path] = name if INSTALLED.isdisjoint(name.split("/")) else ""
        return name
